"""Weekly lists of open leads as the nightly job sees them, scored by a model, over weeks of the past."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.points import points_as_of
from features.project import Project
from features.qualification import bant, evidence_as_of
from features.snapshots import Snapshots
from features.windows import DAY_US, Bools, Floats, Ints
from training.bundle import Trained
from training.dataset import Dataset, relabelled
from training.leaf_sums import with_leaves
from training.model import features_of
from training.settings import PolicySettings, TrainingSettings

COUNTED_WEEKS = 26
EARLIER_WEEKS = 8
"""Weeks before the counted ones: who qualified in them does not newly qualify later."""
MOST_ROWS = 1_000_000
"""Weeks of leads, closed ones included, that are looked at at most; beyond it a random part of the leads."""
WEEK_US = 7 * DAY_US


@dataclass(frozen=True, slots=True)
class WeeklyLists:
    """One entry per open lead and week, by lead and week; `week` counts from 0, negative before the counted ones.

    `won` tells who was won within the horizon (meaningful where `matured`), `bant` and `mql` who qualifies by BANT
    and by points. `share` of all leads were looked at, over `weeks` counted weeks.
    """

    lead: Ints
    week: Ints
    probability: Floats
    won: Bools
    matured: Bools
    bant: Bools
    mql: Bools
    weeks: int
    share: float


def weekly_lists(
    project: Project,
    settings: TrainingSettings,
    dataset: Dataset,
    trained: Trained,
    as_of: Ints,
    rng: np.random.Generator,
) -> WeeklyLists:
    """Lists at the counted dates `as_of` (microseconds, a week apart, rising), each open lead scored by `trained`."""
    times = np.concatenate([as_of[0] - WEEK_US * np.arange(EARLIER_WEEKS, 0, -1), as_of])
    chosen, share = _some_leads(dataset, times, rng)
    here = relabelled(project, settings, dataset, _grid(dataset, chosen, times))
    snapshots = here.snapshots
    table = features_of(here, np.arange(len(snapshots)), trained.catalog)
    evidence = evidence_as_of(here.histories, here.tables.assessments, snapshots, project.rules.criteria)
    raw = np.asarray(trained.booster.predict(table.values, raw_score=True))
    return WeeklyLists(
        lead=snapshots.lead,
        week=(snapshots.as_of - as_of[0]) // WEEK_US,
        probability=np.where(
            _may_qualify(settings.policy, trained, table.values), trained.scale.calibration.probability(raw), 0.0
        ),
        won=here.label > 0,
        matured=here.matured,
        bant=bant(evidence, project.rules).qualified,
        mql=points_as_of(here.histories, snapshots, project.points) >= project.points.threshold,
        weeks=len(as_of),
        share=share,
    )


def _may_qualify(policy: PolicySettings, trained: Trained, values: Floats) -> Bools:
    """All rows, or only those like training where others never qualify."""
    if policy.unfamiliar == "flag":
        return np.ones(len(values), bool)
    sums, leaves = np.zeros(len(values)), trained.uncertainty.ranges.leaves
    if leaves:
        sums = np.asarray(with_leaves(trained.booster.model_to_string(), leaves).predict(values, raw_score=True))
    return trained.uncertainty.familiarity.familiar(values, sums)


def matured_weeks(dataset: Dataset, split: int, horizon_days: int) -> Ints:
    """As-of dates (microseconds) a week apart, from `split` on, whose outcomes are known; the newest 26 of them."""
    return _weeks(_end(dataset) - horizon_days * DAY_US, split)


def newest_weeks(dataset: Dataset, weeks: int) -> Ints:
    """As-of dates (microseconds) of the last `weeks` weeks, the data's end included."""
    end = _end(dataset)
    return _weeks(end, end - (weeks - 1) * WEEK_US)


def _end(dataset: Dataset) -> int:
    return int(pd.Timestamp(dataset.tables.data_end).value // 1000)


def _weeks(newest: int, oldest: int) -> Ints:
    count = min((newest - oldest) // WEEK_US + 1, COUNTED_WEEKS)
    return newest - WEEK_US * np.arange(max(count, 0), dtype=np.int64)[::-1]


def _some_leads(dataset: Dataset, times: Ints, rng: np.random.Generator) -> tuple[Ints, float]:
    """Leads to look at: all, or a random part where all would be too many lead-weeks."""
    created = dataset.histories.created
    share = min(1.0, MOST_ROWS / max(1, int((created <= times[:, None]).sum())))
    leads = np.arange(len(created))
    return (leads, 1.0) if share == 1 else (leads[rng.random(len(leads)) < share], share)


def _grid(dataset: Dataset, leads: Ints, times: Ints) -> Snapshots:
    lead, as_of = np.repeat(leads, len(times)), np.tile(times, len(leads))
    exists = dataset.histories.created[lead] <= as_of
    return Snapshots(lead[exists], as_of[exists])
