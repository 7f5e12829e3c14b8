"""Metrics of all leads from those that were handed over: inverse-probability weights, intervals by lead.

Hájek's estimator (self-normalised inverse probability weighting): each row counts 1 / probability, and sums are divided
by the sum of these weights. Kish's effective sample size says how many equal rows would tell as much.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.bands import estimate
from training.bootstrap import Resamples, percentile_interval, pivotal_interval, resamples
from training.evaluation import Estimate
from training.handed_over import HandedOver
from training.metrics import (
    FloatArray,
    curve,
    curve_auc,
    curve_average_precision,
    curve_precision,
    log_odds,
    ranking,
    recalibrate,
)

LEAST_PROBABILITY = 0.01
"""Smaller ones count as this one, so that no row weighs more than a hundred."""
PIVOTAL = {"pr_auc"}
"""Average precision of resampled rows is too high; mirrored, its interval loses that (docs/benchmarks/selection.md)."""
METRICS = ("win_rate", "predicted", "difference", "roc_auc", "pr_auc", "lift_at_10", "calibration_slope")


@dataclass(frozen=True, slots=True)
class SelectedMetrics:
    """What some leads say of the model: `rows` hand-overs of `leads`, worth `effective_rows` equal ones.

    `predicted` is the mean propensity, `difference` that less the `win_rate`.
    """

    rows: int
    leads: int
    wins: int
    effective_rows: float
    clipped: int
    win_rate: Estimate
    predicted: Estimate
    difference: Estimate
    roc_auc: Estimate
    pr_auc: Estimate
    lift_at_10: Estimate
    calibration_slope: Estimate


def weighted_metrics(rows: HandedOver, rng: np.random.Generator) -> SelectedMetrics:
    """Metrics of all leads that came up, as if each had been worked."""
    clipped = np.maximum(rows.probability, LEAST_PROBABILITY)
    return _metrics(rows, 1 / clipped, int((clipped != rows.probability).sum()), rng)


def plain_metrics(rows: HandedOver, rng: np.random.Generator) -> SelectedMetrics:
    """Metrics of the rows as they are."""
    return _metrics(rows, np.ones(len(rows)), 0, rng)


def effective_size(weight: FloatArray) -> float:
    """Kish's effective sample size.

    >>> effective_size(np.array([1.0, 1.0, 1.0])), effective_size(np.array([1.0, 0.0, 0.0]))
    (3.0, 1.0)
    """
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0


def _metrics(rows: HandedOver, weight: FloatArray, clipped: int, rng: np.random.Generator) -> SelectedMetrics:
    drawn = resamples(rows.lead, rng)
    values, draws = _measured(rows, weight, drawn)
    found: dict[str, Any] = {
        name: estimate((pivotal_interval if name in PIVOTAL else percentile_interval)(float(values[i]), draws[i]))
        for i, name in enumerate(METRICS)
    }
    return SelectedMetrics(
        rows=len(rows),
        leads=drawn.groups,
        wins=int(rows.label.sum()),
        effective_rows=round(effective_size(weight), 1),
        clipped=clipped,
        **found,
    )


def _measured(rows: HandedOver, weight: FloatArray, drawn: Resamples) -> tuple[FloatArray, FloatArray]:
    """Each metric on all rows (metrics,) and on each resample (metrics, replicates)."""
    label = rows.label.astype(np.float64)
    ranked, z = ranking(label, rows.score), log_odds(rows.score)

    def measure(times: FloatArray) -> list[float]:
        down = curve(ranked, times)
        rate, predicted = down.won[-1] / down.taken[-1], float(times @ rows.score / times.sum())
        lift = curve_precision(down, 0.1 * down.taken[-1]) / rate if rate > 0 else np.nan
        slope = recalibrate(label, z, times)[0]
        return [rate, predicted, predicted - rate, curve_auc(down), curve_average_precision(down), lift, slope]

    values = np.array(measure(weight))
    draws = np.full((len(METRICS), drawn.replicates), np.nan)
    for r, times in enumerate(drawn.weights() if drawn.enough else ()):
        draws[:, r] = measure(times * weight)
    return values, draws
