"""Pictures of the model's page as numbers for an SVG: calibration, and the wins found from the top of the list."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from serving.pages.model_page import GainCurve, Reliability

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 40
TICKS = 4
DRAWN = ("model", "points", "bant")
TOLD = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Shares of a list whose gain stands in the table."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis: where, and the share it stands for."""

    at: float
    share: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A measured point with the ends of its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Plot:
    """Axes from 0, an ideal or chance line, and marks or lines by name (points of a polyline)."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    reference: str
    marks: tuple[Mark, ...]
    lines: Mapping[str, str]


def calibration_plot(bands: Sequence[Reliability]) -> Plot | None:
    """Predicted against observed share of wins; None where nothing was measured."""
    known = [b for b in bands if b.predicted.value is not None and b.observed.value is not None]
    if not known:
        return None
    most = _round_up(max(max(b.predicted.value or 0, b.observed.high or b.observed.value or 0) for b in known))
    marks = tuple(
        Mark(
            _x(b.predicted.value or 0, most),
            _y(b.observed.value or 0, most),
            _y(b.observed.low or b.observed.value or 0, most),
            _y(b.observed.high or b.observed.value or 0, most),
        )
        for b in known
    )
    return Plot(_ticks(most, _x), _ticks(most, _y), f"{_x(0, 1)},{_y(0, 1)} {_x(1, 1)},{_y(1, 1)}", marks, {})


def gain_plot(curves: Sequence[GainCurve]) -> Plot | None:
    """Share of all wins found against the share of the list worked; None where nothing was measured."""
    lines = {one.name: _line(one) for one in curves if one.name in DRAWN}
    chance = f"{_x(0, 1)},{_y(0, 1)} {_x(1, 1)},{_y(1, 1)}"
    return Plot(_ticks(1.0, _x), _ticks(1.0, _y), chance, (), lines) if lines else None


def gain_table(curves: Sequence[GainCurve]) -> tuple[tuple[float, tuple[float, ...]], ...]:
    """Shares of the list, each with the share of wins that every curve has found by then."""
    return tuple((share, tuple(found_at(one, share) for one in curves)) for share in TOLD)


def found_at(curve: GainCurve, share: float) -> float:
    """Share of all wins when `share` of the list is worked.

    >>> found_at(GainCurve("bant", (0.0, 0.2, 1.0), (0.0, 0.6, 1.0)), 0.1)
    0.3
    """
    after = max(bisect_left(curve.worked, share), 1)
    (left, right), (low, high) = curve.worked[after - 1 : after + 1], curve.found[after - 1 : after + 1]
    return low + (high - low) * (share - left) / (right - left)


def _line(one: GainCurve) -> str:
    return " ".join(f"{_x(worked, 1)},{_y(found, 1)}" for worked, found in zip(one.worked, one.found, strict=True))


def _round_up(share: float) -> float:
    return next((limit for limit in (0.04, 0.1, 0.2, 0.4, 0.6, 0.8) if share <= limit), 1.0)


def _x(share: float, most: float) -> float:
    return round(LEFT + share / most * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float, most: float) -> float:
    return round(HEIGHT - BOTTOM - min(share / most, 1) * (HEIGHT - TOP - BOTTOM), 1)


def _ticks(most: float, place: Callable[[float, float], float]) -> tuple[Tick, ...]:
    return tuple(Tick(place(most * i / TICKS, most), most * i / TICKS) for i in range(TICKS + 1))
