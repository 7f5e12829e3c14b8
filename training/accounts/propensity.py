"""The propensity of an account from those of its leads: the ripest lead, and a share of what its colleagues add.

P = 1 − (1 − p_max) · Π(1 − p_other)^w. With w = 0 colleagues add nothing (the maximum); with w = 1 they count as if
they decided alone (noisy-or). Leads of an account share what drives them, so the truth lies between; w is fitted. An
account with one lead has the propensity of that lead.
"""

import numpy as np

from features.windows import Floats, Ints
from training.calibration import LEAST_PROBABILITY, MOST_PROBABILITY

NOISY_OR, BEST_LEAD = 1.0, 0.0
STEPS = 30
_GOLDEN = (np.sqrt(5) - 1) / 2


def account_propensity(account: Ints, propensity: Floats, n: int, weight: float) -> Floats:
    """Propensity of n accounts from their leads: the account (0…n − 1) and propensity of each lead; 0 without leads.

    >>> account_propensity(np.array([0, 0, 1]), np.array([0.5, 0.2, 0.3]), 2, NOISY_OR).round(6).tolist()
    [0.6, 0.3]
    """
    best, others = _parts(account, propensity, n)
    return _combined(best, others, weight)


def fit_weight(account: Ints, propensity: Floats, won: Floats) -> float:
    """The w of greatest likelihood in 0…1; `won` (0 or 1) has one entry per account.

    The log-likelihood is searched by golden section (it has one maximum where P is concave in w, as here).
    """
    best, others = _parts(account, propensity, len(won))
    if not others.any():
        return BEST_LEAD

    def loss(weight: float) -> float:
        p = np.clip(_combined(best, others, weight), LEAST_PROBABILITY, MOST_PROBABILITY)
        return float(-(won * np.log(p) + (1 - won) * np.log1p(-p)).sum())

    low, high = BEST_LEAD, NOISY_OR
    for _ in range(STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, right) if loss(left) <= loss(right) else (left, high)
    middle = (low + high) / 2
    return round(float(min((BEST_LEAD, middle, NOISY_OR), key=loss)), 6)


def _parts(account: Ints, propensity: Floats, n: int) -> tuple[Floats, Floats]:
    """log(1 − p) of the ripest lead of each account, and the sum of it over the others."""
    staying = np.log1p(-np.clip(propensity, 0, MOST_PROBABILITY))
    best = np.zeros(n)
    np.minimum.at(best, account, staying)
    # Sums in order of size: the same bits whatever the order of rows.
    order = np.lexsort((staying, account))
    return best, np.minimum(np.bincount(account[order], staying[order], minlength=n) - best, 0.0)


def _combined(best: Floats, others: Floats, weight: float) -> Floats:
    return -np.expm1(best + weight * others)
