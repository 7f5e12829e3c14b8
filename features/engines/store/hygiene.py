"""How many events hygiene leaves out, kept up to date: only the surroundings of new events are looked at again.

A rule connects events of a lead that follow each other within its seconds. Where there is a longer pause, what lies
before has no bearing on what comes after; so a new event can change the lot of those only that no pause separates from
it. The exception is the rule that asks whether there was any mail before: then leads are looked at as a whole.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numba import njit

from features.engines.account_ranges import PARTITION_EVENTS, column_of
from features.engines.store.blocks import columns_of
from features.engines.store.events import EventPart, in_groups, number_of_records, positions, records_of, words_of
from features.event_codes import Labels
from features.event_door import EventDoor
from features.event_records import Records, joined, taken
from features.histories import wanted_events
from features.hygiene import REP_ACTIVITY, marked_by_rep
from features.project import HygieneSettings
from features.windows import SECOND_US, Ints

EVENTS_AT_ONCE = 100_000


def more_left_out(parts: Sequence[EventPart], new: EventPart, door: EventDoor) -> Counter[str]:
    """How many more events each rule of hygiene leaves out since the `new` ones are there."""
    rules, found, labels = door.project.hygiene, Counter[str](), (door.kinds, door.topics)
    if rules.enabled:
        of_accounts = column_of(new.records, "direction")[column_of(new.records, "lead") < 0]
        found[REP_ACTIVITY] = int(marked_by_rep(of_accounts).sum())
        around = _whole_leads if rules.mail_before_answer or not parts else _surroundings
        for before, now in around(parts, new, rules):
            found.update(_left_out(now, labels, rules))
            found.subtract(_left_out(before, labels, rules))
    return found


def _left_out(records: Records, labels: tuple[Labels, Labels], rules: HygieneSettings) -> Mapping[str, int]:
    columns = columns_of(records, *labels)
    numbers, columns["lead"] = np.unique(columns["lead"], return_inverse=True)
    return wanted_events(columns, len(numbers), labels[0].alphabetical()[0], rules)[1]


def _whole_leads(
    parts: Sequence[EventPart], new: EventPart, _rules: HygieneSettings
) -> Iterator[tuple[Records, Records]]:
    """All events of the leads that have new ones: those that were there, and all."""
    owners, every, dtype = new.owner[new.owner >= 0], (*parts, new), new.records.dtype
    for some in in_groups(owners, number_of_records(every, owners), PARTITION_EVENTS):
        yield records_of(parts, some, dtype), records_of(every, some, dtype)


def _surroundings(
    parts: Sequence[EventPart], new: EventPart, rules: HygieneSettings
) -> Iterator[tuple[Records, Records]]:
    """The events of leads that no pause separates from a new one: those that were there, and all."""
    pause = round(max(rules.scanner_seconds, rules.burst_seconds, rules.duplicate_seconds) * SECOND_US)
    owners, every, dtype = new.owner[new.owner >= 0], (*parts, new), new.records.dtype
    for some in in_groups(owners, number_of_records([new], owners), EVENTS_AT_ONCE):
        spans = [part.spans(some) for part in every]
        owner, low, high = _intervals(every, spans, pause)
        near = [
            taken(part.records, positions(*_inside(words_of(part.records), (first[owner], stop[owner]), low, high)))
            for part, (first, stop) in zip(every, spans, strict=True)
        ]
        yield joined(near[:-1], dtype), joined(near, dtype)


def _intervals(every: Sequence[EventPart], spans: Sequence[tuple[Ints, Ints]], pause: int) -> tuple[Ints, Ints, Ints]:
    """The surroundings of the last part's events: the owner's place in `spans`, times of first and last."""
    first, stop = spans[-1]
    owner = np.repeat(np.arange(len(first)), stop - first)
    low = every[-1].records["time"][positions(first, stop)].astype(np.int64)
    high, grew = low.copy(), True
    while grew:
        n = _merge(owner, low, high)
        owner, low, high = owner[:n], low[:n], high[:n]
        grew = False
        for part, (first, stop) in zip(every, spans, strict=True):
            grew |= _grow(words_of(part.records), (first[owner], stop[owner]), low, high, pause)
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
def _grow(words: Ints, span: tuple[Ints, Ints], low: Ints, high: Ints, pause: int) -> bool:
    """Widen each interval over the records that no pause separates from it; tells whether any grew."""
    first, stop = span
    grew = False
    for i in range(len(low)):
        at = _first_at(words, first[i], stop[i], low[i])
        while at > first[i] and low[i] - words[at - 1, 1] < pause:
            at -= 1
            low[i] = words[at, 1]
            grew = True
        at = _first_at(words, first[i], stop[i], high[i] + 1)
        while at < stop[i] and words[at, 1] - high[i] < pause:
            high[i] = words[at, 1]
            at += 1
            grew = True
    return grew


@njit(cache=True, nogil=True)
def _inside(words: Ints, span: tuple[Ints, Ints], low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Positions of the records within each interval."""
    first, stop = span
    begin, end = np.empty(len(low), np.int64), np.empty(len(low), np.int64)
    for i in range(len(low)):
        begin[i] = _first_at(words, first[i], stop[i], low[i])
        end[i] = _first_at(words, begin[i], stop[i], high[i] + 1)
    return begin, end
