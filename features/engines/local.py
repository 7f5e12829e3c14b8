"""The local engine: the feature table of any amount of events on one machine, in threads, within a limit of memory.

Interactions pass the door in batches and are scattered by accounts; then one partition after the other is put in
order, goes through the kernel, and leaves as rows of a Parquet file.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from features.build import Progress, account_blocks, refuse_unsorted
from features.catalog import Catalog
from features.engines.asked import Asked
from features.engines.event_logs import EventLogs, Limits
from features.engines.feature_rows import write_rows
from features.engines.ordered_results import in_order
from features.feature_values import FeatureValues
from features.histories import Block
from features.kernel import block_values, room
from features.profile import Profile
from features.snapshots import Snapshots

# So many more parts than threads wait to be written: while one group of rows is, the threads need not wait.
WAITING = 4


def write_features(logs: EventLogs, asked: Asked, path: Path, limits: Limits, progress: Progress) -> int:
    """Write the feature table as one Parquet file, rows in the order of the snapshots; returns their number.

    `path` is written from scratch; to replace a file as a whole give a temporary one.

    Raises:
        ValueError: the snapshots are not sorted.
    """
    refuse_unsorted(asked.snapshots)
    return write_rows(feature_parts(logs, asked, limits), asked, path, progress)


def feature_parts(logs: EventLogs, asked: Asked, limits: Limits) -> Iterator[tuple[slice, FeatureValues]]:
    """Feature rows of one partition after the other."""
    bounds = np.searchsorted(asked.snapshots.lead, logs.histories.account_start[logs.start])

    def part(number: int) -> tuple[slice, FeatureValues]:
        rows = slice(int(bounds[number]), int(bounds[number + 1]))
        return rows, _features_of(logs, asked, number, rows)

    yield from in_order(limits.threads, part, range(len(logs)), limits.threads + WAITING)


def _features_of(logs: EventLogs, asked: Asked, number: int, rows: slice) -> FeatureValues:
    block = logs.block(number)
    first_account = int(logs.start[number])
    first_lead = int(logs.histories.account_start[first_account])
    here = Snapshots(asked.snapshots.lead[rows] - first_lead, asked.snapshots.as_of[rows])
    if asked.beside is not None:
        asked.beside(block, here, rows)
    profile = asked.profile.cut(first_lead, first_lead + len(block.created))
    return block_features(block, profile, here, asked.catalog)


def block_features(block: Block, profile: Profile, here: Snapshots, catalog: Catalog) -> FeatureValues:
    """Feature values of a block, some accounts at a time, so that what the kernel reads stays in the cache."""
    values = room(len(here), catalog)
    if len(here):
        for first, stop in account_blocks(block.by_account.start, block.account_start):
            a, b = (int(i) for i in block.account_start[[first, stop]])
            at = slice(*np.searchsorted(here.lead, [a, b]))
            inner = Snapshots(here.lead[at] - a, here.as_of[at])
            if len(inner):
                block_values(block.cut(first, stop), profile.cut(a, b), inner, catalog, values.rows(at))
    return values
