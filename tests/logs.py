"""Small event logs for the tests of hygiene: literal timelines, random ones, and a slow, obvious oracle of the rules.

A row is (lead, seconds after 2026-01-01 00:00:00, kind) and, where needed, topic and duration.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from worlds import SECOND, ZERO

from features.event_log import EventLog
from features.project import HygieneSettings

KINDS = ("email_click", "email_open", "email_sent", "page_view", "unsubscribe")
ALL_OFF = {"scanner_seconds": 0, "burst_seconds": 0, "duplicate_seconds": 0}


class Event(NamedTuple):
    """In the order in which a log sorts them."""

    lead: int
    time: int
    kind: int
    topic: int = -1
    duration: int = 0


def at(seconds: float, kind: str = "page_view", lead: int = 0, topic: int = -1, duration: int = 0) -> Event:
    return Event(lead, ZERO + round(seconds * SECOND), KINDS.index(kind), topic, duration)


def log_of(events: Sequence[Event]) -> EventLog:
    """The sorted log of the events of leads 0 to 2."""
    lead, time, kind, topic, duration = np.array(sorted(events), np.int64).reshape(-1, 5).T
    nothing = np.zeros(len(lead), np.int64)
    columns = {"lead": lead, "kind": kind, "topic": topic, "direction": nothing, "duration": duration, "value": nothing}
    columns["has_duration"] = (duration > 0).astype(np.int64)
    start = np.searchsorted(lead, np.arange(4)).astype(np.int64)
    return EventLog(start, time, columns, slice(0, len(lead)))


seconds = st.one_of(
    st.integers(1, 12), st.integers(55, 65), st.sampled_from([0, 2.5, 3.999999, 899.2, 120, 120.000001, 3600])
)
any_event = st.builds(
    at,
    seconds,
    st.sampled_from((*KINDS, "email_click", "email_click")),
    lead=st.sampled_from([0, 0, 0, 1, 2]),
    topic=st.integers(-1, 0),
    duration=st.sampled_from([0, 0, 7, 8]),
)
timelines = st.lists(any_event, max_size=30)
any_rules = st.builds(
    HygieneSettings,
    scanner_seconds=st.sampled_from([0, 1, 4]),
    burst_seconds=st.sampled_from([0, 2, 30]),
    burst_clicks=st.integers(2, 3),
    duplicate_seconds=st.sampled_from([0, 1, 3, 60]),
    mail_before_answer=st.booleans(),
    exact_minutes=st.booleans(),
)


def expected(timeline: Sequence[Event], rules: HygieneSettings) -> list[str | None]:
    """The rule that leaves out each of the sorted events, or None."""
    found: list[tuple[Event, str | None]] = []
    for event in sorted(timeline):
        found.append((event, None if _may_be_rounded(event, rules) else _rule(event, found, timeline, rules)))
    return [rule for _, rule in found]


def _may_be_rounded(event: Event, rules: HygieneSettings) -> bool:
    second = event.time // SECOND
    whole_minute = event.time % SECOND == 0 and second % 60 == 0
    return not rules.exact_minutes and (whole_minute or second % 900 == 899)


def _rule(
    event: Event, before: list[tuple[Event, str | None]], timeline: Sequence[Event], rules: HygieneSettings
) -> str | None:
    kind = KINDS[event.kind]
    mails = [
        e.time for e in timeline if e.lead == event.lead and KINDS[e.kind] == "email_sent" and e.time <= event.time
    ]
    is_answer = kind in ("email_open", "email_click", "unsubscribe")
    if is_answer and mails and event.time - max(mails) < rules.scanner_seconds * SECOND:
        return "mail scanner"
    if is_answer and not mails and rules.mail_before_answer:
        return "answer before any mail"
    earlier = [e.time for e, _ in before if e.lead == event.lead and KINDS[e.kind] in ("email_click", "unsubscribe")]
    if kind in ("email_click", "unsubscribe") and _place_in_burst([*earlier, event.time], rules) >= rules.burst_clicks:
        return "burst of clicks"
    copies = [e.time for e, rule in before if rule is None and e._replace(time=0) == event._replace(time=0)]
    return "duplicate" if copies and event.time - copies[-1] < rules.duplicate_seconds * SECOND else None


def _place_in_burst(clicks: list[int], rules: HygieneSettings) -> int:
    """The how-manieth of its burst the last click is."""
    burst: list[int] = []
    for time in clicks:
        goes_on = burst and time - burst[-1] < rules.burst_seconds * SECOND and time - burst[0] < 60 * SECOND
        burst = [*burst, time] if goes_on else [time]
    return len(burst)
