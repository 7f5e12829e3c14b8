"""Pictures of the closing curve and of cohorts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.canvas import BANT, GRID, MODEL, MUTED, axes_with, percent_format, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from features.windows import Floats
    from training.cohorts import Cohorts

MOST_MONTHS = 12


def draw_closing(days: tuple[int, ...], predicted: Floats, observed: Floats) -> str:
    """SVG: mean predicted and observed share of wins by day; `observed` has all rows first, then resamples."""

    def drawing() -> Figure:
        figure, axes = axes_with("Wins by day", "days after the as-of date", "share of leads won", (5.6, 3.4))
        at, seen = np.array((0, *days)), np.concatenate([[0.0], observed[0]])
        if len(observed) > 1 and np.isfinite(observed[0]).any():
            known = np.isfinite(observed).all(axis=0)
            low, high = np.quantile(observed[1:, known], (0.05, 0.95), axis=0)
            axes.fill_between(np.array(days)[known], low, high, color=BANT, alpha=0.15, linewidth=0)
        axes.plot(at, seen, color=BANT, label="observed")
        axes.plot(at, np.concatenate([[0.0], predicted]), color=MODEL, label="expected")
        axes.set_ylim(0)
        axes.yaxis.set_major_formatter(percent_format())
        axes.legend(loc="upper left")
        return figure

    return svg("closing", drawing)


def draw_cohorts(found: Cohorts) -> str:
    """SVG: win rate so far (bars) and expected in the end (points with intervals) of each month."""

    def drawing() -> Figure:
        figure, axes = axes_with("Win rate by month of creation", "", f"won within {found.days} days", (7.6, 3.2))
        shown = found.cohorts
        at = np.arange(len(shown))
        axes.bar(at, [cohort.so_far for cohort in shown], color=GRID, label="so far")
        known = [(i, c.expected) for i, c in enumerate(shown) if c.expected.value is not None]
        for i, expected in known:
            axes.plot([i, i], [expected.low or 0.0, expected.high or 0.0], color=MODEL, linewidth=1.5)
        axes.plot([i for i, _ in known], [e.value or 0.0 for _, e in known], "o", color=MODEL, ms=4, label="expected")
        axes.axhline(found.rate, color=MUTED, linewidth=1, linestyle=":", label="all months")
        axes.set_ylim(0, min(1.0, 4 * found.rate + 0.02))
        step = max(1, -(-len(shown) // MOST_MONTHS))
        axes.set_xticks(at[::step], [cohort.month for cohort in shown[::step]], rotation=45, ha="right", fontsize=8)
        axes.yaxis.set_major_formatter(percent_format())
        axes.legend(loc="upper left", fontsize=8, ncols=3)
        return figure

    return svg("cohorts", drawing)
