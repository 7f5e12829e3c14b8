"""Cells of a source column as typed values: what they say, what is missing, what cannot be read."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.arrow_texts import Bytes, text_bytes
from features.schema import ColumnType
from features.times import FIRST_YEAR, ISO_EXAMPLE, LAST_YEAR, NAIVE_TYPE, UTC_TYPE, Mask, parse_times

DELETE = 127
"""The last byte of ASCII; what is beyond may be a blank or a capital letter of some alphabet."""
ALWAYS_MISSING = ("", "na", "n/a", "nan", "null", "none")
ANY_OTHER = "*"
DTYPES: Mapping[ColumnType, str] = {
    "id": "str",
    "label": "str",
    "text": "str",
    "number": "float64",
    "time": UTC_TYPE,
    "month": UTC_TYPE,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of one column are read: tokens that mean missing, value map, time zone and format."""

    missing: frozenset[str] = frozenset(ALWAYS_MISSING)
    values: Mapping[str, str] = field(default_factory=dict)
    timezone: ZoneInfo | None = None
    time_format: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Rows of a column with a value that cannot be used, why, and what was expected."""

    mask: Mask
    reason: str
    expected: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """Typed values, NA where missing or faulty; `naive` marks times that nobody can place in time."""

    values: pd.Series
    faults: tuple[Fault, ...] = ()
    naive: Mask | None = None


def as_mapping(values: Mapping[str, str | float | bool]) -> dict[str, str]:
    """A value map of the project file with its targets written as text."""
    return {source: _written(target) for source, target in values.items()}


def _written(target: str | float | bool) -> str:
    if isinstance(target, bool):
        return "true" if target else "false"
    if isinstance(target, float):
        return str(int(target)) if target.is_integer() else repr(target)
    return target


def parse(column: pa.ChunkedArray, kind: ColumnType, reading: Reading) -> Parsed:
    """Values of Arrow `column` as `kind`: ids, labels and texts as stripped strings, times UTC, numbers float64."""
    return _PARSERS[kind](column, reading)


def clean_text(column: pa.ChunkedArray, reading: Reading) -> pa.ChunkedArray:
    """Stripped text with `reading.values` applied; null where missing.

    A value that the map names is never missing; a missing one is never "any other", and is named by "".
    """
    given = as_text(column)
    text = pc.utf8_trim_whitespace(given) if _may_have(given, "\0", " ") else given
    if reading.values:
        text = _mapped(text, reading)
    missing = pa.array(sorted(reading.missing), text.type)
    found = pc.is_in(pc.utf8_lower(text) if _may_have(text, "A", "Z") else text, value_set=missing)
    clean = pc.if_else(found, None, text) if pc.any(found).as_py() else text
    # Most columns are clean already: then they stand in memory once.
    return given if not reading.values and clean.equals(given) else clean


def _may_have(text: pa.ChunkedArray | pa.Array, first: str, last: str, *, beyond: bool = True) -> bool:
    """Whether a text has a byte from `first` to `last`, or (`beyond`) one of no ASCII letter, digit or mark.

    To look at bytes takes far less than to make new texts.
    """
    chunks = text.chunks if isinstance(text, pa.ChunkedArray) else [text]
    return any(_one_in(text_bytes(chunk), ord(first), ord(last), beyond) for chunk in chunks)


def _one_in(data: Bytes, first: int, last: int, beyond: bool) -> bool:
    inside = (data >= first) & (data <= last)
    return bool(inside.any()) or (beyond and int(data.max(initial=0)) >= DELETE)


def _mapped(text: pa.ChunkedArray, reading: Reading) -> pa.ChunkedArray:
    found = pc.unique(text)
    targets = pa.array([_target(value, reading) for value in found.to_pylist()], text.type)
    return targets.take(pc.index_in(text, value_set=found).combine_chunks())


def _target(value: str | None, reading: Reading) -> str | None:
    given = value or ""
    if given in reading.values and given != ANY_OTHER:
        return reading.values[given]
    if given.lower() in reading.missing:
        return reading.values.get("")
    return reading.values.get(ANY_OTHER, value)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells as text: whole numbers without a decimal point, true/false, ISO times, nested values as JSON."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column
    if pa.types.is_dictionary(kind):
        return as_text(column.cast(kind.value_type))
    if pa.types.is_floating(kind):
        return _float_text(column.cast(pa.float64()))
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.chunked_array([[_shown(value) for value in column.to_pylist()]], pa.string())
    try:
        return column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.chunked_array([[_shown(value) for value in column.to_pylist()]], pa.string())


def _float_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    whole = pc.and_(pc.equal(pc.trunc(column), column), pc.less(pc.abs(column), 2.0**53))
    whole_text = pc.if_else(whole, column, None).cast(pa.int64()).cast(pa.string())
    other_text = pc.if_else(pc.is_nan(column), None, column).cast(pa.string())
    return pc.coalesce(whole_text, other_text)


def _shown(value: object) -> str | None:
    """A cell of a type that has no text of its own."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return json.dumps(value, ensure_ascii=False, default=str)


