"""The feature table: every feature of a catalog for every snapshot, block of accounts by block of accounts."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import njit

from features.catalog import Catalog
from features.histories import Histories
from features.kernel import block_values, room
from features.profile import build_profile
from features.snapshots import Snapshots
from features.tables import Tables
from features.windows import Floats, Ints

Progress = Callable[[int, int], None]
# The arrays of so many events and their snapshots stay in a core's cache.
BLOCK_EVENTS = 100_000
BLOCK_LEADS = 20_000


def silent(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """`values[i, j]` is feature `names[j]` of snapshot i: float64, categories as codes, not known as NaN."""

    snapshots: Snapshots
    names: tuple[str, ...]
    values: Floats

    def take(self, rows: Ints) -> "FeatureTable":
        """The chosen snapshots."""
        return FeatureTable(self.snapshots.take(rows), self.names, self.values[rows])

    def select(self, names: tuple[str, ...]) -> "FeatureTable":
        """The chosen features, in that order."""
        return FeatureTable(self.snapshots, names, self.values[:, [self.names.index(name) for name in names]])


def build_features(
    histories: Histories,
    tables: Tables,
    snapshots: Snapshots,
    catalog: Catalog,
    progress: Progress = silent,
    *,
    threads: int | None = None,
) -> FeatureTable:
    """Feature table of the snapshots (sorted by lead and as_of); rows in the order of `snapshots`.

    Nothing at or after a snapshot's as_of is seen. `progress(done, total)` is called after each block.
    `threads`: default all cores.

    Raises:
        ValueError: the snapshots are not sorted.
    """
    refuse_unsorted(snapshots)
    profile = build_profile(histories, tables, catalog)
    values = np.empty((len(snapshots), len(catalog.features)), order="F")

    def fill(block: tuple[int, int]) -> int:
        a, b = (int(i) for i in histories.account_start[list(block)])
        rows = slice(*np.searchsorted(snapshots.lead, [a, b]))
        here = Snapshots(snapshots.lead[rows] - a, snapshots.as_of[rows])
        if len(here):
            found = room(len(here), catalog)
            block_values(histories.cut(*block), profile.cut(a, b), here, catalog, found)
            found.write(values[rows])
        return b

    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for done in pool.map(fill, account_blocks(histories.by_account.start, histories.account_start)):
            progress(done, len(histories.lead_ids))
    return FeatureTable(snapshots, catalog.names, values)


def refuse_unsorted(snapshots: Snapshots) -> None:
    """Refuse snapshots that blocks of accounts could not find, or whose windows would move backwards.

    Raises:
        ValueError: not sorted by (lead, as_of).
    """
    if not _are_sorted(snapshots.lead, snapshots.as_of):
        raise ValueError("snapshots are not sorted by lead and as_of: expected the order of training_snapshots")


@njit(cache=True, nogil=True)
def _are_sorted(lead: Ints, as_of: Ints) -> bool:
    for i in range(1, len(lead)):
        if lead[i] < lead[i - 1] or (lead[i] == lead[i - 1] and as_of[i] < as_of[i - 1]):
            return False
    return True


def account_blocks(events: Ints, leads: Ints) -> Iterator[tuple[int, int]]:
    """Ranges of accounts with about `BLOCK_EVENTS` events or `BLOCK_LEADS` leads (an account is never cut).

    `events` and `leads` say where each account's events and leads start (n + 1 positions each).
    """
    first, n = 0, len(leads) - 1
    while first < n:
        enough = np.searchsorted(events, events[first] + BLOCK_EVENTS, side="right")
        enough = min(enough, np.searchsorted(leads, leads[first] + BLOCK_LEADS, side="right"))
        stop = min(max(int(enough) - 1, first + 1), n)
        yield first, stop
        first = stop
