"""The local engine: the feature table of any amount of events on one machine, in threads, within a limit of memory.

Interactions pass the door in batches and are scattered by accounts; then one partition after the other is put in
order, goes through the kernel, and leaves as rows of a Parquet file.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from features.build import FeatureTable, Progress, account_blocks, refuse_unsorted
from features.catalog import OTHER, Catalog, FeatureDef
from features.engines.event_logs import EventLogs, Limits
from features.histories import Block
from features.kernel import block_values, room
from features.profile import Profile
from features.snapshots import Snapshots
from features.windows import Floats, Ints

T = TypeVar("T")
R = TypeVar("R")
WHOLE = frozenset(
    {
        "count",
        "active_days",
        "sessions",
        "trend",
        "variety",
        "colleagues",
        "colleagues_active",
        "seniorities_active",
        "criteria_met",
        "criteria_known",
        "weekday",
        "month",
    }
)
# Of the other families, those that every snapshot has a value of.
ALWAYS_KNOWN = frozenset({"interest", "dwell_s", "value", "trend_ratio", "entropy"})
# Parts are written together until they have so many rows: every group of rows costs some work in every column.
ROW_GROUP = 2**16
Leading = Callable[[slice], dict[str, pa.Array]]
Beside = Callable[[Block, Snapshots, slice], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which features of which snapshots (sorted by lead and as_of); `leading` gives the further columns of rows.

    `beside` is shown each partition's block with the snapshots it holds (leads numbered from 0) and their rows, before
    `leading` is asked for these: for what else is computed of the events.
    """

    profile: Profile
    snapshots: Snapshots
    catalog: Catalog
    leading: Leading
    beside: Beside | None = None


def write_features(logs: EventLogs, asked: Asked, path: Path, limits: Limits, progress: Progress) -> int:
    """Write the feature table as one Parquet file, rows in the order of the snapshots; returns their number.

    `path` is written from scratch; to replace a file as a whole give a temporary one.

    Raises:
        ValueError: the snapshots are not sorted.
    """
    refuse_unsorted(asked.snapshots)
    return write_rows(feature_parts(logs, asked, limits), asked, path, progress)


def write_rows(parts: Iterable[tuple[slice, FeatureTable]], asked: Asked, path: Path, progress: Progress) -> int:
    """Write parts of a feature table, each with the rows of the snapshots it holds, as one Parquet file."""
    schema = _with_values_required(arrow_rows(asked, slice(0, 0), empty_table(asked)).schema, asked.catalog)
    done, waiting = 0, list[pa.Table]()
    with parquet.ParquetWriter(path, schema, use_dictionary=_categories(schema), write_statistics=False) as writer:
        for rows, table in parts:
            waiting.append(arrow_rows(asked, rows, table).cast(schema))
            if sum(map(len, waiting)) >= ROW_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
            done += rows.stop - rows.start
            progress(done, len(asked.snapshots))
        if any(map(len, waiting)):
            writer.write_table(pa.concat_tables(waiting))
    return done


def _with_values_required(schema: pa.Schema, catalog: Catalog) -> pa.Schema:
    """`schema` with the features that are never null: to write down which are not takes as long as the numbers."""
    never_null = {f.name for f in catalog.features if f.family in WHOLE | ALWAYS_KNOWN and f.type != "category"}
    return pa.schema([field.with_nullable(field.name not in never_null) for field in schema])


def empty_table(asked: Asked) -> FeatureTable:
    """A feature table without rows."""
    nothing = np.zeros(0, np.int64)
    names = asked.catalog.names
    return FeatureTable(Snapshots(nothing, nothing), names, np.empty((0, len(names))))


