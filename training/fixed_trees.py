"""A model with a given number of trees: what further folds and learning curves train, at a fraction of the cost.

Features, categories, labels and calibration come from the given rows alone, by the code of the real model. What is
taken over from the real model is the number of trees; the search for it is saved.
"""

import numpy as np

from features.windows import Ints
from training.boosting import Lesson, OutOfFold, base_log_odds, train_booster
from training.dataset import Dataset
from training.folds import Fold, grouped_folds, inner_folds
from training.model import (
    Fitted,
    Material,
    calibration_above_base,
    fitted_from,
    fitted_with,
    has_enough_outcomes,
)
from training.settings import TrainingSettings

CALIBRATION_FOLDS = 2


def fit_fixed(
    settings: TrainingSettings, dataset: Dataset, at: tuple[Ints, int | None], material: Material, trees: int
) -> Fitted:
    """The real model but for its number of trees and two inner folds instead of three; `at` as in `fitted_from`."""
    return fitted_from(settings, dataset, at, material, _lesson(material, settings, trees))


def fit_part(settings: TrainingSettings, material: Material, trees: int) -> Fitted:
    """Like `fit_fixed`, without the level that newer rows beside the material's would give."""
    _, found = _lesson(material, settings, trees)
    return fitted_with(
        material, trees, calibration_above_base(found.above_base, material.label[found.held], material.label)
    )


def _lesson(material: Material, settings: TrainingSettings, trees: int) -> tuple[Lesson, OutOfFold]:
    """Inner folds, and what boosters of so many trees say of the rows they hold out."""
    values, label, catalog = material.table.values, material.label, material.catalog
    folds = _calibration_folds(material, settings)
    boosters = tuple(
        train_booster(values[fold.train], label[fold.train], material.parameters, trees, catalog) for fold in folds
    )
    above_base = [
        booster.predict(values[fold.holdout], raw_score=True) - base_log_odds(label[fold.train])
        for booster, fold in zip(boosters, folds, strict=True)
    ]
    held = np.concatenate([fold.holdout for fold in folds])
    return Lesson(values, label, catalog, folds), OutOfFold(trees, np.concatenate(above_base), held, boosters)


def _calibration_folds(material: Material, settings: TrainingSettings) -> tuple[Fold, ...]:
    """Forward in time where enough is known before the cuts; random halves otherwise."""
    rng = np.random.default_rng(settings.model.seed)
    folds = inner_folds(material.rows, settings.folds.kind, CALIBRATION_FOLDS, rng)
    usable = tuple(fold for fold in folds if has_enough_outcomes(material.label, fold))
    return usable or grouped_folds(material.rows.group, CALIBRATION_FOLDS, rng)
