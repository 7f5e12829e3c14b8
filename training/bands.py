"""Prediction against outcome in reliability bins, months and quadrants, and whether calibration moved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from training.bootstrap import LEVEL, Interval, Resamples, percentile_interval, resampled_sums
from training.evaluation import Band, CalibrationCheck, Estimate, Quadrant, SystemMetrics
from training.metrics import Array, FloatArray, IntArray, equal_mass_bins

RATE_TOLERANCE = 0.10
"""Mean prediction and observed rate may differ by this share of the larger before it is called a move."""
ECE_LIMIT = 0.02
SLOPE_RANGE = (0.8, 1.25)
MONTH_TOLERANCE = 0.20
MIN_MONTH_WINS = 10
FALSE_ALARM = 0.01
"""Chance of each test (mean, curve, all months together) to call an unmoved world moved."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Rows, summed predictions and wins per code: on all rows (codes,), per resample (replicates, codes)."""

    rows: FloatArray
    predicted: FloatArray
    won: FloatArray
    rows_drawn: FloatArray
    predicted_drawn: FloatArray
    won_drawn: FloatArray


def sums(label: Array, probability: FloatArray, code: IntArray, drawn: Resamples) -> Sums:
    """Per-code sums of rows, predictions and wins, also on every resample."""
    columns = np.stack([np.ones(len(code)), probability, np.asarray(label, dtype=np.float64)])
    once = [np.asarray(np.bincount(code, column), dtype=np.float64) for column in columns]
    draws = resampled_sums(columns, code, drawn)
    return Sums(once[0], once[1], once[2], draws[:, 0], draws[:, 1], draws[:, 2])


def bands(counted: Sums, names: Sequence[str]) -> tuple[Band, ...]:
    """One band per code, in order of code."""
    return tuple(_band(counted, i, name) for i, name in enumerate(names))


def reliability(label: Array, probability: FloatArray, drawn: Resamples) -> tuple[tuple[Band, ...], float | None]:
    """Equal-mass bins of the prediction, and the calibration error chance alone shows (99 % quantile)."""
    code = equal_mass_bins(probability)
    counted = sums(label, probability, code, drawn)
    names = [_range_of(probability[code == i]) for i in range(len(counted.rows))]
    return bands(counted, names), _error_by_chance(counted)


def quadrants(label: Array, model: Array, bant: Array, drawn: Resamples) -> tuple[Quadrant, ...]:
    """The four combinations of the model's class and the BANT verdict, both first; empty ones have n = 0."""
    code = (2 * np.asarray(model, dtype=np.int64) + np.asarray(bant, dtype=np.int64)).astype(np.int64)
    present, packed = np.unique(code, return_inverse=True)
    counted = sums(label, np.zeros(len(code)), packed.astype(np.int64), drawn)
    found = {int(c): i for i, c in enumerate(present)}
    return tuple(_quadrant(counted, found.get(c), c) for c in (3, 2, 1, 0))


def calibration(
    whole: Band, by_chance: float | None, months: tuple[Band, ...], model: SystemMetrics
) -> CalibrationCheck:
    """Whether the model's probabilities still fit; `whole` is all rows as one band."""
    found = CalibrationCheck(
        predicted=whole.predicted,
        observed=whole.observed,
        difference=whole.difference,
        ece_by_chance=by_chance,
        moved=False,
        months_moved=_months_moved(months),
    )
    moved = rate_moved(found) or error_moved(found, model) or slope_moved(model) or bool(found.months_moved)
    return replace(found, moved=moved)


def rate_moved(found: CalibrationCheck) -> bool:
    """Whether mean prediction and observed rate differ beyond chance and by more than a tenth."""
    return differs(found.difference, found.observed, 1, RATE_TOLERANCE)


def error_moved(found: CalibrationCheck, model: SystemMetrics) -> bool:
    """Whether the calibration error is above .02 and above what chance alone would show."""
    ece, chance = model.ece.value, found.ece_by_chance
    return ece is not None and chance is not None and ece > max(ECE_LIMIT, chance)


