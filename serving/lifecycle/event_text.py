"""A stage event as one line of JSON: how the store keeps those that people make on the page or by the API."""

import json
from dataclasses import fields
from datetime import datetime
from types import UnionType
from typing import Any, get_args, get_type_hints

from serving.lifecycle.events import StageEvent

_HINTS = get_type_hints(StageEvent)
_TIMES = frozenset(
    one.name
    for one in fields(StageEvent)
    if isinstance(_HINTS[one.name], UnionType) and datetime in get_args(_HINTS[one.name])
)


def event_text(event: StageEvent) -> str:
    """The event's fields that say something; times in ISO 8601."""
    found: dict[str, Any] = {}
    for one in fields(StageEvent):
        value = getattr(event, one.name)
        if value is not None:
            found[one.name] = value.isoformat() if isinstance(value, datetime) else value
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def event_from_text(text: str) -> StageEvent:
    """The event that `event_text` wrote."""
    found = json.loads(text)
    return StageEvent(**found | {name: datetime.fromisoformat(found[name]) for name in _TIMES & found.keys()})
