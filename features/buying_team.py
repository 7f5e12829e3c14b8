"""Buying team: the colleagues of a lead, from the account's whole history (row M24 of the source documents)."""

import numpy as np

from features.histories import Histories
from features.snapshots import Snapshots
from features.windows import (
    DAY_US,
    Bools,
    Floats,
    Ints,
    Segments,
    history,
    known_before,
    times_by_owner,
    window_start,
)


def colleagues(histories: Histories, snapshots: Snapshots) -> Floats:
    """Number of other leads of the account created before as_of."""
    order = np.lexsort((histories.created, histories.account))
    created = Segments(histories.account_start, histories.created[order])
    before = known_before(created, histories.account[snapshots.lead], snapshots.as_of)
    return (before - (histories.created[snapshots.lead] < snapshots.as_of)).astype(np.float64)


def colleagues_active(histories: Histories, snapshots: Snapshots, days: int) -> Floats:
    """Number of other leads of the account with an interaction in `[as_of − days, as_of)`."""
    log = histories.by_lead
    active = _runs(log.owner, _known_times(histories), histories.account[log.owner], days)
    return _in_progress(active, histories, snapshots) - _self_active(histories, snapshots, days)


def seniorities_active(histories: Histories, seniority: Ints, snapshots: Snapshots, days: int) -> Floats:
    """Number of different seniorities (codes ≥ 0 per lead) of the account with an interaction in the window."""
    log = histories.by_lead
    known = seniority[log.owner] >= 0
    owner, time = log.owner[known], _known_times(histories)[known]
    level = histories.account[owner] * (int(seniority.max(initial=0)) + 1) + seniority[owner]
    order = np.lexsort((time, level))
    runs = _runs(level[order], time[order], histories.account[owner][order], days)
    return _in_progress(runs, histories, snapshots)


def _known_times(histories: Histories) -> Ints:
    """Times of the leads' events as colleagues know them: not before the lead was created."""
    log = histories.by_lead
    return np.maximum(log.time, histories.created[log.owner])


def _runs(member: Ints, time: Ints, account: Ints, days: int) -> tuple[Ints, Ints, Ints]:
    """Stretches during which a member counts as active: from an event until `days` after the last of its run.

    Events (sorted by member, time) no further apart than the window belong to one run, so each member is counted
    once however many events it has. Returns each run's account, first time, and last time plus window.
    """
    width = days * DAY_US
    new: Bools = np.ones(len(time), bool)
    new[1:] = (member[1:] != member[:-1]) | (np.diff(time) > width)
    last = np.append(new[1:], True)[: len(time)]
    return account[new], time[new], time[last] + width


def _in_progress(runs: tuple[Ints, Ints, Ints], histories: Histories, snapshots: Snapshots) -> Floats:
    """Runs of the account begun before as_of less those whose window has passed: started < as_of ≤ last + width."""
    account, started, passed = runs
    at = histories.account[snapshots.lead]
    n = len(histories.account_start) - 1
    begun = known_before(times_by_owner(account, started, n), at, snapshots.as_of)
    ended = known_before(times_by_owner(account, passed, n), at, snapshots.as_of)
    return (begun - ended).astype(np.float64)


def _self_active(histories: Histories, snapshots: Snapshots, days: int) -> Floats:
    known = Segments(histories.by_lead.start, _known_times(histories))
    past = history(known, snapshots.lead, snapshots.as_of)
    first = window_start(known, snapshots.lead, snapshots.as_of, days)
    return (past.stop > first).astype(np.float64)
