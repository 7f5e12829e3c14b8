"""Business time: how long something has waited in opening hours, and when a promise falls due.

Opening hours are local: on a day when clocks change, an hour that does not exist is not counted and one that comes
twice is counted twice, as somebody at the desk would. F(t) = opening time before t is a piecewise linear function;
waiting from a to b is F(b) − F(a), and due is the t with F(t) = F(a) + promise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from features.windows import Floats, Ints

SECOND_US = 1_000_000
MARGIN_DAYS = 2
LONGEST_WAIT_DAYS = 3660
"""How far ahead a promise may fall due; a calendar that hardly ever opens is refused there."""


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Opening hours by weekday (0 = Monday) in a time zone, without the public holidays of a country (and region).

    `country` is an ISO code such as "DE" (None: no public holidays), `region` one of its subdivisions such as "BY";
    on `closed` days nobody is there either.
    """

    timezone: ZoneInfo
    hours: Mapping[int, tuple[time, time]] = field(default_factory=lambda: dict.fromkeys(range(5), (time(9), time(17))))
    country: str | None = None
    region: str | None = None
    closed: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        for weekday, (opens, closes) in self.hours.items():
            if weekday not in range(7) or not opens < closes:
                raise ValueError(
                    f"opening hours: expected weekdays 0 to 6, each opening before it closes (got {weekday}: "
                    f"{opens:%H:%M} to {closes:%H:%M})"
                )
        if self.country is not None:
            _refuse_unknown_country(self.country, self.region)


def business_seconds(calendar: BusinessCalendar, begin: Ints, end: Ints) -> Floats:
    """Seconds of opening time in each `[begin, end)` (microseconds since 1970 UTC, shape (n,)); 0 where it is empty."""
    if not len(begin):
        return np.zeros(0)
    opens, before = _opening(calendar, int(min(begin.min(), end.min())), int(max(begin.max(), end.max())))
    passed = _opening_time(opens, before, end) - _opening_time(opens, before, begin)
    return np.maximum(passed, 0) / SECOND_US


def due(calendar: BusinessCalendar, begin: datetime, promise: timedelta) -> datetime:
    """When `promise` of opening time has passed since an aware time, in UTC.

    Raises:
        ValueError: the calendar opens too rarely to ever keep it.
    """
    moment = due_all(calendar, np.array([_microseconds(begin)]), np.array([promise / timedelta(seconds=1)]))
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(moment[0]))


def due_all(calendar: BusinessCalendar, begin: Ints, promise_s: Floats) -> Ints:
    """When so many seconds of opening time have passed since each moment (microseconds since 1970 UTC, shape (n,)).

    Raises:
        ValueError: the calendar opens too rarely to ever keep it.
    """
    needed = np.rint(promise_s * SECOND_US).astype(np.int64)
    if not (needed > 0).any():
        return begin
    for days in (14, 90, LONGEST_WAIT_DAYS):
        opens, before = _opening(calendar, int(begin.min()), int(begin.max()) + days * 86_400 * SECOND_US)
        target = _opening_time(opens, before, begin) + needed
        if target.max() <= before[-1]:
            at = np.maximum(np.searchsorted(before, target, side="left") - 1, 0)
            return np.where(needed <= 0, begin, opens[at, 0] + target - before[at])
    longest = timedelta(seconds=float(promise_s.max()))
    raise ValueError(f"the business calendar has no {longest} of opening time within {LONGEST_WAIT_DAYS} days")


def _opening(calendar: BusinessCalendar, first: int, last: int) -> tuple[Ints, Ints]:
    """Opening periods around a span, shape (days, 2), and the opening time before each and after all; microseconds."""
    begin, end = (_date(moment) + timedelta(days=days) for moment, days in ((first, -MARGIN_DAYS), (last, MARGIN_DAYS)))
    closed = calendar.closed | _public_holidays(calendar.country, calendar.region, begin.year, end.year)
    days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
    open_days = [day for day in days if day.weekday() in calendar.hours and day not in closed]
    periods = [
        [_microseconds(datetime.combine(day, at, calendar.timezone)) for at in calendar.hours[day.weekday()]]
        for day in open_days
    ]
    opens = np.array(periods, np.int64).reshape(-1, 2)
    return opens, np.concatenate(([0], np.cumsum(opens[:, 1] - opens[:, 0])))


def _opening_time(opens: Ints, before: Ints, moment: Ints) -> Ints:
    """Opening time before each moment, since the first period."""
    if not len(opens):
        return np.zeros(len(moment), np.int64)
    at = np.searchsorted(opens[:, 0], moment, side="right") - 1
    inside = np.clip(moment - opens[at, 0], 0, opens[at, 1] - opens[at, 0])
    return np.where(at < 0, 0, before[at] + inside)


@lru_cache(maxsize=64)
def _public_holidays(country: str | None, region: str | None, first: int, last: int) -> frozenset[date]:
    if country is None:
        return frozenset()
    import holidays

    return frozenset(holidays.country_holidays(country, subdiv=region, years=range(first, last + 1)))


def _refuse_unknown_country(country: str, region: str | None) -> None:
    import holidays

    known = holidays.list_supported_countries()
    if country not in known:
        raise ValueError(f"country: expected an ISO code such as DE, DK or GB (got {country!r})")
    if region is not None and region not in known[country]:
        raise ValueError(f"region of {country}: expected one of {', '.join(known[country])} (got {region!r})")


def _date(moment: int) -> date:
    return (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=moment)).date()


def _microseconds(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
