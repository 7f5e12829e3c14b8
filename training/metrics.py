"""How well scores rank and how well probabilities fit: pure functions on arrays, ties counted by expectation.

A metric that is not defined on the rows given (one class only, no spread) is NaN; nothing raises for that.
`weight` counts a row several times or not at all, which is what resampling needs; None counts each row once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

ECE_BINS = 10
SMALLEST_PROBABILITY = 1e-9
_NEWTON_STEPS = 50
_LONGEST_STEP = 2.0
_SEPARATED = 50.0


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows sorted once by falling score: order, last position of each tied block, labels in that order."""

    order: IntArray
    ends: IntArray
    won: FloatArray


@dataclass(frozen=True, slots=True)
class Curve:
    """Down the ranking, after each block of equal scores: weighted rows taken and wins among them, from 0."""

    taken: FloatArray
    won: FloatArray


def ranking(label: Array, score: Array) -> Ranking:
    """`label` (0/1) in the order of falling `score`, ready for `curve` under any weights."""
    order = np.argsort(-np.asarray(score, dtype=np.float64), kind="stable").astype(np.int64)
    ordered = np.asarray(score, dtype=np.float64)[order]
    last = np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)]
    return Ranking(order, np.flatnonzero(last).astype(np.int64), np.asarray(label, dtype=np.float64)[order])


def curve(ranked: Ranking, weight: Array | None = None) -> Curve:
    """Cumulative rows and wins at the end of each block of equal scores."""
    taken = np.ones(len(ranked.order)) if weight is None else np.asarray(weight, dtype=np.float64)[ranked.order]
    won = np.cumsum(taken * ranked.won)[ranked.ends]
    return Curve(_from_zero(np.cumsum(taken)[ranked.ends]), _from_zero(won))


def roc_auc(label: Array, score: Array, weight: Array | None = None) -> float:
    """Share of (win, other) pairs in which the win scores higher; a tied pair counts half."""
    return curve_auc(curve(ranking(label, score), weight))


def pr_auc(label: Array, score: Array, weight: Array | None = None) -> float:
    """Average precision: precision at the end of each block of equal scores, weighted by the wins in it."""
    return curve_average_precision(curve(ranking(label, score), weight))


def precision_at(label: Array, score: Array, share: float, weight: Array | None = None) -> float:
    """Win rate of the top `share` (0…1) of rows; wins of a tied block at the limit count by their share."""
    down = curve(ranking(label, score), weight)
    return curve_precision(down, share * down.taken[-1])


def precision_of_top(label: Array, score: Array, count: float, weight: Array | None = None) -> float:
    """Win rate of the `count` highest rows, ties by expectation."""
    return curve_precision(curve(ranking(label, score), weight), count)


def lift_at(label: Array, score: Array, share: float, weight: Array | None = None) -> float:
    """Win rate of the top `share` of rows as a multiple of the win rate of all; 1 is chance."""
    down = curve(ranking(label, score), weight)
    return _divided(curve_precision(down, share * down.taken[-1]), _divided(down.won[-1], down.taken[-1]))


def gain_curve(label: Array, score: Array) -> tuple[FloatArray, FloatArray]:
    """Shares of rows worked and of wins found, from (0, 0) to (1, 1), one point per distinct score.

    >>> gain_curve(np.array([1, 0, 0, 1]), np.array([9, 5, 5, 1]))
    (array([0.  , 0.25, 0.75, 1.  ]), array([0. , 0.5, 0.5, 1. ]))
    """
    down = curve(ranking(label, score))
    total, wins = max(down.taken[-1], 1.0), max(down.won[-1], 1.0)
    return down.taken / total, down.won / wins


def curve_auc(down: Curve) -> float:
    """ROC-AUC from a curve: the trapezoid rule is the half count of ties."""
    lost = down.taken - down.won
    pairs = np.dot(np.diff(lost), down.won[1:] + down.won[:-1]) / 2
    return _divided(float(pairs), down.won[-1] * lost[-1])


def curve_average_precision(down: Curve) -> float:
    """Average precision from a curve."""
    precision = down.won[1:] / np.maximum(down.taken[1:], np.finfo(np.float64).tiny)
    return _divided(float(np.dot(np.diff(down.won), precision)), down.won[-1])


def curve_precision(down: Curve, count: float) -> float:
    """Win rate of the first `count` rows of a curve, linear inside a block of equal scores."""
    return _divided(float(np.interp(count, down.taken, down.won)), count)


def brier(label: Array, probability: Array, weight: Array | None = None) -> float:
    """Mean squared difference of probability and outcome; 0 is best."""
    return _mean(brier_terms(label, probability), weight)


def log_loss(label: Array, probability: Array, weight: Array | None = None) -> float:
    """Mean negative log likelihood in nats; probabilities are kept 1e-9 away from 0 and 1."""
    return _mean(log_loss_terms(label, probability), weight)


