"""What the learning curve shows, as frozen values: schema version 1, key by key in docs/stability.md."""

from dataclasses import dataclass
from typing import Literal

from training.evaluation import Estimate

CURVE_SCHEMA = 1
CurveMetric = Literal["pr_auc", "log_loss"]


@dataclass(frozen=True, slots=True)
class Size:
    """Models of one share of the training leads: mean number of rows and wins, and mean of their metrics."""

    share: float
    repeats: int
    rows: int
    wins: int
    pr_auc: Estimate
    log_loss: Estimate


@dataclass(frozen=True, slots=True)
class Growth:
    """Fitted limit and exponent of `value = limit ∓ b · rows^−exponent`, and what twice the leads would bring."""

    metric: CurveMetric
    limit: float
    exponent: float
    gain_of_twice: Estimate


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """The content of `learning_curve.json`; without sizes, `headline` says why."""

    schema_version: int
    interval_level: float
    replicates: int
    trees: int
    sizes: tuple[Size, ...]
    newest_half: Size | None
    newest_minus_all: Estimate
    growth: tuple[Growth, ...]
    headline: str
    sentences: tuple[str, ...]
