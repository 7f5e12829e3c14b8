"""Everything that a publication knows of the leads of a project as of a date, column by column."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.build import Progress, build_features, silent
from features.histories import Histories, build_histories
from features.project import Project
from features.qualification import evidence_as_of
from features.snapshots import Snapshots
from features.tables import Tables
from features.windows import DAY_US, Ints
from serving.lead.contact_advice import contact_columns
from serving.lifecycle.history import Process, all_events
from serving.lifecycle.replay import state_at
from serving.lifecycle.service_levels import Clock, clock_of, promise_of
from serving.open_leads import existing_leads, open_leads, refuse_missing_inputs
from serving.score import project_rows
from serving.scoring import Scores, score_rows, whole_score
from training.bundle import Bundle

WEEKS = 12
"""How far back a lead's trend goes, a point a week."""
STATES = ("met", "not_met", "not_known", "outdated")
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is published: a project as of a time, by a model; `clock` is the command's now."""

    project: Project
    bundle: Bundle
    process: Process
    as_of: datetime
    clock: datetime


@dataclass(frozen=True, slots=True)
class Trend:
    """Scores of earlier weeks: for each point its place among the open leads, its time, its score; sorted by both."""

    lead: Ints
    as_of: Ints
    score: Ints


@dataclass(frozen=True, slots=True)
class Gathered:
    """All leads that exist by the date, and of the `open` ones (n of them, numbers of `lead_ids`) what a model says.

    `criteria` (n, criteria of the rules) are numbers of `STATES`; `contact` is null where leads are not dated. `states`
    and `clock` hold a row for each lead that the stage machine knows, in order of lead_id.
    """

    tables: Tables
    histories: Histories
    existing: Ints
    open: Ints
    scores: Scores
    criteria: Codes
    trend: Trend
    contact: pa.Array
    states: pa.Table
    clock: Clock


def gather(asked: Asked, tables: Tables, progress: Progress = silent) -> Gathered:
    """What a publication says.

    Raises:
        InputContractError: something that the model was trained with is not there.
        ProjectFileError: the process or the service levels are not possible.
    """
    bundle = asked.bundle
    refuse_missing_inputs(bundle, tables)
    histories = build_histories(tables, bundle.catalog.hygiene)
    existing = existing_leads(histories, tables, asked.as_of)
    snapshots = existing.take(open_leads(histories, tables, existing, bundle.policy))
    table = build_features(histories, tables, snapshots, bundle.catalog, progress)
    scores = score_rows(
        bundle, project_rows(bundle, histories, tables, table, asked.process), bundle.policy.max_reasons
    )
    states = state_at(all_events(asked.process, tables), asked.as_of)
    return Gathered(
        tables=tables,
        histories=histories,
        existing=existing.lead,
        open=snapshots.lead,
        scores=scores,
        criteria=criteria_codes(bundle, histories, tables, snapshots),
        trend=_trend(bundle, histories, tables, snapshots),
        contact=contact_flags(asked.project, bundle, tables, histories, snapshots),
        states=states,
        clock=clock_of(states, promise_of(asked.project), asked.as_of),
    )


def criteria_codes(bundle: Bundle, histories: Histories, tables: Tables, snapshots: Snapshots) -> Codes:
    """State of each criterion of the rules, numbers of `STATES`, shape (n, criteria)."""
    rules = bundle.policy.rules
    found = evidence_as_of(histories, tables.assessments, snapshots, rules.criteria)
    old = np.zeros(found.met.shape, np.bool_) if rules.max_age_days is None else found.age_days > rules.max_age_days
    codes = [np.isnan(found.met), old, found.met >= rules.met_from]
    return np.select(codes, [2, 3, 0], 1).astype(np.int8)


def _trend(bundle: Bundle, histories: Histories, tables: Tables, snapshots: Snapshots) -> Trend:
    """Scores by the present model as of the weeks before, for leads that existed by then."""
    if not tables.timed or not len(snapshots):
        none = np.zeros(0, np.int64)
        return Trend(none, none, none)
    weeks = np.arange(WEEKS, 0, -1) * 7 * DAY_US
    place = np.repeat(np.arange(len(snapshots)), WEEKS)
    as_of = (snapshots.as_of[:, None] - weeks[None]).ravel()
    lead = snapshots.lead[place]
    there = histories.created[lead] < as_of
    earlier = Snapshots(lead[there], as_of[there])
    values = build_features(histories, tables, earlier, bundle.catalog).values
    score = np.clip(whole_score(bundle.scale, bundle.raw(values)), 0, 100)
    return Trend(place[there], earlier.as_of, score)


def contact_flags(
    project: Project, bundle: Bundle, tables: Tables, histories: Histories, snapshots: Snapshots
) -> pa.Array:
    """State of each lead's contact window; `histories` are by the model's rules of hygiene."""
    if not tables.timed:
        return pa.nulls(len(snapshots), pa.string())
    known = histories if bundle.catalog.hygiene == project.hygiene else build_histories(tables, project.hygiene)
    column = contact_columns(project, tables, known, snapshots)["contact"]
    return column.combine_chunks().cast(pa.string())
