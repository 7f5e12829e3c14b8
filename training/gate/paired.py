"""Champion and challenger on the same rows and the same resamples of leads: every difference is paired."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.bootstrap import Interval, Resamples, percentile_interval
from training.metrics import (
    Curve,
    FloatArray,
    IntArray,
    Ranking,
    curve,
    curve_auc,
    curve_average_precision,
    log_loss_terms,
    log_odds,
    ranking,
    recalibrate,
)

MEASURES = ("roc_auc", "pr_auc", "log_loss", "slope", "intercept", "surplus", "observed")
"""`surplus` is mean prediction − observed rate."""
REPLICATES = 400


@dataclass(frozen=True, slots=True)
class Measures:
    """Each measure of one model: on all rows, and on every resample (replicates,)."""

    value: Mapping[str, float]
    draws: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class Paired:
    """Two models on common rows and resamples.

    With probability `confidence` the truth is below the upper end of an interval, and as surely above the lower one.
    """

    champion: Measures
    challenger: Measures
    confidence: float

    def difference(self, measure: str) -> Interval:
        """A measure of the challenger minus that of the champion."""
        return self._combined(lambda new, old: new[measure] - old[measure])

    def added_log_loss(self) -> Interval:
        """Log loss that the challenger adds, as a share of the champion's."""
        return self._combined(lambda new, old: new["log_loss"] / old["log_loss"] - 1)

    def further_from_one(self) -> Interval:
        """How much further from 1 the challenger's calibration slope is."""
        return self._combined(lambda new, old: np.abs(new["slope"] - 1) - np.abs(old["slope"] - 1))

    def further_from_observed(self) -> Interval:
        """How much further from the observed rate the challenger's mean prediction is, as a share of that rate."""
        return self._combined(lambda new, old: (np.abs(new["surplus"]) - np.abs(old["surplus"])) / new["observed"])

    def _combined(self, of: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]) -> Interval:
        value = float(of(self.challenger.value, self.champion.value))
        draws = np.asarray(of(self.challenger.draws, self.champion.draws))
        return percentile_interval(value, draws, 2 * self.confidence - 1)


@dataclass(frozen=True, slots=True)
class _Scored:
    """What the measures of one model need per row."""

    ranked: Ranking
    z: FloatArray
    loss: FloatArray
    probability: FloatArray


def compare(
    label: IntArray, champion: FloatArray, challenger: FloatArray, drawn: Resamples, confidence: float
) -> Paired:
    """Both models' probabilities (rows,) of rows with a label of 0 or 1, on common resamples."""
    return Paired(measured(label, champion, drawn), measured(label, challenger, drawn), confidence)


def measured(label: IntArray, probability: FloatArray, drawn: Resamples) -> Measures:
    """All measures of one model's probabilities; the same `drawn` gives the same resamples for another model."""
    scored = _scored(label, probability)
    value = _measure(label, scored, np.ones(len(label)), None)
    draws = np.full((len(MEASURES), drawn.replicates), np.nan)
    for r, weight in enumerate(drawn.weights() if drawn.enough else ()):
        draws[:, r] = _measure(label, scored, weight, value)
    return Measures(dict(zip(MEASURES, value.tolist(), strict=True)), dict(zip(MEASURES, draws, strict=True)))


def pr_auc_difference(label: IntArray, champion: FloatArray, challenger: FloatArray, drawn: Resamples) -> Interval:
    """PR-AUC of the challenger minus that of the champion, with the standard deviation over resamples around it."""
    old, new = ranking(label, champion), ranking(label, challenger)

    def difference(weight: FloatArray | None) -> float:
        return curve_average_precision(curve(new, weight)) - curve_average_precision(curve(old, weight))

    value = difference(None)
    draws = np.array([difference(weight) for weight in drawn.weights()])
    spread = float(np.nanstd(draws))
    return Interval(value, value - spread, value + spread)


def _scored(label: IntArray, probability: FloatArray) -> _Scored:
    loss = log_loss_terms(label, probability)
    return _Scored(ranking(label, probability), log_odds(probability), loss, probability)


def _measure(label: IntArray, scored: _Scored, weight: FloatArray, near: FloatArray | None) -> FloatArray:
    """All measures under a weight; `near` are those on all rows, from which Newton's method starts."""
    down: Curve = curve(scored.ranked, weight)
    total = weight.sum()
    slope, intercept = recalibrate(label, scored.z, weight, _start(near))
    observed = float(weight @ label / total)
    surplus = float(weight @ scored.probability / total) - observed
    loss = float(weight @ scored.loss / total)
    return np.array([curve_auc(down), curve_average_precision(down), loss, slope, intercept, surplus, observed])


def _start(near: FloatArray | None) -> tuple[float, float] | None:
    return None if near is None or not np.isfinite(near[3]) else (float(near[3]), float(near[4]))
