"""Ways to treat snapshots whose horizon is not over: the product's, and those that it does without.

Each gives the probability of a win within the horizon for the newest snapshots of a cut, from what was known there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from scipy.special import expit, logit

from features.build import build_features
from features.project import Project
from features.windows import Bools, Floats, Ints
from training.boosting import PATIENCE, Lesson, OutOfFold, out_of_fold
from training.calibration import LEAST_SLOPE, MOST_SLOPE
from training.closing_fit import periods
from training.dataset import Dataset
from training.folds import Fold, Rows, inner_folds
from training.followed import Followed
from training.metrics import recalibrate
from training.model import (
    INNER_FOLDS,
    Fitted,
    Material,
    calibration_above_base,
    fitted_with,
    lesson_of,
    material_of,
    with_closing,
)
from training.settings import TrainingSettings
from training.unseen_rows import unseen_rows

LEAST_CENSORING = 0.05
"""Smallest chance of being followed for so long that a row is weighted by: weights stay below 20."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A project as it was known at a date: rows up to it, the newest of them, and what is true of those.

    `truth` is the probability of a win within the horizon, or what happened later as 0 and 1.
    """

    project: Project
    settings: TrainingSettings
    dataset: Dataset
    horizon: int
    newest: Ints
    truth: Floats

    @property
    def rows(self) -> Ints:
        """All rows with an as-of date before the cut."""
        return np.flatnonzero(self.dataset.snapshots.as_of < self.dataset.observed_until - 1)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the product learns from matured rows, and the features of all rows for the others."""

    cut: Cut
    material: Material
    lesson: Lesson
    found: OutOfFold
    fitted: Fitted
    values: Floats

    def parameters(self, *, timed: bool = False) -> dict[str, Any]:
        """Those of the product's booster; with a feature more, which no direction binds, when it is `timed`."""
        given = self.material.parameters
        if timed and "monotone_constraints" in given:
            return {**given, "monotone_constraints": [*given["monotone_constraints"], 0]}
        return given


def prepare(cut: Cut) -> Prepared:
    """The product's training on matured rows."""
    matured = np.flatnonzero(cut.dataset.matured)
    material = material_of(cut.project, cut.settings, cut.dataset, matured, None)
    lesson = lesson_of(material, cut.settings)
    found = out_of_fold(lesson, material.parameters, cut.settings.model.max_trees)
    calibration = calibration_above_base(found.above_base, material.label[found.held], material.label)
    values = build_features(cut.dataset.histories, cut.dataset.tables, cut.dataset.snapshots, material.catalog).values
    return Prepared(cut, material, lesson, found, fitted_with(material, found.trees, calibration), values)


def dropped(prepared: Prepared) -> Floats:
    """Unmatured snapshots are left out."""
    return _scored(prepared, prepared.fitted)


def level(prepared: Prepared) -> Floats:
    """The product: unmatured snapshots are left out of boosting and tell the level of the newest 90 days."""
    cut, dataset = prepared.cut, prepared.cut.dataset
    matured = np.flatnonzero(dataset.matured)
    until = dataset.observed_until
    seen = unseen_rows(dataset, matured, until, prepared.fitted.trained, (prepared.lesson, prepared.found))
    trained = with_closing(prepared.fitted.trained, seen, cut.horizon, until)
    raw = trained.booster.predict(prepared.values[cut.newest], raw_score=True)
    return trained.scale.calibration.probability(np.asarray(raw))


def _scored(prepared: Prepared, fitted: Fitted) -> Floats:
    raw = fitted.trained.booster.predict(prepared.values[prepared.cut.newest], raw_score=True)
    return fitted.trained.scale.calibration.probability(np.asarray(raw))


def naive(prepared: Prepared) -> Floats:
    """Whoever is open has lost: every snapshot counts, with the wins so far."""
    won = _followed(prepared.cut, prepared.cut.rows, None).won_after < prepared.cut.horizon
    return _weighted(prepared, lambda rows, _: (won[_places(prepared, rows)].astype(float), np.ones(len(rows))))


def ipcw(prepared: Prepared) -> Floats:
    """Inverse-probability-of-censoring weights (Robins and Rotnitzky 1992): of closings that are known, late ones
    count for those that could not be seen.
    """

    def outcomes(rows: Ints, until: int | None) -> tuple[Floats, Floats]:
        seen, horizon = _followed(prepared.cut, rows, until), prepared.cut.horizon
        return (seen.won_after < horizon).astype(float), censoring_weights(seen, horizon)

    return _weighted(prepared, outcomes)


