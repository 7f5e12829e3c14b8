"""The picture of the funnel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.canvas import MODEL, MUTED, axes_with, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from training.funnel.found import Funnel


def draw_funnel(found: Funnel) -> str:
    """SVG: leads that reached each stage, the first on top."""

    def drawing() -> Figure:
        figure, axes = axes_with("Leads that reached each stage", "leads", "", (6.2, 2.8))
        names, counts = list(found.reached), list(found.reached.values())
        at = np.arange(len(names))
        axes.barh(at, counts, color=MODEL, alpha=0.85)
        for y, number in zip(at, counts, strict=True):
            axes.annotate(f"{number:,}", (number, y), xytext=(4, 0), textcoords="offset points", va="center",
                          fontsize=9, color=MUTED)  # fmt: skip
        axes.set_yticks(at, names)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.12)
        return figure

    return svg("funnel", drawing)
