"""When leads newly qualify, for every threshold at once.

A lead newly qualifies in the first week in which its probability reaches the threshold. In each week in which it
stands higher than in any week before, it newly qualifies for exactly the thresholds between its former best
(exclusive) and its present height (inclusive): one row tells all that a week says.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.windows import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Crossings:
    """One row per lead and week in which it stood higher than in any week before.

    `row` numbers the lead-weeks given to `crossings`, `lead` the leads; `periods` is how many weeks were counted (or
    hundreds of leads, for tables without times), scaled to the part of the leads that was looked at.
    """

    row: Ints
    lead: Ints
    below: Floats
    height: Floats
    periods: float

    def newly(self, threshold: float) -> Bools:
        """Which rows newly qualify at a threshold."""
        return (self.below < threshold) & (self.height >= threshold)

    def totals(self, thresholds: Floats, amount: Floats) -> Floats:
        """Sum of `amount` (one per row, ≥ 0) over the rows that newly qualify, at each of the rising `thresholds`."""
        enters = np.searchsorted(thresholds, self.below, side="right")
        leaves = np.searchsorted(thresholds, self.height, side="right")
        size = len(thresholds) + 1
        steps = np.bincount(enters, amount, size) - np.bincount(leaves, amount, size)
        return np.maximum(np.cumsum(steps)[:-1], 0)  # a sum that cancels may end a rounding below 0

    def per_period(self, thresholds: Floats) -> Floats:
        """Leads that newly qualify in a period, on average, at each of the rising `thresholds`."""
        return self.totals(thresholds, np.ones(len(self.row))) / self.periods


def crossings(lead: Ints, week: Ints, height: Floats, periods: float) -> Crossings:
    """Crossings from week 0 on; earlier weeks only tell who had qualified before.

    One entry per lead and week in which it was open: its number, the week's number, and its probability.

    >>> found = crossings(np.array([7, 7, 7]), np.array([-1, 0, 1]), np.array([0.2, 0.4, 0.3]), periods=2)
    >>> found.per_period(np.array([0.1, 0.3, 0.5]))
    array([0. , 0.5, 0. ])
    """
    order = np.lexsort((week, lead))
    lead, week, height = lead[order], week[order], height[order]
    best = pd.Series(height).groupby(lead).cummax().to_numpy(dtype=np.float64)
    known = np.append(False, lead[1:] == lead[:-1])[: len(lead)]
    before = np.where(known, np.append(-np.inf, best[:-1])[: len(lead)], -np.inf)
    risen = (height > before) & (week >= 0)
    return Crossings(order[risen], lead[risen], before[risen], height[risen], periods)


def threshold_for(found: Crossings, most: float) -> float | None:
    """Lowest threshold at and above which no more than `most` leads newly qualify in a period; None: each lets more.

    Where probabilities repeat, fewer than `most` may qualify: ties stand or fall together.
    """
    candidates = np.unique(found.height)
    from_the_top = np.maximum.accumulate(found.per_period(candidates)[::-1])
    fits = from_the_top <= most * (1 + 1e-9)
    return float(candidates[::-1][fits][-1]) if fits.any() else None
