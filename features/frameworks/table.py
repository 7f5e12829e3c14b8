"""The verdicts of all leads of a project as a table, events out of core: one row per lead, in threads."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from features.attribute_points import tracked_fields
from features.build import Progress
from features.engines.event_logs import EventLogs, Limits
from features.engines.ordered_results import in_order
from features.engines.project_logs import Reading, accounted, batch_rows, project_logs
from features.event_source import open_events
from features.frameworks.definition import Framework
from features.frameworks.facts import Facts, facts_of
from features.frameworks.verdict import MET, OUTCOMES, UNKNOWN, Judgement, Small, judge_all
from features.histories import Block, Histories, build_histories
from features.memory import give_back
from features.points import as_points
from features.points_log import GRADES, grade_codes
from features.project import Project
from features.rule_settings import PointSettings
from features.snapshots import Snapshots, snapshots_at
from features.tables import Tables, read_tables, without_interactions
from features.windows import Ints

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is judged: snapshots of leads by some frameworks and points."""

    snapshots: Snapshots
    facts: Facts
    frameworks: Mapping[str, Framework]
    points: PointSettings


@dataclass(frozen=True, slots=True)
class Part:
    """Some whole accounts with their events: `rows` says which of the asked snapshots are theirs.

    Leads are numbered from 0 in the block, its facts and its snapshots; `threads` may be used on it.
    """

    block: Block
    facts: Facts
    snapshots: Snapshots
    rows: slice
    threads: int


Look = Callable[[Part], Found]


class Looking(Protocol):
    """Gives what a function makes of each part, one after the other, with the rows of the snapshots it is about."""

    def __call__(self, look: Look[Found]) -> Iterator[tuple[slice, Found]]:
        """What `look` makes of each part, in order."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The tables, the histories of leads, what is asked, and a way to look at all parts."""

    tables: Tables
    histories: Histories
    asked: Asked
    look: Looking

    def judged(self) -> Iterator[tuple[slice, Judgement]]:
        """Verdicts and points of each part."""
        return self.look(partial(judged, self.asked))


@dataclass(frozen=True, slots=True)
class Judging:
    """Who is judged, and how: every lead of the project that was created by `as_of`.

    `clock` is the command's now; `untimed`: leads and assessments need no times.
    """

    project: Project
    frameworks: Mapping[str, Framework]
    as_of: datetime
    clock: datetime
    limits: Limits
    untimed: bool = False


def write_verdicts(judging: Judging, path: Path, progress: Progress) -> tuple[int, Tables]:
    """Write the table of verdicts as one Parquet file, from scratch; gives the number of rows, and the tables read.

    Columns: lead_id, as_of, points, engagement, fit, grade; per framework its outcome, `…_met` and `…_unknown` (numbers
    of criteria) and `…_score`.

    Raises:
        InputContractError: a table cannot be used.
    """
    rows = 0
    with opened(judging, progress) as found:
        schema = verdict_rows(found, slice(0, 0), None).schema
        with parquet.ParquetWriter(path, schema, write_statistics=False) as writer:
            for here, judgement in found.judged():
                writer.write_table(verdict_rows(found, here, judgement))
                rows += here.stop - here.start
    return rows, found.tables


@contextmanager
def opened(judging: Judging, progress: Progress) -> Iterator[Gathered]:
    """What is judged, its events out of core where the project has them in files or a query."""
    project = judging.project
    small = read_tables(without_interactions(project), clock=judging.clock, untimed=judging.untimed)
    with open_events(project, batch_rows(judging.limits)) as source:
        if source is None:
            histories = build_histories(small, project.hygiene)
            asked = _asked(judging, small, histories)
            yield Gathered(small, histories, asked, partial(_at_once, histories, asked, judging.limits))
            return
        reading = Reading(judging.limits, judging.clock, progress)
        histories = build_histories(small)
        small = replace(small, leads=histories.leads)  # the same rows: one copy of them is enough
        with project_logs(project, source, small, histories, reading) as logs:
            asked = _asked(judging, small, logs.histories)
            look = partial(_by_partition, logs, asked, judging.limits)
            yield Gathered(accounted(small, logs), logs.histories, asked, look)


def judged(asked: Asked, part: Part) -> Judgement:
    """Verdicts and points of one part."""
    return judge_all(part.block, part.facts, part.snapshots, asked.frameworks, asked.points, part.threads)


def _by_partition(logs: EventLogs, asked: Asked, limits: Limits, look: Look[Found]) -> Iterator[tuple[slice, Found]]:
    """One partition after the other, some at a time in threads."""
    bounds = np.searchsorted(asked.snapshots.lead, logs.histories.account_start[logs.start])

    def part(number: int) -> tuple[slice, Found]:
        rows = slice(int(bounds[number]), int(bounds[number + 1]))
        first = int(logs.histories.account_start[int(logs.start[number])])
        block = logs.block(number)
        here = Snapshots(asked.snapshots.lead[rows] - first, asked.snapshots.as_of[rows])
        return rows, look(Part(block, asked.facts.cut(first, first + len(block.created)), here, rows, 1))

    yield from in_order(limits.threads, part, range(len(logs)), limits.threads + 1)


def _at_once(histories: Histories, asked: Asked, limits: Limits, look: Look[Found]) -> Iterator[tuple[slice, Found]]:
    rows = slice(0, len(asked.snapshots))
    yield rows, look(Part(histories, asked.facts, asked.snapshots, rows, limits.threads))


def _asked(judging: Judging, tables: Tables, histories: Histories) -> Asked:
    points = judging.project.points
    tracked = tracked_fields(tables.lead_changes)
    facts = facts_of(histories.leads, tables, judging.frameworks, points, tracked)
    give_back()
    return Asked(snapshots_at(histories, judging.as_of), facts, judging.frameworks, points)


def verdict_rows(found: Gathered, rows: slice, judgement: Judgement | None) -> pa.Table:
    """Rows of the table; without a judgement only its columns."""
    snapshots, asked = found.asked.snapshots, found.asked
    columns: dict[str, pa.Array] = {
        "lead_id": pa.array(found.histories.lead_ids[snapshots.lead[rows]], pa.string()),
        "as_of": pa.array(snapshots.as_of[rows], pa.timestamp("us", tz="UTC")),
    }
    points = None if judgement is None else judgement.points
    for name, axis in (("points", "total"), ("engagement", "engagement"), ("fit", "fit")):
        values = np.zeros(0) if points is None else as_points(getattr(points, axis))
        columns[name] = pa.array(values, pa.float64())
    grade = np.zeros(0, np.int64) if points is None else grade_codes(points, asked.points)
    columns["grade"] = _words(grade, GRADES)
    for name in asked.frameworks:
        columns |= _of_framework(name, judgement)
    return pa.table(columns)


def _of_framework(name: str, judgement: Judgement | None) -> dict[str, pa.Array]:
    none = np.zeros(0, np.int8)
    one = None if judgement is None else judgement.verdicts[name]
    states = np.zeros((0, 1), np.int8) if one is None else one.states
    return {
        name: _words((none if one is None else one.outcome).astype(np.int64) + 1, OUTCOMES),
        f"{name}_met": _count(states, MET),
        f"{name}_unknown": _count(states, UNKNOWN),
        f"{name}_score": pa.array(np.zeros(0, np.float32) if one is None else one.score, pa.float32()),
    }


def _count(states: Small, state: int) -> pa.Array:
    return pa.array((states == state).sum(axis=1), pa.int16())


def _words(codes: Ints, words: tuple[str, ...]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(words, pa.string()))
