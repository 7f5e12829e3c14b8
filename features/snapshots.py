"""Snapshots: the pairs (lead, as-of date) at which open leads are looked at."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numba import njit

from features.errors import ProjectFileError
from features.event_order import by_owner_and_time
from features.histories import Histories
from features.identifiers import positions_of
from features.project import SnapshotSettings
from features.times import microseconds
from features.windows import DAY_US, NEVER, Bools, Ints, Segments, known_before, starts, times_by_owner

# The calendar grid starts on a Monday, whatever the data: it does not move when data arrive.
FIRST_MONDAY_US = 4 * DAY_US


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Pairs sorted by (lead, as_of): lead numbers of the histories, and microseconds."""

    lead: Ints
    as_of: Ints

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, keep: Ints | Bools) -> "Snapshots":
        """The chosen snapshots, in order."""
        return Snapshots(self.lead[keep], self.as_of[keep])


@dataclass(frozen=True, slots=True)
class Closings:
    """Won and lost closings and openings of deals by lead, as sorted times."""

    closed: Segments
    opened: Segments
    closed_of_opened: Segments


def closings_by_lead(deals: pd.DataFrame, lead_ids: Collection[object]) -> Closings:
    """Deal times by lead; `deals` must name a lead in every row (see `features.deals.deals_by_lead`)."""
    lead = positions_of(deals["lead_id"], lead_ids)
    closed_at = microseconds(deals["closed_at"])
    closed = (deals["status"] != "open").to_numpy() & (lead >= 0)
    opened_at = microseconds(deals["opened_at"])
    opened = (opened_at != NEVER) & (lead >= 0)
    return Closings(
        closed=times_by_owner(lead[closed], closed_at[closed], len(lead_ids)),
        opened=times_by_owner(lead[opened], opened_at[opened], len(lead_ids)),
        closed_of_opened=times_by_owner(lead[closed & opened], closed_at[closed & opened], len(lead_ids)),
    )


def is_open(closings: Closings, snapshots: Snapshots) -> Bools:
    """Whether the lead is still open at its as-of date, from what was known before it.

    Open means: nothing was won or lost before as_of, or some deal opened before as_of has not closed before it.
    """
    closed = known_before(closings.closed, snapshots.lead, snapshots.as_of)
    return np.asarray((closed == 0) | has_open_deal(closings, snapshots))


def has_open_deal(closings: Closings, snapshots: Snapshots) -> Bools:
    """Whether some deal of the lead was opened before as_of and not closed before it."""
    opened = known_before(closings.opened, snapshots.lead, snapshots.as_of)
    return np.asarray(opened > known_before(closings.closed_of_opened, snapshots.lead, snapshots.as_of))


def training_snapshots(
    histories: Histories, settings: SnapshotSettings, data_end: datetime, since: int = NEVER
) -> Snapshots:
    """All snapshots the settings ask for: at or after the lead's creation, from `since` up to the data's end.

    Raises:
        ProjectFileError: the project asks for no as-of date at all.
    """
    if not settings.given:
        raise ProjectFileError("[snapshots]: no as-of date asked for: add ages_days = [7, 30] or every = '7d'")
    end = int(pd.Timestamp(data_end).value // 1000)
    parts = [
        *_by_age(histories, settings),
        *_by_calendar(histories, settings, end),
        *_fixed(histories, settings),
    ]
    lead, as_of = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    valid = (as_of >= histories.created[lead]) & (histories.created[lead] != NEVER) & (as_of <= end) & (as_of >= since)
    return _each_once(in_order(lead[valid], as_of[valid], len(histories.created)))


def in_order(lead: Ints, as_of: Ints, n_leads: int) -> Snapshots:
    """Pairs in any order as snapshots, leads being 0…n_leads − 1."""
    owner, placed, rising = _by_lead(starts(lead, n_leads), lead, as_of)
    if rising:
        return Snapshots(owner, placed)
    return Snapshots(lead, as_of).take(by_owner_and_time(lead, as_of, n_leads))


@njit(cache=True, nogil=True)
def _by_lead(start: Ints, lead: Ints, as_of: Ints) -> tuple[Ints, Ints, bool]:
    """The pairs by lead, each lead's as they came, and whether that is in order of time."""
    owner, placed = np.empty(len(lead), np.int64), np.empty(len(lead), np.int64)
    free, rising = start[:-1].copy(), True
    for i in range(len(lead)):
        placed[free[lead[i]]] = as_of[i]
        free[lead[i]] += 1
    for o in range(len(start) - 1):
        for at in range(start[o], start[o + 1]):
            owner[at] = o
            rising &= at == start[o] or placed[at - 1] <= placed[at]
    return owner, placed, rising


def _each_once(snapshots: Snapshots) -> Snapshots:
    again = (np.diff(snapshots.lead) == 0) & (np.diff(snapshots.as_of) == 0)
    return snapshots.take(np.append(True, ~again)) if again.any() else snapshots


def snapshots_at(histories: Histories, as_of: datetime) -> Snapshots:
    """One snapshot per lead created before or at `as_of`; leads without a creation time count as created."""
    moment = int(pd.Timestamp(as_of).value // 1000)
    lead = np.flatnonzero(histories.created <= moment)
    return Snapshots(lead, np.full(len(lead), moment, np.int64))


def _by_age(histories: Histories, settings: SnapshotSettings) -> list[tuple[Ints, Ints]]:
    lead = np.arange(len(histories.created))
    return [(lead, histories.created + age * DAY_US) for age in settings.ages_days]


def _by_calendar(histories: Histories, settings: SnapshotSettings, end: int) -> list[tuple[Ints, Ints]]:
    if settings.every is None:
        return []
    step = int(settings.every[:-1]) * (7 if settings.every[-1] == "w" else 1) * DAY_US
    created = np.where(histories.created == NEVER, end + 1, histories.created)
    first = -((FIRST_MONDAY_US - created) // step)
    count = np.maximum((end - FIRST_MONDAY_US) // step - first + 1, 0)
    lead = np.repeat(np.arange(len(created)), count)
    rank = np.arange(len(lead)) - np.repeat(np.cumsum(count) - count, count)
    return [(lead, FIRST_MONDAY_US + (first[lead] + rank) * step)]


def _fixed(histories: Histories, settings: SnapshotSettings) -> list[tuple[Ints, Ints]]:
    lead = np.arange(len(histories.created))
    return [(lead, np.full(len(lead), int(pd.Timestamp(at).value // 1000), np.int64)) for at in settings.at]
