"""Ranges: where the win rate of leads that look like this one may lie, as far as data and model can tell.

On the log-odds scale a range reaches from the propensity to both sides by the spread that models trained on outcomes
drawn anew would show on such leads, and further to where the outcomes point that the model has not followed yet. How
both are learned, and what was measured, is in docs/decisions/0020-ranges-and-unfamiliar-leads.md.
"""

from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
from numba import njit

from features.windows import Floats
from training.log_odds import expit

Both = tuple[Floats, Floats]
LEAST, MOST = 1e-9, 1 - 1e-9
SHARE = 0.9
"""Of leads, the share whose true win rate should lie in their range."""
NARROWEST, WIDEST = float(np.log(0.05)), float(np.log(4.0))
"""Least and most logarithm of a half-width in log-odds: odds times 1.05, and times 55."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of one model.

    The logarithm of a row's half-width in log-odds is `width` plus the numbers of the leaves that it reaches, by tree.
    `drift` says, at the log-odds `at` and in between, where outcomes point beyond the propensity.
    """

    width: float
    leaves: tuple[tuple[float, ...], ...]
    at: tuple[float, ...]
    drift: tuple[float, ...]

    def ends(self, log_odds: Floats, leaf_sums: Floats) -> tuple[Floats, Floats]:
        """Both ends as probabilities, from calibrated log-odds: around the propensity, never 0 or 1."""
        low, high = np.empty(len(log_odds)), np.empty(len(log_odds))
        inside = np.clip(expit(log_odds), LEAST, MOST)
        fill_ends(log_odds, self.width + leaf_sums, (np.array(self.at), np.array(self.drift)), inside, (low, high))
        return low, high


@njit(cache=True, nogil=True)
def fill_ends(log_odds: Floats, width: Floats, drift: Both, inside: Floats, ends: Both) -> None:
    """Fill the ends from log-odds, logarithms of half-widths, points of the drift, and the propensities inside."""
    for row in range(len(log_odds)):
        half = exp(min(max(width[row], NARROWEST), WIDEST))
        pull = np.interp(log_odds[row], drift[0], drift[1]) if len(drift[0]) else 0.0
        low = 1 / (1 + exp(half - log_odds[row] - min(pull, 0.0)))
        high = 1 / (1 + exp(-half - log_odds[row] - max(pull, 0.0)))
        ends[0][row] = min(max(low, LEAST), inside[row])
        ends[1][row] = max(min(high, MOST), inside[row])


NO_RANGES = Ranges(WIDEST, (), (), ())
"""Of a model about which nothing was learned: as wide as can be."""


def ranges_json(ranges: Ranges) -> dict[str, Any]:
    """Plain values for `uncertainty.json`."""
    return {"width": ranges.width, "leaves": ranges.leaves, "at": ranges.at, "drift": ranges.drift}


def ranges_from_json(value: dict[str, Any]) -> Ranges:
    """Ranges from `ranges_json`'s value."""
    leaves = tuple(tuple(float(number) for number in tree) for tree in value["leaves"])
    at, drift = (tuple(float(number) for number in value[name]) for name in ("at", "drift"))
    return Ranges(float(value["width"]), leaves, at, drift)
