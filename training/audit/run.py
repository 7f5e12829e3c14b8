"""The audit: all checks on one data set, with the time each took."""

from collections.abc import Callable, Mapping
from time import perf_counter

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
from training.audit.suspects import Audit, CheckRun, Suspect, merged
from training.dataset import Dataset
from training.settings import TrainingSettings

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
    """All suspects in a labelled data set; bounded samples, so that its time does not grow with the data."""
    begin = perf_counter()
    evidence = gather(project, settings, dataset)
    runs = [CheckRun("evidence", 0, _seconds(begin))]
    found: list[Suspect] = []
    for name, check in CHECKS.items():
        started = perf_counter()
        suspects = check(evidence)
        found += suspects
        runs.append(CheckRun(name, len(suspects), _seconds(started)))
    return Audit(
        suspects=merged(found),
        checks=tuple(runs),
        limits=_limits(evidence),
        base_rate=float(evidence.leads.label.mean()),
        seconds=_seconds(begin),
    )


def _limits(evidence: Evidence) -> tuple[str, ...]:
    if not evidence.dataset.tables.timed:
        return (UNTIMED,)
    untracked = set(map(str, evidence.leads.attributes.columns)) - evidence.tracked
    return (AS_EXPORTED,) if untracked else ()


def _seconds(since: float) -> float:
    return round(perf_counter() - since, 3)
