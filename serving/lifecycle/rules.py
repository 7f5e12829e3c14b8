"""The moves that rules and the model make on a night: one step of the machine for any number of leads at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.stage_settings import Decider, StageSettings
from features.windows import NEVER, Bools, Floats, Ints
from serving.lifecycle.machine import STAGES, WAITING, Action, Stage
from serving.lifecycle.replay import Small

LEAD, MQL, SAL, SQL = (STAGES.index(stage) for stage in ("lead", "mql", "sal", "sql"))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where n leads stand before the night: stage (numbers of `STAGES`), its end, and who is left alone."""

    stage: Small
    until: Ints
    left_alone: Bools


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of n leads.

    Whether points reach their threshold, the model's class, its word for SQL, the frameworks of SAL and SQL, whether
    all gates are open, and whether contact data are good enough for an SQL.
    """

    points: Bools
    model: Bools
    model_sql: Bools
    sal: Bools
    sql: Bools
    gates: Bools
    reachable: Bools


@dataclass(frozen=True, slots=True)
class Moved:
    """Leads (row numbers) that one action moves from one stage to the next, and who decided it."""

    rows: Ints
    action: Action
    before: Stage
    after: Stage
    by: Decider


def moves(standing: Standing, judged: Judged, settings: StageSettings, as_of: int | Ints) -> Iterator[Moved]:
    """The moves of a night, in the order in which they are made; a lead may make several.

    A lead whose nurturing or rejection is over is a lead again. Who is snoozed or must not be contacted is left alone.
    """
    stage = standing.stage.copy()
    over = (standing.until != NEVER) & (standing.until <= as_of)
    for waiting in WAITING:
        yield from _moved(stage, over & (stage == STAGES.index(waiting)), "resume", LEAD, "rule")
    free = ~standing.left_alone
    mql = says(settings.mql, judged.points, judged.model)
    yield from _moved(stage, free & (stage == LEAD) & mql, "advance", MQL, settings.mql)
    sal = says(settings.sal, judged.sal, judged.model) & judged.gates
    yield from _moved(stage, free & (stage == MQL) & sal, "advance", SAL, settings.sal)
    sql = says(settings.sql, judged.sql, judged.model_sql) & judged.gates & judged.reachable
    yield from _moved(stage, free & (stage == SAL) & sql, "advance", SQL, settings.sql)
    if settings.direct_sql:
        yield from _moved(stage, free & (stage == MQL) & sql, "advance", SQL, settings.sql)


def says(decider: Decider, rule: Bools, model: Bools) -> Bools:
    """What the decider says of each lead; a person says nothing here.

    >>> says("both", np.array([True, True]), np.array([True, False])).tolist()
    [True, False]
    """
    if decider == "both":
        return rule & model
    return {"rule": rule, "model": model}.get(decider, np.zeros(len(rule), np.bool_))


def reaches(values: Floats, limit: float) -> Bools:
    """Which values are known and reach the limit."""
    return np.asarray(~np.isnan(values) & (values >= limit))


def after(standing: Standing, moved: Iterator[Moved]) -> Small:
    """Stages after some moves."""
    stage = standing.stage.copy()
    for one in moved:
        stage[one.rows] = STAGES.index(one.after)
    return stage


def _moved(stage: Small, which: Bools, action: Action, to: int, by: Decider) -> Iterator[Moved]:
    """The move of some leads, by stage before; `stage` is brought up to date."""
    rows = np.flatnonzero(which)
    for before in np.unique(stage[rows]).tolist():
        yield Moved(rows[stage[rows] == before], action, STAGES[before], STAGES[to], by)
    stage[rows] = to
