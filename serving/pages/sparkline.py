"""A small line of scores, as numbers for an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from serving.pages.lead_lines import ScoreAt

WIDTH, HEIGHT, EDGE = 96, 28, 3
LEAST_RANGE = 12
"""Scores that hardly move make a line that hardly moves."""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Points of a line and the place of its end, in a picture of `WIDTH` × `HEIGHT`."""

    points: str
    x: float
    y: float


def sparkline(trend: Sequence[ScoreAt]) -> Sparkline | None:
    """The line of a trend; None below two scores."""
    if len(trend) < 2:
        return None
    scores = [one.score for one in trend]
    middle, spread = (max(scores) + min(scores)) / 2, max(max(scores) - min(scores), LEAST_RANGE)
    step, scale = (WIDTH - 2 * EDGE) / (len(scores) - 1), (HEIGHT - 2 * EDGE) / spread
    places = [(round(EDGE + i * step, 1), round(HEIGHT / 2 - (s - middle) * scale, 1)) for i, s in enumerate(scores)]
    return Sparkline(" ".join(f"{x},{y}" for x, y in places), *places[-1])
