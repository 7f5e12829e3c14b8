"""One candidate measured: out-of-fold log loss and PR-AUC with as many trees as the explanation budget holds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from features.windows import Floats
from training.boosting import (
    Callbacks,
    Lesson,
    OutOfFold,
    Watched,
    booster_parameters,
    choose_trees,
    smoothed_rate,
    watched_folds,
)
from training.calibration import fit_calibration
from training.dataset import Outcomes
from training.metrics import log_loss, pr_auc
from training.path_tables import bytes_by_tree
from training.settings import ModelSettings
from training.tuning.settings import Objective
from training.value_codes import NoTablesError

MIB = 2**20
LEAST_TREES = 10
"""The least `max_trees` that a project file can ask for."""


class OverBudgetError(ValueError):
    """Hardly a tree of the candidate fits into the explanation budget."""


@dataclass(frozen=True, slots=True)
class Scores:
    """A candidate on held rows: `probability` of each as `scores_of` gives it, in the order of the folds."""

    label: Outcomes
    probability: Floats

    def value(self, objective: Objective) -> float:
        """The number that is made better."""
        return (log_loss if objective == "log_loss" else pr_auc)(self.label, self.probability)


@dataclass(frozen=True, slots=True)
class Measured:
    """A candidate on all inner folds; `limited` when the explanation budget cut its trees.

    `table_mib` is what the tables of its exact reasons take.
    """

    trees: int
    limited: bool
    table_mib: float
    scores: Scores


Report = Callable[[int, Scores], None]
"""Told how a candidate does on the folds so far; may raise, to stop one that is hopeless."""


def measured(
    lesson: Lesson, settings: ModelSettings, explanation_mib: float, report: Report | None = None, calls: Callbacks = ()
) -> Measured:
    """The candidate on the folds of the lesson, boosted and calibrated as a training does it.

    Raises:
        OverBudgetError: the explanation budget holds fewer than ten trees of it.
    """
    parameters = booster_parameters(settings, lesson.catalog, len(lesson.label), int(lesson.label.sum()))
    most, watched = settings.max_trees, list[Watched]()
    for one in watched_folds(lesson, parameters, most, calls):
        watched.append(one)
        if report is not None and len(watched) < len(lesson.folds):
            report(len(watched), scores_of(lesson, choose_trees(lesson, watched, most)))
    # The fold that learned from most is nearest to the final model.
    size = cumulative_mib(watched[-1], most)
    affordable = int(np.searchsorted(size, explanation_mib, side="right"))
    if affordable < LEAST_TREES:
        raise OverBudgetError(f"its first {LEAST_TREES} trees take more than {explanation_mib:g} MiB")
    free = choose_trees(lesson, watched, most)
    found = free if free.trees <= affordable else choose_trees(lesson, watched, affordable)
    return Measured(found.trees, free.trees > affordable, float(size[found.trees - 1]), scores_of(lesson, found))


def cumulative_mib(watched: Watched, most: int) -> Floats:
    """Size of the tables of exact reasons with 1, 2, … `most` trees; infinite where there can be none.

    Trees that were not grown take nothing.
    """
    try:
        grown = bytes_by_tree(watched.booster.model_to_string(num_iteration=-1))
    except NoTablesError:
        return np.full(most, np.inf)
    return np.asarray(np.cumsum(np.pad(grown, (0, most - len(grown)))) / MIB)


def scores_of(lesson: Lesson, found: OutOfFold) -> Scores:
    """Out-of-fold scores as probabilities: one slope for all folds, and in each fold the level of its held rows.

    From one fold to the next the base rate moves, and how a candidate happens to fall in with that says nothing about
    it: with one level for all folds, the order of candidates agrees much less with that on later rows (decision 21).
    """
    sizes = [len(fold.holdout) for fold in lesson.folds]
    ends = np.cumsum(sizes)
    parts = [part for part in np.split(found.above_base, ends) if len(part)]
    labels = [lesson.label[rows] for rows in np.split(found.held, ends) if len(rows)]
    label = np.concatenate(labels)
    slope = fit_calibration(np.concatenate([*map(_levelled, parts, labels)]), label).slope
    scaled = [_levelled(slope * part, own) for part, own in zip(parts, labels, strict=True)]
    return Scores(label, np.asarray(expit(np.concatenate(scaled))))


def _levelled(log_odds: Floats, label: Outcomes) -> Floats:
    """Log-odds moved so that their mean probability is the rate of wins, with half a case of each kind added."""
    rate, reach = smoothed_rate(label), 30.0 + float(np.abs(log_odds).max())
    return log_odds + brentq(lambda shift: expit(log_odds + shift).mean() - rate, -reach, reach)
