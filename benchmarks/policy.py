"""The class policy against the truth: expected wins of each line, and those of the 13 weeks that followed.

Worlds are cut three months before their end: training sees nothing later, and the weeks after the cut are scored with
the bundle's model. Writes `docs/benchmarks/policy.md`; run with `make bench-policy`, some twenty minutes.
"""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.policy_page import page
from benchmarks.truth import true_propensity
from features.project import Project, read_project
from features.simulate import WorldSettings, simulate
from features.tables import read_tables
from training.class_policy import class_policy
from training.crossings import Crossings, crossings
from training.dataset import Dataset, dataset_of, load_dataset
from training.folds import outer_folds
from training.judge import judge_holdout
from training.model import Fitted, fit_model
from training.policy_ground import NEWEST_WEEKS
from training.policy_values import ClassPolicy, Option
from training.settings import TrainingSettings, read_training_settings
from training.weekly_lists import WEEK_US, WeeklyLists, newest_weeks, weekly_lists

SIZES = {12_000: tuple(range(9, 15)), 40_000: tuple(range(21, 27))}
"""Leads, and seeds other than those (1 to 8) on which the errors of `training.matured_check` were found."""
PER_WEEK = 1 / 1000
"""Leads a week that sales can work, per lead of the world."""
CUT = pd.Timestamp("2025-10-01", tz="UTC")
HOLDOUT_FROM = pd.Timestamp("2025-03-01", tz="UTC")
CLOCK = pd.Timestamp("2027-01-01", tz="UTC").to_pydatetime()
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "policy.md"


@dataclass(frozen=True, slots=True)
class Line:
    """One option of one world: what was expected a week, and true sums of the same weeks and of the 13 after them."""

    leads: int
    seed: int
    option: Option
    wins_then: float
    leads_next: float
    wins_next: float


@dataclass(frozen=True, slots=True)
class World:
    """A world of so many leads: its policy and lines, and the share of its open list that the old line reached."""

    leads: int
    seed: int
    drift: bool
    policy: ClassPolicy
    lines: tuple[Line, ...]
    old_share: float


def main() -> None:
    """Measure all worlds and write the page."""
    worlds = [measure(leads, seed, drift=False) for leads, seeds in SIZES.items() for seed in seeds]
    leads, seeds = next(iter(SIZES.items()))
    drifted = measure(leads, seeds[0], drift=True)
    text = page(worlds, drifted)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


def measure(leads: int, seed: int, *, drift: bool) -> World:
    """Train at the cut, and follow the open leads of the next 13 weeks."""
    print(f"world {seed} of {leads:,} leads{' with drift' if drift else ''}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder), WorldSettings(leads=leads, seed=seed, drift=drift))
        project, settings, whole = _read(Path(folder), leads)
        known = _cut(project, settings, whole)
        rng = np.random.default_rng(settings.model.seed)
        folds = outer_folds(known.rows, settings.folds, known.matured, rng)
        judged = judge_holdout(project, settings, known, folds, lambda _: None)
        final = fit_model(project, settings, known, np.flatnonzero(known.matured), None)
        policy = class_policy(project, settings, known, judged, final)
        then, after = _lists(project, settings, (known, whole), final)
        line = float(np.quantile(judged.frame["propensity"], 1 - settings.policy.capacity_share))
        options = [option for option in (*policy.options, *policy.volumes) if option.threshold is not None]
        return World(
            leads=leads,
            seed=seed,
            drift=drift,
            policy=policy,
            lines=tuple(_lines(Path(folder), (leads, seed), options, (then, after))),
            old_share=float((then.lists.probability[then.lists.week >= 0] >= line).mean()),
        )


@dataclass(frozen=True, slots=True)
class _Followed:
    dataset: Dataset
    as_of: NDArray[np.int64]
    lists: WeeklyLists
    found: Crossings


def _read(directory: Path, leads: int) -> tuple[Project, TrainingSettings, Dataset]:
    project = read_project(directory)
    project.raw["policy"] = {"leads_per_week": leads * PER_WEEK, "cost_of_contact": 500}
    project.raw["folds"] = {"kind": "time", "holdout_from": HOLDOUT_FROM.isoformat()}
    project.raw["model"] = {"threads": 1}
    settings = read_training_settings(project)
    return project, settings, load_dataset(project, settings, read_tables(project, clock=CLOCK))


def _cut(project: Project, settings: TrainingSettings, whole: Dataset) -> Dataset:
    """The data as they were at the cut; every feature is of its as-of date, so later events change nothing."""
    tables = replace(whole.tables, data_end=CUT.to_pydatetime())
    return dataset_of(project, settings, tables, whole.histories)


def _lists(
    project: Project, settings: TrainingSettings, datasets: tuple[Dataset, Dataset], final: Fitted
) -> Iterable[_Followed]:
    """The newest 13 weeks before the cut, and the 13 after it."""
    last = newest_weeks(datasets[0], NEWEST_WEEKS)
    for dataset, as_of in zip(datasets, (last, last + NEWEST_WEEKS * WEEK_US), strict=True):
        lists = weekly_lists(project, settings, dataset, final.trained, as_of, np.random.default_rng(0))
        found = crossings(lists.lead, lists.week, lists.probability, lists.weeks * lists.share)
        yield _Followed(dataset, as_of, lists, found)


def _lines(
    directory: Path, world: tuple[int, int], options: Sequence[Option], sides: tuple[_Followed, _Followed]
) -> Iterable[Line]:
    then, after = (_truth(directory, side) for side in sides)
    # Of large worlds a random part of the leads is looked at.
    weeks, weeks_after = (side.found.periods for side in sides)
    for option in options:
        threshold = option.threshold or 0.0
        picked_then, picked = (side.found.newly(threshold) for side in sides)
        yield Line(
            leads=world[0],
            seed=world[1],
            option=option,
            wins_then=float(then[picked_then].sum() / weeks),
            leads_next=float(picked.sum() / weeks_after),
            wins_next=float(after[picked].sum() / weeks_after),
        )


def _truth(directory: Path, side: _Followed) -> NDArray[np.float64]:
    """True probability of a win within 90 days for each crossing."""
    rows = side.found.row
    ids = pd.Series(side.dataset.histories.lead_ids[side.lists.lead[rows]])
    times = pd.to_datetime(side.as_of[0] + side.lists.week[rows] * WEEK_US, unit="us", utc=True)
    return true_propensity(directory, ids, pd.Series(times))


if __name__ == "__main__":
    main()
