"""Statements: what a framework says of one lead, with its evidence and dates, what is not met, and what to ask."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.frameworks.definition import Criterion, Framework, Signal, Source
from features.frameworks.evidence import Assessment, Piece, Pieces, Sight, graded, pieces_of
from features.frameworks.facts import Facts
from features.frameworks.verdict import MET, OUTCOMES, Outcome, Verdicts, judge, sight_of, states_of
from features.histories import Block
from features.rule_settings import PointSettings
from features.snapshots import Snapshots
from features.windows import NEVER

Language = Literal["en", "de", "da"]
CriterionState = Literal["not_met", "unknown", "met"]
_STATE: Mapping[int, CriterionState] = {-1: "not_met", 0: "unknown", 1: "met"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: its grade as of the date, and when it is from (microseconds; None: not dated).

    `note` says why it does not count, or why it counts for less.
    """

    source: Source
    what: str
    grade: float
    at: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CriterionStatement:
    """A criterion of a lead; `question` is what to ask, None where it is met."""

    name: str
    label: str
    state: CriterionState
    required: bool
    grade: float | None
    evidence: tuple[Evidence, ...]
    question: str | None


@dataclass(frozen=True, slots=True)
class Statement:
    """A framework's verdict on a lead: `met` of `needed` criteria, and each criterion."""

    framework: str
    title: str
    outcome: Outcome
    met: int
    needed: int
    score: float
    criteria: tuple[CriterionStatement, ...]


def statements(
    block: Block,
    facts: Facts,
    snapshot: Snapshots,
    frameworks: Mapping[str, Framework],
    settings: PointSettings,
    language: Language = "en",
) -> tuple[Statement, ...]:
    """What each framework says of one snapshot; verdicts are those of `judge`."""
    sight = sight_of(block, facts, snapshot, frameworks, settings)
    verdicts = judge(block, facts, snapshot, frameworks, settings).verdicts
    return tuple(
        statements_of(sight, name, framework, verdicts[name], language)[0] for name, framework in frameworks.items()
    )


def statements_of(
    sight: Sight, name: str, framework: Framework, verdicts: Verdicts, language: Language = "en"
) -> list[Statement]:
    """What one framework says of each snapshot that is seen; `verdicts` are those of `judge` on the same ones."""
    criteria = [_criterion(sight, framework, criterion, own, language) for own, criterion in framework.criteria.items()]
    met = verdicts.met
    return [
        Statement(
            framework=name,
            title=framework.title,
            outcome=OUTCOMES[int(verdicts.outcome[row]) + 1],
            met=int(met[row]),
            needed=framework.needed,
            score=float(verdicts.score[row]),
            criteria=of_criteria,
        )
        for row, of_criteria in enumerate(zip(*criteria, strict=True))
    ]


def _criterion(
    sight: Sight, framework: Framework, criterion: Criterion, name: str, language: Language
) -> list[CriterionStatement]:
    """The criterion on each snapshot."""
    pieces, limit = pieces_of(sight, framework, criterion), framework.limit(criterion)
    grades = graded(pieces, limit, len(sight.snapshots)).grade
    states = states_of(grades, limit)
    label, question = criterion.name.get(language, name.replace("_", " ")), criterion.question.get(language)
    return [
        CriterionStatement(
            name=name,
            label=label,
            state=_STATE[int(states[row])],
            required=criterion.required,
            grade=None if np.isnan(grades[row]) else float(grades[row]),
            evidence=tuple(_evidence(sight, framework, criterion, pieces, row)),
            question=None if states[row] == MET else question,
        )
        for row in range(len(grades))
    ]


def _evidence(sight: Sight, framework: Framework, criterion: Criterion, pieces: Pieces, row: int) -> Iterator[Evidence]:
    limit, assessed = framework.limit(criterion), pieces.assessment
    if assessed is not None and not np.isnan(assessed.said.grade[row]):
        yield Evidence("assessments", "assessed", *_value(assessed.said, row), _note(criterion, assessed, row))
    for rule, piece in zip(criterion.attributes, pieces.attributes, strict=False):
        if not np.isnan(piece.grade[row]):
            yield Evidence("attributes", rule.attribute, *_value(piece, row), _overruled(assessed, row))
    for signal, piece in zip(criterion.signals, pieces.signals, strict=False):
        if not np.isnan(piece.grade[row]):
            note = _signal_note(piece, assessed, limit, row)
            yield Evidence("interactions", _of(sight, signal, row), *_value(piece, row), note)
    if pieces.points is not None and not np.isnan(pieces.points.grade[row]):
        yield Evidence("points", f"{criterion.points} points", *_value(pieces.points, row), _overruled(assessed, row))


def _value(piece: Piece, row: int) -> tuple[float, int | None]:
    at = int(piece.at[row])
    return float(piece.grade[row]) + 0.0, None if at == NEVER else at  # + 0.0: no negative zero


def _of(sight: Sight, signal: Signal, row: int) -> str:
    return f"{int(sight.seen.count[sight.signals[signal], row])} × {' or '.join(signal.kinds)}"


def _note(criterion: Criterion, assessed: Assessment, row: int) -> str:
    if assessed.says_yes[row] or assessed.says_no[row]:
        far = criterion.deadline_within_days and assessed.deadline[row] != NEVER and assessed.says_no[row]
        return "the deadline is too far off" if far and assessed.said.grade[row] == 0 else ""
    return (
        "no longer counts: the deadline has passed"
        if _passed(criterion, assessed, row)
        else "no longer counts: too old"
    )


def _passed(criterion: Criterion, assessed: Assessment, row: int) -> bool:
    return bool(criterion.deadline_within_days and assessed.deadline[row] != NEVER)


def _overruled(assessed: Assessment | None, row: int) -> str:
    return "does not count: assessed otherwise" if assessed is not None and assessed.says_no[row] else ""


def _signal_note(piece: Piece, assessed: Assessment | None, limit: float, row: int) -> str:
    if piece.grade[row] < limit:
        return "no longer counts: faded"
    older = assessed is not None and assessed.says_no[row] and piece.at[row] <= assessed.said.at[row]
    return "does not count: assessed otherwise since" if older else ""
