"""What `agreement.json` says, as frozen values: the model's class against the verdicts of qualification frameworks."""

from dataclasses import dataclass
from typing import Literal

from features.frameworks.verdict import Outcome
from training.evaluation import Estimate

AGREEMENT_SCHEMA = 1
Ahead = Literal["model", "framework", "neither", "too_few"]


@dataclass(frozen=True, slots=True)
class Cell:
    """Holdout rows by the model's class (its probability reaches the threshold or not) and a framework's verdict."""

    model: bool
    framework: Outcome
    n: int
    wins: int
    win_rate: Estimate


@dataclass(frozen=True, slots=True)
class SameVolume:
    """The framework's picks and as many of the model's highest rows: `apart` rows are picked by one side alone.

    `framework_alone` and `model_alone` are win rates of these rows, `difference` the model's less the framework's.
    `ahead` says whose own picks win more often beyond chance.
    """

    count: int
    apart: float
    framework_alone: Estimate
    model_alone: Estimate
    difference: Estimate
    ahead: Ahead


@dataclass(frozen=True, slots=True)
class Compared:
    """One framework: six cells (model yes, then no; framework met, open, not met), and both at the same volume.

    `same_volume` is None where the framework is met on no row.
    """

    framework: str
    title: str
    cells: tuple[Cell, ...]
    same_volume: SameVolume | None
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """The content of `agreement.json` in a run's folder."""

    schema_version: int
    threshold: float
    n: int
    leads: int
    interval_level: float
    replicates: int
    frameworks: tuple[Compared, ...]
