"""A model with a given number of trees: what further folds and learning curves train, at a fraction of the cost.

Features, categories, labels and calibration come from the given rows alone, by the code of the real model. What is
taken over from the real model is the number of trees; the search for it is saved.
"""

import numpy as np

from features.windows import Floats
from training.boosting import base_log_odds, train_booster
from training.folds import Fold, grouped_folds, inner_folds
from training.model import Fitted, Material, calibration_above_base, fitted_with, has_enough_outcomes

CALIBRATION_FOLDS = 2


def fit_fixed(material: Material, kind: str, trees: int, rng: np.random.Generator) -> Fitted:
    """Model of so many trees, calibrated by two inner folds where the real model uses three."""
    folds = _calibration_folds(material, kind, rng)
    above_base = np.concatenate([_scores_above_base(material, fold, trees) for fold in folds])
    held = material.label[np.concatenate([fold.holdout for fold in folds])]
    return fitted_with(material, trees, calibration_above_base(above_base, held, material.label))


def _calibration_folds(material: Material, kind: str, rng: np.random.Generator) -> tuple[Fold, ...]:
    """Forward in time where enough is known before the cuts; random halves otherwise."""
    folds = inner_folds(material.rows, kind, CALIBRATION_FOLDS, rng)
    usable = tuple(fold for fold in folds if has_enough_outcomes(material.label, fold))
    return usable or grouped_folds(material.rows.group, CALIBRATION_FOLDS, rng)


def _scores_above_base(material: Material, fold: Fold, trees: int) -> Floats:
    values, label = material.table.values, material.label[fold.train]
    booster = train_booster(values[fold.train], label, material.parameters, trees, material.catalog)
    raw = booster.predict(values[fold.holdout], raw_score=True)
    return np.asarray(raw - base_log_odds(label), dtype=np.float64)
