"""What is wrong with a request, in the form of all messages: the place, what was expected, what came."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from features.cells import shown

HIDDEN = frozenset(("one", "histories-of"))
"""Names of alternatives of a body, which are no places in it."""


def places(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Each error of a validation as pointer, part of the request, and what is wrong there."""
    return [{"pointer": pointer(one["loc"][1:]), "in": str(one["loc"][0]), "detail": wrong(one)} for one in errors]


def pointer(place: Sequence[int | str]) -> str:
    """A place as a JSON pointer (RFC 6901).

    >>> pointer(("one", "interactions", 3, "a/b"))
    '/interactions/3/a~1b'
    """
    shown_parts = place[1:] if place and place[0] in HIDDEN else place
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in shown_parts)


def wrong(error: Mapping[str, Any]) -> str:
    """What is wrong in one place."""
    kind, said = error["type"], str(error["msg"])
    if kind == "missing":
        return "is missing: expected a value"
    if kind == "extra_forbidden":
        return "unknown key: leave it out"
    if kind == "json_invalid":
        return f"expected JSON: {error.get('ctx', {}).get('error', said)}"
    if kind == "value_error":
        return said.removeprefix("Value error, ")
    expected = f"expected {said.removeprefix('Input should be ')}" if said.startswith("Input should") else said.lower()
    return f"{expected}, got {shown(error.get('input'))}"


def said(errors: Sequence[Mapping[str, Any]]) -> str:
    """The first things that are wrong with one item, each with its place."""
    return "; ".join(f"{pointer(one['loc']) or 'item'}: {wrong(one)}" for one in errors[:3])
