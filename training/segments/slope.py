"""Calibration slope with an interval from theory: a bootstrap of it for every segment would take most of the time."""

from statistics import NormalDist

import numpy as np
from scipy.special import expit

from features.windows import Floats, Ints
from training.bootstrap import LEVEL, Interval
from training.metrics import log_odds, recalibrate


def slope_interval(label: Ints, probability: Floats, groups: Ints) -> Interval:
    """Slope of the logistic recalibration; its interval is normal, with the error that allows for rows of one group.

    The error is that of a maximum-likelihood estimate with clustered scores (Liang & Zeger 1986).
    """
    z = log_odds(probability)
    slope, intercept = recalibrate(label, z)
    if not np.isfinite(slope):
        return Interval(slope)
    error = _standard_error(label, z, groups, (slope, intercept))
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * error
    return Interval(slope, slope - half, slope + half)


def _standard_error(label: Ints, z: Floats, groups: Ints, at: tuple[float, float]) -> float:
    slope, intercept = at
    p = expit(intercept + slope * z)
    design = np.stack([np.ones_like(z), z])
    member = np.unique(groups, return_inverse=True)[1]
    scores = np.stack([np.bincount(member, column * (label - p)) for column in design])
    inverse = np.linalg.inv((design * (p * (1 - p))) @ design.T)
    return float(np.sqrt((inverse @ scores @ scores.T @ inverse)[1, 1]))
