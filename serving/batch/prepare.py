"""Scoring rows of a project: every open lead as of a time with its features and what the rules know, out of core."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from features.attribute_points import attribute_points, fit_points
from features.build import Progress, account_blocks, silent
from features.engines.asked import Asked, Leading
from features.engines.event_logs import EventLogs, Limits
from features.engines.feature_rows import arrow_rows
from features.engines.local import block_features, feature_parts
from features.engines.ordered_results import in_order
from features.engines.project_logs import Reading, accounted, batch_rows, project_logs
from features.event_source import open_events
from features.feature_values import FeatureValues
from features.histories import Block, Histories, build_histories
from features.points import as_points, engagement_points, total_points
from features.profile import build_profile
from features.project import Project
from features.qualification import bant, evidence_as_of
from features.snapshots import Snapshots
from features.tables import Tables, read_tables, without_interactions
from features.windows import Ints
from serving.lifecycle.history import process_of
from serving.lifecycle.standings import Nights, nights
from serving.open_leads import open_snapshots, refuse_missing_inputs
from serving.scoring_rows import arrow_schema
from training.bundle import Bundle

CHUNK_ROWS = 50_000
Parts = Callable[[Asked], Iterator[tuple[slice, FeatureValues]]]


@dataclass(frozen=True, slots=True)
class Scoring:
    """Whose open leads are scored, with which model, as of when; `clock` is the command's now.

    `untimed`: leads need no times (flat tables with an outcome column).
    """

    project: Project
    bundle: Bundle
    as_of: datetime
    limits: Limits
    clock: datetime
    untimed: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known of the open leads before their events are looked at.

    `engagement` and what frameworks say in `nights` are filled in block by block.
    """

    histories: Histories
    tables: Tables
    snapshots: Snapshots
    engagement: Ints
    nights: Nights


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches the reading of interactions and the computing of features, and how rows are cut into chunks.

    What must be kept on disk meanwhile lies in the folder `scratch` (default: the system's for temporary files).
    """

    reading: Progress = silent
    computing: Progress = silent
    chunk_rows: int = CHUNK_ROWS
    scratch: Path | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made of the leads: `leads` = rows written + `closed` (closed, or created later).

    `left_out` counts the interactions that each rule of hygiene left out; `tables` carry the row accounting.
    """

    leads: int
    closed: int
    left_out: Mapping[str, int]
    tables: Tables = field(repr=False)

    @property
    def open(self) -> int:
        """Leads to score."""
        return self.leads - self.closed


def write_scoring_rows(what: Scoring, path: Path, watch: Watch) -> Prepared:
    """Write the scoring rows of all open leads to a Parquet file from scratch, a row group per chunk.

    Rows are those of `serving.score.score_leads`, in the order of the histories. Interactions are read in batches
    where the project has them in files or a query; without any, or where the last touch before a deal must be known
    among events that hygiene leaves out, everything is in memory.

    Raises:
        InputContractError: a table cannot be used, or one that the model was trained with is not there.
    """
    schema = arrow_schema(what.bundle.catalog)
    texts = [column.name for column in schema if pa.types.is_dictionary(column.type)]

    def write(chunks: Iterator[pa.Table]) -> None:
        with parquet.ParquetWriter(path, schema, use_dictionary=[*texts, "standing"], write_statistics=False) as writer:
            for chunk in chunks:
                writer.write_table(chunk, row_group_size=len(chunk))

    return _prepared(what, watch, write)


def look_at_rows(what: Scoring, watch: Watch, look: Callable[[pa.Table], None]) -> Prepared:
    """Like `write_scoring_rows` without writing anything: `look` is shown the first chunk."""
    nothing = arrow_schema(what.bundle.catalog).empty_table()
    return _prepared(what, watch, lambda chunks: look(next(chunks, nothing)))


def _prepared(what: Scoring, watch: Watch, then: Callable[[Iterator[pa.Table]], None]) -> Prepared:
    # Hygiene is part of the model: the rules it was trained with hold, not what the project file says today.
    project = replace(what.project, hygiene=what.bundle.catalog.hygiene)
    small = read_tables(without_interactions(project), clock=what.clock, untimed=what.untimed)
    with open_events(project, batch_rows(what.limits), scratch=watch.scratch) as source:
        if source is None:
            return _from_memory(what, small, watch, then)
        if _needs_every_touch(what.bundle, small):
            return _from_memory(what, read_tables(project, clock=what.clock, untimed=what.untimed), watch, then)
        how = Reading(what.limits, what.clock, watch.reading, watch.scratch)
        with project_logs(project, source, small, build_histories(small), how) as logs:
            return _from_logs(what, (small, logs), watch, then)


def _needs_every_touch(bundle: Bundle, tables: Tables) -> bool:
    shared = bool(tables.deals["lead_id"].isna().any())
    return shared and bundle.policy.deals_of_account == "last_touch" and bundle.catalog.hygiene.enabled


def _from_memory(what: Scoring, tables: Tables, watch: Watch, then: Callable[[Iterator[pa.Table]], None]) -> Prepared:
    refuse_missing_inputs(what.bundle, tables)
    histories = build_histories(tables, what.bundle.catalog.hygiene)
    found = _open(what, tables, histories)
    then(_chunks(what, found, watch, lambda asked: _memory_parts(histories, asked, what.limits.threads)))
    return _counted(found, histories.left_out)


def _from_logs(
    what: Scoring, read: tuple[Tables, EventLogs], watch: Watch, then: Callable[[Iterator[pa.Table]], None]
) -> Prepared:
    small, logs = read
    tables = accounted(small, logs)
    refuse_missing_inputs(what.bundle, tables)
    if what.bundle.policy.deals_of_account == "last_touch":
        tables = replace(tables, interactions=logs.touches(tables.deals))
    found = _open(what, tables, logs.histories)
    then(_chunks(what, found, watch, lambda asked: feature_parts(logs, asked, what.limits)))
    return _counted(found, dict(logs.accounting.left_out))


def _counted(found: _Found, left_out: Mapping[str, int]) -> Prepared:
    leads = len(found.histories.lead_ids)
    return Prepared(leads, leads - len(found.snapshots), left_out, found.tables)


def _open(what: Scoring, tables: Tables, histories: Histories) -> _Found:
    snapshots = open_snapshots(histories, tables, what.as_of, what.bundle.policy)
    policy = what.bundle.policy
    process = process_of(what.project, policy.deals_of_account)
    night = nights(process, histories, tables, snapshots, policy.points)
    return _Found(histories, tables, snapshots, np.zeros(len(snapshots), np.int64), night)


def _asked(what: Scoring, found: _Found) -> Asked:
    def beside(block: Block, here: Snapshots, rows: slice) -> None:
        found.engagement[rows] = engagement_points(block, here, what.bundle.policy.points)
        if len(here):
            first_lead = int(found.snapshots.lead[rows.start] - here.lead[0])
            found.nights.judge(block, here, rows, first_lead, what.bundle.policy.points)

    profile = build_profile(found.histories, found.tables, what.bundle.catalog)
    return Asked(profile, found.snapshots, what.bundle.catalog, _leading(what, found), beside)


def _leading(what: Scoring, found: _Found) -> Leading:
    """The columns of scoring rows beside the features."""
    policy, snapshots = what.bundle.policy, found.snapshots
    evidence = evidence_as_of(found.histories, found.tables.assessments, snapshots, policy.rules.criteria)
    verdict = bant(evidence, policy.rules)
    attributes = attribute_points(found.histories.leads, found.tables, policy.points, policy.tracked)
    fit, _ = fit_points(attributes, snapshots)

    def leading(rows: slice) -> dict[str, pa.Array]:
        return {
            "lead_id": pa.array(found.histories.lead_ids[snapshots.lead[rows]], pa.string()),
            "as_of": pa.array(snapshots.as_of[rows], pa.timestamp("us", tz="UTC")),
            "bant_met": pa.array(verdict.met[rows], pa.int64()),
            "bant_qualified": pa.array(verdict.qualified[rows]),
            "points": pa.array(as_points(total_points(found.engagement[rows], fit[rows], policy.points))),
            "standing": found.nights.standings(rows),
        }

    return leading


def _memory_parts(histories: Histories, asked: Asked, threads: int) -> Iterator[tuple[slice, FeatureValues]]:
    """Feature rows of one block of accounts after the other, from histories that hold their events."""

    def part(accounts: tuple[int, int]) -> tuple[slice, FeatureValues]:
        a, b = (int(i) for i in histories.account_start[list(accounts)])
        rows = slice(*(int(i) for i in np.searchsorted(asked.snapshots.lead, [a, b])))
        here = Snapshots(asked.snapshots.lead[rows] - a, asked.snapshots.as_of[rows])
        block = histories.cut(*accounts)
        if asked.beside is not None:
            asked.beside(block, here, rows)
        return rows, block_features(block, asked.profile.cut(a, b), here, asked.catalog)

    blocks = account_blocks(histories.by_account.start, histories.account_start)
    yield from in_order(threads, part, blocks, threads + 1)


def _chunks(what: Scoring, found: _Found, watch: Watch, parts: Parts) -> Iterator[pa.Table]:
    """Scoring rows in chunks of equal size, the last one smaller."""
    schema, asked = arrow_schema(what.bundle.catalog), _asked(what, found)

    def tables() -> Iterator[pa.Table]:
        for rows, values in parts(asked):
            if rows.stop > rows.start:
                yield arrow_rows(asked, rows, values).select(schema.names).cast(schema)
            watch.computing(rows.stop, len(found.snapshots))

    return rechunked(tables(), watch.chunk_rows)


def rechunked(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of `rows` rows, the last one smaller; none when there are no rows.

    >>> [len(t) for t in rechunked(iter([pa.table({"a": [1, 2, 3]}), pa.table({"a": [4, 5]})]), 2)]
    [2, 2, 1]
    """
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        waiting.append(table)
        count += len(table)
        while count >= rows:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, rows)
            waiting, count = [whole.slice(rows)], count - rows
    if count:
        yield pa.concat_tables(waiting)
