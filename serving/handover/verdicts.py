"""Verdicts of the configured frameworks with their evidence, and the questions that are open."""

from collections.abc import Iterator

import pandas as pd

from features.frameworks.definition import Criterion, Framework, read_frameworks
from features.frameworks.facts import facts_of, names_of
from features.frameworks.statement import CriterionStatement, Evidence, Statement, statements
from serving.handover.content import CriterionSaid, EvidenceLine, FrameworkSaid
from serving.handover.source import LeadSource, text_of, time_of, time_of_microseconds
from serving.language.handover_words import evidence_word, remark, state_word
from serving.language.plain_text import capitalised


def frameworks(source: LeadSource) -> tuple[FrameworkSaid, ...]:
    """What each framework of `[rules]` says of the lead, in the order of the settings."""
    project = source.project
    defined = read_frameworks(project.rules, project.directory)
    facts = facts_of(source.histories.leads, source.tables, defined, project.points, source.tracked)
    language = source.to.language
    found = statements(source.histories, facts, source.snapshot, defined, project.points, language)  # type: ignore[arg-type]
    return tuple(_framework(source, defined[one.framework], one) for one in found)


def open_questions(said: tuple[FrameworkSaid, ...]) -> tuple[str, ...]:
    """Questions about what is not known, then about what is not met; required criteria first, each once."""
    criteria = [one for framework in said for one in framework.criteria if one.question is not None]
    order = sorted(criteria, key=lambda one: (one.state != "unknown", not one.required))
    return tuple(dict.fromkeys(one.question for one in order if one.question is not None))


def _framework(source: LeadSource, defined: Framework, said: Statement) -> FrameworkSaid:
    return FrameworkSaid(
        name=said.framework,
        title=said.title,
        outcome=said.outcome,
        outcome_label=state_word(source.to, said.outcome),
        met=said.met,
        needed=said.needed,
        criteria=tuple(_criterion(source, defined.criteria[one.name], one) for one in said.criteria),
    )


def _criterion(source: LeadSource, defined: Criterion, said: CriterionStatement) -> CriterionSaid:
    return CriterionSaid(
        name=said.name,
        label=capitalised(said.label),
        state=said.state,
        state_label=state_word(source.to, said.state),
        required=said.required,
        evidence=tuple(_evidence(source, defined, said)),
        question=said.question,
    )


def _evidence(source: LeadSource, defined: Criterion, said: CriterionStatement) -> Iterator[EvidenceLine]:
    for one in said.evidence:
        at, what = time_of_microseconds(one.at), evidence_word(source.to, one)
        noted = _assessment(source, defined, one)
        grade = round(one.grade, 4)
        if noted is None:
            yield EvidenceLine(at, what, grade, remark(source.to, one.note))
            continue
        yield EvidenceLine(
            at, what, grade, remark(source.to, one.note),
            amount=None if pd.isna(noted["amount"]) else float(noted["amount"]),
            deadline=time_of(noted["deadline"]),
            note=text_of(noted["note"]),
            by=text_of(noted["by"]),
        )  # fmt: skip


def _assessment(source: LeadSource, defined: Criterion, evidence: Evidence) -> pd.Series | None:
    """The row of assessments that a piece of evidence is."""
    if evidence.source != "assessments":
        return None
    rows = source.own(source.tables.assessments, "assessed_at")
    names = names_of(defined)
    of_criterion = rows[rows["criterion"].astype("str").str.strip().str.lower().isin(names)]
    return of_criterion.iloc[-1] if len(of_criterion) else None
