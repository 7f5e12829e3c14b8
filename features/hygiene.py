"""Hygiene of a sorted event log: which events a machine made or repeat another, decided before anything is counted.

A rule looks at the event itself and at its lead's events up to the same time, never at later ones. So what counts
today counts for ever, and features stay strictly point in time. The rules on rows of the interactions table (bots,
test leads, clocks that were never set) are in `features/traffic.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from features.project import HygieneSettings

if TYPE_CHECKING:
    from features.event_log import EventLog

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]

REP_ACTIVITY = "rep activity"
LOG_RULES = ("mail scanner", "answer before any mail", "burst of clicks", "duplicate", REP_ACTIVITY)
KEPT, SCANNER, NO_MAIL, BURST, DUPLICATE, REP = range(6)
BY_REP = 3
"""Added to the direction of what sales made, where that is left out: until then the rules must see its mails."""
OTHER, SENT, OPENED, CLICKED = range(4)
SECOND_US, MINUTE_US, QUARTER_US = 1_000_000, 60_000_000, 900_000_000
# Clicks that follow one another for longer start a new burst, so that no stream is left out as a whole.
LONGEST_BURST_US = 60 * SECOND_US
# An original is searched among so many events before its copy: a bound on the cost of very many at one time.
LOOK_BACK = 100
NO_MAIL_YET = -(2**61)


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Events or rows that do not count: `mask` has one entry each, `counts` how many each rule leaves out.

    Every rule is named in `counts`, also with 0. The first rule that hits has the event: they sum to `mask.sum()`.
    """

    mask: Bools
    counts: Mapping[str, int]


class _Columns(NamedTuple):
    """What a copy has in common with its original."""

    kind: Ints
    topic: Ints
    direction: Ints
    duration: Ints
    has_duration: Bools
    value: Ints


def unwanted(log: "EventLog", kinds: tuple[str, ...], rules: HygieneSettings) -> Unwanted:
    """Events of `log` that a machine made or that repeat another; `kinds` are the names of its kind codes.

    Each owner's events must be of one lead (or of nobody known), at the times at which they happened. Among events of
    one time, mails count as sent before the others; else the order of the log holds.

    Raises:
        ValueError: an owner has events of several leads.
    """
    _refuse_mixed(log)
    rule = np.zeros(len(log.time), np.int8)
    if rules.enabled and len(kinds):
        _mark_machines(log, _roles(kinds, rules), rules, rule)
        columns = _Columns(log.kind, log.topic, log.direction, log.duration, log.has_duration, log.value)
        window = _microseconds(rules.duplicate_seconds)
        _mark_duplicates(log.start, log.time, columns, (window, LOOK_BACK, rules.exact_minutes), rule)
        rule[(rule == KEPT) & marked_by_rep(log.direction)] = REP
    return by_rule(rule, LOG_RULES)


def marked_by_rep(direction: Ints) -> Bools:
    """Which directions (−1, 0 or 1) carry the mark `BY_REP`."""
    return direction >= BY_REP - 1


def without(log: "EventLog", mask: Bools) -> "EventLog":
    """`log` with the same owners and without the events of `mask`."""
    if not mask.any():
        return log
    kept = np.flatnonzero(~mask)
    return replace(
        log,
        start=log.start - np.append(0, np.cumsum(mask))[log.start],
        time=log.time[kept],
        place=log.positions[kept],
    )


def left_out_text(counts: Mapping[str, int]) -> str:
    """What hygiene left out, for people; empty when nothing.

    >>> left_out_text({"mail scanner": 6836, "bot": 0, "duplicate": 571})
    'hygiene left out 7,407 interactions: 6,836 mail scanner, 571 duplicate'
    """
    named = [f"{count:,} {rule}" for rule, count in sorted(counts.items(), key=lambda item: -item[1]) if count]
    return f"hygiene left out {sum(counts.values()):,} interactions: {', '.join(named)}" if named else ""


def by_rule(rule: Codes, names: tuple[str, ...]) -> Unwanted:
    """`Unwanted` of codes per event: 0 where it counts, else 1 + the position of its rule in `names`."""
    counts = np.bincount(rule, minlength=len(names) + 1)[1:]
    return Unwanted(rule != KEPT, {name: int(count) for name, count in zip(names, counts, strict=True)})


def _refuse_mixed(log: "EventLog") -> None:
    differs = log.lead[1:] != log.lead[:-1]
    differs[log.start[(log.start > 0) & (log.start < len(log.time))] - 1] = False
    if differs.any():
        raise ValueError("hygiene needs a log whose owners are single leads; got owners with events of several leads")


