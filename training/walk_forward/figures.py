"""Pictures of walk-forward evaluation as deterministic SVG: the folds in time, and how each system did in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from training.canvas import BANT, COLOURS, GRID, LABELS, MODEL, MUTED, axes_with, svg
from training.evaluation import Estimate
from training.walk_forward.periods import HOLDOUT, Period, PeriodSystem

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN: tuple[PeriodSystem, ...] = ("model", "logistic", "points", "bant")
ROW = 0.42
LEARNED, GAP = 0.45, 0.22
DODGE = 0.13


def timeline(periods: Sequence[Period]) -> str:
    """Training span, gap and judged span of each fold, the holdout last."""
    return svg("folds", lambda: _timeline(periods))


def lifts(periods: Sequence[Period]) -> str:
    """Lift in the top 10 % of every system, with intervals, period by period."""
    return svg("lift-by-period", lambda: _lifts(periods))


def _timeline(periods: Sequence[Period]) -> Figure:
    from matplotlib.patches import Patch

    figure, axes = axes_with("What each model learned from, and what it was judged on", "", "", _size(periods))
    for row, period in enumerate(periods):
        span = period.span
        train_from, known, judged_from, judged_to = (
            _day(at) for at in (span.train_from, span.known_until, span.judged_from, span.judged_to)
        )
        trained_to = _day(span.train_to)
        _bar(axes, row, (train_from, trained_to + 1), MODEL, LEARNED)
        _bar(axes, row, (trained_to + 1, min(known, judged_from)), MUTED, GAP)
        _bar(axes, row, (judged_from, judged_to + 1), BANT if period.name == HOLDOUT else MODEL, 1)
    parts = (
        ("learned from", MODEL, LEARNED),
        ("gap: outcomes not known yet", MUTED, GAP),
        ("judged on", MODEL, 1.0),
        ("holdout", BANT, 1.0),
    )
    axes.set_yticks(range(len(periods)), [period.name for period in periods])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    _dates(axes)
    patches = [Patch(color=colour, alpha=alpha, label=name, linewidth=0) for name, colour, alpha in parts]
    figure.legend(handles=patches, loc="outside lower center", ncols=4)
    return figure


def _lifts(periods: Sequence[Period]) -> Figure:
    figure, axes = axes_with("Wins in the top tenth, as a multiple of chance", "as-of dates from", "lift")
    measured = [name for name in SHOWN if any(period.systems[name].lift_at_10.value is not None for period in periods)]
    for place, name in enumerate(measured):
        offset = DODGE * (place - (len(measured) - 1) / 2)
        lifts = [(i + offset, period.systems[name].lift_at_10) for i, period in enumerate(periods)]
        at, middle, low, high = np.array([_spread(*one) for one in lifts if one[1].value is not None]).T
        axes.errorbar(at, middle, yerr=(middle - low, high - middle), fmt="o", markersize=5.5 if name == "model" else 4,
                      color=COLOURS[name], linewidth=1.4, label=LABELS[name])  # fmt: skip
    axes.axhline(1, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
    axes.set_xticks(range(len(periods)), [p.span.judged_from[:7] for p in periods])
    axes.set_ylim(bottom=0)
    axes.grid(visible=False, axis="x")
    figure.legend(loc="outside lower center", ncols=4, columnspacing=1, handletextpad=0.2)
    return figure


def _spread(at: float, found: Estimate) -> tuple[float, float, float, float]:
    value = found.value or 0.0
    return at, value, value if found.low is None else found.low, value if found.high is None else found.high


def _size(periods: Sequence[Period]) -> tuple[float, float]:
    return 8.6, 1.5 + ROW * len(periods)


def _bar(axes: Axes, row: int, span: tuple[float, float], colour: str, alpha: float) -> None:
    low, high = span
    if high > low:
        axes.barh(row, high - low, left=low, height=0.6, color=colour, alpha=alpha, linewidth=0)


def _day(iso: str) -> float:
    """Days since 1970, as matplotlib counts dates."""
    return float(np.datetime64(iso, "D").astype(np.int64))


def _dates(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.xaxis.grid(color=GRID)
