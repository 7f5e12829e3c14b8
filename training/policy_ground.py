"""What choices of a class are measured on: the newest lists for their volume, matured ones for what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.project import Project
from features.windows import Floats
from training.crossings import Crossings, crossings
from training.dataset import Dataset
from training.judge import Judged
from training.model import Fitted
from training.policy_values import Period
from training.settings import TrainingSettings
from training.weekly_lists import WeeklyLists, matured_weeks, newest_weeks, weekly_lists

NEWEST_WEEKS = 13
NONE = np.zeros(0)
LEAST_MATURED_WEEKS = 4
"""With fewer, nothing is said about what came of the lists."""


@dataclass(frozen=True, slots=True)
class Side:
    """Crossings of one system on one set of lists; `won` (one entry per crossing) is empty where it is not known."""

    found: Crossings
    won: Floats

    @property
    def known(self) -> bool:
        """Whether outcomes are known."""
        return len(self.won) > 0


@dataclass(frozen=True, slots=True)
class Ground:
    """`newest` is scored by the model that ships, `matured` by the one that judged; by system (model, bant, points).

    `listed` are the probabilities of all open leads on all newest lists, of which there were `lists`.
    """

    period: Period
    newest: Mapping[str, Side]
    matured: Mapping[str, Side]
    listed: Floats
    lists: float

    @property
    def new_leads(self) -> float:
        """Leads that appear on a list for the first time, per period."""
        found = self.newest["model"].found
        return float(found.per_period(np.array([np.finfo(np.float64).tiny]))[0])


def ground_of(project: Project, settings: TrainingSettings, dataset: Dataset, judged: Judged, final: Fitted) -> Ground:
    """Weekly lists where leads and deals are dated, the horizon is in days and leads come in; else the holdout rows."""
    if dataset.won is None or settings.label.horizon_days is None:
        return _from_rows(judged, project.points.threshold)
    rng = np.random.default_rng(settings.model.seed)
    newest = weekly_lists(project, settings, dataset, final.trained, newest_weeks(dataset, NEWEST_WEEKS), rng)
    counted, sides = newest.week >= 0, _sides(newest, known=False)
    if not len(sides["model"].found.row):  # no lead is new or rises: the export of leads ended earlier
        return _from_rows(judged, project.points.threshold)
    return Ground(
        period="week",
        newest=sides,
        matured=_matured(project, settings, dataset, judged, rng),
        listed=newest.probability[counted],
        lists=newest.weeks * newest.share,
    )


def _matured(
    project: Project, settings: TrainingSettings, dataset: Dataset, judged: Judged, rng: np.random.Generator
) -> Mapping[str, Side]:
    split, horizon = judged.folds[-1].known_until, settings.label.horizon_days
    if split is None or horizon is None:  # random folds: the model learned from weeks after the lists
        return {}
    weeks = matured_weeks(dataset, split, horizon)
    if len(weeks) < LEAST_MATURED_WEEKS:
        return {}
    return _sides(weekly_lists(project, settings, dataset, judged.fitted[-1].trained, weeks, rng), known=True)


def _sides(lists: WeeklyLists, *, known: bool) -> Mapping[str, Side]:
    heights = {"model": lists.probability, "bant": lists.bant.astype(float), "points": lists.mql.astype(float)}
    found = {
        name: crossings(lists.lead, lists.week, height, lists.weeks * lists.share) for name, height in heights.items()
    }
    won = lists.won.astype(float)
    return {name: Side(f, won[f.row] if known else NONE) for name, f in found.items()}


def _from_rows(judged: Judged, mql_from: float) -> Ground:
    """Each holdout row once, as if it were a lead that is looked at once."""
    frame = judged.frame
    heights = {
        "model": frame["propensity"].to_numpy(dtype=np.float64),
        "bant": frame["bant_qualified"].fillna(False).to_numpy(dtype=np.float64),
        "points": (frame["points"] >= mql_from).to_numpy(dtype=np.float64),
    }
    rows, once = np.arange(len(frame)), np.zeros(len(frame), np.int64)
    won = frame["label"].to_numpy(dtype=np.float64)
    sides = {}
    for name, height in heights.items():
        found = crossings(rows, once, height, len(frame) / 100)
        sides[name] = Side(found, won[found.row])
    return Ground("100 leads", sides, sides, heights["model"], len(frame) / 100)
