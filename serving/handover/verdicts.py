"""Verdicts of the configured frameworks with their evidence, and the questions that are open."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from features.frameworks.definition import Criterion, Framework, read_frameworks
from features.frameworks.facts import facts_of, names_of
from features.frameworks.statement import CriterionState, CriterionStatement, Evidence, Statement, statements
from serving.handover.content import CriterionSaid, EvidenceLine, FrameworkSaid
from serving.handover.source import LeadSource, text_of, time_of, time_of_microseconds
from serving.language.handover_words import elsewhere_sentence, evidence_word, remark, source_word, state_word
from serving.language.plain_text import capitalised


@dataclass(frozen=True, slots=True)
class Ground:
    """What a framework holds of a criterion, by its title and the criterion's label, and what that rests on, in words.

    Frameworks see different evidence: one may know assessments alone, where another also counts job titles.
    """

    title: str
    label: str
    state: CriterionState
    rests_on: str


def frameworks(source: LeadSource) -> tuple[FrameworkSaid, ...]:
    """What each framework of `[rules]` says of the lead, in the order of the settings."""
    project = source.project
    defined = read_frameworks(project.rules, project.directory)
    facts = facts_of(source.histories.leads, source.tables, defined, project.points, source.tracked)
    language = source.to.language
    found = statements(source.histories, facts, source.snapshot, defined, project.points, language)  # type: ignore[arg-type]
    grounds = {one.framework: _grounds(source, defined[one.framework], one) for one in found}
    return tuple(_framework(source, defined[one.framework], one, grounds) for one in found)


def open_questions(said: tuple[FrameworkSaid, ...]) -> tuple[str, ...]:
    """Questions about what is not known, then about what is not met; required criteria first, each once."""
    criteria = [one for framework in said for one in framework.criteria if one.question is not None]
    order = sorted(criteria, key=lambda one: (one.state != "unknown", not one.required))
    return tuple(dict.fromkeys(one.question for one in order if one.question is not None))


def _grounds(source: LeadSource, defined: Framework, said: Statement) -> list[Ground]:
    """What the framework makes of each criterion, and what that rests on."""
    found = []
    for one in said.criteria:
        counts = [piece for piece in one.evidence if not piece.note]
        if one.state == "met":
            limit = defined.limit(defined.criteria[one.name])
            counts = [piece for piece in counts if piece.grade >= limit] or counts
        words = [evidence_word(source.to, piece) for piece in counts]
        if one.state == "unknown":
            words = [source_word(source.to, name) for name in defined.evidence]
        found.append(Ground(said.title, one.label, one.state, ", ".join(dict.fromkeys(words))))
    return found


def _elsewhere(source: LeadSource, said: CriterionStatement, grounds: Iterable[Ground]) -> tuple[str, ...]:
    """What other frameworks hold of the same criterion where they hold otherwise, those that agree together."""
    titles: dict[tuple[CriterionState, str], list[str]] = {}
    for ground in grounds:
        if ground.label == said.label and ground.state != said.state:
            titles.setdefault((ground.state, ground.rests_on), []).append(ground.title)
    return tuple(
        elsewhere_sentence(source.to, state, "; ".join(dict.fromkeys(names)), rests_on)
        for (state, rests_on), names in titles.items()
    )


def _framework(
    source: LeadSource, defined: Framework, said: Statement, grounds: Mapping[str, list[Ground]]
) -> FrameworkSaid:
    others = [ground for name, of_framework in grounds.items() if name != said.framework for ground in of_framework]
    return FrameworkSaid(
        name=said.framework,
        title=said.title,
        outcome=said.outcome,
        outcome_label=state_word(source.to, said.outcome),
        met=said.met,
        needed=said.needed,
        criteria=tuple(
            _criterion(source, defined.criteria[one.name], one, _elsewhere(source, one, others))
            for one in said.criteria
        ),
    )


def _criterion(
    source: LeadSource, defined: Criterion, said: CriterionStatement, elsewhere: tuple[str, ...]
) -> CriterionSaid:
    return CriterionSaid(
        name=said.name,
        label=capitalised(said.label),
        state=said.state,
        state_label=state_word(source.to, said.state),
        required=said.required,
        evidence=tuple(_evidence(source, defined, said)),
        elsewhere=elsewhere,
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