def slope_moved(model: SystemMetrics) -> bool:
    """Whether the whole interval of the calibration slope lies outside .8–1.25."""
    low, high = model.calibration_slope.low, model.calibration_slope.high
    return low is not None and high is not None and (high < SLOPE_RANGE[0] or low > SLOPE_RANGE[1])


def estimate(interval: Interval) -> Estimate:
    """An interval as it stands in JSON: six decimals, None for NaN."""
    return Estimate(_known(interval.value), _known(interval.low), _known(interval.high))


def _known(number: float) -> float | None:
    return round(float(number), 6) + 0.0 if np.isfinite(number) else None


def _band(counted: Sums, i: int, name: str) -> Band:
    rows, drawn = counted.rows[i], counted.rows_drawn[:, i]
    surplus, surplus_drawn = (
        counted.predicted[i] - counted.won[i],
        (counted.predicted_drawn - counted.won_drawn)[:, i],
    )
    return Band(
        name=name,
        n=int(rows),
        wins=int(counted.won[i]),
        predicted=_rate(counted.predicted[i] / rows, counted.predicted_drawn[:, i], drawn),
        observed=_rate(counted.won[i] / rows, counted.won_drawn[:, i], drawn),
        difference=_rate(surplus / rows, surplus_drawn, drawn),
    )


def _rate(value: float, above: FloatArray, below: FloatArray) -> Estimate:
    return estimate(percentile_interval(value, _ratio(above, below)))


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.asarray(np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0))


def _range_of(values: FloatArray) -> str:
    return f"{100 * values.min():.1f}–{100 * values.max():.1f} %"


def _error_by_chance(counted: Sums) -> float | None:
    """Error of resamples whose bins are shifted back to a gap of zero (centred bootstrap)."""
    gap = (counted.won - counted.predicted) / counted.rows.sum()
    drawn = (counted.won_drawn - counted.predicted_drawn) / counted.rows_drawn.sum(axis=1, keepdims=True)
    errors = np.abs(drawn - gap).sum(axis=1)
    return _known(float(np.quantile(errors, 1 - FALSE_ALARM))) if np.isfinite(errors).all() else None


def _quadrant(counted: Sums, i: int | None, code: int) -> Quadrant:
    model, bant = code >= 2, code % 2 == 1
    if i is None:
        return Quadrant(model, bant, 0, 0, Estimate(None, None, None))
    rate = _rate(counted.won[i] / counted.rows[i], counted.won_drawn[:, i], counted.rows_drawn[:, i])
    return Quadrant(model, bant, int(counted.rows[i]), int(counted.won[i]), rate)


def _months_moved(months: tuple[Band, ...]) -> tuple[str, ...]:
    """Months whose difference is beyond chance, the months sharing one chance of a false alarm (Bonferroni)."""
    enough = [month for month in months if month.wins >= MIN_MONTH_WINS]
    return tuple(m.name for m in enough if differs(m.difference, m.observed, len(enough), MONTH_TOLERANCE))


def differs(gap: Estimate, observed: Estimate, tests: int, tolerance: float) -> bool:
    """Whether a difference is beyond chance (normal test on the bootstrap's spread) and above the tolerance."""
    if gap.value is None or gap.low is None or gap.high is None:
        return False
    normal = NormalDist()
    standard_error = (gap.high - gap.low) / (2 * normal.inv_cdf((1 + LEVEL) / 2))
    limit = normal.inv_cdf(1 - FALSE_ALARM / (2 * tests)) * standard_error
    return abs(gap.value) > limit and _relative(gap, observed) > tolerance


def _relative(gap: Estimate, observed: Estimate) -> float:
    """Size of the difference as a share of the larger of the two rates."""
    if gap.value is None or observed.value is None:
        return 0.0
    larger = max(observed.value, observed.value + gap.value)
    return abs(gap.value) / larger if larger > 0 else 0.0
