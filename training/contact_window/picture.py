"""The picture of waiting times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.canvas import BANT, MODEL, MUTED, axes_with, percent_format, svg
from training.contact_window.found import Clock
from training.contact_window.words import TITLES, span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from training.evaluation import Estimate


def draw_waits(clock: Clock, days: int) -> str:
    """SVG: chance of a win within `days` after a contact, by waiting time: as observed, alike, alike by the model."""

    def drawing() -> Figure:
        figure, axes = axes_with(TITLES[clock.since], "", f"won within {days} days", (6.2, 3.4))
        shown = [wait for wait in clock.waits if wait.observed.value is not None]
        series: list[tuple[str, str, list[Estimate]]] = [
            ("as observed", BANT, [wait.observed for wait in shown]),
            ("alike in interest and points", MODEL, [wait.adjusted for wait in shown]),
            ("alike by the model", MUTED, [wait.by_model for wait in shown]),
        ]
        at = np.arange(len(shown))
        for number, (label, colour, found) in enumerate(series):
            place = at + 0.18 * (number - 1)
            axes.plot(place, [one.value or 0.0 for one in found], "o-", color=colour, ms=4, linewidth=1, label=label)
            for x, one in zip(place, found, strict=True):
                axes.plot([x, x], [one.low or 0.0, one.high or 0.0], color=colour, linewidth=1.5)
        axes.set_xticks(at, [span(wait) for wait in shown], fontsize=8)
        top = max(one.high or 0.0 for _, _, found in series for one in found)
        axes.set_ylim(0, min(1.2 * top, 1.0))
        axes.yaxis.set_major_formatter(percent_format())
        axes.legend(loc="upper center", fontsize=8, ncols=3)
        return figure

    return svg(f"waits-{clock.since}", drawing)
