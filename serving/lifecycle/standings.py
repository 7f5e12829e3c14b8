"""Standings: what is known of a lead's stage before its points and its score are known, and the stage with them.

A standing is text: the stage that the night makes of the lead, one word where points and model do not matter, else one
for each of: neither, the model's class, points, both. `70:` before it says that a score of 70 is asked for as well:
each of them then has two words, without and with that score.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.attribute_points import tracked_fields
from features.frameworks.facts import Facts, facts_of
from features.frameworks.verdict import judge
from features.histories import Block, Histories
from features.identifiers import positions_of
from features.rule_settings import PointSettings
from features.snapshots import Snapshots
from features.tables import Tables
from features.windows import NEVER, Bools, Floats, Ints, Segments, first_not_before
from serving.lifecycle.contacts import verified
from serving.lifecycle.evidence import GATES, gates_open
from serving.lifecycle.history import Process, stage_events
from serving.lifecycle.machine import STAGES, WAITING
from serving.lifecycle.night import standing_of
from serving.lifecycle.replay import Small, moments, replay
from serving.lifecycle.rules import SAL, Judged, Standing, after, moves

_STAGE = f"(?:{'|'.join(STAGES)})"
_STANDING = re.compile(rf"(?:(\d{{1,3}}):)?({_STAGE}(?:,{_STAGE})*)")
UNKNOWN = "lead,lead,mql,mql"
"""Standing of a lead of whom nothing is known."""
_BASE = 16


@dataclass(frozen=True, slots=True)
class Nights:
    """The nights of n snapshots: where each lead stands, and what frameworks say of it, filled in block by block."""

    process: Process
    standing: Standing
    as_of: Ints
    facts: Facts | None
    sal: Bools
    sql: Bools
    gates: Bools
    reachable: Bools

    def judge(self, block: Block, here: Snapshots, rows: slice, first_lead: int, points: PointSettings) -> None:
        """Fill in what frameworks say of the snapshots `rows`: `here` in a block that starts with `first_lead`."""
        if self.facts is None or not len(here):
            return
        facts = self.facts.cut(first_lead, first_lead + len(block.created))
        found = judge(block, facts, here, self.process.frameworks, points).verdicts
        settings = self.process.settings
        for name, told in ((settings.sal_framework, self.sal), (settings.sql_framework, self.sql)):
            if name in found:
                told[rows] = found[name].qualified
        if GATES in found:
            self.gates[rows] = gates_open(found[GATES].states, settings.gates_when_unknown)

    def standings(self, rows: slice) -> pa.Array:
        """Standing of the snapshots `rows`; those that were not judged meet no framework and pass no gate."""
        stages = np.stack([self._stage(rows, *case) for case in _cases(self.process)], axis=1)
        code = stages.astype(np.int64) @ (_BASE ** np.arange(stages.shape[1], dtype=np.int64))
        _, first, which = np.unique(code, return_index=True, return_inverse=True)
        score = self.process.settings.sql_score
        texts = [_text(stages[row].tolist(), score) for row in first.tolist()]
        return pa.array(texts, pa.string()).take(pa.array(which.ravel()))

    def _stage(self, rows: slice, points: bool, model: bool, score: bool) -> Small:
        """Stages after the night if points, class and score were all like this."""
        every = np.ones(len(self.as_of[rows]), np.bool_)
        standing = Standing(self.standing.stage[rows], self.standing.until[rows], self.standing.left_alone[rows])
        judged = Judged(
            points=every & points,
            model=every & model,
            model_sql=every & score,
            sal=self.sal[rows],
            sql=self.sql[rows],
            gates=self.gates[rows],
            reachable=self.reachable[rows],
        )
        return after(standing, moves(standing, judged, self.process.settings, self.as_of[rows]))


def nights(
    process: Process, histories: Histories, tables: Tables, snapshots: Snapshots, points: PointSettings
) -> Nights:
    """The nights of some snapshots; where the process asks frameworks, `judge` has to follow for every block."""
    frameworks = process.frameworks
    facts = None
    if frameworks:
        facts = facts_of(histories.leads, tables, frameworks, points, tracked_fields(tables.lead_changes))
    n = len(snapshots)
    lead_ids = pa.array(histories.lead_ids, pa.string())
    standing = standing_at(stage_events(process, tables), lead_ids, snapshots)
    sal, sql, gates = np.zeros(n, np.bool_), np.zeros(n, np.bool_), np.full(n, not process.settings.gates)
    reachable = _reachable(process, lead_ids.take(pa.array(snapshots.lead)), tables, standing)
    return Nights(process, standing, snapshots.as_of, facts, sal, sql, gates, reachable)


def _reachable(process: Process, lead_id: pa.Array, tables: Tables, standing: Standing) -> Bools:
    """Whose contact data are of the right form, where that is asked for; only leads that may become an SQL count.

    No name server is asked: there are too many leads.
    """
    settings = process.settings.model_copy(update={"check_mx": False})
    found = np.ones(len(lead_id), np.bool_)
    if settings.contact_verified:
        straight = settings.direct_sql or settings.sal != "person"
        before = np.isin(standing.stage, [STAGES.index(stage) for stage in ("lead", "mql", *WAITING)])
        rows = np.flatnonzero(((standing.stage == SAL) | (before & straight)) & ~standing.left_alone)
        found[rows] = verified(lead_id.take(pa.array(rows)), tables.leads, settings)
    return found


def standing_at(events: pa.Table, lead_ids: pa.Array, snapshots: Snapshots) -> Standing:
    """Where the lead of each snapshot stands before its as_of; a snapshot's `lead` counts in `lead_ids`."""
    if pc.any(pc.equal(events["action"], "merge")).as_py():
        return _date_by_date(events, lead_ids, snapshots)
    timeline = replay(events)
    lead = positions_of(lead_ids, timeline.lead_ids)[snapshots.lead]
    at = moments(events["at"])[timeline.row] if len(timeline.row) else np.zeros(0, np.int64)
    known = np.flatnonzero(lead >= 0)
    stop = first_not_before(Segments(timeline.start, at), lead[known], snapshots.as_of[known])
    seen = known[stop > timeline.start[lead[known]]]
    last = stop[stop > timeline.start[lead[known]]] - 1
    stage, until = np.zeros(len(snapshots), np.int8), np.full(len(snapshots), NEVER)
    alone = np.zeros(len(snapshots), np.bool_)
    stage[seen], until[seen] = timeline.after[last], timeline.until[last]
    alone[seen] = timeline.do_not_contact[last] | (timeline.snoozed_until[last] > snapshots.as_of[seen])
    return Standing(stage, until, alone)


