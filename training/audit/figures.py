"""Pictures of suspects: what their groups of rows have in common with the outcome, as deterministic SVG."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from training.audit.suspects import Audit, Suspect
from training.canvas import BANT, INK, MODEL, MUTED, axes_with, percent_format, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PICTURES = 12
LONGEST_NAME = 28


def draw_suspects(audit: Audit) -> dict[int, str]:
    """SVG text by the suspect's place in the list, for the strongest that have something to show."""
    drawn = {}
    for place, suspect in enumerate(audit.suspects[:MOST_PICTURES]):
        if len(suspect.bars) > 1:
            drawn[place] = svg(f"suspect-{place + 1}", partial(_bars, suspect, audit.base_rate))
    return drawn


def _bars(suspect: Suspect, base_rate: float) -> Figure:
    """One bar a group; a dotted line marks the average where bars are win rates."""
    height = 1.3 + 0.32 * len(suspect.bars)
    figure, axes = axes_with(_short(suspect.column), suspect.measure, "", size=(5.6, height))
    names = [_short(bar.name) for bar in suspect.bars]
    places = range(len(names))
    rates = suspect.measure == "win rate"
    colours = [BANT if rates and abs(bar.rate - base_rate) > 0.3 else MODEL for bar in suspect.bars]
    axes.barh(places, [bar.rate for bar in suspect.bars], color=colours, height=0.62)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18)
    axes.grid(visible=False, axis="y")
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.xaxis.set_major_formatter(percent_format())
    for place, bar in enumerate(suspect.bars):
        axes.annotate(f"{bar.rows:,}", (bar.rate, place), xytext=(4, 0), textcoords="offset points", va="center",
                      color=MUTED, fontsize=8.5)  # fmt: skip
    if rates:
        axes.axvline(base_rate, color=INK, linewidth=1, linestyle=":", alpha=0.6)
    return figure


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
