"""What `ripelead check --replay` and `--against FILE` print, and their exit codes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from features.cli import out
from features.project import Project
from features.tables import Tables
from features.vocabulary import rows
from training.differences import EXPLAINED, Difference
from training.earlier import Compared, Late, compare_with
from training.replay import Replayed, last_weeks, replay
from training.settings import TrainingSettings

DIFFERENT = 1
NAMED = 20


def check_replay(project: Project, settings: TrainingSettings, tables: Tables, rng: np.random.Generator) -> int:
    """Replay the last month, print what was found, and give the exit code: 0 equal, 1 not."""
    found = replay(project, settings, tables, last_weeks(tables.data_end), rng)
    out.print(replayed_text(found), markup=False)
    return 0 if found.equal else DIFFERENT


def check_against(project: Project, settings: TrainingSettings, tables: Tables, path: Path) -> int:
    """Compare with an earlier feature table, print what was found, and give the exit code: 0 equal, 1 not."""
    found = compare_with(project, settings, tables, path)
    out.print(compared_text(found, path), markup=False)
    return 0 if found.equal else DIFFERENT


def replayed_text(found: Replayed) -> str:
    """A replay in words."""
    dates = ", ".join(f"{date:%Y-%m-%d %H:%M}" for date in found.dates)
    lines = [f"replay as of {dates} UTC: {rows(found.rows)} of open leads × {found.features} features, made twice"]
    if found.equal:
        lines.append("all equal, bit for bit: from all the data, and from what was known on each of the days")
    if found.openness:
        named = ", ".join(found.openness[:EXPLAINED])
        lines.append(f"{len(found.openness)} leads are open on a date in only one of the two, such as {named}")
    lines += _different(found.differences, found.features)
    if found.as_exported:
        names = ", ".join(found.as_exported)
        lines.append(
            f"not replayed, for only their exported value is known: {names} ([tables.lead_changes] dates them)"
        )
    return "\n".join(lines)


def compared_text(found: Compared, path: Path) -> str:
    """A comparison with an earlier table in words."""
    lines = [f"{path}: {rows(found.rows)} compared in {found.features} features"]
    if found.gone:
        lines.append(f"{rows(found.gone)} of leads that are no longer there")
    if found.equal:
        lines.append("all equal, bit for bit: nothing was back-dated or corrected since")
    else:
        lines.append(
            f"{_leads(found.leads)} with differences: rows dated before their as-of dates came or changed afterwards"
        )
    lines += [_late(late) for late in found.late]
    lines += _different(found.differences, found.features)
    if found.skipped:
        lines.append(
            f"not compared, for only one of the two has them or they pool differently: {', '.join(found.skipped)}"
        )
    return "\n".join(lines)


def _late(late: Late) -> str:
    known = f"such as {late.lead_id}, which has" if late.added else f"such as {late.lead_id}, which still has"
    times = ", ".join(f"{time:%Y-%m-%d %H:%M}" for time in late.times) or "none"
    changes = f"{late.added:,} new and {late.removed:,} gone before the as-of dates of {_leads(late.leads)}"
    return f"  {late.kind}: {changes}, {known} {times}"


def _leads(count: int) -> str:
    return f"{count:,} lead{'' if count == 1 else 's'}"


def _different(found: Sequence[Difference], features: int) -> Iterator[str]:
    if found:
        yield f"{len(found)} of {features} features differ:"
    for one in found[:EXPLAINED]:
        yield f"  {one.feature}: {_leads(one.leads)}, such as {one.lead_id} as of {one.as_of:%Y-%m-%d %H:%M} UTC:"
        yield f"    then {one.then}, now {one.now}; {one.cause}"
    if len(found) > EXPLAINED:
        more = [one.feature for one in found[EXPLAINED : EXPLAINED + NAMED]]
        yield f"  and {len(found) - EXPLAINED} more: {', '.join(more)}{', …' if len(found) > EXPLAINED + NAMED else ''}"
