"""Contributions: exact Shapley values of the booster, as points of the scorecard scale.

The score of a lead is `50 + 10 · (z − z_ref) / ln 2` for calibrated log-odds z and z_ref, the log-odds of the training
base rate: 50 is the average lead, and +10 points double the odds (Siddiqi, Credit Risk Scorecards). Calibration is
affine, so a contribution in raw log-odds becomes points by one constant factor and the sum stays exact.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.windows import Floats
from training.calibration import Calibration
from training.path_tables import PathTables, build_path_tables
from training.value_codes import NoTablesError

if TYPE_CHECKING:
    from lightgbm import Booster

POINTS_PER_LOG_ODDS = 10 / np.log(2)
AVERAGE_SCORE = 50.0
CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class Scale:
    """The scorecard scale of one model."""

    calibration: Calibration
    base_rate: float

    @property
    def reference(self) -> float:
        """Log-odds of the base rate."""
        return float(np.log(self.base_rate / (1 - self.base_rate)))

    def score(self, raw: Floats) -> Floats:
        """Unrounded score of raw scores."""
        return AVERAGE_SCORE + POINTS_PER_LOG_ODDS * (self.calibration.log_odds(raw) - self.reference)

    def points(self, contributions: Floats) -> tuple[Floats, Floats]:
        """Points per feature (n, k) and starting points (n,), from contributions (n, k + 1) in raw log-odds."""
        factor = POINTS_PER_LOG_ODDS * self.calibration.slope
        start = self.score(contributions[:, -1])
        return factor * contributions[:, :-1], start


def contributions(booster: "Booster", values: Floats, threads: int = 0, *, tables: PathTables | None = None) -> Floats:
    """Exact Shapley values (Lundberg et al. 2018, path-dependent): shape (n, features + 1), last column the bias.

    Rows sum to the booster's raw score within 1e-9. With the model's path tables each value is within 1e-6 of
    LightGBM's own, without them it is LightGBM's own, a hundred times slower. `threads` 0 means all cores.
    """
    if tables is not None:
        return tables.contributions(values, threads)
    result = booster.predict(values, pred_contrib=True, num_threads=threads)
    return np.asarray(result, dtype=np.float64).reshape(len(values), -1)


def checked_tables(booster: "Booster", values: Floats) -> PathTables | str:
    """Path tables of a model, compared with LightGBM's own contributions on some rows; or why there are none."""
    try:
        tables = build_path_tables(booster.model_to_string())
    except NoTablesError as error:
        return str(error)
    worst = float(np.abs(tables.contributions(values) - contributions(booster, values, threads=1)).max(initial=0.0))
    return tables if worst <= CLOSE else f"path tables differ from LightGBM's contributions by {worst:.2g}"
