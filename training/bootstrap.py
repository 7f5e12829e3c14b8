"""Bootstrap intervals by lead: every system, metric and difference measured on the same resamples.

Whole groups (all rows of a lead) are drawn with replacement: rows of one lead never count as independent.
A resample is a weight per row; rankings are sorted once and only their cumulative sums are taken again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.metrics import (
    Array,
    FloatArray,
    IntArray,
    Ranking,
    binned_error,
    brier_terms,
    curve,
    curve_auc,
    curve_average_precision,
    curve_precision,
    equal_mass_bins,
    log_loss_terms,
    log_odds,
    ranking,
    recalibrate,
)

REPLICATES = 500
LEVEL = 0.90
MIN_GROUPS = 10
"""Fewer groups than this give no interval: their resamples say little about the next leads."""
RANK_METRICS = ("roc_auc", "pr_auc")
PROBABILITY_METRICS = ("brier", "log_loss", "slope", "intercept", "ece")
MAX_UNDEFINED = 0.05
"""Share of resamples in which a metric may be undefined (no win drawn) before its interval is withheld."""
ROWS_AT_FULL_REPLICATES = 50_000
FEWEST_REPLICATES = 200


@dataclass(frozen=True, slots=True)
class Interval:
    """A value on the rows given and its percentile interval; NaN where not defined."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True, slots=True)
class System:
    """One way to score the rows; `probability` tells that its scores claim to be probabilities."""

    name: str
    score: FloatArray
    probability: bool = False


