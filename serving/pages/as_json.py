"""A page's context as JSON: names as in its dataclasses, times as ISO 8601 in UTC."""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime


def context_json(context: object) -> str:
    """The context as one JSON object; ASCII only, so that no text of the data can break it."""
    return json.dumps(context, default=_plain, allow_nan=False)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
    raise TypeError(f"no JSON for {type(value).__name__}")
