"""The hand-over as strict JSON, and read back against its schema."""

import json
from dataclasses import asdict
from datetime import datetime

from serving.handover.content import HANDOVER_SCHEMA, Handover


def handover_json(found: Handover) -> str:
    """One JSON object, keys in the order of the schema, times in UTC with Z, no NaN."""
    return json.dumps(asdict(found), indent=1, allow_nan=False, ensure_ascii=False, default=_time)


def handover_from_json(text: str) -> Handover:
    """The package that `handover_json` wrote.

    Raises:
        ValueError: not JSON, another schema version, keys missing, further ones, or of the wrong type.
    """
    from pydantic import TypeAdapter

    given = json.loads(text)
    version = given.get("schema_version") if isinstance(given, dict) else None
    if version != HANDOVER_SCHEMA:
        raise ValueError(f"hand-over: expected schema_version {HANDOVER_SCHEMA}, got {version!r}: write it again")
    found = TypeAdapter(Handover).validate_json(text)
    if json.loads(handover_json(found)) != given:
        raise ValueError("hand-over: it has keys or values that the schema does not know: write it again")
    return found


def _time(moment: object) -> str:
    if not isinstance(moment, datetime):
        raise TypeError(f"no JSON value: {moment!r}")
    return moment.isoformat().replace("+00:00", "Z")
