"""Cells of model class and framework verdict, and both sides at the same volume, on the same resamples of leads."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.frameworks.verdict import OUTCOMES, Outcome, Small
from training.agreement.found import Ahead, Cell, SameVolume
from training.bands import estimate
from training.bootstrap import Resamples, percentile_interval, resampled_sums
from training.evaluation import Estimate
from training.metrics import Array, FloatArray, IntArray

SHOWN: tuple[Outcome, ...] = ("met", "open", "not_met")
MET = OUTCOMES.index("met")
TIERS = 3
"""Of the model's order: below the cut, at it (equal rows share what is left), above it."""
CODES = TIERS * 2 * len(OUTCOMES)
LEAST_APART = 30
LEAST_WINS = 10
"""Rows that each side must pick alone, and wins among both, before it is said who is ahead."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Holdout rows: what came of them, what the model expects, from where on it says yes, and their resamples."""

    label: Array
    probability: FloatArray
    threshold: float
    drawn: Resamples


@dataclass(frozen=True, slots=True)
class Measure:
    """What was counted of one framework."""

    cells: tuple[Cell, ...]
    same_volume: SameVolume | None


@dataclass(frozen=True, slots=True)
class _Counts:
    """Rows and wins by (tier, model, outcome): on all rows, and on every resample."""

    rows: FloatArray
    won: FloatArray
    rows_drawn: FloatArray
    won_drawn: FloatArray

    def share(self, weight: FloatArray) -> Estimate:
        """Win rate of the rows that a weight per (tier, model, outcome) takes; no interval where all or none won."""
        value, draws = self._rates(weight)
        return Estimate(value, None, None) if value in (0, 1) else estimate(percentile_interval(value, draws))

    def difference(self, first: FloatArray, second: FloatArray) -> Estimate:
        """Win rate of the first less that of the second, on the same resamples."""
        (one, one_drawn), (other, other_drawn) = self._rates(first), self._rates(second)
        return estimate(percentile_interval(one - other, one_drawn - other_drawn))

    def _rates(self, weight: FloatArray) -> tuple[float, FloatArray]:
        flat = weight.ravel()
        value = _ratio(self.won.ravel() @ flat, self.rows.ravel() @ flat)
        return float(value), _ratio(self.won_drawn @ flat, self.rows_drawn @ flat)


def measured(judged: Judged, outcome: Small) -> Measure:
    """The cells of a framework whose outcomes (−1 not met, 0 open, 1 met) are one per row."""
    code = np.asarray(outcome, np.int64) + 1
    count = int((code == MET).sum())
    tier, share = _tiers(judged.probability, count)
    yes = (judged.probability >= judged.threshold).astype(np.int64)
    found = _counted(judged, (tier * 2 + yes) * len(OUTCOMES) + code)
    return Measure(tuple(_cells(found)), _same_volume(found, count, share) if count else None)


def _tiers(probability: FloatArray, count: int) -> tuple[IntArray, float]:
    """Tier of each row when the model picks `count` rows, and the share of the tied rows that it takes."""
    if count == 0:
        return np.zeros(len(probability), np.int64), 0.0
    cut = np.sort(probability)[-count]
    above, tied = probability > cut, probability == cut
    return np.where(above, 2, np.where(tied, 1, 0)), float((count - above.sum()) / tied.sum())


def _counted(judged: Judged, code: IntArray) -> _Counts:
    columns = np.stack([np.ones(len(code)), np.asarray(judged.label, np.float64)])
    once = [np.bincount(code, column, minlength=CODES).astype(np.float64) for column in columns]
    draws = resampled_sums(columns, code, judged.drawn)
    draws = np.pad(draws, ((0, 0), (0, 0), (0, CODES - draws.shape[2])))
    return _Counts(once[0], once[1], draws[:, 0], draws[:, 1])


def _cells(found: _Counts) -> Iterator[Cell]:
    for yes in (1, 0):
        for name in SHOWN:
            weight = np.zeros((TIERS, 2, len(OUTCOMES)))
            weight[:, yes, OUTCOMES.index(name)] = 1
            n, wins = (round(float(of @ weight.ravel())) for of in (found.rows, found.won))
            yield Cell(bool(yes), name, n, wins, found.share(weight))


def _same_volume(found: _Counts, count: int, share: float) -> SameVolume:
    picked = np.zeros((TIERS, 2, len(OUTCOMES))) + np.array([0, share, 1])[:, None, None]
    met = np.zeros_like(picked)
    met[:, :, MET] = 1
    model, framework = picked * (1 - met), (1 - picked) * met
    apart = float(found.rows @ framework.ravel())
    wins = float(found.won @ (model + framework).ravel())
    difference = found.difference(model, framework)
    return SameVolume(
        count=count,
        apart=round(apart, 6),
        framework_alone=found.share(framework),
        model_alone=found.share(model),
        difference=difference,
        ahead=_ahead(difference, enough=apart >= LEAST_APART and wins >= LEAST_WINS),
    )


def _ahead(difference: Estimate, *, enough: bool) -> Ahead:
    if not enough or difference.low is None or difference.high is None:
        return "too_few"
    if difference.low > 0:
        return "model"
    return "framework" if difference.high < 0 else "neither"


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    result = np.full(np.shape(below), np.nan)
    return np.divide(above, below, out=result, where=np.asarray(below) > 0)
