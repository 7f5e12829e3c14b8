"""Settled records of some accounts as the event logs of their leads and of themselves."""

import numpy as np
from numba import njit

from features.account_order import merged_accounts
from features.engines.account_ranges import Fields
from features.event_codes import Codes
from features.event_log import TIE_BREAKERS, EventLog
from features.event_records import Column, Records, no_duration
from features.histories import Block
from features.windows import Bools, Ints


def settled_logs(
    records: Records, alone: Block, first: tuple[int, int], codes: tuple[Ints, Ints]
) -> tuple[EventLog, EventLog]:
    """The events by lead and by account, both numbered from 0.

    `alone` are the histories of these leads without events, `first` the numbers that their first lead and account have
    in the records. `codes` gives the place in the alphabet of each kind and of each topic there.
    """
    (first_lead, first_account), (kinds, topics) = first, codes
    fields = Fields(records, {"topic": topics})
    fields["time"], fields["lead"], fields["kind"], of_lead = _of_leads(
        records["time"], records["lead"], records["kind"], (first_lead, len(alone.created)), kinds
    )
    if "duration" in (records.dtype.names or ()):
        fields["duration"], fields["has_duration"] = _durations(records["duration"], no_duration(records.dtype))
    own = int(of_lead[-1])
    by_lead = EventLog(of_lead, fields["time"][:own], fields, slice(0, own))
    accounts = first_account + np.arange(len(alone.account_start))
    without_lead = _accounts_without_lead(records, own, accounts)
    start, time, place = merged_accounts(
        fields["time"],
        (of_lead, without_lead, alone.account_start),
        alone.created,
        lambda rows: [fields[name][rows] for name in TIE_BREAKERS],
    )
    return by_lead, EventLog(start, time, fields, place)


def _accounts_without_lead(records: Records, own: int, accounts: Ints) -> Ints:
    """Where the events without a lead begin of some accounts, and after them: they are the last, after `own` others."""
    if own == len(records):
        return np.full(len(accounts), own)
    return own + np.searchsorted(records["account"][own:], accounts)


@njit(cache=True, nogil=True)
def _durations(given: Column, absent: int) -> tuple[Ints, Bools]:
    """Durations, 0 where there is none, and which there are."""
    duration, known = np.empty(len(given), np.int64), np.empty(len(given), np.bool_)
    for i in range(len(given)):
        # Multiplied, not asked: whether one is given follows no pattern that a processor could foresee.
        known[i] = given[i] != absent
        duration[i] = given[i] * np.int64(given[i] != absent)
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
