"""The look of the figures: palette, axes, and SVG whose bytes depend on the content only."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from training.evaluation import SystemName

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

INK, MUTED, GRID, PAPER = "#1f2937", "#6b7280", "#e5e7eb", "#ffffff"
MODEL, BANT, POINTS, LOGISTIC = "#0f766e", "#c2410c", "#6d5bd0", "#64748b"
LOW, HIGH, UNKNOWN = "#3b82c4", "#d9485f", "#b6bcc6"
FONT_STACK = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
LABELS: dict[SystemName, str] = {
    "model": "Model",
    "logistic": "Logistic regression",
    "points": "Points",
    "bant": "BANT",
}
COLOURS: dict[SystemName, str] = {"model": MODEL, "logistic": LOGISTIC, "points": POINTS, "bant": BANT}
STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.major.pad": 6,
    "ytick.major.pad": 6,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def axes_with(title: str, below: str, beside: str, size: tuple[float, float] = (5.6, 4.0)) -> tuple[Figure, Axes]:
    """A figure of `size` inches with one set of axes, titled and labelled."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title)
    axes.set_xlabel(below)
    axes.set_ylabel(beside)
    return figure, axes


def percent_format() -> FuncFormatter:
    """Axis labels such as '20 %'."""
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda rate, _: f"{100 * rate:.4g} %")


def mark_capacity(axes: Axes, share: float) -> None:
    """A vertical line at what sales can work."""
    axes.axvline(share, color=INK, linewidth=1, alpha=0.5)
    place: dict[str, Any] = {"xytext": (5, -4), "textcoords": "offset points", "va": "top", "fontsize": 9}
    axes.annotate("capacity", (share, 1), xycoords=("data", "axes fraction"), color=MUTED, **place)


def svg(name: str, drawing: Callable[[], Figure]) -> str:
    """The drawing as SVG text, with ids of its own so that several fit into one page."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": f"ripelead-{name}"}):
        drawing().savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().replace("'DejaVu Sans'", FONT_STACK)
    return _own_ids(text, name)


def _own_ids(text: str, name: str) -> str:
    """Ids and references inside tags with the figure's name before them."""
    inside = re.compile(r'(\bid="|url\(#|href="#)')
    return re.sub(r"<[a-z][^>]*>", lambda tag: inside.sub(rf"\g<1>{name}-", tag[0]), text)