def censoring_weights(seen: Followed, horizon: int) -> Floats:
    """Weight of each row: 1 ÷ the share of rows followed until its outcome was known, 0 where it is not known."""
    end = np.minimum(seen.won_after, horizon)
    share = 1 - np.searchsorted(np.sort(seen.days), end, side="left") / len(end)
    return np.where(seen.days >= end, 1 / np.maximum(share, LEAST_CENSORING), 0.0)


Outcomes = Callable[[Ints, int | None], tuple[Floats, Floats]]
"""Outcomes and weights of some rows as known at a time."""


def _weighted(prepared: Prepared, outcomes: Outcomes) -> Floats:
    """A booster of all rows with weights, calibrated like the product's on held rows weighted among themselves."""
    rows = prepared.cut.rows
    folds = _folds(prepared.cut)
    held = np.concatenate([fold.holdout for fold in folds])
    label, weight = np.zeros(len(rows)), np.zeros(len(rows))
    label[held], weight[held] = outcomes(rows[held], None)
    boosters, losses, bases = [], [], []
    for fold in folds:
        until = int(prepared.cut.dataset.snapshots.as_of[rows[fold.holdout]].min())
        y, w = outcomes(rows[fold.train], until)
        parts = (_lgb(prepared, rows[fold.train], y, w, None), (rows[fold.holdout], label[fold.holdout],
                 weight[fold.holdout], None))  # fmt: skip
        booster, loss = _watched(prepared, *parts)
        boosters.append(booster)
        losses.append(loss)
        bases.append(_base(y, w))
    trees = _trees(losses, [float(weight[fold.holdout].sum()) for fold in folds])
    above = [
        booster.predict(prepared.values[rows[fold.holdout]], raw_score=True, num_iteration=trees) - base
        for booster, base, fold in zip(boosters, bases, folds, strict=True)
    ]
    slope, intercept = _platt(np.concatenate(above), label[held], weight[held])
    y, w = outcomes(rows, None)
    final = lgb.train(prepared.parameters(), _lgb(prepared, rows, y, w, None), num_boost_round=trees)
    raw = np.asarray(final.predict(prepared.values[prepared.cut.newest], raw_score=True))
    return np.asarray(expit(slope * (raw - _base(y, w)) + intercept))


def hazard(prepared: Prepared) -> Floats:
    """Discrete-time hazard (Cox 1972; Allison 1982) with the logarithm of each interval's own as offset: one booster
    without time in it, made a probability of the whole horizon by an affine map.
    """
    return _hazard(prepared, timed=False)


def full_hazard(prepared: Prepared) -> Floats:
    """The same with the interval as a feature: reasons would differ from interval to interval."""
    return _hazard(prepared, timed=True)


def _hazard(prepared: Prepared, *, timed: bool) -> Floats:
    cut, rows = prepared.cut, prepared.cut.rows
    edges = np.linspace(0, cut.horizon, 4)[1:]
    folds = _folds(cut)
    boosters, losses, sizes = [], [], []
    whole = periods(_followed(cut, rows, None), edges)
    for fold in folds:
        until = int(cut.dataset.snapshots.as_of[rows[fold.holdout]].min())
        seen = periods(_followed(cut, rows[fold.train], until), edges)
        offset = _interval_log_odds(seen.number, seen.won, len(edges))
        train = _person_periods(prepared, rows[fold.train][seen.row], seen.number, seen.won, offset, timed=timed)
        chosen = np.isin(whole.row, fold.holdout)
        held = (rows[whole.row[chosen]], whole.won[chosen].astype(float), None, offset[whole.number[chosen]])
        booster, loss = _watched(prepared, train, held, whole.number[chosen] if timed else None, start=False)
        boosters.append(booster)
        losses.append(loss)
        sizes.append(float(chosen.sum()))
    trees = _trees(losses, sizes)
    offset = _interval_log_odds(whole.number, whole.won, len(edges))
    train = _person_periods(prepared, rows[whole.row], whole.number, whole.won, offset, timed=timed)
    final = lgb.train({**prepared.parameters(timed=timed), "boost_from_average": False}, train, num_boost_round=trees)
    if timed:
        return _whole_horizon(prepared, final, offset)
    scores = [b.predict(prepared.values[rows[f.holdout]], raw_score=True, num_iteration=trees)
              for b, f in zip(boosters, folds, strict=True)]  # fmt: skip
    seen_held = _followed(cut, rows[np.concatenate([fold.holdout for fold in folds])], None)
    label = (seen_held.won_after < cut.horizon).astype(float)
    slope, intercept = _platt(np.concatenate(scores), label, censoring_weights(seen_held, cut.horizon))
    raw = np.asarray(final.predict(prepared.values[cut.newest], raw_score=True))
    return np.asarray(expit(slope * raw + intercept))


