"""Verdicts of frameworks: which criteria are met, and whether that is enough, for any number of leads at once.

A verdict is *met*, *not_met*, or *open*: what is known does not suffice, and what is unknown could still make it. No
gate fails silently on what is unknown.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.build import account_blocks, refuse_unsorted
from features.frameworks.definition import Criterion, Framework
from features.frameworks.evidence import Graded, Sight, graded, pieces_of
from features.frameworks.facts import Facts
from features.frameworks.signals import signals_seen
from features.histories import Block
from features.points import Points, points_of
from features.rule_settings import PointSettings
from features.snapshots import Snapshots
from features.windows import Bools, Floats, Ints

Small = npt.NDArray[np.int8]
Outcome = Literal["not_met", "open", "met"]
OUTCOMES: tuple[Outcome, ...] = ("not_met", "open", "met")
State = Literal["not_met", "unknown", "met"]
STATES: tuple[State, ...] = ("not_met", "unknown", "met")
NOT_MET, UNKNOWN, MET = -1, 0, 1
# Weights are real numbers: a score that is exactly what is asked for must reach it whatever their scale.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One framework's verdicts: `states` per snapshot and criterion and `outcome` are −1 not met, 0 unknown, 1 met.

    `score` is the weighted mean grade, 0 for what is unknown, and `possible` the same with 1 for what is unknown.
    """

    criteria: tuple[str, ...]
    states: Small
    outcome: Small
    score: npt.NDArray[np.float32]
    possible: npt.NDArray[np.float32]

    def take(self, rows: Ints) -> "Verdicts":
        """The verdicts on some snapshots, in that order."""
        return Verdicts(self.criteria, self.states[rows], self.outcome[rows], self.score[rows], self.possible[rows])

    @property
    def qualified(self) -> Bools:
        """Whether the framework is met."""
        return self.outcome == MET

    @property
    def met(self) -> Small:
        """Number of criteria met."""
        return (self.states == MET).sum(axis=1).astype(np.int8)

    @property
    def unknown(self) -> Small:
        """Number of criteria that nobody knows about."""
        return (self.states == UNKNOWN).sum(axis=1).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdicts by framework, and the points, which were counted on the way."""

    verdicts: Mapping[str, Verdicts]
    points: Points


def judge(
    block: Block, facts: Facts, snapshots: Snapshots, frameworks: Mapping[str, Framework], settings: PointSettings
) -> Judgement:
    """Verdicts on the snapshots (sorted by lead and as_of) of a block of whole accounts; one lead is a block too.

    Nothing at or after a snapshot's as_of is seen.
    """
    sight = sight_of(block, facts, snapshots, frameworks, settings)
    known: dict[str, Graded] = {}
    found = {name: _verdicts(sight, framework, known) for name, framework in frameworks.items()}
    return Judgement(found, sight.points)


def judge_all(
    block: Block,
    facts: Facts,
    snapshots: Snapshots,
    frameworks: Mapping[str, Framework],
    settings: PointSettings,
    threads: int,
) -> Judgement:
    """`judge` for any number of leads, some accounts at a time in threads; rows in the order of the snapshots.

    Raises:
        ValueError: the snapshots are not sorted.
    """
    refuse_unsorted(snapshots)

    def part(accounts: tuple[int, int]) -> Judgement:
        a, b = (int(i) for i in block.account_start[list(accounts)])
        rows = slice(*np.searchsorted(snapshots.lead, [a, b]))
        here = Snapshots(snapshots.lead[rows] - a, snapshots.as_of[rows])
        return judge(block.cut(*accounts), facts.cut(a, b), here, frameworks, settings)

    with ThreadPoolExecutor(threads) as pool:
        return _joined(list(pool.map(part, account_blocks(block.by_account.start, block.account_start))))


def sight_of(
    block: Block, facts: Facts, snapshots: Snapshots, frameworks: Mapping[str, Framework], settings: PointSettings
) -> Sight:
    """What the frameworks look at."""
    signals = tuple(
        dict.fromkeys(
            signal
            for framework in frameworks.values()
            if "interactions" in framework.evidence
            for criterion in framework.criteria.values()
            for signal in criterion.signals
        )
    )
    return Sight(
        snapshots=snapshots,
        facts=facts,
        signals={signal: row for row, signal in enumerate(signals)},
        seen=signals_seen(block, snapshots, signals),
        points=points_of(block, snapshots, settings, facts.points),
        settings=settings,
    )


def states_of(grades: Floats, limit: float) -> Small:
    """State of each grade."""
    return np.where(np.isnan(grades), UNKNOWN, np.where(grades >= limit, MET, NOT_MET)).astype(np.int8)


def _verdicts(sight: Sight, framework: Framework, known: dict[str, Graded]) -> Verdicts:
    grades = np.stack(
        [_grade(sight, framework, criterion, known).grade for criterion in framework.criteria.values()], axis=1
    )
    limits = [framework.limit(criterion) for criterion in framework.criteria.values()]
    states = np.stack([states_of(grades[:, i], limit) for i, limit in enumerate(limits)], axis=1)
    weights = np.array([criterion.weight for criterion in framework.criteria.values()])
    share = weights / weights.sum()
    score = _weighted(np.nan_to_num(grades), share)
    possible = _weighted(np.where(np.isnan(grades), 1.0, grades), share)
    return Verdicts(
        criteria=tuple(framework.criteria),
        states=states,
        outcome=_outcome(framework, states, score, possible),
        score=score.astype(np.float32),
        possible=possible.astype(np.float32),
    )


def _weighted(grades: Floats, share: Floats) -> Floats:
    """Weighted means, added up criterion by criterion: a matrix product may differ with the number of rows."""
    total = np.zeros(len(grades))
    for column, weight in enumerate(share.tolist()):
        total += weight * grades[:, column]
    return total


def _grade(sight: Sight, framework: Framework, criterion: Criterion, known: dict[str, Graded]) -> Graded:
    """Grades of a criterion; frameworks that ask for the same evidence share them."""
    limit = framework.limit(criterion)
    asked = criterion.model_dump_json(exclude={"name", "question", "weight", "required", "when_unknown", "met_from"})
    key = f"{limit} {framework.evidence} {asked}"
    if key not in known:
        known[key] = graded(pieces_of(sight, framework, criterion), limit, len(sight.snapshots))
    return known[key]


def _outcome(framework: Framework, states: Small, score: Floats, possible: Floats) -> Small:
    """Met: enough criteria, no gate against it. Not met: not even if all that is unknown were met."""
    criteria = list(framework.criteria.values())
    gates = states[:, [i for i, criterion in enumerate(criteria) if criterion.required]]
    strict = states[:, [i for i, one in enumerate(criteria) if one.required and one.when_unknown == "blocks"]]
    met, unknown = (states == MET).sum(axis=1), (states == UNKNOWN).sum(axis=1)
    failed = (gates == NOT_MET).any(axis=1)
    enough = (met >= framework.needed) & (score >= framework.min_score - ROUNDING)
    reachable = (met + unknown >= framework.needed) & (possible >= framework.min_score - ROUNDING)
    qualified = enough & ~failed & ~(strict == UNKNOWN).any(axis=1)
    return np.where(qualified, MET, np.where(reachable & ~failed, UNKNOWN, NOT_MET)).astype(np.int8)


def _joined(parts: list[Judgement]) -> Judgement:
    first = parts[0]
    verdicts = {
        name: Verdicts(
            one.criteria,
            *(
                np.concatenate([getattr(part.verdicts[name], column) for part in parts])
                for column in ("states", "outcome", "score", "possible")
            ),
        )
        for name, one in first.verdicts.items()
    }
    columns = ("engagement", "fit", "total", "fit_known")
    points = Points(*(np.concatenate([getattr(part.points, column) for part in parts]) for column in columns))
    return Judgement(verdicts, points)
