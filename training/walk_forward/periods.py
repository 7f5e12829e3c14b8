"""What walk-forward evaluation finds, as frozen values: schema version 1, key by key in docs/stability.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from training.evaluation import NOTHING, Band, Difference, Estimate, SystemName

SCHEMA_VERSION = 1
HOLDOUT = "holdout"
DESCRIBES = (
    "Each period judges a model of its own, which learned only from what was known when the period began; the last "
    "is the holdout. The earlier models learned from less history. They take over the number of trees of the holdout's "
    "model and are calibrated by two inner folds instead of three."
)

PeriodSystem = Literal["model", "logistic", "bant", "points"]
SpreadOf = Literal["ranking", "level"]


@dataclass(frozen=True, slots=True)
class Scores:
    """How a system did in a period; the last two are of probabilities, which only the model's are judged as."""

    roc_auc: Estimate
    pr_auc: Estimate
    lift_at_10: Estimate
    log_loss: Estimate
    calibration_slope: Estimate


@dataclass(frozen=True, slots=True)
class Span:
    """What a fold's model learned from and was judged on: days as ISO dates (UTC), rows, wins and trees.

    `known_until` is the day when the model was made; outcomes after it were not known to it.
    """

    train_from: str
    train_to: str
    known_until: str
    judged_from: str
    judged_to: str
    n_train: int
    positives_train: int
    trees: int
    in_gap: int
    purged: int


@dataclass(frozen=True, slots=True)
class Measures:
    """The systems on the rows of one period; `difference` is mean prediction minus observed rate."""

    n: int
    leads: int
    positives: int
    predicted: Estimate
    observed: Estimate
    difference: Estimate
    systems: Mapping[PeriodSystem, Scores]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Period(Measures):
    """One forward fold and how the systems did in it."""

    name: str
    summary: str
    span: Span

    def lead_over(self, other: SystemName) -> Estimate:
        """PR-AUC of the model minus that of `other`; all None where it was not measured."""
        found = (d.difference for d in self.differences if (d.metric, d.other) == ("pr_auc", other))
        return next(found, NOTHING)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A fold that could not be judged, and why."""

    summary: str
    reason: str


@dataclass(frozen=True, slots=True)
class Spread:
    """Whether something differs from period to period beyond chance (Cochran's Q)."""

    of: SpreadOf
    lowest: float
    highest: float
    p_value: float
    beyond_chance: bool


@dataclass(frozen=True, slots=True)
class WalkForward:
    """The content of `walk_forward.json`."""

    schema_version: int
    describes: str
    interval_level: float
    replicates: int
    periods: tuple[Period, ...]
    skipped: tuple[Skipped, ...]
    months: tuple[Band, ...]
    spreads: tuple[Spread, ...]
    moved: tuple[str, ...]
    headline: str
    sentences: tuple[str, ...]
