"""Do ranges hold: groups of leads with similar propensities, and how often they won against their mean range."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from features.windows import Floats
from training.bundle import Trained
from training.dataset import Outcomes
from training.leaf_sums import with_leaves
from training.ranges import SHARE
from training.uncertainty import Limits

GROUPS, LEADS_OF_GROUP = 10, 30


@dataclass(frozen=True, slots=True)
class RangeGroup:
    """Rows with similar propensities: means of the propensity and of both ends, and the rate of wins.

    `least_rate` to `most_rate` is what the rate could be but for chance (90 %, Jeffreys). The group holds where that
    meets the mean range.
    """

    rows: int
    propensity: float
    low: float
    high: float
    rate: float
    least_rate: float
    most_rate: float
    holds: bool


def limits_of(trained: Trained, values: Floats) -> Limits:
    """Ranges and familiarity of feature rows by a model that is not in a bundle yet."""
    raw = np.asarray(trained.booster.predict(values, raw_score=True))
    sums, leaves = np.zeros(len(values)), trained.uncertainty.ranges.leaves
    if leaves:
        widths = with_leaves(trained.booster.model_to_string(), leaves)
        sums = np.asarray(widths.predict(values, raw_score=True))
    return trained.uncertainty.limits(values, trained.scale.calibration.log_odds(raw), sums)


def range_groups(propensity: Floats, limits: Limits, label: Outcomes, leads: float) -> tuple[RangeGroup, ...]:
    """At most ten groups of equal size, from the least propensity on, each of 30 rows or more.

    `leads` is the number of different leads by row: snapshots of one lead are not told apart by chance.
    """
    n = int(np.clip(len(label) // LEADS_OF_GROUP, 1, GROUPS))
    parts = np.array_split(np.argsort(propensity, kind="stable"), n)
    return tuple(_group(propensity[part], limits, part, label[part], leads) for part in parts if len(part))


def _group(propensity: Floats, limits: Limits, part: np.ndarray, label: Outcomes, leads: float) -> RangeGroup:
    wins, n = float(label.sum()) * leads, len(label) * leads
    tail = (1 - SHARE) / 2
    least, most = beta.ppf([tail, 1 - tail], wins + 0.5, n - wins + 0.5)
    low, high = float(limits.low[part].mean()), float(limits.high[part].mean())
    rate = float(label.mean())
    least, most = min(float(least), rate), max(float(most), rate)
    return RangeGroup(
        len(part), float(propensity.mean()), low, high, rate, least, most, bool(least <= high and low <= most)
    )
