"""Pictures of the model's page as numbers for an SVG: calibration, and the share of wins at the top of the list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from serving.pages.model_page import Reliability, SystemResult

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 40
TICKS = 4
TOP_SHARE = 0.1


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


def gain_plot(systems: Sequence[SystemResult]) -> Plot | None:
    """Share of all wins among the first tenth of each ranking, from its lift at 5 and 10 %."""
    lines = {one.name: points for one in systems if one.name in ("model", "bant") and (points := _gain(one))}
    chance = f"{_x(0, TOP_SHARE)},{_y(0, 1)} {_x(TOP_SHARE, TOP_SHARE)},{_y(TOP_SHARE, 1)}"
    return Plot(_ticks(TOP_SHARE, _x), _ticks(1.0, _y), chance, (), lines) if lines else None


def _gain(one: SystemResult) -> str:
    at = [(share, lift.value * share) for share, lift in ((0.05, one.lift_at_5), (0.1, one.lift_at_10)) if lift.value]
    points = [(0.0, 0.0), *((share, min(gain, 1.0)) for share, gain in at)]
    return " ".join(f"{_x(a, TOP_SHARE)},{_y(b, 1)}" for a, b in points) if at else ""


def _round_up(share: float) -> float:
    return next((limit for limit in (0.04, 0.1, 0.2, 0.4, 0.6, 0.8) if share <= limit), 1.0)


def _x(share: float, most: float) -> float:
    return round(LEFT + share / most * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float, most: float) -> float:
    return round(HEIGHT - BOTTOM - min(share / most, 1) * (HEIGHT - TOP - BOTTOM), 1)


def _ticks(most: float, place: Callable[[float, float], float]) -> tuple[Tick, ...]:
    return tuple(Tick(place(most * i / TICKS, most), most * i / TICKS) for i in range(TICKS + 1))
