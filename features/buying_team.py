"""Buying team: the colleagues of a lead, from the account's whole history (row M24 of the source documents)."""

import numpy as np
from numba import njit

from features.histories import Block
from features.snapshots import Snapshots
from features.windows import Floats, Ints, Segments, history, known_before, window_start


def colleagues(block: Block, snapshots: Snapshots) -> Floats:
    """Number of other leads of the account created before as_of."""
    order = np.lexsort((block.created, block.account))
    created = Segments(block.account_start, block.created[order])
    before = known_before(created, block.account[snapshots.lead], snapshots.as_of)
    return (before - (block.created[snapshots.lead] < snapshots.as_of)).astype(np.float64)


def colleagues_active(block: Block, snapshots: Snapshots, days: int) -> Floats:
    """Number of other leads of the account with an interaction in `[as_of − days, as_of)`."""
    active = _different_in_window(block, block.by_account.lead, len(block.created), snapshots, days)
    return active - _self_active(block, snapshots, days)


def seniorities_active(block: Block, seniority: Ints, snapshots: Snapshots, days: int) -> Floats:
    """Number of different seniorities (codes ≥ 0 per lead) of the account with an interaction in the window."""
    lead = block.by_account.lead
    level = np.where(lead >= 0, seniority[lead] if len(seniority) else -1, -1)
    return _different_in_window(block, level, int(seniority.max(initial=-1)) + 1, snapshots, days)


def _different_in_window(block: Block, member: Ints, n: int, snapshots: Snapshots, days: int) -> Floats:
    """Number of different members (one code per event of the accounts, −1 for none) with an event in the window."""
    owner = block.account[snapshots.lead]
    order = np.lexsort((snapshots.as_of, owner))
    owner, as_of = owner[order], snapshots.as_of[order]
    times = block.by_account.segments
    first, stop = window_start(times, owner, as_of, days), history(times, owner, as_of).stop
    result = np.empty(len(order))
    result[order] = _different(owner, first, stop, member, n)
    return result


@njit(cache=True, nogil=True)
def _different(owner: Ints, first: Ints, stop: Ints, member: Ints, n: int) -> Ints:
    """A window slides over each owner's events and keeps how many events each member has in it."""
    result = np.empty(len(owner), np.int64)
    inside = np.zeros(n, np.int64)
    different = low = high = 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1]:
            for j in range(low, high):
                if member[j] >= 0:
                    inside[member[j]] = 0
            different, low, high = 0, first[i], first[i]
        while high < stop[i]:
            if member[high] >= 0:
                different += inside[member[high]] == 0
                inside[member[high]] += 1
            high += 1
        while low < first[i]:
            if member[low] >= 0:
                inside[member[low]] -= 1
                different -= inside[member[low]] == 0
            low += 1
        result[i] = different
    return result


def _self_active(block: Block, snapshots: Snapshots, days: int) -> Floats:
    """1 where the lead itself had an interaction in the window, as its colleagues know it: from its creation on."""
    log = block.by_lead
    known = Segments(log.start, np.maximum(log.time, block.created[log.owner]))
    past = history(known, snapshots.lead, snapshots.as_of)
    first = window_start(known, snapshots.lead, snapshots.as_of, days)
    return (past.stop > first).astype(np.float64)
