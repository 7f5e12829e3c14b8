"""Blocks of whole accounts for a cluster: planned and packed on the driver, turned into features on a worker."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.build import FeatureTable, build_features
from features.catalog import Catalog, FeatureDef
from features.feature_values import WHOLE
from features.histories import Histories, build_histories
from features.identifiers import positions_of
from features.points import as_points, engagement_points, total_points
from features.rule_settings import PointSettings
from features.snapshots import Snapshots
from features.tables import Tables, tables_from_frames
from features.windows import Ints

BLOCK_WEIGHT = 250_000
# A snapshot weighs as much as this share of its features in events: what it takes in memory.
FEATURES_A_WEIGHT = 25
LOGS = ("deals", "lead_changes", "assessments")
SNAPSHOTS = "snapshots"
POINTS = "points"
FIT_POINTS = "fit_points"
"""Points of attributes in thousandths, among the further columns: the driver knows them."""
PARCELS = pa.schema([("block", pa.int32()), ("name", pa.string()), ("data", pa.binary())])


@dataclass(frozen=True, slots=True)
class Blocks:
    """Block i holds the accounts `start[i]:start[i + 1]` of the histories; `of_account` gives each account's block."""

    start: Ints
    weight: Ints

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def of_account(self) -> Ints:
        """Block of each account."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))


@dataclass(frozen=True, slots=True)
class BlockJob:
    """What every block is made into: the catalog, the data's end, the further columns of a row, and by which settings
    the rules' points are counted (None: not at all).
    """

    catalog: Catalog
    data_end: datetime
    leading: tuple[pa.Field, ...] = ()
    points: PointSettings | None = None

    @property
    def schema(self) -> pa.Schema:
        """Columns of the feature rows: lead_id, as_of, the further ones, points where asked, then the features."""
        features = [(feature.name, _type(feature)) for feature in self.catalog.features]
        as_of = ("as_of", pa.timestamp("us", tz="UTC"))
        points = [] if self.points is None else [(POINTS, pa.float64())]
        return pa.schema([("lead_id", pa.string()), as_of, *self.leading, *points, *features])


def _type(feature: FeatureDef) -> pa.DataType:
    if feature.type == "category":
        return pa.string()
    return pa.int32() if feature.family in WHOLE else pa.float64()


def plan_blocks(events: Ints, snapshots: Ints, features: int, block_weight: int = BLOCK_WEIGHT) -> Blocks:
    """Blocks of about `block_weight`; an account that weighs more stands alone, and none is cut.

    `events` and `snapshots` are counts by account, in the order of the histories.

    >>> plan_blocks(np.array([2, 2, 90, 1, 1]), np.zeros(5, np.int64), 10, block_weight=5).start
    array([0, 2, 3, 5])
    """
    weight = np.asarray(events) + np.asarray(snapshots) * max(1, features // FEATURES_A_WEIGHT) + 1
    start, total = [0], 0
    for account, own in enumerate(weight.tolist()):
        if total and total + own > block_weight:
            start.append(account)
            total = 0
        total += own
    edges = np.array([*start, len(weight)] if len(weight) else [0], np.int64)
    return Blocks(edges, np.add.reduceat(weight, edges[:-1]) if len(weight) else np.zeros(0, np.int64))


def account_names(histories: Histories) -> pd.Series:
    """Id of each account of the histories; a lead without one has one of its own, which no cleaned id can equal."""
    first = histories.leads.iloc[histories.account_start[:-1]]
    names: pd.Series = first["account_id"].where(first["account_id"].notna(), "\t" + first["lead_id"])
    return names


def parcels(
    tables: Tables, histories: Histories, snapshots: Snapshots, leading: pa.Table | None, blocks: Blocks
) -> Iterator[dict[str, Any]]:
    """Everything a block needs except its events: one row (block, table name, Arrow stream) per table with rows.

    `leading` holds further columns, row for row with the snapshots.
    """
    frames = _by_block(tables, histories, blocks)
    lead_edges = histories.account_start[blocks.start]
    rows = np.searchsorted(snapshots.lead, lead_edges)
    for block in range(len(blocks)):
        if rows[block] == rows[block + 1]:
            continue  # nobody asks for a feature there
        here = slice(int(rows[block]), int(rows[block + 1]))
        asked = pa.table({"lead": snapshots.lead[here] - lead_edges[block], "as_of": snapshots.as_of[here]})
        asked = _beside(asked, leading, here.start)
        yield {"block": block, "name": SNAPSHOTS, "data": _stream(asked)}
        for name, (table, edges) in frames.items():
            if edges[block] < edges[block + 1]:
                part = table.slice(int(edges[block]), int(edges[block + 1] - edges[block]))
                yield {"block": block, "name": name, "data": _stream(part)}


def _beside(asked: pa.Table, leading: pa.Table | None, first: int) -> pa.Table:
    if leading is None:
        return asked
    further = leading.slice(first, len(asked))
    for column in further.schema:
        asked = asked.append_column(column, further[column.name])
    return asked


def _by_block(tables: Tables, histories: Histories, blocks: Blocks) -> dict[str, tuple[pa.Table, Ints]]:
    """Each small table sorted by block, with the edges of the blocks; rows of accounts without leads are left out."""
    names = account_names(histories)
    of_lead, of_account = blocks.of_account[histories.account], blocks.of_account
    frames = {"leads": histories.leads, "accounts": tables.accounts} | {name: getattr(tables, name) for name in LOGS}
    sorted_frames = {}
    for name, frame in frames.items():
        if len(frame):
            block = _block_of_rows(frame, histories, names, of_lead, of_account)
            order = np.argsort(block, kind="stable")
            edges = np.searchsorted(block[order], np.arange(len(blocks) + 1))
            table = pa.Table.from_pandas(frame.iloc[order], preserve_index=False)
            sorted_frames[name] = (table, edges)
    return sorted_frames


def _block_of_rows(
    frame: pd.DataFrame, histories: Histories, names: pd.Series, of_lead: Ints, of_account: Ints
) -> Ints:
    block = np.full(len(frame), -1, np.int64)
    if "account_id" in frame:
        account = positions_of(frame["account_id"], names)
        block = np.where(account >= 0, of_account[account], block)
    if "lead_id" in frame:
        lead = positions_of(frame["lead_id"], histories.lead_ids)
        block = np.where(lead >= 0, of_lead[lead], block)
    return block


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def block_rows(job: BlockJob, events: pa.Table, packed: pa.Table) -> tuple[pa.Table, dict[str, int]]:
    """Feature rows of one block, and how many of its events each rule of hygiene left out.

    The same functions as on one machine, on whole accounts. `events` are their interactions (repeats included, `hash`
    tells them), `packed` their `parcels`.
    """
    rows = zip(packed["name"].to_pylist(), packed["data"].to_pylist(), strict=True)
    tables = {name: pa.ipc.open_stream(data).read_all() for name, data in rows}
    if SNAPSHOTS not in tables:
        return job.schema.empty_table(), {}
    asked = tables.pop(SNAPSHOTS)
    frames = {name: table.to_pandas() for name, table in tables.items()} | {"interactions": _interactions(events)}
    checked = tables_from_frames(job.data_end, **frames)
    histories = build_histories(checked, job.catalog.hygiene)
    snapshots = Snapshots(asked["lead"].to_numpy(), asked["as_of"].to_numpy())
    found = build_features(histories, checked, snapshots, job.catalog, threads=1)
    return _as_rows(job, histories, found, asked), dict(histories.left_out)


def _interactions(events: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = events.drop_columns(["block"]).to_pandas()
    return frame[~frame.duplicated(["occurred_at", "hash"])].drop(columns="hash")


def _as_rows(job: BlockJob, histories: Histories, found: FeatureTable, asked: pa.Table) -> pa.Table:
    lead_ids = pa.array(histories.lead_ids[found.snapshots.lead], pa.string())
    as_of = pa.array(found.snapshots.as_of).cast(pa.timestamp("us", tz="UTC"))
    leading: list[Any] = [asked[column.name] for column in job.leading]
    if job.points is not None:
        engagement = engagement_points(histories, found.snapshots, job.points)
        leading.append(pa.array(as_points(total_points(engagement, asked[FIT_POINTS].to_numpy(), job.points))))
    values = [_column(job.catalog, found, index) for index in range(len(found.names))]
    return pa.table([lead_ids, as_of, *leading, *values], schema=job.schema)


def _column(catalog: Catalog, found: FeatureTable, index: int) -> pa.Array:
    """A feature's values as the local engine writes them: categories in words, not known as null, else bit for bit."""
    values, feature = found.values[:, index], catalog.features[index]
    if feature.type != "category":
        return pa.array(values, from_pandas=True).cast(_type(feature))
    codes, place = np.unique(values, return_inverse=True)
    words = [catalog.shown(feature, code) for code in codes.tolist()]
    return pa.array(words, pa.string()).take(pa.array(place))