def _strings(text: pa.ChunkedArray) -> pd.Series:
    return pd.Series(text.to_pandas(), dtype="str")


def _texts(column: pa.ChunkedArray, reading: Reading) -> Parsed:
    return Parsed(_strings(clean_text(column, reading)))


def clean_ids(column: pa.ChunkedArray, reading: Reading) -> pa.ChunkedArray:
    """Ids as text, `17.0` of a spreadsheet as `17`; null where missing."""
    text = clean_text(column, reading)
    if _may_have(text, ".", ".", beyond=False) and pc.any(pc.match_substring_regex(text, r"^-?\d+\.0+$")).as_py():
        text = pc.replace_substring_regex(text, r"^(-?\d+)\.0+$", r"\1")
    return text


def _ids(column: pa.ChunkedArray, reading: Reading) -> Parsed:
    return Parsed(_strings(clean_ids(column, reading)))


def _times(column: pa.ChunkedArray, reading: Reading) -> Parsed:
    typed = pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)
    cells = column if typed and not reading.values else clean_text(column, reading)
    times = parse_times(cells, reading.timezone, None if typed else reading.time_format)
    expected = f"a time such as {ISO_EXAMPLE}"
    if reading.time_format:
        expected = f"a time as in time_format = {reading.time_format!r}"
    faults = (
        Fault(times.unreadable, "not a time", expected),
        Fault(times.out_of_range, "time out of range", f"a time from {FIRST_YEAR} to {LAST_YEAR}"),
    )
    return Parsed(times.utc, faults, times.naive)


def _months(column: pa.ChunkedArray, reading: Reading) -> Parsed:
    """Months as midnight UTC of their first day: a calendar month has no time zone."""
    text = clean_text(column, reading)
    first = pc.replace_substring_regex(pc.utf8_slice_codeunits(text, 0, 7), r"^(\d{4}-\d\d)$", r"\1-01")
    utc = ZoneInfo("UTC")
    if reading.time_format and not pa.types.is_temporal(column.type):
        times = parse_times(text, utc, reading.time_format)
    else:
        times = parse_times(pc.if_else(pc.match_substring_regex(text, _MONTH), first, text), utc, None)
    starts = times.utc.dt.tz_localize(None).astype("datetime64[us]").to_numpy().astype("datetime64[M]")
    faults = (Fault(times.unreadable | times.out_of_range, "not a month", "a month such as 2026-01"),)
    return Parsed(pd.Series(starts.astype(NAIVE_TYPE)).dt.tz_localize("UTC"), faults)


_MONTH = r"^\d{4}-\d\d(-\d\d([T ].*)?)?$"


def _numbers(column: pa.ChunkedArray, reading: Reading) -> Parsed:
    given, numbers = read_numbers(column, reading)
    finite = np.isfinite(numbers)
    values = pd.Series(np.where(finite, numbers, np.nan))
    return Parsed(values, (Fault(given & ~finite, "not a number", "a number such as 1234.5"),))


def read_numbers(column: pa.ChunkedArray, reading: Reading) -> tuple[Mask, np.ndarray]:
    """Which cells are given, and their numbers (NaN where they are none)."""
    if _is_number(column.type) and not reading.values:
        numbers = column.cast(pa.float64(), safe=False).to_numpy()  # beyond 2⁵³ the nearest one
        given: Mask = ~np.isnan(numbers) & ~np.isin(numbers, _number_tokens(reading.missing))
        return given, np.where(given, numbers, np.nan)
    text = clean_text(column, reading)
    return np.asarray(text.is_valid()), text_numbers(text)


def text_numbers(text: pa.ChunkedArray) -> np.ndarray:
    """Numbers of text cells, true and false as 1 and 0, NaN where null or no number."""
    try:
        numbers: np.ndarray = text.cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        spelled = _strings(text).str.lower().replace({"true": "1", "false": "0"})
        numbers = pd.to_numeric(spelled, errors="coerce").to_numpy(dtype=np.float64)
    return numbers


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _number_tokens(tokens: frozenset[str]) -> list[float]:
    numbers = pd.to_numeric(pd.Series(sorted(tokens), dtype="str"), errors="coerce").dropna()
    return [float(number) for number in numbers]


def attribute(column: pa.ChunkedArray, reading: Reading) -> pd.Series:
    """An attribute as it was read: number, boolean, time (not moved to UTC) or stripped text, NA where missing."""
    kind = column.type
    if pa.types.is_boolean(kind) and not reading.values:
        return pd.Series(column.to_pandas(), dtype="boolean")
    if _is_number(kind) and not reading.values:
        return pd.Series(read_numbers(column, reading)[1])
    if (pa.types.is_timestamp(kind) or pa.types.is_date(kind)) and not reading.values:
        zone = getattr(kind, "tz", None)
        return pd.Series(column.cast(pa.timestamp("us", tz=zone), safe=False).to_pandas())
    return _strings(clean_text(column, reading))


_PARSERS: Mapping[ColumnType, Callable[[pa.ChunkedArray, Reading], Parsed]] = {
    "id": _ids,
    "label": _texts,
    "text": _texts,
    "number": _numbers,
    "time": _times,
    "month": _months,
}
