"""Kinds of dated rows (interactions, assessments, field changes) that describe what became of a deal.

A row is read against the closing of its lead: at or after it, or within the two days before. What is dated there was
written because of the outcome, or back-dated. Rows at or after the closing are no features of the lead itself, but of
its colleagues, and of the lead where its deals repeat.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.identifiers import positions_of
from features.times import microseconds
from features.windows import DAY_US, NEVER, Bools, Ints
from training.audit.alone import criterion_line
from training.audit.evidence import Evidence
from training.audit.filled import one_outcome
from training.audit.lines import field_line, kind_line
from training.audit.measures import Outcomes, group_of, least_share
from training.audit.suspects import Bar, Suspect
from training.wording import percent

JUST_BEFORE_US = 2 * DAY_US
SHORTLY_AFTER_US = 14 * DAY_US
LEAST_LEADS = 20
# Shares of a kind's rows, chance taken off (docs/leakage.md has those of innocent kinds).
AFTER, NEAR, NEAR_TIMES_USUAL = 0.8, 0.5, 4.0


@dataclass(frozen=True, slots=True)
class DatedRows:
    """Rows of one table of leads with a closing or without: lead number, time (microseconds), code in `names`.

    `whole` says whether a kind's rows count for its outcome whenever they happened, or only before the closing.
    """

    table: str
    names: tuple[str, ...]
    lead: Ints
    time: Ints
    code: Ints
    whole: bool


def check_dated(evidence: Evidence) -> list[Suspect]:
    """Kinds that stand at, after or right before closings, or at leads of one outcome alone."""
    closings, n = evidence.closings, len(evidence.dataset.histories.lead_ids)
    if not evidence.dataset.tables.timed or (closings.time != NEVER).sum() < LEAST_LEADS:
        return []
    audited = np.zeros(n, bool)
    audited[evidence.leads.number] = True
    found: list[Suspect] = []
    for rows in (_interactions(evidence), _assessments(evidence), _changes(evidence)):
        if len(rows.lead):
            found += _kinds(evidence, rows, audited)
    return [*found, *_late_fields(evidence)]


def _interactions(evidence: Evidence) -> DatedRows:
    histories = evidence.dataset.histories
    log = histories.by_lead
    lead = np.repeat(np.arange(len(log.start) - 1), np.diff(log.start))
    return DatedRows("interactions", histories.kinds, lead, log.time, log.kind, whole=True)


def _assessments(evidence: Evidence) -> DatedRows:
    frame = evidence.dataset.tables.assessments
    met = frame["met"].fillna(0).to_numpy() >= evidence.project.rules.met_from
    frame = frame[met & frame["assessed_at"].notna().to_numpy()]
    criterion = frame["criterion"].str.lower()
    asked = {name.lower() for name in evidence.project.rules.criteria}
    names = tuple(sorted(set(criterion.dropna()) & asked))
    lead = positions_of(frame["lead_id"], evidence.dataset.histories.lead_ids)
    code = positions_of(criterion, np.array(names, object))
    return _known(DatedRows("assessments", names, lead, microseconds(frame["assessed_at"]), code, whole=False))


def _changes(evidence: Evidence) -> DatedRows:
    frame = evidence.dataset.tables.lead_changes
    value = frame["field"].astype("str") + " = " + frame["value"].astype("str")
    names = tuple(sorted(value[frame["field"].isin(_audited_fields(evidence))].dropna().unique()))
    if len(names) > len(value) / 5:
        return DatedRows("lead_changes", (), *(np.empty(0, np.int64),) * 3, whole=False)
    lead = positions_of(frame["lead_id"], evidence.dataset.histories.lead_ids)
    code = positions_of(value, np.array(names, object))
    return _known(DatedRows("lead_changes", names, lead, microseconds(frame["changed_at"]), code, whole=False))


def _known(rows: DatedRows) -> DatedRows:
    keep = (rows.lead >= 0) & (rows.code >= 0)
    return DatedRows(rows.table, rows.names, rows.lead[keep], rows.time[keep], rows.code[keep], rows.whole)


def _kinds(evidence: Evidence, rows: DatedRows, audited: Bools) -> Iterator[Suspect]:
    """Suspects among the kinds of one table."""
    closing = evidence.closings.time
    keep = audited[rows.lead]
    lead, time, code = rows.lead[keep], rows.time[keep], rows.code[keep]
    decided = closing[lead] != NEVER
    lag = np.where(decided, time - closing[lead], 0)
    before = decided & (lag < 0) & (lag >= -JUST_BEFORE_US)
    counts = [np.bincount(code[mask], minlength=len(rows.names)) for mask in (decided, decided & (lag >= 0), before)]
    label, outcome_rows = _outcomes(evidence, audited)
    for number, name in enumerate(rows.names):
        mine = code == number
        leads = np.unique(lead[mine & decided])
        total, after, near = (int(count[number]) for count in counts)
        usual = (counts[2].sum() - near) / max(counts[0].sum() - total, 1)
        sentence = ""
        if len(leads) >= LEAST_LEADS:
            sentence = _timing(name, rows, total, after, near, usual)
        counted = mine if rows.whole else mine & ~(decided & (lag >= 0))
        inside = np.zeros(len(audited), bool)
        inside[lead[counted]] = True
        pure = _purity(name, inside[outcome_rows], label[outcome_rows])
        if sentence or pure:
            yield _suspect(
                evidence, rows.table, name, sentence or pure, (total, after, near), (inside, label, outcome_rows)
            )


def _outcomes(evidence: Evidence, audited: Bools) -> tuple[Outcomes, Bools]:
    """Outcome by lead, and the leads to compare: decided ones where losses are recorded, else all."""
    decided = audited & (evidence.closings.time != NEVER)
    label = np.zeros(len(audited), np.int8)
    label[evidence.leads.number] = evidence.leads.label
    lost = int(decided.sum() - evidence.closings.won[decided].sum())
    return (evidence.closings.won, decided) if lost >= LEAST_LEADS else (label, audited)


def _timing(name: str, rows: DatedRows, total: int, after: int, near: int, usual: float) -> str:
    if rows.whole and least_share(after, total) >= AFTER:
        share = percent(after / total)
        return f"{share} of {total:,} {name} of leads with a closed deal are dated at or after the closing"
    low = least_share(near, total)
    if low >= NEAR and low >= NEAR_TIMES_USUAL * usual:
        return (
            f"{percent(near / total)} of {total:,} {name} of leads with a closed deal are dated in the two days before "
            f"the closing ({percent(usual)} of all other {rows.table}): written because of it, or back-dated"
        )
    return ""


def _purity(name: str, inside: Bools, label: Outcomes) -> str:
    group = group_of(inside, label)
    outcome = one_outcome(group)
    if outcome is None:
        return ""
    share = group.rate if outcome == "won" else 1 - group.rate
    others = percent(group.rate_outside)
    return f"of {group.rows:,} leads with {name}, {percent(share)} {outcome} (win rate of the others: {others})"


def _suspect(
    evidence: Evidence,
    table: str,
    name: str,
    sentence: str,
    counts: tuple[int, int, int],
    groups: tuple[Bools, Outcomes, Bools],
) -> Suspect:
    inside, label, compared = groups
    bars = tuple(
        Bar(title, int(rows.sum()), float(label[rows].mean()))
        for title, rows in (("with it", inside & compared), ("without it", ~inside & compared))
        if rows.any()
    )
    column, line = _line(evidence, table, name)
    total, after, near = counts
    numbers = {"rows_of_closed": float(total), "after_closing": float(after), "two_days_before": float(near)}
    strength = max((after + near) / max(total, 1), 0.5)
    return Suspect("dated by the outcome", table, column, strength, numbers, sentence, line, True, bars)


def _line(evidence: Evidence, table: str, name: str) -> tuple[str, str]:
    if table == "interactions":
        return name, kind_line(evidence.project, name)
    if table == "assessments":
        return name, criterion_line(evidence, name)
    field = name.split(" = ", maxsplit=1)[0]
    return field, field_line(evidence, field)


def _audited_fields(evidence: Evidence) -> list[str]:
    """Fields with a dated history that are attributes of leads: of no other a feature is made."""
    return sorted(evidence.tracked & set(map(str, evidence.leads.attributes)))


def _late_fields(evidence: Evidence) -> Iterator[Suspect]:
    """Fields whose dated changes mostly follow a closing at once."""
    frame = evidence.dataset.tables.lead_changes
    lead = positions_of(frame["lead_id"], evidence.dataset.histories.lead_ids)
    closing = np.where(lead >= 0, evidence.closings.time[lead], NEVER) if len(lead) else lead
    lag = microseconds(frame["changed_at"]) - closing
    late = (closing != NEVER) & (lag >= 0) & (lag <= SHORTLY_AFTER_US)
    for field in _audited_fields(evidence):
        mine = (frame["field"] == field).to_numpy() & (closing != NEVER)
        total, after = int(mine.sum()), int((mine & late).sum())
        if total >= LEAST_LEADS and least_share(after, total) >= NEAR:
            sentence = (
                f"{percent(after / total)} of {total:,} changes of {field} at leads with a closed deal follow the "
                "closing within two weeks"
            )
            numbers = {"changes_of_closed": float(total), "after_closing": float(after)}
            line = field_line(evidence, field)
            yield Suspect("filled afterwards", "lead_changes", field, after / total, numbers, sentence, line, True)