def _date_by_date(events: pa.Table, lead_ids: pa.Array, snapshots: Snapshots) -> Standing:
    """With merges, who a lead is depends on the date."""
    stage, until = np.zeros(len(snapshots), np.int8), np.full(len(snapshots), NEVER)
    alone = np.zeros(len(snapshots), np.bool_)
    for moment in np.unique(snapshots.as_of).tolist():
        rows = np.flatnonzero(snapshots.as_of == moment)
        as_of = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=moment)
        found = standing_of(lead_ids.take(pa.array(snapshots.lead[rows])), events, as_of)
        stage[rows], until[rows], alone[rows] = found.stage, found.until, found.left_alone
    return Standing(stage, until, alone)


def stages_with(standing: pa.Array, points: Bools, model: Bools, score: Floats) -> pa.Array:
    """Stage of each lead from its standing, whether its points and its class say so, and its score (0…100).

    >>> known = pa.array(["lead,lead,mql,mql", "sal,sql,sal,sql", "nurture"])
    >>> stages_with(known, np.array([True] * 3), np.array([True] * 3), np.zeros(3)).to_pylist()
    ['mql', 'sql', 'nurture']
    """
    encoded = standing.dictionary_encode()
    case = 4 * points.astype(np.int64) + 2 * model.astype(np.int64)
    stage = np.full(len(standing), -1, np.int64)
    which = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    for number, text in enumerate(encoded.dictionary.to_pylist()):
        rows = np.flatnonzero(which == number)
        limit, of_case = read_standing(text)
        stage[rows] = of_case[case[rows] + (score[rows] >= limit)]
    return pa.array(STAGES, pa.string()).take(pa.array(stage, mask=stage < 0))


def read_standing(text: str) -> tuple[float, Ints]:
    """The score that a standing asks for, and stages for each case of points, class and score (numbers of `STAGES`).

    Raises:
        ValueError: no standing.
    """
    found = _STANDING.fullmatch(text)
    stages = found[2].split(",") if found else []
    if found is None or len(stages) not in (1, 8 if found[1] else 4):
        raise ValueError(f"expected a stage, or four stages such as {UNKNOWN}, got {text!r}")
    per_case = np.array([STAGES.index(name) for name in stages])
    return (float(found[1]) if found[1] else 0.0), np.repeat(per_case, 8 // len(stages))


def _cases(process: Process) -> list[tuple[bool, bool, bool]]:
    """Points, class, score: the score is the class's where the settings name none."""
    if process.settings.sql_score is None:
        return [(points, model, model) for points, model in product((False, True), repeat=2)]
    return [(points, model, score) for points, model, score in product((False, True), repeat=3)]


def _text(stages: list[int], score: int | None) -> str:
    names = [STAGES[stage] for stage in stages]
    if len(set(names)) == 1:
        return names[0]
    return ("" if score is None else f"{score}:") + ",".join(names)
