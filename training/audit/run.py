"""The audit: all checks on one data set, with the time each took."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from traceback import extract_tb
from typing import TypeVar

from features.errors import RefusedError
from features.project import Project
from training.audit.alone import check_alone
from training.audit.apart import check_apart
from training.audit.dated import check_dated
from training.audit.dates import check_dates
from training.audit.deal_columns import check_deal_columns
from training.audit.duplicates import check_duplicates
from training.audit.evidence import Evidence, gather
from training.audit.filled import check_filled
from training.audit.names import check_names
from training.audit.order import check_order
from training.audit.single import check_single
from training.audit.skew import check_skew
from training.audit.suspects import GATHERED, Audit, CheckRun, Suspect, merged
from training.dataset import Dataset
from training.settings import TrainingSettings

T = TypeVar("T")
Check = Callable[[Evidence], list[Suspect]]
CHECKS: Mapping[str, Check] = {
    "single column": check_single,
    "name": check_names,
    "filled for one outcome": check_filled,
    "deal column": check_deal_columns,
    "single feature": check_alone,
    "dated by the outcome": check_dated,
    "back-filled dates": check_dates,
    "order": check_order,
    "duplicates": check_duplicates,
    "a stretch too good": check_apart,
    "open leads differ": check_skew,
}
UNTIMED = (
    "leads have no dates: when a column was filled cannot be checked, so columns are suspected by their strength and "
    "their names only"
)
AS_EXPORTED = "attributes without [tables.lead_changes] are as exported: when they were filled is not known"


def audit(project: Project, settings: TrainingSettings, dataset: Dataset) -> Audit:
    """All suspects in a labelled data set; bounded samples, so that its time does not grow with the data.

    A check that fails is named as one that could not run (`CheckRun.skipped`), and all others run.
    """
    begin = perf_counter()
    evidence, gathered = _tried(GATHERED, lambda: gather(project, settings, dataset))
    if evidence is None:
        unseen = tuple(replace(gathered, name=name, seconds=0.0) for name in CHECKS)
        return Audit((), (gathered, *unseen), (), float(dataset.label[dataset.matured].mean()), _seconds(begin))
    runs, found = [gathered], list[Suspect]()
    for name, check in CHECKS.items():
        suspects, run = _tried(name, partial(check, evidence))
        runs.append(replace(run, suspects=len(suspects or ())))
        found += suspects or ()
    return Audit(
        suspects=merged(found),
        checks=tuple(runs),
        limits=_limits(evidence),
        base_rate=float(evidence.leads.label.mean()),
        seconds=_seconds(begin),
    )


def _tried(name: str, step: Callable[[], T]) -> tuple[T | None, CheckRun]:
    """What a step gives, or None with the reason: a training must not be lost to its audit, nor the gap be hidden."""
    begin = perf_counter()
    try:
        return step(), CheckRun(name, 0, _seconds(begin))
    except RefusedError:
        raise  # the project file or the data are at fault, and training would say the same
    except Exception as error:
        return None, CheckRun(name, 0, _seconds(begin), skipped=f"could not run: {_place(error)}")


def _place(error: Exception) -> str:
    """Kind and place of an error; never its text, which may hold a cell of somebody's data."""
    last = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"


def _limits(evidence: Evidence) -> tuple[str, ...]:
    if not evidence.dataset.tables.timed:
        return (UNTIMED,)
    untracked = set(map(str, evidence.leads.attributes.columns)) - evidence.tracked
    return (AS_EXPORTED,) if untracked else ()


def _seconds(since: float) -> float:
    return round(perf_counter() - since, 3)
