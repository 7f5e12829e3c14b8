"""What came of as many leads in weeks whose outcomes are known, and how far that is believed.

A model's probabilities of those who newly qualify are off by some 15 % in a world (docs/benchmarks/policy.md): crossing
a line for the first time selects those whose probability is too high. Observed wins have chance instead, and are those
of the judged model. Both are weighed by their variances (empirical Bayes; Efron & Morris 1975); where they lie further
apart than that explains, the weight goes to what happened.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from features.windows import Bools, Floats
from training.bands import FALSE_ALARM, RATE_TOLERANCE
from training.crossings import Crossings
from training.policy_ground import Side

MODEL_ERROR = 0.15
"""Root mean square error of summed probabilities against the truth, as a share of it."""
OTHER_MODEL = 0.08
"""The same of win rates that another model's picks had in other weeks, beside their chance."""
HALF_A_WIN = 0.5
"""Added to wins, so that a list without a win is no proof that none comes."""
BEYOND_CHANCE = NormalDist().inv_cdf(1 - FALSE_ALARM / 2)


@dataclass(frozen=True, slots=True)
class Believed:
    """Win rates per threshold: the weighed one with its relative standard error, and both sides of the check.

    `predicted` is what the judged model expected of as many leads, `happened` what was observed, NaN where not known.
    """

    rate: Floats
    error: Floats
    predicted: Floats
    happened: Floats
    happened_error: Floats
    moved: Bools


def believed(matured: Side | None, per_period: Floats, rate: Floats) -> Believed:
    """Win rates of leads of which `per_period` newly qualify and for which the model that ships says `rate`."""
    n = len(rate)
    if matured is None or not matured.known or not n:
        nothing = np.full(n, np.nan)
        return Believed(rate, np.full(n, MODEL_ERROR), nothing, nothing, nothing, np.zeros(n, bool))
    lines = lines_of(matured.found, per_period)
    heights = matured.found.height
    picked, predicted, chance, won = (
        np.array([float(amount[matured.found.newly(line)].sum()) for line in lines])
        for amount in (np.ones(len(heights)), heights, heights * (1 - heights), matured.won)
    )
    observed = (won + HALF_A_WIN) / (picked + HALF_A_WIN / np.maximum(rate, 1e-9))
    ratio = observed / np.maximum(rate, 1e-9)
    noise = (1 - np.minimum(observed, 1)) / (won + HALF_A_WIN) + OTHER_MODEL**2
    model = np.maximum(MODEL_ERROR**2, (ratio - 1) ** 2 - noise)
    weight = model / (model + noise)
    off = np.abs(won - predicted)
    return Believed(
        rate=np.clip(rate * (1 + weight * (ratio - 1)), 0, 1),
        error=np.sqrt(weight * noise),
        predicted=predicted / picked,
        happened=won / picked,
        happened_error=np.sqrt(won / picked * (1 - won / picked) / picked),
        moved=(off > BEYOND_CHANCE * np.sqrt(chance)) & (off > RATE_TOLERANCE * predicted),
    )


def lines_of(found: Crossings, per_period: Floats) -> Floats:
    """Threshold at which about so many leads newly qualify in a period, for each volume; the highest where fewer do."""
    candidates = np.unique(found.height)
    counts = np.maximum.accumulate(found.per_period(candidates)[::-1])
    place = np.searchsorted(counts, per_period * (1 + 1e-9), side="right") - 1
    return candidates[::-1][np.maximum(place, 0)]
