"""Statements: what a framework says of one lead, with its evidence and dates, what is not met, and what to ask."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.frameworks.definition import Criterion, Framework, Signal, Source
from features.frameworks.evidence import Assessment, Piece, Pieces, Sight, graded, pieces_of
from features.frameworks.facts import Facts
from features.frameworks.verdict import OUTCOMES, Outcome, judge, sight_of, states_of
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
        Statement(
            framework=name,
            title=framework.title,
            outcome=OUTCOMES[int(verdicts[name].outcome[0]) + 1],
            met=int(verdicts[name].met[0]),
            needed=framework.needed,
            score=float(verdicts[name].score[0]),
            criteria=tuple(
                _criterion(sight, framework, criterion, own, language) for own, criterion in framework.criteria.items()
            ),
        )
        for name, framework in frameworks.items()
    )


def _criterion(
    sight: Sight, framework: Framework, criterion: Criterion, name: str, language: Language
) -> CriterionStatement:
    pieces, limit = pieces_of(sight, framework, criterion), framework.limit(criterion)
    grade = graded(pieces, limit, 1).grade
    state = _STATE[int(states_of(grade, limit)[0])]
    return CriterionStatement(
        name=name,
        label=criterion.name.get(language, name.replace("_", " ")),
        state=state,
        required=criterion.required,
        grade=None if np.isnan(grade[0]) else float(grade[0]),
        evidence=tuple(_evidence(sight, framework, criterion, pieces)),
        question=None if state == "met" else criterion.question.get(language),
    )


def _evidence(sight: Sight, framework: Framework, criterion: Criterion, pieces: Pieces) -> Iterator[Evidence]:
    limit, assessed = framework.limit(criterion), pieces.assessment
    if assessed is not None and not np.isnan(assessed.said.grade[0]):
        yield Evidence("assessments", "assessed", *_value(assessed.said), _note(criterion, assessed))
    for rule, piece in zip(criterion.attributes, pieces.attributes, strict=False):
        if not np.isnan(piece.grade[0]):
            yield Evidence("attributes", rule.attribute, *_value(piece), _overruled(assessed))
    for signal, piece in zip(criterion.signals, pieces.signals, strict=False):
        if not np.isnan(piece.grade[0]):
            yield Evidence("interactions", _of(sight, signal), *_value(piece), _signal_note(piece, assessed, limit))
    if pieces.points is not None and not np.isnan(pieces.points.grade[0]):
        yield Evidence("points", f"{criterion.points} points", *_value(pieces.points), _overruled(assessed))


def _value(piece: Piece) -> tuple[float, int | None]:
    at = int(piece.at[0])
    return float(piece.grade[0]), None if at == NEVER else at


def _of(sight: Sight, signal: Signal) -> str:
    return f"{int(sight.seen.count[sight.signals[signal], 0])} × {' or '.join(signal.kinds)}"


def _note(criterion: Criterion, assessed: Assessment) -> str:
    if assessed.says_yes[0] or assessed.says_no[0]:
        far = criterion.deadline_within_days and assessed.deadline[0] != NEVER and assessed.says_no[0]
        return "the deadline is too far off" if far and assessed.said.grade[0] == 0 else ""
    return "no longer counts: the deadline has passed" if _passed(criterion, assessed) else "no longer counts: too old"


def _passed(criterion: Criterion, assessed: Assessment) -> bool:
    return bool(criterion.deadline_within_days and assessed.deadline[0] != NEVER)


def _overruled(assessed: Assessment | None) -> str:
    return "does not count: assessed otherwise" if assessed is not None and assessed.says_no[0] else ""


def _signal_note(piece: Piece, assessed: Assessment | None, limit: float) -> str:
    if piece.grade[0] < limit:
        return "no longer counts: faded"
    older = assessed is not None and assessed.says_no[0] and piece.at[0] <= assessed.said.at[0]
    return "does not count: assessed otherwise since" if older else ""