@dataclass(frozen=True, slots=True)
class Resamples:
    """Draws of groups with replacement, the same on every pass; `group_of` numbers the group of each row."""

    group_of: IntArray
    groups: int
    replicates: int
    seed: int

    def weights(self) -> Iterator[FloatArray]:
        """How often each row is in each resample, shape (rows,), one array per replicate."""
        rng = np.random.default_rng(self.seed)
        for _ in range(self.replicates):
            drawn = np.bincount(rng.integers(self.groups, size=self.groups), minlength=self.groups)
            yield drawn.astype(np.float64)[self.group_of]

    @property
    def enough(self) -> bool:
        """Whether there are enough groups for an interval to mean anything."""
        return self.groups >= MIN_GROUPS


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Values per (system, metric) on all rows and their draws, shape (replicates,), on common resamples."""

    values: Mapping[tuple[str, str], float]
    draws: Mapping[tuple[str, str], FloatArray]

    def interval(self, system: str, metric: str) -> Interval:
        """A metric of a system; pivotal for the calibration error, whose draws are biased upwards."""
        value, draws = self.values[system, metric], self.draws[system, metric]
        return pivotal_interval(value, draws) if metric == "ece" else percentile_interval(value, draws)

    def difference(self, first: str, second: str, metric: str) -> Interval:
        """`metric` of `first` minus that of `second`, paired: both on the same resample each time."""
        draws = self.draws[first, metric] - self.draws[second, metric]
        return percentile_interval(self.values[first, metric] - self.values[second, metric], draws)


def replicates_for(rows: int) -> int:
    """Resamples for so many rows: 500, down to 200 where rows are many and intervals narrow anyway."""
    affordable = REPLICATES * ROWS_AT_FULL_REPLICATES // max(rows, 1)
    return int(np.clip(affordable, FEWEST_REPLICATES, REPLICATES))


def resamples(groups: Array, rng: np.random.Generator, replicates: int = REPLICATES) -> Resamples:
    """Resamples of whole groups; `groups` names the group (lead) of each row."""
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    return Resamples(group_of.astype(np.int64), len(names), replicates, int(rng.integers(2**63)))


def bootstrap_intervals(
    label: Array, systems: Sequence[System], volumes: Mapping[str, FloatArray], drawn: Resamples
) -> Bootstrap:
    """All metrics of all systems on all rows and on each resample.

    Metrics: `roc_auc`, `pr_auc`, `precision@V` and `lift@V` for each volume V; for probabilities also
    `brier`, `log_loss`, `slope`, `intercept`, `ece`. A volume is how many of the highest rows are taken, as
    an amount per row: a constant .1 is the top tenth, a 0/1 column is as many as it marks (on each resample).
    """
    y = np.asarray(label, dtype=np.float64)
    prepared = [_prepare(y, system) for system in systems]
    values = [_measure(p, volumes, np.ones(len(y)), None) for p in prepared]
    draws = [np.full((len(row), drawn.replicates), np.nan) for row in values]
    for r, weight in enumerate(drawn.weights() if drawn.enough else ()):
        for p, row, table in zip(prepared, values, draws, strict=True):
            table[:, r] = _measure(p, volumes, weight, row)
    keys = [[(p.system.name, metric) for metric in _metrics(p, volumes)] for p in prepared]
    return Bootstrap(_keyed(keys, [row.tolist() for row in values]), _keyed(keys, draws))


def resampled_sums(columns: FloatArray, code: IntArray, drawn: Resamples) -> FloatArray:
    """Weighted sums of `columns` (columns, rows) per code 0…k−1 and resample: (replicates, columns, k)."""
    codes = int(code.max(initial=-1)) + 1
    sums = np.full((drawn.replicates, len(columns), codes), np.nan)
    for r, weight in enumerate(drawn.weights() if drawn.enough else ()):
        for c, column in enumerate(columns):
            sums[r, c] = np.bincount(code, weight * column, minlength=codes)
    return sums


def percentile_interval(value: float, draws: FloatArray, level: float = LEVEL) -> Interval:
    """The middle `level` of the draws; no interval where more than 5 % of them are undefined."""
    known = draws[np.isfinite(draws)]
    if not np.isfinite(value) or len(known) < (1 - MAX_UNDEFINED) * max(len(draws), 1):
        return Interval(value)
    low, high = np.quantile(known, ((1 - level) / 2, (1 + level) / 2))
    return Interval(value, float(low), float(high))


def pivotal_interval(value: float, draws: FloatArray, level: float = LEVEL) -> Interval:
    """The percentile interval mirrored at the value (basic bootstrap), kept ≥ 0 and around the value."""
    mirrored = percentile_interval(value, draws, level)
    if not np.isfinite(mirrored.low):
        return mirrored
    low, high = 2 * value - mirrored.high, 2 * value - mirrored.low
    return Interval(value, max(0.0, min(low, value)), max(high, value))


@dataclass(frozen=True, slots=True)
class _Fit:
    """What the probability metrics need per row."""

    z: FloatArray
    brier: FloatArray
    log_loss: FloatArray
    gap: FloatArray
    bin_of: IntArray


@dataclass(frozen=True, slots=True)
class _Prepared:
    system: System
    label: FloatArray
    ranked: Ranking
    fit: _Fit | None


def _prepare(y: FloatArray, system: System) -> _Prepared:
    p = system.score
    fit = None
    if system.probability:
        fit = _Fit(log_odds(p), brier_terms(y, p), log_loss_terms(y, p), y - p, equal_mass_bins(p))
    return _Prepared(system, y, ranking(y, p), fit)


def _metrics(prepared: _Prepared, volumes: Mapping[str, FloatArray]) -> tuple[str, ...]:
    """Names of what `_measure` gives, in its order."""
    at_volumes = tuple(name for v in volumes for name in (f"precision@{v}", f"lift@{v}"))
    return (*RANK_METRICS, *at_volumes, *(PROBABILITY_METRICS if prepared.fit else ()))


def _keyed(keys: Sequence[Sequence[tuple[str, str]]], rows: Sequence[Any]) -> dict[tuple[str, str], Any]:
    return {key: entry for ks, row in zip(keys, rows, strict=True) for key, entry in zip(ks, row, strict=True)}


def _measure(
    prepared: _Prepared, volumes: Mapping[str, FloatArray], weight: FloatArray, near: FloatArray | None
) -> FloatArray:
    """All metrics under a weight; `near` are the values on all rows, from which Newton's method starts."""
    down = curve(prepared.ranked, weight)
    rate = down.won[-1] / down.taken[-1] if down.won[-1] > 0 else np.nan
    out = [curve_auc(down), curve_average_precision(down)]
    for amount in volumes.values():
        precision = curve_precision(down, float(weight @ amount))
        out += [precision, precision / rate]
    if prepared.fit is not None:
        out += _measure_fit(prepared.label, prepared.fit, weight, near)
    return np.array(out)


def _measure_fit(label: FloatArray, fit: _Fit, weight: FloatArray, near: FloatArray | None) -> list[float]:
    start = None if near is None or not np.isfinite(near[-3]) else (float(near[-3]), float(near[-2]))
    slope, intercept = recalibrate(label, fit.z, weight, start)
    total = weight.sum()
    brier, loss = float(weight @ fit.brier / total), float(weight @ fit.log_loss / total)
    return [brier, loss, slope, intercept, binned_error(fit.bin_of, fit.gap, weight)]
