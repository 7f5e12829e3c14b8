"""Buying team: the colleagues of a lead, from the account's whole history (row M24 of the source documents)."""

import numpy as np

from features.engagement import Sight, different
from features.histories import Block
from features.snapshots import Snapshots
from features.windows import DAY_US, NEVER, Bools, Few, Floats, Ints, Segments, known_before


def colleagues(block: Block, snapshots: Snapshots) -> Floats:
    """Number of other leads of the account created before as_of."""
    order = np.lexsort((block.created, block.account))
    created = Segments(block.account_start, block.created[order])
    before = known_before(created, block.account[snapshots.lead], snapshots.as_of)
    return (before - (block.created[snapshots.lead] < snapshots.as_of)).astype(np.float64)


def colleagues_active(seen: Sight, days: int) -> Few:
    """Number of other leads of the account with an interaction in `[as_of − days, as_of)`."""
    active = different(seen.account, seen.block.by_account.lead, len(seen.block.created), days)
    return np.asarray(active[seen.account_row] - _self_active(seen, days))


def seniorities_active(seen: Sight, seniority: Ints, days: int) -> Few:
    """Number of different seniorities (codes ≥ 0 per lead) of the account with an interaction in the window."""
    level = np.append(seniority, -1).astype(np.int32)[seen.block.by_account.lead]
    found = different(seen.account, level, int(seniority.max(initial=-1)) + 1, days)
    return found[seen.account_row]


def _self_active(seen: Sight, days: int) -> Bools:
    """1 where the lead itself had an interaction in the window, as its colleagues know it: from its creation on."""
    past, as_of = seen.lead.span(None), seen.snapshots.as_of
    created, last = seen.block.created[seen.snapshots.lead], np.full(len(as_of), NEVER)
    some = past.count > 0
    last[some] = seen.lead.log.time[past.stop[some] - 1]
    return np.asarray(some & (created < as_of) & (np.maximum(last, created) >= as_of - days * DAY_US))
