from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.lifecycle.business_time import BusinessCalendar, business_seconds, due

BERLIN = ZoneInfo("Europe/Berlin")
GERMAN = BusinessCalendar(BERLIN, country="DE", region="BY")
ALWAYS = BusinessCalendar(BERLIN, hours=dict.fromkeys(range(7), (time(0), time(23, 59))))
MINUTE = timedelta(minutes=1)


def local(*parts):
    return datetime(*parts, tzinfo=BERLIN)


def hours(calendar, begin, end):
    at = [np.array([round(moment.timestamp() * 1e6)]) for moment in (begin, end)]
    return float(business_seconds(calendar, *at)[0]) / 3600


def by_the_minute(calendar, begin, end, closed):
    """Minutes of opening time, counted one by one."""
    open_minutes, moment = 0, begin
    while moment < end:
        there = moment.astimezone(calendar.timezone)
        times = calendar.hours.get(there.weekday())
        is_open = times is not None and there.date() not in closed and times[0] <= there.time() < times[1]
        open_minutes, moment = open_minutes + is_open, moment + MINUTE
    return open_minutes


@pytest.mark.parametrize(
    ("begin", "end", "waited"),
    [
        (local(2026, 6, 1, 10), local(2026, 6, 1, 12), 2),  # a Monday morning
        (local(2026, 6, 5, 16), local(2026, 6, 8, 10), 2),  # over a weekend
        (local(2026, 6, 1, 20), local(2026, 6, 2, 8), 0),  # at night
        (local(2026, 6, 3, 9), local(2026, 6, 5, 17), 16),  # Corpus Christi is a holiday in Bavaria
        (local(2026, 12, 24, 9), local(2026, 12, 28, 10), 9),  # Christmas on Friday and Saturday
        (local(2026, 6, 2, 12), local(2026, 6, 1, 12), 0),  # the end before the beginning
    ],
)
def test_waiting_is_counted_in_opening_hours(begin, end, waited):
    assert hours(GERMAN, begin, end) == waited


@pytest.mark.parametrize(("day", "length"), [((2026, 3, 29), 22 + 59 / 60), ((2026, 10, 25), 24 + 59 / 60)])
def test_days_on_which_clocks_change_are_as_long_as_they_are(day, length):
    assert hours(ALWAYS, local(*day), local(*day) + timedelta(days=1)) == pytest.approx(length)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60 * 24 * 400), st.integers(0, 60 * 24 * 12))
def test_the_same_as_counting_minute_by_minute(start, length):
    closed = {date(2026, 5, 14), date(2026, 7, 7)}
    calendar = BusinessCalendar(ZoneInfo("America/New_York"), closed=frozenset(closed))
    begin = datetime(2026, 1, 1, tzinfo=UTC) + start * MINUTE
    end = begin + length * MINUTE
    assert hours(calendar, begin, end) * 60 == pytest.approx(by_the_minute(calendar, begin, end, closed))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60 * 24 * 400), st.integers(1, 60 * 80))
def test_a_promise_has_just_passed_when_it_is_due(start, minutes):
    begin = datetime(2026, 1, 1, tzinfo=UTC) + start * MINUTE
    moment = due(GERMAN, begin, minutes * MINUTE)
    assert hours(GERMAN, begin, moment) * 60 == pytest.approx(minutes)
    assert hours(GERMAN, begin, moment - timedelta(seconds=6)) * 60 < minutes


def test_a_promise_of_nothing_is_due_at_once():
    assert due(GERMAN, local(2026, 6, 6, 12), timedelta(0)) == local(2026, 6, 6, 12)


def test_a_calendar_that_never_opens_is_refused_when_a_promise_is_made():
    with pytest.raises(ValueError, match="no 1:00:00 of opening time"):
        due(BusinessCalendar(BERLIN, hours={}), local(2026, 6, 1, 12), timedelta(hours=1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hours": {0: (time(17), time(9))}}, "each opening before it closes"),
        ({"hours": {9: (time(9), time(17))}}, "weekdays 0 to 6"),
        ({"country": "Germany"}, "ISO code such as DE"),
        ({"country": "DE", "region": "Bavaria"}, "expected one of"),
    ],
)
def test_wrong_calendars_are_refused_with_what_was_expected(wrong, message):
    with pytest.raises(ValueError, match=message):
        BusinessCalendar(BERLIN, **wrong)


def test_many_at_once_and_none():
    assert len(business_seconds(GERMAN, np.zeros(0, np.int64), np.zeros(0, np.int64))) == 0
    begin = np.array([0, 10**15], np.int64)
    assert (business_seconds(GERMAN, begin, begin + 3600 * 10**6) >= 0).all()
