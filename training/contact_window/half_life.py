"""The half-life of interest: which one tells wins best, and whether that is more than chance."""

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from features.contact_settings import ContactWindowSettings
from features.contact_window import FLAGS, Interest, flag_codes
from features.windows import Floats, Ints
from training.bootstrap import LEVEL
from training.contact_window.found import FlagRate, HalfLife
from training.evaluation import Estimate

HALF_LIVES_DAYS = (3, 7, 14, 30, 60, 90)
Z = float(norm.ppf(0.5 + LEVEL / 2))
STEPS = 25


def losses(level: Floats, label: Ints) -> Floats:
    """Log loss of each row under a logistic regression on log(1 + interest) alone (Newton's method).

    Two coefficients on thousands of rows: what is learned from a row hardly changes its own loss.
    """
    columns = np.column_stack([np.ones(len(level)), np.log1p(level)])
    rate = float(np.clip(label.mean(), 1e-6, 1 - 1e-6))
    found = np.array([logit(rate), 0.0])
    for _ in range(STEPS):
        chance = expit(columns @ found)
        curvature = (columns * (chance * (1 - chance))[:, None]).T @ columns + 1e-6 * np.eye(2)
        found += np.linalg.solve(curvature, columns.T @ (label - chance))
    z = columns @ found
    loss: Floats = np.logaddexp(0, z) - label * z
    return loss


def best_half_life(loss: dict[int, Floats], configured: int, lead: Ints) -> tuple[int, Estimate, tuple[HalfLife, ...]]:
    """Half-life of least mean loss, the configured one's loss minus its with an interval by lead, and all of them."""
    mean = {days: float(of_rows.mean()) for days, of_rows in loss.items()}
    best = min(mean, key=mean.__getitem__)
    difference = loss[configured] - loss[best]
    half = Z * np.sqrt(_variance_of_mean(difference, lead))
    value = float(difference.mean())
    gain = Estimate(round(value, 6), round(value - half, 6), round(value + half, 6))
    return best, gain, tuple(HalfLife(days, round(mean[days], 6)) for days in sorted(mean))


def flag_rates(interest: Interest, label: Ints, lead: Ints, settings: ContactWindowSettings) -> tuple[FlagRate, ...]:
    """What came of leads by their flag, with intervals by lead."""
    code = flag_codes(interest, settings)
    return tuple(
        FlagRate(name, int(here.sum()), len(np.unique(lead[here])), clustered_rate(label[here], lead[here]))
        for number, name in enumerate(FLAGS)
        if (here := code == number).any()
    )


def clustered_rate(won: Ints, lead: Ints) -> Estimate:
    """Share of rows that won, with the score interval (Wilson 1927) of as many rows as the leads are worth.

    Rows of a lead tell less than as many leads: the number of rows is divided by what that does to the variance.
    """
    n, rate = len(won), float(won.mean())
    effect = 1.0
    if 0 < rate < 1:
        effect = max(1.0, _variance_of_mean(won.astype(np.float64) - rate, lead) / (rate * (1 - rate) / n))
    alone = max(n / effect, 1.0) if 0 < rate < 1 else float(len(np.unique(lead)))
    low, high = _wilson(rate, alone)
    return Estimate(round(rate, 6), round(low, 6), round(high, 6))


def _variance_of_mean(values: Floats, lead: Ints) -> float:
    by_lead = np.bincount(np.unique(lead, return_inverse=True)[1], values - values.mean())
    return float(np.square(by_lead).sum()) / len(values) ** 2


def _wilson(rate: float, n: float) -> tuple[float, float]:
    """Rates whose own sampling error reaches the one seen."""
    middle, half = rate + Z**2 / (2 * n), Z * np.sqrt(rate * (1 - rate) / n + Z**2 / (4 * n**2))
    low, high = ((middle + sign * half) / (1 + Z**2 / n) for sign in (-1, 1))
    return max(float(low), 0.0), min(float(high), 1.0)
