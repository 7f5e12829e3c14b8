"""Gradient boosting itself: parameters inside the explanation budget, and the number of trees from forward folds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logit

from features.catalog import Catalog
from features.windows import Floats, Ints
from training.dataset import Outcomes
from training.folds import Fold
from training.settings import ModelSettings

if TYPE_CHECKING:
    import lightgbm as lgb

PATIENCE = 40
"""Trees without a better log loss on the held rows, after which a fold stops."""
SMALL_ROWS = 2_000
MOST_DEPTH = 4
MOST_LEAVES = 16
"""The explanation budget unless `[model]` sets another: what exact reasons for every lead can afford (decision 10)."""
Parameters = dict[str, Any]
Callbacks = Sequence[Any]
"""Functions that LightGBM calls after each tree."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a model is learned from: feature values (rows, features), outcomes, and folds of these rows."""

    values: Floats
    label: Outcomes
    catalog: Catalog
    folds: tuple[Fold, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """The booster of one fold, and its log loss on the held rows after each tree."""

    booster: "lgb.Booster"
    losses: list[float]


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """The number of trees with the least log loss over the folds, and the held rows' scores there.

    Scores are in log-odds above the base rate of the fold's training side, from which boosting starts; `boosters` are
    those of the folds.
    """

    trees: int
    above_base: Floats
    held: Ints
    boosters: tuple["lgb.Booster", ...]


def booster_parameters(settings: ModelSettings, catalog: Catalog, rows: int, positives: int) -> Parameters:
    """LightGBM parameters: shallow trees for exact reasons, stronger regularisation the fewer rows there are."""
    small = rows < SMALL_ROWS
    parameters: Parameters = {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "max_depth": settings.max_depth or (2 if small else MOST_DEPTH),
        "num_leaves": settings.leaves or (4 if small else MOST_LEAVES),
        "min_data_in_leaf": settings.min_leaf or int(np.clip(min(rows / 200, positives / 8), 8, 50)),
        "feature_fraction": settings.feature_fraction or (0.3 if small else 0.5),
        "bagging_fraction": settings.bagging_fraction,
        "bagging_freq": 1,
        "lambda_l2": settings.lambda_l2,
        "cat_smooth": settings.cat_smooth,
        "cat_l2": settings.cat_smooth,
        "max_bin": 255,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
        "num_threads": settings.threads,
    }
    if settings.monotone:
        parameters["monotone_constraints"] = [
            0 if feature.type == "category" else _direction(feature.name, settings.monotone)
            for feature in catalog.features
        ]
    return parameters


def out_of_fold(lesson: Lesson, parameters: Parameters, most_trees: int) -> OutOfFold:
    """Trees and out-of-fold scores of all folds, at most `most_trees`."""
    return choose_trees(lesson, list(watched_folds(lesson, parameters, most_trees)), most_trees)


def watched_folds(
    lesson: Lesson, parameters: Parameters, most_trees: int, callbacks: Callbacks = ()
) -> Iterator[Watched]:
    """Each fold's booster in turn, so that who asks may stop before the next."""
    import lightgbm as lgb

    values, label, catalog = lesson.values, lesson.label, lesson.catalog
    for fold in lesson.folds:
        history: dict[str, dict[str, list[float]]] = {}
        train = _dataset(values[fold.train], label[fold.train], catalog)
        booster = lgb.train(
            parameters,
            train,
            num_boost_round=most_trees,
            valid_sets=[_dataset(values[fold.holdout], label[fold.holdout], catalog, train)],
            valid_names=["held"],
            callbacks=[*callbacks, lgb.record_evaluation(history), lgb.early_stopping(PATIENCE, verbose=False)],
        )
        yield Watched(booster, history["held"]["binary_logloss"])


def choose_trees(lesson: Lesson, watched: Sequence[Watched], most_trees: int) -> OutOfFold:
    """The number of trees, at most `most_trees`, with the least mean log loss over the held rows of the folds."""
    folds = lesson.folds[: len(watched)]
    shortest = min(most_trees, *(len(one.losses) for one in watched))
    sizes = [len(fold.holdout) for fold in folds]
    losses = np.average([one.losses[:shortest] for one in watched], axis=0, weights=sizes)
    trees = int(np.argmin(losses)) + 1
    above_base = [
        one.booster.predict(lesson.values[fold.holdout], raw_score=True, num_iteration=trees)
        - base_log_odds(lesson.label[fold.train])
        for one, fold in zip(watched, folds, strict=True)
    ]
    return OutOfFold(
        trees,
        np.concatenate(above_base),
        np.concatenate([fold.holdout for fold in folds]),
        tuple(one.booster for one in watched),
    )


def train_booster(
    values: Floats, label: Outcomes, parameters: Parameters, trees: int, catalog: Catalog
) -> "lgb.Booster":
    """A booster of so many trees."""
    import lightgbm as lgb

    return lgb.train(parameters, _dataset(values, label, catalog), num_boost_round=trees)


def refit_scores(
    values: Floats, outcomes: Sequence[Outcomes], parameters: Parameters, trees: int, catalog: Catalog
) -> Iterator[Floats]:
    """Raw scores of the same rows by a booster for each of several outcomes; values are binned once."""
    import lightgbm as lgb

    binned = _dataset(values, outcomes[0], catalog)
    for number, outcome in enumerate(outcomes, start=1):
        seeded = {**parameters, "seed": parameters["seed"] + number}
        booster = lgb.train(seeded, binned.set_label(outcome), num_boost_round=trees)
        yield np.asarray(booster.predict(values, raw_score=True))


def base_log_odds(label: Outcomes) -> float:
    """Log-odds of the rate of wins, from which boosting starts."""
    return float(logit(smoothed_rate(label)))


def smoothed_rate(label: Outcomes) -> float:
    """Base rate with half a case of each kind added: never 0 or 1."""
    return float((label.sum() + 0.5) / (len(label) + 1))


def _dataset(
    values: Floats, label: Outcomes, catalog: Catalog, reference: "lgb.Dataset | None" = None
) -> "lgb.Dataset":
    import lightgbm as lgb

    return lgb.Dataset(
        values,
        label=label,
        categorical_feature=list(catalog.categorical),
        free_raw_data=False,
        reference=reference,
    )


def _direction(name: str, monotone: dict[str, Any]) -> int:
    return next((sign for pattern, sign in monotone.items() if fnmatchcase(name, pattern)), 0)
