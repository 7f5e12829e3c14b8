"""What pydantic found wrong with a section, as plain sentences that name section and key."""

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

EXPECTED: Mapping[str, str] = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list [ … ]",
    "dict_type": "a table {{ … }}",
    "model_type": "a section with keys",
    "literal_error": "{expected}",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "too_short": "at least {min_length} in the list",
    "too_long": "at most {max_length} in the list",
    "string_pattern_mismatch": "text of the form {pattern}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
}
_SECRET = re.compile(r"(secret|token)$")
# What pydantic adds to the place of a value that fits none of several types; also tuple[…] and literal[…].
_TYPE_TAGS = frozenset({"str", "float", "bool", "int"})


def sentences(error: ValidationError, known: Iterable[str], where: str) -> str:
    """One sentence for each key at fault: what was expected there, what came.

    `where` names file and section, `known` are the section's keys.
    """
    by_key: dict[str, list[ErrorDetails]] = {}
    for found in error.errors():
        by_key.setdefault(_key(found), []).append(found)
    if len(by_key) > 1:  # a list is also called too short when one of its items is wrong
        by_key = {key: found for key, found in by_key.items() if found[0]["type"] != "too_short"}
    return "\n".join(_sentence(key, found, list(known), where) for key, found in by_key.items())


def unknown_key(key: str, known: Iterable[str], where: str) -> str:
    """The refusal of a key, with the nearest known one."""
    names = sorted(known)
    near = get_close_matches(key, names, 1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
    return f"{where}: unknown key {key!r}; {hint}"


def _key(error: ErrorDetails) -> str:
    parts = [part for part in error["loc"] if "[" not in str(part)]
    if len(parts) > 1 and parts[-1] in _TYPE_TAGS and error["type"].endswith("_type"):
        parts.pop()
    name = ""
    for part in parts:
        name += f", item {part + 1}" if isinstance(part, int) else f".{part}" if name else part
    return name


def _sentence(key: str, errors: list[ErrorDetails], known: list[str], where: str) -> str:
    first = errors[0]
    at = f"{where} {key}".rstrip()
    if first["type"] == "extra_forbidden":
        return unknown_key(key, known, where)
    if first["type"] == "missing":
        return f"{at}: is missing"
    if first["type"] not in EXPECTED:
        message = first["msg"].removeprefix("Value error, ")
        return f"{at}: {message}" + (f" (got {_shown(key, first['input'])})" if key else "")
    expected = " or ".join(dict.fromkeys(_expected(error) for error in errors))
    return f"{at}: expected {expected}, got {_shown(key, first['input'])}"


def _expected(error: ErrorDetails) -> str:
    pattern = EXPECTED.get(error["type"], error["msg"])
    return pattern.format_map({name: _plain(value) for name, value in error.get("ctx", {}).items()})


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown(key: str, value: object) -> str:
    if _SECRET.search(key):
        return "something else"  # what stands where a variable should may be the secret itself
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:80]}…"