def _whole_horizon(prepared: Prepared, booster: lgb.Booster, offset: Floats) -> Floats:
    newest = prepared.values[prepared.cut.newest]
    open_still = np.ones(len(newest))
    for number, start in enumerate(offset):
        values = np.column_stack([newest, np.full(len(newest), number)])
        open_still *= 1 - expit(start + booster.predict(values, raw_score=True))
    return 1 - open_still


def _person_periods(
    prepared: Prepared, rows: Ints, number: Ints, won: Bools, offset: Floats, *, timed: bool
) -> lgb.Dataset:
    return _lgb(prepared, rows, won.astype(float), None, offset[number], number if timed else None)


def _interval_log_odds(number: Ints, won: Bools, count: int) -> Floats:
    rates = [(won[number == k].sum() + 0.5) / ((number == k).sum() + 1) for k in range(count)]
    return np.asarray(logit(rates))


def _lgb(
    prepared: Prepared, rows: Ints, label: Floats, weight: Floats | None, start: Floats | None,
    number: Ints | None = None,
) -> lgb.Dataset:  # fmt: skip
    values = prepared.values[rows]
    return lgb.Dataset(
        values if number is None else np.column_stack([values, number]),
        label=label,
        weight=weight,
        init_score=start,
        categorical_feature=list(prepared.material.catalog.categorical),
        free_raw_data=False,
    )


def _watched(
    prepared: Prepared, train: lgb.Dataset, held: tuple[Any, ...], number: Ints | None = None, *, start: bool = True
) -> tuple[lgb.Booster, list[float]]:
    rows, label, weight, offset = held
    history: dict[str, dict[str, list[float]]] = {}
    watched = _lgb(prepared, rows, label, weight, offset, number).set_reference(train)
    booster = lgb.train(
        {**prepared.parameters(timed=number is not None), "boost_from_average": start},
        train,
        num_boost_round=prepared.cut.settings.model.max_trees,
        valid_sets=[watched],
        valid_names=["held"],
        callbacks=[lgb.record_evaluation(history), lgb.early_stopping(PATIENCE, verbose=False)],
    )
    return booster, history["held"]["binary_logloss"]


def _trees(losses: list[list[float]], sizes: list[float]) -> int:
    shortest = min(map(len, losses))
    return int(np.argmin(np.average([loss[:shortest] for loss in losses], axis=0, weights=sizes))) + 1


def _base(label: Floats, weight: Floats) -> float:
    return float(logit((label @ weight + 0.5) / (weight.sum() + 1)))


def _platt(score: Floats, label: Floats, weight: Floats) -> tuple[float, float]:
    slope = recalibrate(label, score, weight)[0]
    slope = float(np.clip(slope, LEAST_SLOPE, MOST_SLOPE)) if np.isfinite(slope) else 1.0
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        expected = np.average(expit(slope * score + middle), weights=weight)
        low, high = (middle, high) if expected < np.average(label, weights=weight) else (low, middle)
    return slope, (low + high) / 2


def _folds(cut: Cut) -> tuple[Fold, ...]:
    """Forward folds of all rows without a gap: what is not known at a cut is what the methods are about."""
    rows, of = cut.rows, cut.dataset.rows
    as_of = of.as_of[rows]
    return inner_folds(
        Rows(as_of, as_of, of.group[rows], of.order[rows]), "time", INNER_FOLDS, np.random.default_rng(0)
    )


def _followed(cut: Cut, rows: Ints, until: int | None) -> Followed:
    found = cut.dataset.followed(rows, until)
    if found is None:
        raise ValueError("wins are not dated")
    return found


def _places(prepared: Prepared, rows: Ints) -> Ints:
    return np.searchsorted(prepared.cut.rows, rows)


METHODS: Mapping[str, Callable[[Prepared], Floats]] = {
    "open = lost": naive,
    "dropped": dropped,
    "dropped, level of the newest (product)": level,
    "IPCW": ipcw,
    "hazard, one booster": hazard,
    "hazard, interval as a feature": full_hazard,
}
