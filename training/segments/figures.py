"""Expected and observed win rate of each segment as deterministic SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from training.canvas import BANT, INK, MODEL, MUTED, UNKNOWN, axes_with, percent_format, svg
from training.segments.found import Attribute, Segment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 45
LONGEST_NAME = 34


def dots(attributes: Sequence[Attribute], rate: float) -> str:
    """A dot with interval for what happened in each segment, a mark for what was expected."""
    return svg("segments", lambda: _dots(_shown(attributes), rate))


def _shown(attributes: Sequence[Attribute]) -> list[Attribute]:
    """Attributes as long as there is room, those with something that differs first."""
    shown: list[Attribute] = []
    for attribute in sorted(attributes, key=lambda one: not any(segment.differs for segment in one.segments)):
        if sum(len(one.segments) + 1 for one in (*shown, attribute)) <= MOST_ROWS or not shown:
            shown.append(attribute)
    return shown


def _dots(attributes: Sequence[Attribute], rate: float) -> Figure:
    rows = sum(len(attribute.segments) + 1 for attribute in attributes)
    figure, axes = axes_with("Expected and happened, part by part", "win rate", "", size=(8.6, 1.3 + 0.27 * rows))
    ticks, names, at = [], [], 0
    for attribute in attributes:
        axes.annotate(_short(attribute.name), (0, at), xycoords=("axes fraction", "data"), xytext=(4, 0),
                      textcoords="offset points", va="center", fontweight="bold", fontsize=9.5)  # fmt: skip
        for place, segment in enumerate(attribute.segments, start=at + 1):
            colour = BANT if segment.differs else MODEL if segment.tested else UNKNOWN
            value, spread = _observed(segment)
            axes.errorbar([value], [place], xerr=spread, fmt="o", markersize=5, color=colour, linewidth=1.5)
            axes.plot(
                [segment.predicted.value or 0], [place], marker="|", markersize=12, color=INK, markeredgewidth=1.8
            )
            ticks.append(place)
            names.append(f"{_short(segment.value)} ({segment.n:,})")
        at += len(attribute.segments) + 1
    axes.axvline(rate, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
    axes.set_yticks(ticks, names, fontsize=9)
    axes.set_ylim(at - 0.4, -0.7)
    axes.set_xlim(left=0)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(percent_format())
    _legend(figure)
    return figure


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    look = (("expected", INK, "|"), ("happened", MODEL, "o"), ("differs beyond chance", BANT, "o"),
            ("too few wins to say", UNKNOWN, "o"))  # fmt: skip
    handles = [Line2D([], [], linestyle="", marker=mark, color=colour, label=name) for name, colour, mark in look]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1, handletextpad=0.1)


def _observed(segment: Segment) -> tuple[float, np.ndarray]:
    value = segment.observed.value or 0.0
    low = value if segment.observed.low is None else segment.observed.low
    high = value if segment.observed.high is None else segment.observed.high
    return value, np.array([[value - low], [high - value]])


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
