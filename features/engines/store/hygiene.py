"""How many events hygiene leaves out, kept up to date: only the surroundings of new events are looked at again.

A rule connects events of a lead that follow each other within its seconds. Where there is a longer pause, what lies
before has no bearing on what comes after; so a new event can change the lot of those only that no pause separates from
it. The exception is the rule that asks whether there was any mail before: then leads are looked at as a whole.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

from features.engines.account_ranges import Fields, column_of
from features.engines.store.events import EventPart, in_groups, number_of_records, positions, records_of
from features.event_codes import Labels
from features.event_log import lead_log, sorted_log
from features.event_records import Records, joined, taken, words_of
from features.hygiene import REP_ACTIVITY, marked_by_rep, unwanted
from features.project import HygieneSettings
from features.windows import SECOND_US, Ints

EVENTS_AT_ONCE = 100_000
# Three columns: of owners where their records start and end and the time of the last, of intervals owner and times.
Spans = tuple[Ints, Ints, Ints]


def more_left_out(
    parts: Sequence[EventPart],
    new: EventPart | None,
    labels: tuple[Labels, Labels],
    rules: HygieneSettings,
    threads: int,
) -> Counter[str]:
    """How many more events each rule of hygiene leaves out since the `new` ones are there; `labels`: kinds, topics."""
    found = Counter[str]()
    if rules.enabled and new is not None:
        of_accounts = column_of(new.records, "direction")[column_of(new.records, "lead") < 0]
        found[REP_ACTIVITY] = int(marked_by_rep(of_accounts).sum())
        around = _whole_leads if rules.mail_before_answer or not parts else _surroundings
        owners = _owners_at_once(parts, new, threads, whole=around is _whole_leads)
        with ThreadPoolExecutor(threads) as pool:
            for more in pool.map(lambda some: _more(around((*parts, new), some, rules), labels, rules), owners):
                found.update(more)
    return found


def _owners_at_once(parts: Sequence[EventPart], new: EventPart, threads: int, *, whole: bool) -> Iterator[Ints]:
    """The leads that have new events, in groups for all threads that hold about so many events to be looked at."""
    owners = new.owner[new.owner >= 0]
    weight = number_of_records((*parts, new) if whole else (new,), owners)
    return in_groups(owners, weight, min(EVENTS_AT_ONCE, int(weight.sum()) // threads + 1))


def _more(near: Sequence[Records], labels: tuple[Labels, Labels], rules: HygieneSettings) -> Counter[str]:
    """How many more events are left out with those of the last part than without them."""
    found = Counter(_left_out(near, labels, rules))
    if any(map(len, near[:-1])):
        found.subtract(_left_out(near[:-1], labels, rules))
    return found


def _left_out(parts: Sequence[Records], labels: tuple[Labels, Labels], rules: HygieneSettings) -> Mapping[str, int]:
    records, (names, kinds) = joined(parts, parts[0].dtype), labels[0].alphabetical()
    columns = Fields(records, {"kind": kinds, "topic": labels[1].alphabetical()[1]})
    if sum(len(part) > 0 for part in parts) <= 1:  # each part is in order
        columns["lead"] = np.cumsum(np.append(0, np.diff(columns["lead"]) != 0))[: len(records)]
        return unwanted(lead_log(columns, int(columns["lead"].max(initial=-1)) + 1), names, rules).counts
    numbers, columns["lead"] = np.unique(columns["lead"], return_inverse=True)
    log = sorted_log(columns, np.arange(len(records)), columns["lead"], columns["time"], len(numbers))
    return unwanted(log, names, rules).counts


def _whole_leads(every: Sequence[EventPart], owners: Ints, _rules: HygieneSettings) -> list[Records]:
    """All events of some leads, by part."""
    return [records_of([part], owners, part.records.dtype) for part in every]


def _surroundings(every: Sequence[EventPart], owners: Ints, rules: HygieneSettings) -> list[Records]:
    """The events of some leads that no pause separates from one of the last part, by part."""
    pause = round(max(rules.scanner_seconds, rules.burst_seconds, rules.duplicate_seconds) * SECOND_US)
    spans = [part.known(owners) for part in every]
    intervals = _intervals(every, spans, pause)
    return [
        taken(part.records, positions(*_inside(words_of(part.records), span, intervals)))
        for part, span in zip(every, spans, strict=True)
    ]


def _intervals(every: Sequence[EventPart], spans: Sequence[Spans], pause: int) -> tuple[Ints, Ints, Ints]:
    """The surroundings of the last part's events: the owner's place in `spans`, times of first and last."""
    first, stop, _ = spans[-1]
    owner = np.repeat(np.arange(len(first)), stop - first)
    low = every[-1].records["time"][positions(first, stop)].astype(np.int64)
    high, grew = low.copy(), True
    while grew:
        n = _merge(owner, low, high)
        owner, low, high = owner[:n], low[:n], high[:n]
        grew = False
        for part, span in zip(every, spans, strict=True):
            grew |= _grow(words_of(part.records), span, (owner, low, high), pause)
    return owner, low, high


@njit(cache=True, nogil=True)
def _first_at(words: Ints, low: int, high: int, moment: int) -> int:
    """Position of the first record at or after `moment`; word 1 is the time."""
    while low < high:
        middle = (low + high) >> 1
        if words[middle, 1] < moment:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _merge(owner: Ints, low: Ints, high: Ints) -> int:
    """Write intervals of an owner that overlap (they are in order) as one; returns how many are left."""
    n = 0
    for i in range(len(owner)):
        if n > 0 and owner[i] == owner[n - 1] and low[i] <= high[n - 1]:
            high[n - 1] = max(high[n - 1], high[i])
        else:
            owner[n], low[n], high[n] = owner[i], low[i], high[i]
            n += 1
    return n


@njit(cache=True, nogil=True)
def _grow(words: Ints, span: Spans, intervals: Spans, pause: int) -> bool:
    """Widen each interval over the records that no pause separates from it; tells whether any grew."""
    (first, stop, latest), (owner, low, high) = span, intervals
    grew = False
    for i in range(len(low)):
        o = owner[i]
        if first[o] == stop[o] or low[i] - latest[o] >= pause:
            continue
        at = _first_at(words, first[o], stop[o], low[i])
        while at > first[o] and low[i] - words[at - 1, 1] < pause:
            at -= 1
            low[i] = words[at, 1]
            grew = True
        at = _first_at(words, at, stop[o], high[i] + 1)
        while at < stop[o] and words[at, 1] - high[i] < pause:
            high[i] = words[at, 1]
            at += 1
            grew = True
    return grew


@njit(cache=True, nogil=True)
def _inside(words: Ints, span: Spans, intervals: Spans) -> tuple[Ints, Ints]:
    """Positions of the records within each interval."""
    (first, stop, latest), (owner, low, high) = span, intervals
    begin, end = np.zeros(len(low), np.int64), np.zeros(len(low), np.int64)
    for i in range(len(low)):
        o = owner[i]
        if low[i] <= latest[o]:
            begin[i] = _first_at(words, first[o], stop[o], low[i])
            end[i] = _first_at(words, begin[i], stop[o], high[i] + 1)
    return begin, end
