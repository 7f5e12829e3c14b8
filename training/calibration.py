"""Calibration: affine in log-odds, so that every contribution stays exact (never isotonic)."""

from dataclasses import dataclass

import numpy as np

from features.windows import Floats
from training.log_odds import expit

# Below this many positives a fitted slope is noise (measured: intercept alone has half the error at 20 positives).
PLATT_FROM_POSITIVES = 100
LEAST_SLOPE = 0.05
MOST_SLOPE = 5.0
LEAST_PROBABILITY, MOST_PROBABILITY = 1e-9, 1 - 1e-9
"""Nobody is certain to win or to be lost: log-odds beyond ±20.7 give these."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibrated log-odds z = slope · raw + intercept."""

    slope: float
    intercept: float

    def log_odds(self, raw: Floats) -> Floats:
        """Calibrated log-odds of raw scores."""
        return self.slope * raw + self.intercept

    def probability(self, raw: Floats) -> Floats:
        """Calibrated probability of raw scores, never 0 or 1."""
        return probability_of(self.log_odds(raw))


def probability_of(log_odds: Floats) -> Floats:
    """Probability of log-odds, never 0 or 1."""
    return np.clip(expit(log_odds), LEAST_PROBABILITY, MOST_PROBABILITY)


def fit_calibration(raw: Floats, label: np.typing.NDArray[np.int8]) -> Calibration:
    """Calibration from out-of-fold raw scores (log-odds) and outcomes.

    Platt scaling (Platt 1999, maximum likelihood by Newton steps) from 100 outcomes of each kind; below that the
    intercept alone.
    A slope outside 0.05…5 means the scores do not order the outcomes; it is held at the bound, so that no lead is
    ranked upside down.
    """
    slope = 1.0
    if min(label.sum(), len(label) - label.sum()) >= PLATT_FROM_POSITIVES:
        slope = float(np.clip(_platt(raw, label)[0], LEAST_SLOPE, MOST_SLOPE))
    return Calibration(slope, _intercept(slope * raw, label))


def _platt(raw: Floats, label: np.typing.NDArray[np.int8]) -> tuple[float, float]:
    """Slope and intercept of greatest likelihood: Newton steps, halved while they overshoot."""
    design = np.stack([raw, np.ones_like(raw)], axis=1)
    weights = np.array([1.0, _intercept(raw, label)])
    for _ in range(50):
        p = expit(design @ weights)
        gradient = design.T @ (label - p)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        before = _log_loss(design @ weights, label)
        while np.abs(step).max() > 1e-10 and _log_loss(design @ (weights + step), label) > before:
            step = step / 2
        weights = weights + step
        if np.abs(step).max() <= 1e-10:
            break
    return float(weights[0]), float(weights[1])


def _log_loss(log_odds: Floats, label: np.typing.NDArray[np.int8]) -> float:
    return float((np.logaddexp(0, log_odds) - label * log_odds).sum())


def _intercept(scores: Floats, label: np.typing.NDArray[np.int8]) -> float:
    """Shift that makes the mean prediction equal the observed rate (with half a case of each kind added)."""
    rate = (label.sum() + 0.5) / (len(label) + 1)
    high = 30.0 + float(np.abs(scores).max(initial=0))
    low = -high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(scores + middle).mean() < rate else (low, middle)
    return (low + high) / 2
