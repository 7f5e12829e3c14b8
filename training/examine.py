"""Examinations: what is looked at beside the holdout, each with a file of its own and a section of the report.

An examination is a function of the finished training; it gives None where it has nothing to say (a flat table has no
months). To add one, write the function in a module of its own and name it in `training.examinations.EXAMINATIONS`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from features.project import Project
from training.accounts.rows import AccountFit
from training.dataset import Dataset
from training.evaluation import Evaluation
from training.judge import Judged
from training.model import Fitted
from training.policy_values import ClassPolicy
from training.sections import Section
from training.settings import TrainingSettings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True)
class Examined:
    """A finished training: the data, what judged the model, the refit that ships, the comparison, and the classes."""

    project: Project
    settings: TrainingSettings
    dataset: Dataset
    judged: Judged
    final: Fitted
    evaluation: Evaluation
    classes: ClassPolicy
    accounts: AccountFit | None = None
    """How leads add up to accounts; None where that cannot be told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an examination found: strict JSON for `<name>.json` in the run's folder, and a section of the report.

    `metrics` are single numbers worth following from run to run; they are logged to MLflow.
    """

    name: str
    json: str
    section: Section | None = None
    metrics: Mapping[str, float] | None = None


Examination = Callable[[Examined], Finding | None]


def strict_json(found: "DataclassInstance") -> str:
    """A frozen dataclass as indented JSON without NaN, keys in their order, one newline at the end."""
    return json.dumps(asdict(found), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
