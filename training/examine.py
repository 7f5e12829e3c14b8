"""Examinations: what is looked at beside the holdout, each with a file of its own and a section of the report.

An examination is a function of the finished training; it gives None where it has nothing to say (a flat table has no
months). To add one, write the function in a module of its own and name it in `EXAMINATIONS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from features.project import Project
from training.dataset import Dataset
from training.evaluation import Evaluation
from training.judge import Judged
from training.model import Fitted
from training.sections import Section
from training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class Examined:
    """A finished training: the data, what judged the model, the refit that ships, and the comparison."""

    project: Project
    settings: TrainingSettings
    dataset: Dataset
    judged: Judged
    final: Fitted
    evaluation: Evaluation


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
EXAMINATIONS: Mapping[str, Examination] = {}
"""What is told while it runs, and the function; the report shows the sections in this order."""


def examine(examined: Examined, directory: Path, say: Callable[[str], None]) -> tuple[Finding, ...]:
    """All findings, each written to the run's folder."""
    findings = []
    for what, examination in EXAMINATIONS.items():
        say(what)
        finding = examination(examined)
        if finding is not None:
            (directory / f"{finding.name}.json").write_text(finding.json, encoding="utf-8")
            findings.append(finding)
    return tuple(findings)
