"""Scores over time as numbers for an SVG, with a mark for each thing that happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from serving.pages.lead_content import Event, ScorePoint

WIDTH, HEIGHT = 720, 200
LEFT, RIGHT, TOP, BOTTOM = 34, 14, 12, 46
MOST_MARKS = 120
LEAST_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A score: where it is, and what it was."""

    x: float
    y: float
    score: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Happened:
    """Where something happened, and whether sales did it."""

    x: float
    by_sales: bool


@dataclass(frozen=True, slots=True)
class History:
    """Lines of scores that were shown and of those that today's model gives the past, and marks below them."""

    shown: str
    earlier: str
    dots: tuple[Dot, ...]
    marks: tuple[Happened, ...]
    first: datetime
    last: datetime


def score_history(scores: Sequence[ScorePoint], events: Sequence[Event]) -> History | None:
    """The picture; None below two scores."""
    if len(scores) < 2:
        return None
    first, last = scores[0].at, scores[-1].at
    long = max((last - first).total_seconds(), LEAST_S)

    def x(at: datetime) -> float:
        return round(LEFT + (at - first).total_seconds() / long * (WIDTH - LEFT - RIGHT), 1)

    dots = [(one.published, Dot(x(one.at), height_of(one.score), one.score, one.at)) for one in scores]
    shown = [dot for published, dot in dots if published]
    earlier = [dot for published, dot in dots if not published] + shown[:1]
    marks = [Happened(x(one.at), one.side == "sales") for one in events if first <= one.at <= last]
    return History(_line(shown), _line(earlier), tuple(dot for _, dot in dots), tuple(marks[:MOST_MARKS]), first, last)


def height_of(score: int) -> float:
    """Where a score stands in the picture."""
    return round(HEIGHT - BOTTOM - score / 100 * (HEIGHT - TOP - BOTTOM), 1)


def _line(dots: Sequence[Dot]) -> str:
    return " ".join(f"{dot.x},{dot.y}" for dot in dots) if len(dots) > 1 else ""
