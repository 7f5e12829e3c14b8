"""Times in UTC: zones, clock changes, formats, and what is no time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputContractError
from features.tables import to_utc
from features.times import parse_times

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*values, zone=BERLIN, time_format=None):
    times = to_utc(pd.Series(list(values)), zone, time_format)
    assert times.dtype == "datetime64[us, UTC]"
    return [None if pd.isna(time) else f"{time:%Y-%m-%d %H:%M:%S.%f}".removesuffix(".000000") for time in times]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01", "2026-06-30 22:00:00"),
        ("2026-07-01 10:30", "2026-07-01 08:30:00"),
        ("2026-07-01T10:30:15", "2026-07-01 08:30:15"),
        ("2026-07-01T10:30:15Z", "2026-07-01 10:30:15"),
        ("2026-07-01 10:30:15 UTC", "2026-07-01 10:30:15"),
        ("2026-07-01T10:30:15+05:30", "2026-07-01 05:00:15"),
        ("2026-07-01T10:30:15-0700", "2026-07-01 17:30:15"),
        ("2026-07-01T10:30:15.123456789Z", "2026-07-01 10:30:15.123456"),
        ("2026-07-01T10:30:15,5Z", "2026-07-01 10:30:15.500000"),
    ],
)
def test_iso_8601(text, expected):
    assert utc(text) == [expected]


@pytest.mark.parametrize(
    "text", ["2026", "2026-07", "20260701", "2026-7-1", "01.07.2026", "2026-02-30", "soon", "10:30"]
)
def test_what_is_no_full_date_is_missing(text):
    assert utc(text, "2026-07-01T00:00:00Z") == [None, "2026-07-01 00:00:00"]


def test_one_bad_time_does_not_change_the_others():
    good = ["2026-07-01", "2026-07-01 10:30", "2026-07-01T10:30:15.123456Z", "2026-07-01T10:30:15+01", None]
    assert utc(*good, "2026-02-30")[:-1] == utc(*good)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "1899-12-31T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_years_that_no_business_has_are_out_of_range(text):
    import pyarrow as pa

    times = parse_times(pa.chunked_array([[text]]), None, None)
    assert times.out_of_range.tolist() == [True]
    assert times.utc.isna().all()


def test_hour_that_clocks_skip_moves_to_the_change():
    assert utc("2026-03-29 02:30") == ["2026-03-29 01:00:00"]


@pytest.mark.parametrize(
    ("zone", "text"), [("Europe/Berlin", "2026-10-25 02:30"), ("Europe/Dublin", "2026-10-25 01:30")]
)
def test_hour_that_clocks_repeat_is_the_first(zone, text):
    assert utc(text, zone=ZoneInfo(zone)) == ["2026-10-25 00:30:00"]


def test_format_of_the_table():
    assert utc("3/1/2026", "13/1/2026", time_format="%m/%d/%Y") == ["2026-02-28 23:00:00", None]
    assert utc("01.03.2026 +0100", zone=None, time_format="%d.%m.%Y %z") == ["2026-02-28 23:00:00"]


def test_timestamps_with_and_without_zone():
    moments = pd.to_datetime(["2026-07-01 10:00", None])
    assert utc(*moments) == ["2026-07-01 08:00:00", None]
    assert utc(*moments.tz_localize("America/New_York"), zone=None) == ["2026-07-01 14:00:00", None]


def test_naive_time_without_zone_says_what_to_write():
    with pytest.raises(InputContractError, match=r"(?s)'2026-07-01' has no time zone.*timezone = "):
        utc("2026-07-01", zone=None)


def test_numbers_are_no_times():
    assert utc(1767225600, 5) == [None, None]


def test_index_and_name_are_kept():
    given_times = pd.Series(["2026-07-01T00:00:00Z"], index=[7], name="until")
    times = to_utc(given_times, None, None)
    assert (times.index.tolist(), times.name) == ([7], "until")


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2150, 1, 1)), st.booleans())
def test_agrees_with_the_standard_library(wall, aware):
    """Oracle: `astimezone`, except in the hour that clocks skip."""
    moment = wall.replace(tzinfo=BERLIN, fold=0)
    back = moment.astimezone(UTC).astimezone(BERLIN).replace(tzinfo=None)
    text = moment.isoformat() if aware and moment.utcoffset().seconds % 60 == 0 else wall.isoformat()
    if back == wall:
        assert to_utc(pd.Series([text]), BERLIN)[0].to_pydatetime() == moment.astimezone(UTC)