def brier_terms(label: Array, probability: Array) -> FloatArray:
    """Squared difference of each row."""
    return np.square(np.asarray(probability, dtype=np.float64) - label)


def log_loss_terms(label: Array, probability: Array) -> FloatArray:
    """Negative log likelihood of each row."""
    kept = _inside(probability)
    return -np.log(np.where(np.asarray(label) > 0, kept, 1 - kept))


def log_odds(probability: Array) -> FloatArray:
    """Log-odds, with probabilities kept 1e-9 away from 0 and 1."""
    kept = _inside(probability)
    return np.log(kept) - np.log1p(-kept)


def shifted(label: Array, probability: FloatArray) -> FloatArray:
    """Probabilities moved by one amount of log-odds so that their mean is the observed rate."""
    rate = float(np.mean(label))
    if not 0 < rate < 1:
        return probability
    from scipy.optimize import brentq
    from scipy.special import expit

    z = log_odds(probability)
    shift = brentq(lambda by: float(expit(z + by).mean()) - rate, -40, 40)
    return np.asarray(expit(z + shift))


def equal_mass_bins(probability: Array, bins: int = ECE_BINS) -> IntArray:
    """Bin (from 0) of each row; bins of about equal numbers of rows, equal values in one bin."""
    values = np.asarray(probability, dtype=np.float64)
    if not len(values):
        return np.empty(0, dtype=np.int64)
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="lower"))
    return np.unique(np.searchsorted(edges, values, side="left"), return_inverse=True)[1].astype(np.int64)


def expected_calibration_error(label: Array, probability: Array, bins: int = ECE_BINS) -> float:
    """Mean |observed − predicted rate| over equal-mass bins (Naeini et al. 2015, with quantile bins)."""
    gap = np.asarray(label, dtype=np.float64) - probability
    return binned_error(equal_mass_bins(probability, bins), gap, np.ones(len(gap)))


def binned_error(bin_of: IntArray, gap: FloatArray, weight: FloatArray) -> float:
    """Calibration error of rows already in bins, `gap` being outcome − probability."""
    return _divided(float(np.abs(np.bincount(bin_of, weight * gap)).sum()), float(weight.sum()))


def calibration_slope_intercept(label: Array, probability: Array, weight: Array | None = None) -> tuple[float, float]:
    """Slope b and intercept a of the logistic recalibration logit P(win) = a + b·logit(p) (Cox 1958).

    1 and 0 are perfect; a slope below 1 means predictions too extreme. NaN when it is not identified: one
    class, constant predictions, or outcomes separated by the prediction (the slope would be infinite).
    """
    return recalibrate(label, log_odds(probability), weight)


def recalibrate(
    label: Array, z: FloatArray, weight: Array | None = None, start: tuple[float, float] | None = None
) -> tuple[float, float]:
    """`calibration_slope_intercept` on log-odds `z`, by Newton's method from `start` (slope, intercept)."""
    w = np.ones(len(z)) if weight is None else np.asarray(weight, dtype=np.float64)
    y = np.asarray(label, dtype=np.float64)
    w = w / max(float(w.sum()), np.finfo(np.float64).tiny)
    rate, centre = float(w @ y), float(w @ z)
    spread = float(np.sqrt(w @ np.square(z - centre)))
    if not (0 < rate < 1) or not spread > 1e-9:
        return np.nan, np.nan
    first = (np.log(rate / (1 - rate)), 0.0) if start is None else (start[1] + start[0] * centre, start[0] * spread)
    level, slope = _newton(y, (z - centre) / spread, w, np.array(first))
    return float(slope / spread), float(level - slope / spread * centre)


def _newton(y: FloatArray, x: FloatArray, w: FloatArray, at: FloatArray) -> FloatArray:
    """Maximum-likelihood (intercept, slope) on a standardised x; NaN when it runs away or does not settle."""
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(at[0] + at[1] * x, -500, 500)))
        residual, information = w * (y - p), w * p * (1 - p)
        cross = information @ x
        hessian = np.array([[information.sum(), cross], [cross, (information * x) @ x]])
        if not np.linalg.det(hessian) > 1e-14 or np.abs(at).max() > _SEPARATED:
            break
        step = np.linalg.solve(hessian, np.array([residual.sum(), residual @ x]))
        at = at + step * min(1.0, _LONGEST_STEP / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-8:
            return at
    return np.full(2, np.nan)


def _from_zero(values: FloatArray) -> FloatArray:
    return np.concatenate(([0.0], values))


def _inside(probability: Array) -> FloatArray:
    return np.clip(np.asarray(probability, dtype=np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)


def _mean(terms: FloatArray, weight: Array | None) -> float:
    w = np.ones(len(terms)) if weight is None else np.asarray(weight, dtype=np.float64)
    return _divided(float(w @ terms), float(w.sum()))


def _divided(above: float, below: float) -> float:
    return float(above / below) if below > 0 else float("nan")
