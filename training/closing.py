"""The closing curve: how the chance of a win grows with time, for the horizons beside the one that is learned.

A win within d days has the log-odds z + shift(d), where z are the calibrated log-odds of the horizon that was learned
(shift 0 there). The shift is the same for every lead, so that every chance orders the leads alike, a contribution is
worth the same in all of them, and a chance never falls as time goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from features.windows import Floats
from training.calibration import probability_of
from training.log_odds import expit

HORIZONS = (30, 60, 90, 180)
"""Days of the columns `propensity_30d`, … that every score table has; null where a model cannot tell."""


@dataclass(frozen=True, slots=True)
class ClosingCurve:
    """Shift of the log-odds at some days, both ascending, 0 at the `learned` one; `horizons` are the days told."""

    days: tuple[int, ...]
    shift: tuple[float, ...]
    horizons: tuple[int, ...]
    learned: int

    def within(self, log_odds: Floats, days: int) -> Floats:
        """Probability of a win within so many days, one of the curve's, from calibrated log-odds."""
        return probability_of(log_odds + self.shift[self.days.index(days)])

    def median_days(self, log_odds: Floats) -> Floats:
        """Days until half of the wins within the curve's reach have come; infinite beyond the longest horizon told.

        Between two days of the curve wins come evenly.
        """
        chance = np.hstack([np.zeros((len(log_odds), 1)), expit(log_odds[:, None] + np.array(self.shift))])
        half = chance[:, -1:] / 2
        after = np.maximum((chance < half).sum(axis=1), 1)
        row, at = np.arange(len(log_odds)), np.array((0, *self.days), np.float64)
        low, high = chance[row, after - 1], chance[row, after]
        part = np.divide(half[:, 0] - low, high - low, out=np.ones(len(row)), where=high > low)
        days = at[after - 1] + part * (at[after] - at[after - 1])
        return np.where(days <= max(self.horizons), days, np.inf)


def curve_json(curve: ClosingCurve | None) -> dict[str, Any] | None:
    """The curve as JSON; null where there is none."""
    if curve is None:
        return None
    return {
        "days": list(curve.days),
        "shift": list(curve.shift),
        "horizons": list(curve.horizons),
        "learned": curve.learned,
    }


def curve_from_json(value: Mapping[str, Any] | None) -> ClosingCurve | None:
    """The curve that `curve_json` wrote.

    Raises:
        ValueError: days or shifts that do not ascend, or horizons that are not among the days.
    """
    if value is None:
        return None
    days, horizons, learned = tuple(value["days"]), tuple(value["horizons"]), value["learned"]
    curve = ClosingCurve(days, tuple(map(float, value["shift"])), horizons, learned)
    ascending = all(a < b for a, b in pairwise((0, *curve.days))) and all(a <= b for a, b in pairwise(curve.shift))
    fits = len(curve.days) == len(curve.shift) and bool(np.isfinite(curve.shift).all())
    anchored = learned in days and fits and curve.shift[days.index(learned)] == 0.0
    if not (ascending and anchored and horizons and set(horizons) <= set(days) & set(HORIZONS)):
        raise ValueError("closing_curve: expected ascending days and finite ascending shifts, and horizons among them")
    return curve
