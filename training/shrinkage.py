"""Win rates of segments drawn towards the average of all, the more so the fewer leads a segment has.

A segment of five leads with three wins is no 60 % segment. Segments' true rates are taken to be Beta-distributed around
the average; how widely, the segments themselves say (moment estimator of Kleinman 1973, weighted by leads; empirical
Bayes: Efron & Morris 1975).
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from features.windows import Floats
from training.bootstrap import LEVEL

WIDEST_PRIOR = 1e-6
MOST_LEADS = 1e6
"""Weight of the average, in leads, where segments differ no more than chance would have them."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """Rates per segment with 90 % credible intervals; `prior_leads` is how many leads the average counts as."""

    rate: Floats
    low: Floats
    high: Floats
    average: float
    prior_leads: float


def shrunk_rates(wins: Floats, leads: Floats) -> Shrunk:
    """Posterior means and intervals of the win rates of segments, from wins and leads of each (any may be 0).

    Intervals take the spread of segments as known, so they are a little short where there are few segments.

    >>> found = shrunk_rates(np.array([3.0, 10.0, 90.0]), np.array([5.0, 200.0, 800.0]))
    >>> (found.rate * 100).round(1)
    array([21.6,  5.4, 11.2])
    """
    total = float(leads.sum())
    average = (wins.sum() + 0.5) / (total + 1)
    weight = _prior_leads(wins, leads, float(average))
    won, lost = wins + weight * average, leads - wins + weight * (1 - average)
    tail = (1 - LEVEL) / 2
    return Shrunk(
        rate=won / (won + lost),
        low=np.asarray(beta.ppf(tail, won, lost)),
        high=np.asarray(beta.ppf(1 - tail, won, lost)),
        average=float(average),
        prior_leads=weight,
    )


def _prior_leads(wins: Floats, leads: Floats, average: float) -> float:
    """Strength of the Beta prior: m(1 − m)/τ² − 1, where τ² is the variance of rates beyond chance."""
    known = leads > 0
    n, rate = leads[known], wins[known] / leads[known]
    if len(n) < 2:
        return MOST_LEADS
    chance = average * (1 - average)
    surplus = float((n * (rate - average) ** 2).sum()) - (len(n) - 1) * chance
    variance = surplus / float(n.sum() - (n**2).sum() / n.sum())
    if variance <= WIDEST_PRIOR * chance:
        return MOST_LEADS
    return float(np.clip(chance / variance - 1, 1.0, MOST_LEADS))
