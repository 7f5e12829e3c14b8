"""Advancing the stages of a project: everything is looked at as of a time, and the moves are added to the log."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from features.build import Progress
from features.cells import instant
from features.engines.event_logs import Limits
from features.errors import ProjectFileError
from features.frameworks.table import Judging
from features.project import Project
from features.tables import Tables
from features.times import microseconds
from serving.lifecycle.evidence import Seen, frameworks_of, judged_leads, read_scores
from serving.lifecycle.history import Process, stage_events, tables_of_history
from serving.lifecycle.log import append, writing
from serving.lifecycle.night import Night, new_events
from training.bundle import Bundle

BY_MODEL = ("model", "both")


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose leads are moved, as of when; `clock` is the command's now.

    `scores`: the score file of the same time, None where the model has no say; `bundle`: the model that wrote it.
    """

    project: Project
    process: Process
    as_of: datetime
    clock: datetime
    limits: Limits
    scores: Path | None
    bundle: Bundle | None
    untimed: bool = False


@dataclass(frozen=True, slots=True)
class Advanced:
    """What was done: the tables read, how many leads were looked at, the new events, and the file they are in."""

    tables: Tables
    leads: int
    events: pa.Table
    path: Path | None


def needs_model(process: Process) -> bool:
    """Whether the model has a say in any move."""
    settings = process.settings
    return bool({settings.mql, settings.sal, settings.sql} & set(BY_MODEL))


def advance(asked: Asked, progress: Progress, *, write: bool = True) -> Advanced:
    """Add the moves of a night to the log, all of them or, when the run is killed, none.

    Raises:
        OverlapError: another run writes the log.
        InputContractError: a table cannot be used, or the log is damaged.
        ProjectFileError: a setting or the score file is wrong.
        SinkError: the log cannot be written.
    """
    if not write:
        return _advanced(asked, progress)
    with writing(asked.process.folder):
        found = _advanced(asked, progress)
        return replace(found, path=append(asked.process.folder, found.events))


def _advanced(asked: Asked, progress: Progress) -> Advanced:
    tables, seen = _looked_at(asked, progress)
    points = asked.project.points if asked.bundle is None else asked.bundle.policy.points
    night = Night(asked.as_of, asked.process.settings, points, asked.clock)
    events = new_events(night, seen, stage_events(asked.process, tables), tables)
    return Advanced(tables, len(seen.lead_id), events, None)


def _looked_at(asked: Asked, progress: Progress) -> tuple[Tables, Seen]:
    """The tables and what is known of every lead; interactions are read only for what the scores do not hold."""
    frameworks = frameworks_of(asked.project, asked.process.settings)
    if frameworks or asked.scores is None:
        judging = Judging(asked.project, frameworks, asked.as_of, asked.clock, asked.limits, asked.untimed)
        tables, seen = judged_leads(judging, progress)
        if asked.process.of_account == "last_touch":
            tables = tables_of_history(asked.project, asked.process, asked.clock, untimed=asked.untimed)
    else:
        tables = tables_of_history(asked.project, asked.process, asked.clock, untimed=asked.untimed)
        seen = _unseen(tables, asked.as_of)
    return tables, seen if asked.scores is None else _with_scores(seen, asked.scores, asked.as_of)


def _unseen(tables: Tables, as_of: datetime) -> Seen:
    created = tables.leads[microseconds(tables.leads["created_at"]) <= instant(as_of)]
    lead_id = pa.array(created["lead_id"], pa.string(), from_pandas=True)
    return Seen(lead_id, np.full(len(lead_id), np.nan), {}, None)


def _with_scores(seen: Seen, path: Path, as_of: datetime) -> Seen:
    scored = read_scores(path, seen.lead_id, as_of)
    if len(seen.lead_id) and np.isnan(scored.propensity).all() and scored.version:
        raise ProjectFileError(f"--scores {path}: has none of the project's leads: expected the file of this project")
    points = np.where(np.isnan(scored.points), seen.points, scored.points)
    return replace(seen, points=points, scored=scored)
