"""Times as they are written, in UTC."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import InputContractError
from features.windows import NEVER

ISO_EXAMPLE = "2026-01-31, 2026-01-31 09:30 or 2026-01-31T09:30:00+01:00"
FIRST_YEAR, LAST_YEAR = 1900, 2199
UTC_TYPE = "datetime64[us, UTC]"
NAIVE_TYPE = "datetime64[us]"

_DATE = r"^\d{4}-\d\d-\d\d"
_CLOCK = r"[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?"
_OFFSET = r" ?(Z|UTC|[+-]\d\d(:?\d\d)?)$"

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ParsedTimes:
    """Times in UTC with one mask per thing that can be wrong; NaT where missing or wrong.

    `naive` marks times without a zone where no time zone is known: nobody can tell when they were.
    """

    utc: pd.Series
    unreadable: Mask
    out_of_range: Mask
    naive: Mask


def to_utc(values: pd.Series, timezone: ZoneInfo | None, time_format: str | None = None) -> pd.Series:
    """`values` (text, dates, naive or aware timestamps) as `datetime64[us, UTC]`, NaT where missing or unreadable.

    Naive times are read in `timezone`: those a clock change skips move forward to the change, those it repeats are
    the first of the two. Dates are midnight.

    Raises:
        InputContractError: a naive time and no `timezone`.
    """
    parsed = parse_times(_arrow(values), timezone, time_format)
    if parsed.naive.any():
        raise InputContractError(naive_message(str(values.iloc[int(np.argmax(parsed.naive))])))
    return pd.Series(parsed.utc.to_numpy(dtype=NAIVE_TYPE), index=values.index, name=values.name).dt.tz_localize("UTC")


def _arrow(values: pd.Series) -> pa.ChunkedArray:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        wall = values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype=NAIVE_TYPE)
        return pa.chunked_array([pa.array(wall).cast(pa.timestamp("us", tz="UTC"))])
    return pa.chunked_array([pa.Array.from_pandas(values)])


def microseconds(times: pd.Series) -> npt.NDArray[np.int64]:
    """UTC times as int64 microseconds since 1970; a missing time is far before all others (`windows.NEVER`)."""
    if times.empty:
        return np.zeros(0, np.int64)
    stamps = times.dt.tz_convert("UTC").dt.tz_localize(None).astype(NAIVE_TYPE)
    return np.where(stamps.isna(), NEVER, stamps.to_numpy().astype(np.int64))


def naive_message(shown: str) -> str:
    """What to do about a time without a zone."""
    return (
        f"the time {shown!r} has no time zone. Expected an offset (2026-01-31T09:30:00+01:00), "
        'or in ripelead.toml, for all such times:\n[project]\ntimezone = "Europe/Berlin"'
    )


def parse_times(column: pa.ChunkedArray, timezone: ZoneInfo | None, time_format: str | None) -> ParsedTimes:
    """Arrow `column` of text, dates or timestamps as UTC; other types are unreadable."""
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        naive, aware = _typed(column)
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        naive, aware = _formatted(column, time_format) if time_format else _iso(column)
    else:
        naive, aware = _nothing(len(column)), _nothing(len(column))
    return _joined(naive, aware, _given(column), timezone)


def _given(column: pa.ChunkedArray) -> Mask:
    given: Mask = np.asarray(column.is_valid())
    return given


def _nothing(n: int) -> pd.Series:
    return pd.Series(np.full(n, np.datetime64("NaT", "us")))


def _typed(column: pa.ChunkedArray) -> tuple[pd.Series, pd.Series]:
    zone = getattr(column.type, "tz", None)
    instants = column.cast(pa.timestamp("us", tz="UTC" if zone else None), safe=False)
    times = pd.Series(instants.cast(pa.timestamp("us")).to_pandas().to_numpy(dtype=NAIVE_TYPE))
    return (_nothing(len(times)), times) if zone else (times, _nothing(len(times)))


def _iso(column: pa.ChunkedArray) -> tuple[pd.Series, pd.Series]:
    """Wall-clock times of the texts without and with an offset; only full ISO 8601 forms."""
    aware = pc.match_substring_regex(column, _DATE + _CLOCK + _OFFSET)
    naive = pc.match_substring_regex(column, f"{_DATE}({_CLOCK})?$")
    return (
        _cast(pc.if_else(naive, column, None), pa.timestamp("us")),
        _cast(pc.if_else(aware, column, None), pa.timestamp("us", tz="UTC")),
    )


def _cast(text: pa.ChunkedArray, kind: pa.DataType) -> pd.Series:
    """The fast Arrow cast; where one value is no such date, pandas, value by value."""
    try:
        times = text.cast(kind).cast(pa.timestamp("us")).to_pandas()
    except pa.ArrowInvalid:
        spelled = pc.replace_substring_regex(pc.replace_substring(text, ",", "."), r" ?UTC$", "Z")
        micros = pc.replace_substring_regex(spelled, r"(\.\d{6})\d+", r"\1").to_pandas()
        times = pd.to_datetime(micros, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
    return pd.Series(times.to_numpy(dtype=NAIVE_TYPE))


def _formatted(column: pa.ChunkedArray, time_format: str) -> tuple[pd.Series, pd.Series]:
    text = column.to_pandas()
    aware = "%z" in time_format
    times = pd.to_datetime(text, format=time_format, errors="coerce", utc=aware)
    times = pd.Series((times.dt.tz_localize(None) if aware else times).to_numpy(dtype=NAIVE_TYPE))
    return (_nothing(len(times)), times) if aware else (times, _nothing(len(times)))


def _joined(naive: pd.Series, aware: pd.Series, given: Mask, timezone: ZoneInfo | None) -> ParsedTimes:
    read = naive.notna().to_numpy() | aware.notna().to_numpy()
    in_range = _in_range(naive) | _in_range(aware)
    without_zone = naive.notna().to_numpy() & in_range if timezone is None else np.zeros(len(naive), np.bool_)
    utc = aware if timezone is None else aware.fillna(_localized(naive.where(in_range), timezone))
    return ParsedTimes(
        utc=utc.where(in_range).dt.tz_localize("UTC").astype(UTC_TYPE),
        unreadable=given & ~read,
        out_of_range=read & ~in_range,
        naive=without_zone,
    )


def _in_range(times: pd.Series) -> Mask:
    """Years that a record of business can have; NaT is not in range."""
    first, after = np.datetime64(f"{FIRST_YEAR}-01-01", "us"), np.datetime64(f"{LAST_YEAR + 1}-01-01", "us")
    wall = times.to_numpy()
    inside: Mask = (wall >= first) & (wall < after)
    return inside


def _localized(naive: pd.Series, timezone: ZoneInfo) -> pd.Series:
    """Wall-clock times of `timezone` as wall-clock times of UTC."""
    if naive.isna().all():
        return naive
    first = np.ones(len(naive), np.bool_)
    local = naive.dt.tz_localize(timezone, ambiguous=first, nonexistent="shift_forward")
    utc: pd.Series = local.dt.tz_convert("UTC").dt.tz_localize(None)
    return utc
