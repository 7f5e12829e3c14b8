"""Evidence for one criterion as of dates: what was assessed, what is inferred, how far it has faded, and what counts.

What people assessed counts before what is inferred. An assessment that says no stands until it has faded, or until
interactions after it say otherwise; an attribute counts beside a favourable assessment and where there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.frameworks.definition import Criterion, Framework, Signal
from features.frameworks.facts import Facts, names_of, rule_key
from features.frameworks.signals import Seen
from features.points import Points, thousandths
from features.recorded import Recorded
from features.rule_settings import PointSettings
from features.snapshots import Snapshots
from features.windows import DAY_US, NEVER, Bools, Floats, Ints, history


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen from snapshots: facts of their leads, signals, and points where a criterion asks for them."""

    snapshots: Snapshots
    facts: Facts
    signals: Mapping[Signal, int]
    seen: Seen
    points: Points
    settings: PointSettings


@dataclass(frozen=True, slots=True)
class Piece:
    """One kind of evidence per snapshot: grade 0…1 as of the date (NaN: none), and when it is from (NEVER: undated)."""

    grade: Floats
    at: Ints


@dataclass(frozen=True, slots=True)
class Assessment:
    """The latest assessment per snapshot: what it says, whether it still counts, and its deadline (NEVER: none)."""

    said: Piece
    faded: Floats
    says_yes: Bools
    says_no: Bools
    deadline: Ints


@dataclass(frozen=True, slots=True)
class Pieces:
    """All evidence for a criterion; None where a source is not looked at."""

    assessment: Assessment | None
    signals: tuple[Piece, ...]
    attributes: tuple[Piece, ...]
    points: Piece | None


@dataclass(frozen=True, slots=True)
class Graded:
    """Grade per snapshot, NaN where it is not known; `outdated`: it was known, and has faded or passed."""

    grade: Floats
    outdated: Bools


def pieces_of(sight: Sight, framework: Framework, criterion: Criterion) -> Pieces:
    """What there is for a criterion, by source."""
    sources, limit = framework.evidence, framework.limit(criterion)
    return Pieces(
        _assessment(sight, criterion, limit) if "assessments" in sources else None,
        tuple(_signal(sight, criterion, signal) for signal in criterion.signals) if "interactions" in sources else (),
        _attributes(sight, criterion) if "attributes" in sources else (),
        _points(sight, criterion) if "points" in sources and criterion.points is not None else None,
    )


def graded(pieces: Pieces, limit: float, n: int) -> Graded:
    """What the pieces say together, for n snapshots."""
    unknown, no = np.full(n, np.nan), np.zeros(n, np.bool_)
    assessed = pieces.assessment
    says_yes, says_no = (no, no) if assessed is None else (assessed.says_yes, assessed.says_no)
    inferred = unknown if assessed is None else np.where(says_yes, assessed.faded, np.nan)
    for piece in (*pieces.attributes, *(() if pieces.points is None else (pieces.points,))):
        inferred = np.fmax(inferred, np.where(says_no, np.nan, piece.grade))
    for piece in pieces.signals:
        before = says_no if assessed is None else says_no & (piece.at <= assessed.said.at)
        inferred = np.fmax(inferred, np.where((piece.grade >= limit) & ~before, piece.grade, np.nan))
    if assessed is not None:
        inferred = np.where(says_no, np.fmax(inferred, assessed.said.grade), inferred)
    vetoed = _any_says_no(pieces.attributes, n) & ~says_yes
    grade = np.where(vetoed, 0.0, inferred)
    had = no if assessed is None else ~np.isnan(assessed.said.grade)
    return Graded(grade, np.isnan(grade) & had)


def _any_says_no(attributes: tuple[Piece, ...], n: int) -> Bools:
    found = np.zeros(n, np.bool_)
    for piece in attributes:
        found |= piece.grade == 0
    return found


def _assessment(sight: Sight, criterion: Criterion, limit: float) -> Assessment:
    known, snapshots = sight.facts.assessed.of(names_of(criterion)), sight.snapshots
    said, place = _latest(known.recordings, snapshots)
    deadline = np.where(place >= 0, np.append(known.deadline, NEVER)[place], NEVER)
    grade = np.where(_too_far(criterion, snapshots, deadline) & (said.grade >= limit), 0.0, said.grade)
    fresh = _freshness(criterion, snapshots, said.at)
    passed = (criterion.deadline_within_days > 0) & (deadline != NEVER) & (deadline <= snapshots.as_of)
    faded = grade * fresh
    return Assessment(
        Piece(grade, said.at),
        faded,
        says_yes=(grade >= limit) & (faded >= limit) & ~passed,
        says_no=(grade < limit) & (fresh >= limit),
        deadline=deadline,
    )


def _too_far(criterion: Criterion, snapshots: Snapshots, deadline: Ints) -> Bools:
    within = criterion.deadline_within_days * DAY_US
    return np.asarray((within > 0) & (deadline > snapshots.as_of + within))


def _freshness(criterion: Criterion, snapshots: Snapshots, at: Ints) -> Floats:
    """How much of evidence is left: 2^(−age / half-life), 0 when it has expired; 1 for what is not dated."""
    dated = at != NEVER
    age = np.where(dated, snapshots.as_of - at, 0) / DAY_US
    left = 2.0 ** (-age / criterion.half_life_days) if criterion.half_life_days else np.ones(len(age))
    return np.where(dated & (age > criterion.max_age_days), 0.0, left) if criterion.max_age_days else left


def _signal(sight: Sight, criterion: Criterion, signal: Signal) -> Piece:
    row = sight.signals[signal]
    last = sight.seen.last[row]
    enough = sight.seen.count[row] >= signal.at_least
    fresh = _freshness(criterion, sight.snapshots, last)
    return Piece(np.where(enough & (fresh > 0), signal.grade * fresh, np.nan), np.where(enough, last, NEVER))


def _attributes(sight: Sight, criterion: Criterion) -> tuple[Piece, ...]:
    known = (sight.facts.attributes.get(rule_key(rule)) for rule in criterion.attributes)
    return tuple(_attribute(values, sight.snapshots) for values in known)


def _attribute(values: Floats | Recorded | None, snapshots: Snapshots) -> Piece:
    if values is None:
        return Piece(np.full(len(snapshots), np.nan), np.full(len(snapshots), NEVER))
    if isinstance(values, Recorded):
        return _latest(values, snapshots)[0]
    return Piece(values[snapshots.lead], np.full(len(snapshots), NEVER))


def _latest(recordings: Recorded, snapshots: Snapshots) -> tuple[Piece, Ints]:
    """The last recording before as_of (NaN without one), and its place among the recordings (−1)."""
    past = history(recordings.segments, snapshots.lead, snapshots.as_of)
    place = np.where(past.count > 0, past.stop - 1, -1)
    value, time = np.append(recordings.value, np.nan)[place], np.append(recordings.segments.time, NEVER)[place]
    return Piece(value, time), place


def _points(sight: Sight, criterion: Criterion) -> Piece:
    """1 from the step of a good grade on, 0 below zero; in between nothing: a quiet lead is not a bad one."""
    points, settings = sight.points, sight.settings
    found, step = {
        "total": (points.total, settings.threshold),
        "engagement": (points.engagement, settings.engagement_steps[1]),
        "fit": (points.fit, settings.fit_steps[1]),
    }[criterion.points or "total"]
    grade = np.where(found >= thousandths(step), 1.0, np.where(found < 0, 0.0, np.nan))
    return Piece(grade, np.full(len(grade), NEVER))
