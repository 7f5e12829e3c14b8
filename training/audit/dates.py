"""Creation times that were back-filled: after the first interaction or the deal, on the stroke, in batches.

Each of these also happens innocently. What makes it a suspect is that it happens far more often for one outcome.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.project import TableName
from features.windows import DAY_US, NEVER, SECOND_US, Bools, Ints
from training.audit.evidence import Evidence
from training.audit.lines import feature_line, identifier, literal, queried_file, rows_line
from training.audit.measures import Outcomes, group_of, odds_limits
from training.audit.suspects import Bar, Suspect
from training.wording import percent

LEADS: TableName = "leads"
HOUR_US = DAY_US // 24
LEAST_LEADS = 20
ODDS = 3.0
# Where more than this share of times are on midnight, days are all there is; fewer than the other are chance.
DAYS_ONLY, SOME = 0.8, 0.002
BATCH, ALONE = 20, 5


def check_dates(evidence: Evidence) -> list[Suspect]:
    """Oddities of creation times that go with the outcome."""
    if not evidence.dataset.tables.timed:
        return []
    found = []
    for column, rows, compared, what, condition in _oddities(evidence):
        suspect = _suspect(evidence, column, rows, compared, (what, condition))
        if suspect is not None:
            found.append(suspect)
    return found


def _oddities(evidence: Evidence) -> Iterator[tuple[str, Bools, Bools, str, str]]:
    """Name, leads that have it, leads to compare, words, and the SQL of leads without it (empty: cannot be said)."""
    leads, histories = evidence.leads, evidence.dataset.histories
    created, every = leads.created, np.ones(len(leads.number), bool)
    start = histories.by_lead.start
    some = np.diff(start)[leads.number] > 0
    if some.any():
        first = np.full(len(created), NEVER)
        first[some] = histories.by_lead.time[start[leads.number[some]]]
        late = some & (first < created - HOUR_US)
        said = _not_after(evidence, "interactions", ("occurred_at",), "- interval 1 hour")
        yield "created_at after the first interaction", late, some, "were created after their first interaction", said
    opened, closed = evidence.closings.opened[leads.number], evidence.closings.time[leads.number]
    begun = np.where(opened != NEVER, opened, closed)
    decided = begun != NEVER
    late = decided & (created >= begun - SECOND_US)
    said = _not_after(evidence, "deals", ("opened_at", "closed_at"), "+ interval 1 second")
    yield "created_at after the deal", late, decided, "were created when their deal was opened or later", said
    column = identifier(_created_column(evidence))
    midnight = _at_midnight(created, evidence)
    if SOME < midnight.mean() < DAYS_ONLY:
        said = f"{column}::timestamp::time <> time '00:00:00'"
        yield "created_at at midnight", midnight, every, "were created at midnight sharp", said
    batch = _in_batches(created)
    if batch.any():
        said = f"count(*) over (partition by {column}) < {BATCH}"
        yield "created_at in batches", batch, every, "were created in the same second as many others", f"qualify {said}"


def _created_column(evidence: Evidence) -> str:
    return _column(evidence, "leads", "created_at")


def _column(evidence: Evidence, table: TableName, name: str) -> str:
    """A canonical column as the source names it."""
    settings = evidence.project.tables.get(table)
    return name if settings is None else settings.columns.get(name, name)


def _not_after(evidence: Evidence, table: TableName, times: tuple[str, ...], tolerance: str) -> str:
    """The SQL of leads of which no row of another file is older; empty where there is no such file."""
    file = queried_file(evidence.project, table)
    given = [name for name in times if getattr(evidence.dataset.tables, table)[name].notna().any()]
    if file is None or not given:
        return ""
    moments = ", ".join(f"other.{identifier(_column(evidence, table, name))}::timestamptz" for name in given)
    whose, lead = (identifier(_column(evidence, name, "lead_id")) for name in (table, LEADS))
    same = f"other.{whose} = leads.{lead}"
    earlier = f"coalesce({moments}) <= leads.{identifier(_created_column(evidence))}::timestamptz {tolerance}"
    # The line is for people to paste; it is not run here.
    return f"not exists (select 1 from {literal(file)} other where {same} and {earlier})"  # noqa: S608


def _at_midnight(created: Ints, evidence: Evidence) -> Bools:
    """Whether times are on midnight, UTC or in the project's time zone."""
    utc = created % DAY_US == 0
    zone = evidence.project.timezone
    if zone is None:
        return utc
    local = pd.DatetimeIndex(created.astype("datetime64[us]")).tz_localize("UTC").tz_convert(zone)
    sign = (local.hour == 0) & (local.minute == 0) & (local.second == 0) & (local.microsecond == 0)
    return utc | np.asarray(sign)


def _in_batches(created: Ints) -> Bools:
    """Whether a second is shared by many leads, where most leads have a second of their own."""
    _, second, count = np.unique(created // SECOND_US, return_inverse=True, return_counts=True)
    shared = count[second]
    return (shared >= BATCH) & (bool((shared < ALONE).mean() >= 1 - DAYS_ONLY))


def _suspect(evidence: Evidence, column: str, rows: Bools, compared: Bools, words: tuple[str, str]) -> Suspect | None:
    label: Outcomes = evidence.leads.label[compared]
    inside = rows[compared]
    group = group_of(inside, label)
    if group.rows < LEAST_LEADS or group.rows_outside == 0:
        return None
    low, high = odds_limits(group)
    if low < ODDS and high > 1 / ODDS:
        return None
    what, condition = words
    sentence = (
        f"{group.rows:,} leads {what}; {percent(group.rate)} of them won, {percent(group.rate_outside)} of the others: "
        "these creation times were written, or these leads entered, because of what became of them"
    )
    bars = tuple(
        Bar(title, int(mask.sum()), float(label[mask].mean()))
        for title, mask in (("these leads", inside), ("other leads", ~inside))
    )
    numbers = {"leads": float(group.rows), "win_rate": group.rate, "win_rate_otherwise": group.rate_outside}
    line = _line(evidence, condition)
    strength = max(group.rate, 1 - group.rate)
    return Suspect("back-filled dates", "leads", column, strength, numbers, sentence, line, True, bars)


def _line(evidence: Evidence, condition: str) -> str:
    """Reads only the leads without it where SQL can say so; else what is made of the creation time is left out."""
    line = rows_line(evidence.project, "leads", condition) if condition else None
    if line is not None:
        return line.replace(" where qualify ", " qualify ")
    return feature_line("lead_age_days")
