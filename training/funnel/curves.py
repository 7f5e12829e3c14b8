"""How many of those who reached a stage go on to a later one, and how fast, though the young ones had little time.

Every lead is followed from the earlier stage to the end of observation, lost ones as well: they do not go on. So one
less the Kaplan–Meier curve (1958) is the cumulative incidence of going on.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from features.windows import Floats
from training.bootstrap import LEVEL
from training.cohorts import LEAST_PASSED, expected_rate
from training.evaluation import Estimate

LEAST_FOLLOWED, LEAST_SHARE = 20, 0.05
"""A curve reaches as far as so many leads, and this share of all, were followed."""
UNKNOWN = Estimate(None, None, None)


@dataclass(frozen=True, slots=True)
class Transition:
    """Leads that reached the earlier stage: days followed, and after how many they went on (infinite: not)."""

    followed: Floats
    after: Floats


@dataclass(frozen=True, slots=True)
class Curve:
    """Share that went on by each of some days, ascending; it reaches to day `reach`, where `error` is its variance.

    `error` is Greenwood's (1926) sum, of the logarithm of those who have not gone on.
    """

    days: Floats
    share: Floats
    reach: float
    error: float

    def at(self, days: Floats) -> Floats:
        """Share that went on within so many days, no further than the curve reaches."""
        place = np.searchsorted(self.days, np.minimum(days, self.reach), side="right")
        return np.append(0.0, self.share)[place]

    @property
    def end(self) -> float:
        """Share that went on as far as the curve reaches."""
        return float(self.share[-1]) if len(self.share) else 0.0


def curve_of(transition: Transition) -> Curve | None:
    """The curve of a transition; None where too few leads were followed."""
    n = len(transition.followed)
    needed = max(LEAST_FOLLOWED, int(np.ceil(LEAST_SHARE * n)))
    if n < needed:
        return None
    reach = float(np.sort(transition.followed)[n - needed])
    times = np.minimum(transition.after, transition.followed)
    went_on = (transition.after <= transition.followed) & (transition.after <= reach)
    days, number = np.unique(transition.after[went_on], return_counts=True)
    at_risk = n - np.searchsorted(np.sort(times), days, side="left")
    share = 1.0 - np.cumprod(1 - number / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = float(np.sum(number / (at_risk * (at_risk - number)), where=at_risk > number))
    return Curve(days, share, reach, error)


def conversion(curve: Curve) -> Estimate:
    """Share that goes on within the curve's reach, with its interval (on the scale of log(−log))."""
    rate = curve.end
    if not 0 < rate < 1:
        return Estimate(round(rate, 6), None, None)
    stay = np.log(1 - rate)
    half = float(norm.ppf(0.5 + LEVEL / 2)) * np.sqrt(curve.error) / abs(stay)
    low, high = (1 - float(np.exp(stay * np.exp(sign * half))) for sign in (-1, 1))
    return Estimate(round(rate, 6), round(low, 6), round(high, 6))


def median_days(curve: Curve) -> float | None:
    """Days after which half of those have gone on who do so within the curve's reach."""
    if curve.end == 0:
        return None
    return float(curve.days[int(np.searchsorted(curve.share, curve.end / 2 - 1e-12))])


def part_rate(part: Transition, curve: Curve) -> tuple[int, float, Estimate]:
    """Of some of the leads: how many have gone on within reach, how much of the curve they passed, the rate in the end.

    What went on so far is divided by the share of the curve that the leads have passed (see `training.cohorts`).
    """
    went_on = int(((part.after <= part.followed) & (part.after <= curve.reach)).sum())
    passed = float((curve.at(part.followed) / curve.end).mean()) if curve.end and len(part.followed) else 0.0
    if passed < LEAST_PASSED:
        return went_on, passed, UNKNOWN
    return went_on, passed, _in_the_end(expected_rate(went_on, len(part.followed)), passed)


def _in_the_end(so_far: Estimate, passed: float) -> Estimate:
    """Rate in the end from the exact interval of the share so far; nothing goes beyond all.

    Not the interval of as many leads as shares of the curve were passed: for steps that nearly all take it is far too
    narrow, as those who have had no time yet are then most of the doubt.
    """
    ends = (so_far.value or 0.0, so_far.low or 0.0, 1.0 if so_far.high is None else so_far.high)
    return Estimate(*(round(min(end / passed, 1.0), 6) for end in ends))
