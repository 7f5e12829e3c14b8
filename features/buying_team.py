"""Buying team: the colleagues of a lead, from the account's whole history (row M24 of the source documents)."""

import numpy as np
from numba import njit

from features.engagement import Sight, View
from features.histories import Block
from features.snapshots import Snapshots
from features.windows import DAY_US, NEVER, Floats, Ints, Segments, known_before


def colleagues(block: Block, snapshots: Snapshots) -> Floats:
    """Number of other leads of the account created before as_of."""
    order = np.lexsort((block.created, block.account))
    created = Segments(block.account_start, block.created[order])
    before = known_before(created, block.account[snapshots.lead], snapshots.as_of)
    return (before - (block.created[snapshots.lead] < snapshots.as_of)).astype(np.float64)


def colleagues_active(seen: Sight, days: int) -> Floats:
    """Number of other leads of the account with an interaction in `[as_of − days, as_of)`."""
    active = _different_in_window(seen.account, seen.block.by_account.lead, len(seen.block.created), days)
    return active[seen.account_row] - _self_active(seen, days)


def seniorities_active(seen: Sight, seniority: Ints, days: int) -> Floats:
    """Number of different seniorities (codes ≥ 0 per lead) of the account with an interaction in the window."""
    level = np.append(seniority, -1)[seen.block.by_account.lead]
    found = _different_in_window(seen.account, level, int(seniority.max(initial=-1)) + 1, days)
    return found[seen.account_row]


def _different_in_window(view: View, member: Ints, n: int, days: int) -> Floats:
    """Number of different members (one code per event of the accounts, −1 for none) with an event in the window."""
    span = view.span(days)
    return _different(view.owner, span.first, span.stop, member, n).astype(np.float64)


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


def _self_active(seen: Sight, days: int) -> Floats:
    """1 where the lead itself had an interaction in the window, as its colleagues know it: from its creation on."""
    past, as_of = seen.lead.span(None), seen.snapshots.as_of
    created, last = seen.block.created[seen.snapshots.lead], np.full(len(as_of), NEVER)
    some = past.count > 0
    last[some] = seen.lead.log.time[past.stop[some] - 1]
    known = some & (created < as_of) & (np.maximum(last, created) >= as_of - days * DAY_US)
    return known.astype(np.float64)
