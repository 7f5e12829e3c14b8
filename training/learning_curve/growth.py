"""A power law through the metrics of growing training sets, and what it says about twice the data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.windows import Floats, Ints
from training.bands import estimate
from training.bootstrap import percentile_interval
from training.learning_curve.found import CurveMetric, Growth

EXPONENTS = np.linspace(0.1, 1.5, 29)
"""Exponents tried; learning curves of tabular data lie between (Viering & Loog 2023)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of each model on the holdout and on its resamples (models, replicates); `share` of the leads each."""

    share: Floats
    value: Floats
    draws: Floats


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """value = limit − b · share^−exponent for a score (`b` ≥ 0), limit + b · share^−exponent for a loss."""

    limit: float
    b: float
    exponent: float

    def gain(self, factor: float) -> float:
        """How much nearer the limit a model comes with `factor` times the whole of the data; never negative.

        >>> round(PowerLaw(0.5, 0.1, 0.5).gain(4), 3)
        0.05
        """
        return self.b * (1 - factor**-self.exponent)


def growth(metric: CurveMetric, measured: Measured, rng: np.random.Generator) -> Growth:
    """What twice the data would bring, with an interval for the holdout's leads and for the training leads drawn."""
    sign = -1.0 if metric == "log_loss" else 1.0
    law = fit_power_law(measured.share, sign * measured.value)
    noise = _training_noise(measured)[:, None] * rng.normal(size=measured.draws.shape)
    drawn = [fit_power_law(measured.share, one).gain(2) for one in (sign * measured.draws + noise).T]
    gain = estimate(percentile_interval(law.gain(2), np.array(drawn)))
    return Growth(metric, round(sign * law.limit, 6), round(law.exponent, 6), gain)


def fit_power_law(share: Floats, value: Floats) -> PowerLaw:
    """Least squares over a grid of exponents; larger training sets weigh more, as their models vary less."""
    fits = [_line(share**-exponent, value, share) for exponent in EXPONENTS]
    best = int(np.argmin([error for _, _, error in fits]))
    limit, b, _ = fits[best]
    return PowerLaw(limit, b, float(EXPONENTS[best]))


def _line(x: Floats, y: Floats, weight: Floats) -> tuple[float, float, float]:
    """Limit, b ≥ 0 and squared error of y = limit − b · x."""
    w = weight / weight.sum()
    x_mean, y_mean = w @ x, w @ y
    slope = float(w @ ((x - x_mean) * (y - y_mean)) / (w @ np.square(x - x_mean)))
    b = max(0.0, -slope)
    limit = float(y_mean + b * x_mean)
    return limit, b, float(w @ np.square(y - limit + b * x))


def _training_noise(measured: Measured) -> Floats:
    """Standard deviation that the choice of training leads causes, per model: its square falls as the share grows."""
    spread = [
        float(np.var(measured.value[measured.share == share], ddof=1) * share)
        for share in np.unique(measured.share)
        if (measured.share == share).sum() > 1
    ]
    return np.sqrt((np.mean(spread) if spread else 0.0) / measured.share)


def of_size(measured: Measured, models: Sequence[int] | Ints) -> tuple[float, Floats]:
    """Mean of some models, on the holdout and on its resamples."""
    chosen = np.asarray(models, dtype=np.int64)
    return float(measured.value[chosen].mean()), measured.draws[chosen].mean(axis=0)
