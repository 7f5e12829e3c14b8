"""Cells of single records (JSON, database rows) as typed values, read as the door reads columns of such cells."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from numbers import Real
from typing import TypeVar

import numpy as np

from features.errors import InputContractError
from features.fit import number_of
from features.times import FIRST_YEAR, LAST_YEAR
from features.values import ALWAYS_MISSING

Row = Mapping[str, object]
T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EXAMPLE = "2026-01-31T09:30:00+01:00"
_FIRST = (datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
_AFTER = (datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
_MISSING = frozenset(ALWAYS_MISSING)
_LONGEST_MISSING = max(map(len, _MISSING))
_WHOLE_FLOAT = 2.0**53
_SPACED_OFFSET = re.compile(r" (Z|[+-]\d\d(:?\d\d)?)$")


def instant(value: object) -> int:
    """Microseconds since 1970-01-01 UTC of an aware datetime or an ISO 8601 text with an offset.

    Raises:
        InputContractError: another value, a time without a zone, a year outside 1900 to 2199.
    """
    moment = _parsed(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise InputContractError(f"expected a time such as {EXAMPLE}, got {shown(value)}")
    try:
        microseconds = (moment - EPOCH) // MICROSECOND
    except TypeError as error:
        message = f"the time {shown(value)} has no time zone: write its offset, as in {EXAMPLE}"
        raise InputContractError(message) from error
    if not _FIRST <= microseconds < _AFTER:
        raise InputContractError(f"expected a time from {FIRST_YEAR} to {LAST_YEAR}, got {shown(value)}")
    return microseconds


def _parsed(written: str) -> datetime | None:
    if written[4:5] == "-" and written[7:8] == "-":
        try:
            return datetime.fromisoformat(written)
        except ValueError:
            pass
    bare = written.strip()
    spelled = _SPACED_OFFSET.sub(r"\1", re.sub(r" ?UTC$", "Z", bare))
    return _parsed(spelled) if spelled != written else None


def number(value: object) -> float | None:
    """A number; None when missing.

    Raises:
        InputContractError: a value that is no finite number.
    """
    if value is None:
        return None
    found = number_of(value)
    if not math.isnan(found):
        return found
    if label(value) is not None:
        raise InputContractError(f"expected a number such as 1234.5, got {shown(value)}")
    return None


def label(value: object) -> str | None:
    """Stripped text, whole numbers without a decimal point; None when missing."""
    if value is None:
        return None
    stripped = (value if type(value) is str else _as_text(value)).strip()
    return None if len(stripped) <= _LONGEST_MISSING and stripped.lower() in _MISSING else stripped


def identifier(value: object) -> str | None:
    """An id: as `label`, and `12.0` is `12`; None when missing."""
    found = label(value)
    return re.sub(r"^(-?[0-9]+)\.0+$", r"\1", found) if found and "." in found else found


def attribute(value: object) -> object:
    """An attribute's value: booleans as they are, numbers as float (NaN when not finite), all else as `label`."""
    if isinstance(value, str) or value is None:
        return label(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    return number_of(value) if isinstance(value, Real | Decimal) else label(value)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE_FLOAT:
        return str(int(value))
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def shown(value: object) -> str:
    """A value as an error message shows it."""
    written = repr(value)
    return written if len(written) <= 60 else f"{written[:60]}…"


def cell(row: Row, key: str, read: Callable[[object], T]) -> T:
    """The cell `key` as `read` makes it.

    Raises:
        InputContractError: what `read` refuses, with the key.
    """
    try:
        return read(row.get(key))
    except InputContractError as error:
        what = str(error) if key in row else f"is missing: {error}"
        raise InputContractError(f"{key}: {what}") from error


def required(row: Row, key: str, read: Callable[[object], T | None]) -> T:
    """The cell `key`, which must be given.

    Raises:
        InputContractError: it is missing.
    """
    found = cell(row, key, read)
    if found is None:
        raise InputContractError(f"{key}: is missing: expected a value, got {shown(row.get(key))}")
    return found


def mapping(value: object) -> Row:
    """`value`, which must be an object with keys.

    Raises:
        InputContractError: it is none.
    """
    if not isinstance(value, Mapping):
        raise InputContractError(f"expected an object with keys, got {shown(value)}")
    return value


def rows_under(parent: Row, part: str) -> Sequence[Row]:
    """The list under `part`; empty when there is none.

    Raises:
        InputContractError: something else is there.
    """
    rows = parent.get(part)
    if rows is None:
        return ()
    if not isinstance(rows, list | tuple):
        raise InputContractError(f"{part}: expected a list of objects, got {shown(rows)}")
    return rows


def each(parent: Row, part: str, read: Callable[[Row], T]) -> list[T]:
    """What `read` makes of each row in the list under `part`.

    Raises:
        InputContractError: it is no list of objects, or what `read` refuses, with the row's place counted from 1.
    """
    rows, found = rows_under(parent, part), list[T]()
    try:
        for row in rows:
            found.append(read(row if type(row) is dict else mapping(row)))
    except InputContractError as error:
        raise InputContractError(f"{part}, item {len(found) + 1}, {error}") from error
    return found


def refuse_unknown(row: Row, known: frozenset[str]) -> None:
    """Refuse keys that mean nothing here, with the nearest known one.

    Raises:
        InputContractError: there is one.
    """
    if row.keys() <= known:
        return
    key = min(map(str, row.keys() - known))
    near = get_close_matches(key, sorted(known), 1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
    raise InputContractError(f"unknown key {key!r}; {hint}")
