"""Chance of a win after a contact, by how long the lead had waited: a discrete hazard, with and without confounders.

    log-odds of a win in a stretch after the contact = a(stretch) + b(waited) + c · looks

Each contact counts in those stretches that it was followed through without an earlier win (Cox 1972; Singer and
Willett 1993), so that open deals are not taken for lost ones. The chance of a waiting time is standardised: the mean
over all contacted leads as they looked, had each waited so long (Hernán and Robins 2020, ch. 13).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from features.windows import Floats, Ints
from training.bootstrap import LEVEL
from training.closing_fit import Periods, periods
from training.evaluation import Estimate
from training.followed import Followed

PRIOR_SPREAD = 1.0
"""Log-odds of a waiting time, or per standard deviation of a look, that are still unsurprising (a normal prior)."""
STRETCH_SPREAD = 10.0
MOST_STEPS = 50


@dataclass(frozen=True, slots=True)
class Hazard:
    """A fitted hazard: coefficients (stretches, waiting times, looks) and their covariance, and the looks it saw."""

    stretches: int
    waits: int
    coefficients: Floats
    covariance: Floats
    looks: Floats


def fit_hazard(followed: Followed, waited: Ints, looks: Floats, lead: Ints, days: Floats) -> Hazard:
    """Hazard of contacts with waiting times 0, 1, … up to the largest of `waited`, `looks` (contacts, any number).

    `days` are the ends of the stretches. The covariance is the larger of that of the normal approximation and the one
    that is robust to several contacts of a lead, by direction of the estimate (see `chances`).
    """
    scaled = (looks - looks.mean(axis=0)) / np.maximum(looks.std(axis=0), 1e-9)
    seen, waits = periods(followed, days), int(waited.max()) + 1
    columns = _columns(seen.number, waited[seen.row], scaled[seen.row], (len(days), waits))
    prior = np.repeat([STRETCH_SPREAD, PRIOR_SPREAD], [len(days), waits + looks.shape[1]]) ** -2.0
    found, inverse = _newton(columns, seen.won.astype(np.float64), prior)
    robust = _robust(columns, seen, found, inverse, lead[seen.row])
    return Hazard(len(days), waits, found, np.stack([inverse, robust]), scaled)


def chances(hazard: Hazard) -> tuple[Estimate, ...]:
    """Standardised chance of a win within all stretches, for each waiting time, with its interval (delta method)."""
    return tuple(_chance(hazard, wait) for wait in range(hazard.waits))


def _chance(hazard: Hazard, wait: int) -> Estimate:
    ends = (hazard.stretches, hazard.stretches + hazard.waits)
    of_stretch, of_wait, of_looks = np.split(hazard.coefficients, ends)
    chance = expit((hazard.looks @ of_looks + of_wait[wait])[:, None] + of_stretch)
    survival = np.prod(1 - chance, axis=1)
    slope = survival * chance.sum(axis=1)  # −d survival, of what all stretches have in common
    n = len(hazard.looks)
    gradient = np.concatenate([survival @ chance, np.zeros(hazard.waits), slope @ hazard.looks]) / n
    gradient[hazard.stretches + wait] = slope.mean()
    value = float(1 - survival.mean())
    variance = max(float(gradient @ covariance @ gradient) for covariance in hazard.covariance)
    value = min(max(value, 1e-9), 1 - 1e-9)
    half = float(norm.ppf(0.5 + LEVEL / 2)) * np.sqrt(variance) / (value * (1 - value))
    low, high = (float(expit(logit(value) + sign * half)) for sign in (-1, 1))
    return Estimate(round(value, 6), round(low, 6), round(high, 6))


def _columns(stretch: Ints, wait: Ints, looks: Floats, sizes: tuple[int, int]) -> Floats:
    return np.hstack([np.eye(sizes[0])[stretch], np.eye(sizes[1])[wait], looks])


def _newton(columns: Floats, won: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Coefficients of the largest penalised likelihood (Newton's method), and the inverse of its curvature."""
    found = np.zeros(columns.shape[1])
    for _ in range(MOST_STEPS):
        chance = expit(columns @ found)
        curvature = (columns * (chance * (1 - chance))[:, None]).T @ columns + np.diag(prior)
        step = np.linalg.solve(curvature, columns.T @ (won - chance) - prior * found)
        found += step * min(1.0, 3.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return found, np.linalg.inv(curvature)


def _robust(columns: Floats, seen: Periods, found: Floats, inverse: Floats, lead: Ints) -> Floats:
    """Covariance from the sums of scores by lead (Liang and Zeger 1986)."""
    number = np.unique(lead, return_inverse=True)[1]
    scores = np.zeros((int(number.max()) + 1, columns.shape[1]))
    np.add.at(scores, number, columns * (seen.won - expit(columns @ found))[:, None])
    spread: Floats = inverse @ (scores.T @ scores) @ inverse
    return spread