def _roles(kinds: tuple[str, ...], rules: HygieneSettings) -> Codes:
    """What each kind means in a mail's life."""
    known = {
        **dict.fromkeys(rules.click_kinds, CLICKED),
        **dict.fromkeys(rules.open_kinds, OPENED),
        **dict.fromkeys(rules.sent_kinds, SENT),
    }
    return np.array([known.get(kind, OTHER) for kind in kinds], np.int8)


def _mark_machines(log: "EventLog", role_of_kind: Codes, rules: HygieneSettings, rule: Codes) -> None:
    if not (np.isin(role_of_kind, (OPENED, CLICKED))).any():
        return
    role, exact = role_of_kind[log.kind], rules.exact_minutes
    near, gap = _microseconds(rules.scanner_seconds), _microseconds(rules.burst_seconds)
    if rules.mail_before_answer or (role_of_kind == SENT).any():  # without mails nothing answers one
        _mark_answers(log.start, log.time, role, (near, rules.mail_before_answer, exact), rule)
    _mark_bursts(log.start, log.time, role, (gap, rules.burst_clicks, exact), rule)


def _microseconds(seconds: float) -> int:
    return round(seconds * SECOND_US)


@njit(cache=True, nogil=True)
def _is_rounded(time: int, exact: bool) -> bool:
    """Whether a time may stand for a whole minute, hour or day: `09:30:00`, or the `23:59:59` of some exports."""
    return not exact and (time % MINUTE_US == 0 or time % QUARTER_US >= QUARTER_US - SECOND_US)


@njit(cache=True, nogil=True)
def _mark_answers(start: Ints, time: Ints, role: Codes, limits: tuple[int, bool, bool], rule: Codes) -> None:
    """Opens and clicks less than `near` after the latest mail, and (`needed`) those before the first one."""
    near, needed, exact = limits
    for owner in range(len(start) - 1):
        mail = NO_MAIL_YET
        for i in range(start[owner], start[owner + 1]):
            if i == start[owner] or time[i] != time[i - 1]:
                mail = _latest_mail(time, role, i, start[owner + 1], mail)
            if role[i] < OPENED or _is_rounded(time[i], exact):
                continue
            if mail != NO_MAIL_YET and time[i] - mail < near:
                rule[i] = SCANNER
            elif mail == NO_MAIL_YET and needed:
                rule[i] = NO_MAIL


@njit(cache=True, nogil=True)
def _latest_mail(time: Ints, role: Codes, first: int, stop: int, before: int) -> int:
    """Time of the latest mail among the events at the time of event `first` and before; `before` is the last known."""
    i = first
    while i < stop and time[i] == time[first]:
        if role[i] == SENT:
            return time[i]
        i += 1
    return before


@njit(cache=True, nogil=True)
def _mark_bursts(start: Ints, time: Ints, role: Codes, limits: tuple[int, int, bool], rule: Codes) -> None:
    """The n-th and later clicks of a chain in which each comes less than `gap` after the one before."""
    gap, clicks, exact = limits
    for owner in range(len(start) - 1):
        length, began, last = 0, 0, 0
        for i in range(start[owner], start[owner + 1]):
            if role[i] != CLICKED:
                continue
            if length > 0 and time[i] - last < gap and time[i] - began < LONGEST_BURST_US:
                length += 1
            else:
                length, began = 1, time[i]
            last = time[i]
            if length >= clicks and rule[i] == KEPT and not _is_rounded(time[i], exact):
                rule[i] = BURST


@njit(cache=True, nogil=True)
def _mark_duplicates(start: Ints, time: Ints, columns: _Columns, limits: tuple[int, int, bool], rule: Codes) -> None:
    """Events less than `window` after the last kept one that equals them in every column but the time."""
    window, look_back, exact = limits
    for owner in range(len(start) - 1):
        for i in range(start[owner], start[owner + 1]):
            if rule[i] != KEPT or _is_rounded(time[i], exact):
                continue
            j = i - 1
            while j >= max(start[owner], i - look_back) and time[i] - time[j] < window:
                if rule[j] == KEPT and _equal(columns, i, j):
                    rule[i] = DUPLICATE
                    break
                j -= 1


@njit(cache=True, nogil=True)
def _equal(columns: _Columns, i: int, j: int) -> bool:
    return (
        columns.kind[i] == columns.kind[j]
        and columns.topic[i] == columns.topic[j]
        and columns.direction[i] == columns.direction[j]
        and columns.duration[i] == columns.duration[j]
        and columns.has_duration[i] == columns.has_duration[j]
        and columns.value[i] == columns.value[j]
    )