def feature_parts(logs: EventLogs, asked: Asked, limits: Limits) -> Iterator[tuple[slice, FeatureTable]]:
    """Feature rows of one partition after the other."""
    bounds = np.searchsorted(asked.snapshots.lead, logs.histories.account_start[logs.start])

    def part(number: int) -> tuple[slice, FeatureTable]:
        rows = slice(int(bounds[number]), int(bounds[number + 1]))
        return rows, _features_of(logs, asked, number, rows)

    with ThreadPoolExecutor(limits.threads) as threads:
        yield from in_order(threads, part, range(len(logs)), limits.threads + 1)


def in_order(threads: ThreadPoolExecutor, function: Callable[[T], R], items: Iterable[T], ahead: int) -> Iterator[R]:
    """Results in the order of the items, at most `ahead` of them waiting: a slow reader holds the workers back."""
    waiting: deque[Future[R]] = deque()
    for item in items:
        waiting.append(threads.submit(function, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _features_of(logs: EventLogs, asked: Asked, number: int, rows: slice) -> FeatureTable:
    block = logs.block(number)
    first_account = int(logs.start[number])
    first_lead = int(logs.histories.account_start[first_account])
    here = Snapshots(asked.snapshots.lead[rows] - first_lead, asked.snapshots.as_of[rows])
    if asked.beside is not None:
        asked.beside(block, here, rows)
    profile = asked.profile.cut(first_lead, first_lead + len(block.created))
    return block_features(block, profile, here, asked.catalog)


def block_features(block: Block, profile: Profile, here: Snapshots, catalog: Catalog) -> FeatureTable:
    """Feature rows of a block, some accounts at a time, so that what the kernel reads stays in the cache."""
    values = room(len(here), catalog)
    if len(here):
        for first, stop in account_blocks(block.by_account.start, block.account_start):
            a, b = (int(i) for i in block.account_start[[first, stop]])
            at = slice(*np.searchsorted(here.lead, [a, b]))
            inner = Snapshots(here.lead[at] - a, here.as_of[at])
            if len(inner):
                block_values(block.cut(first, stop), profile.cut(a, b), inner, catalog, values[at])
    return FeatureTable(here, catalog.names, values)


def arrow_rows(asked: Asked, rows: slice, table: FeatureTable) -> pa.Table:
    """Part of a feature table with the further columns of its rows, in Arrow."""
    columns = asked.leading(rows)
    for column, feature in enumerate(asked.catalog.features):
        columns[feature.name] = _as_arrow(asked.catalog, feature, table.values[:, column])
    return pa.table(columns)


def _as_arrow(catalog: Catalog, feature: FeatureDef, values: Floats) -> pa.Array:
    """Categories as text, whole numbers as integers, everything else as it is; not known is null."""
    if feature.type == "category":
        names = catalog.attribute(feature.of or "").categories if feature.family == "attribute" else catalog.kinds
        known = ~np.isnan(values)
        codes = pa.array(np.where(known, values, 0).astype(np.int32), mask=~known)
        return pa.DictionaryArray.from_arrays(codes, pa.array([*names, OTHER], pa.string()))
    if feature.family in WHOLE:
        return pa.array(values.astype(np.int32))
    return _known(np.ascontiguousarray(values))


def _known(values: Floats) -> pa.Array:
    """Values as they lie, not known as null: the bits that say so are written only where some are not."""
    known = ~np.isnan(values)
    if known.all():
        return pa.array(values)
    bits = np.packbits(known, bitorder="little")
    return pa.Array.from_buffers(pa.float64(), len(values), [pa.py_buffer(bits), pa.py_buffer(values)])


def _categories(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if pa.types.is_dictionary(field.type)]


def lead_columns(lead_ids: pa.Array, snapshots: Snapshots) -> Leading:
    """The columns lead_id and as_of of rows."""

    def leading(rows: slice) -> dict[str, pa.Array]:
        as_of: Ints = snapshots.as_of[rows]
        return {
            "lead_id": lead_ids.take(pa.array(snapshots.lead[rows])),
            "as_of": pa.array(as_of, pa.timestamp("us", tz="UTC")),
        }

    return leading
