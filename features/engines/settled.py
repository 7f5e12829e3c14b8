"""Settled records of a range of accounts as the event logs of its leads and accounts."""

from typing import Protocol

import numpy as np
from numba import njit

from features.account_order import merged_accounts
from features.engines.account_ranges import Fields
from features.event_codes import Codes, Labels
from features.event_log import TIE_BREAKERS, EventLog
from features.event_records import NO_DURATION, Records
from features.histories import Block
from features.windows import Bools, Ints


class Labelled(Protocol):
    """What knows the labels of records."""

    @property
    def kinds(self) -> Labels:
        """Kinds by code."""

    @property
    def topics(self) -> Labels:
        """Topics by code."""


class Ranges(Protocol):
    """Ranges of accounts, as `AccountRanges` are."""

    @property
    def door(self) -> Labelled:
        """What gave the records their codes."""

    def accounts(self, number: int) -> tuple[int, int]:
        """First account of a range, and the one after its last."""

    def leads(self, number: int) -> tuple[int, int]:
        """First lead of a range, and the one after its last."""


def settled_logs(ranges: Ranges, number: int, records: Records, alone: Block) -> tuple[EventLog, EventLog]:
    """The events by lead and by account; `alone` are the histories of the range's leads without events."""
    kinds, topics = ranges.door.kinds.alphabetical()[1], ranges.door.topics.alphabetical()[1]
    fields = Fields(records, {"topic": topics})
    fields["time"], fields["lead"], fields["kind"], of_lead = _of_leads(
        records["time"], records["lead"], records["kind"], (ranges.leads(number)[0], len(alone.created)), kinds
    )
    if "duration" in (records.dtype.names or ()):
        fields["duration"], fields["has_duration"] = _durations(records["duration"])
    own = int(of_lead[-1])
    by_lead = EventLog(of_lead, fields["time"][:own], fields, slice(0, own))
    without_lead = _accounts_without_lead(ranges, number, records, own)
    start, time, place = merged_accounts(
        fields["time"],
        (of_lead, without_lead, alone.account_start),
        alone.created,
        lambda rows: [fields[name][rows] for name in TIE_BREAKERS],
    )
    return by_lead, EventLog(start, time, fields, place)


def _accounts_without_lead(ranges: Ranges, number: int, records: Records, own: int) -> Ints:
    """Where each account's events without a lead begin among the records: they are the last, after `own` others."""
    first, stop = ranges.accounts(number)
    if own == len(records):
        return np.full(stop - first + 1, own)
    return own + np.searchsorted(records["account"][own:], np.arange(first, stop + 1))


@njit(cache=True, nogil=True)
def _durations(given: Ints) -> tuple[Ints, Bools]:
    """Durations, 0 where there is none, and which there are."""
    duration, known = np.empty(len(given), np.int64), np.empty(len(given), np.bool_)
    for i in range(len(given)):
        # Multiplied, not asked: whether one is given follows no pattern that a processor could foresee.
        known[i] = given[i] != NO_DURATION
        duration[i] = given[i] * np.int64(given[i] != NO_DURATION)
    return duration, known


@njit(cache=True, nogil=True)
def _of_leads(
    time: Ints, lead: Codes, kind: Codes, leads: tuple[int, int], kinds: Ints
) -> tuple[Ints, Codes, Codes, Ints]:
    """Time, lead (numbered from the first) and kind of each record, and where each lead's begin: one look at each.

    Records stand by lead, those without one last.
    """
    first, number = leads
    times, of, codes = np.empty(len(time), np.int64), np.empty(len(time), np.int32), np.empty(len(time), np.int32)
    start = np.empty(number + 1, np.int64)
    begun = 0
    for i in range(len(time)):
        times[i], codes[i] = time[i], kinds[kind[i]]
        of[i] = max(lead[i] - first, -1)
        while begun <= of[i]:
            start[begun] = i
            begun += 1
    own = len(time)
    while own > 0 and of[own - 1] < 0:
        own -= 1
    start[begun:] = own
    return times, of, codes, start
