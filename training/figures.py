"""Pictures of an evaluation as deterministic SVG: the same rows give the same bytes.

Drawn with matplotlib's object-oriented interface (no global figure); text stays text, so that it can be searched,
read aloud and recoloured by the page around it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from training.canvas import (
    COLOURS,
    HIGH,
    INK,
    LABELS,
    LOGISTIC,
    LOW,
    MODEL,
    MUTED,
    PAPER,
    STYLE,
    UNKNOWN,
    axes_with,
    mark_capacity,
    percent_format,
    svg,
)
from training.contributions import AVERAGE_SCORE, POINTS_PER_LOG_ODDS
from training.evaluate import HoldoutRows, read_rows
from training.evaluation import Band, Evaluation, Quadrant, SystemName
from training.metrics import FloatArray, curve, log_odds, ranking
from training.wording import count, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

FigureName = Literal["gain", "lift", "precision", "reliability", "months", "scores", "quadrants", "beeswarm"]

WIDE = (6.4, 4.5)
CURVE_POINTS = 300
MOST_SWARM_ROWS = 1500
MOST_SWARM_FEATURES = 15
LONGEST_NAME = 48
MOST_MONTHS_NAMED = 7


@dataclass(frozen=True, slots=True)
class Beeswarm:
    """Contributions of a sample, shape (n, k) in points of the score, the feature values (NaN: unknown), k names."""

    points: FloatArray
    values: FloatArray
    names: Sequence[str]


def draw_figures(
    holdout: pd.DataFrame, evaluation: Evaluation, beeswarm: Beeswarm | None = None
) -> dict[FigureName, str]:
    """SVG text per figure; those without data (months of undated rows, quadrants without BANT) are left out."""
    rows = read_rows(holdout, evaluation.train_base_rate, evaluation.capacity_share)
    drawings: dict[FigureName, Callable[[], Figure] | None] = {
        "gain": (lambda: gain_figure(evaluation)) if evaluation.gain else None,
        "lift": lambda: lift_figure(rows),
        "precision": lambda: precision_figure(rows, evaluation.capacity_share),
        "reliability": lambda: reliability_figure(evaluation.reliability),
        "months": (lambda: months_figure(evaluation.months)) if evaluation.months else None,
        "scores": lambda: scores_figure(rows, evaluation.train_base_rate),
        "quadrants": (lambda: quadrants_figure(evaluation.quadrants)) if evaluation.quadrants else None,
        "beeswarm": (lambda: beeswarm_figure(beeswarm)) if beeswarm is not None else None,
    }
    return {name: svg(name, drawing) for name, drawing in drawings.items() if drawing is not None}


def save_png(evaluation: Evaluation, path: Path) -> None:
    """Write the gain curve as a PNG (1280 × 900 pixels, white background), as the README shows it."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        figure = gain_figure(evaluation)
        figure.savefig(path, format="png", dpi=200, facecolor=PAPER, metadata={"Software": None})


def gain_figure(evaluation: Evaluation) -> Figure:
    """Share of all wins found against share of leads worked, from the top of each ranking."""
    title, below = "Wins found when the list is worked from the top", "share of leads worked"
    figure, axes = axes_with(title, below, "share of all wins found", WIDE)
    for name in _in_order(evaluation.gain):
        axes.plot(evaluation.gain[name].worked, evaluation.gain[name].found, **_line(name))
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 3)), label="Random order")
    mark_capacity(axes, evaluation.capacity_share)
    _percent_axes(axes, 1.0, 1.0)
    axes.legend(loc="lower right")
    return figure


def lift_figure(rows: HoldoutRows) -> Figure:
    """Win rate of the top x % as a multiple of the rate of all."""
    figure, axes = axes_with(
        "How much richer the top of the list is", "top share of the list", "win rate, times the average"
    )
    for name in _in_order(rows.score):
        share, rate = _rates(rows, name)
        axes.plot(share, rate / max(rows.label.mean(), 1e-12), **_line(name, markers=False))
    axes.axhline(1, color=MUTED, linewidth=1, linestyle=(0, (2, 3)), label="Random order")
    _percent_axes(axes, 1.0)
    axes.legend(loc="upper right")
    return figure


def precision_figure(rows: HoldoutRows, capacity_share: float) -> Figure:
    """Win rate of the top x % of each ranking, with the capacity of sales marked."""
    figure, axes = axes_with("Win rate of what sales works", "top share of the list", "win rate")
    for name in _in_order(rows.score):
        axes.plot(*_rates(rows, name), **_line(name, markers=False))
    axes.axhline(rows.label.mean(), color=MUTED, linewidth=1, linestyle=(0, (2, 3)), label="All leads")
    mark_capacity(axes, capacity_share)
    _percent_axes(axes, 1.0)
    axes.yaxis.set_major_formatter(percent_format())
    axes.legend(loc="upper right")
    return figure


def reliability_figure(bins: Sequence[Band]) -> Figure:
    """Observed rate with interval against mean prediction, per equal-mass bin."""
    figure, axes = axes_with("Does what is predicted happen?", "predicted probability", "observed win rate")
    predicted, observed, spread = _with_spread(bins)
    top = 1.08 * max(predicted.max(), (observed + spread[1]).max(), 0.01)
    axes.plot([0, top], [0, top], color=MUTED, linewidth=1, linestyle=(0, (2, 3)), label="Exact")
    axes.errorbar(predicted, observed, yerr=spread, label="Model, tenths of the list, 90 % interval", **_dots())
    _percent_axes(axes, top, top)
    axes.legend(loc="upper left")
    return figure


def months_figure(months: Sequence[Band]) -> Figure:
    """Mean prediction and observed rate, month by month."""
    figure, axes = axes_with("Expected and happened, month by month", "month of the as-of date", "win rate")
    predicted, observed, spread = _with_spread(months)
    at = np.arange(len(months))
    axes.plot(at, predicted, color=INK, linewidth=1.6, marker="_", markersize=12, label="Expected by the model")
    axes.errorbar(at, observed, yerr=spread, label="Happened, 90 % interval", **_dots())
    every = max(1, -(-len(months) // MOST_MONTHS_NAMED))
    axes.set_xticks(at[::every], [month.name for month in months[::every]])
    axes.set_ylim(0, 1.25 * max(predicted.max(), (observed + spread[1]).max(), 0.01))
    axes.yaxis.set_major_formatter(percent_format())
    axes.legend(loc="upper left", ncols=2)
    return figure


def scores_figure(rows: HoldoutRows, base_rate: float) -> Figure:
    """Distribution of the score (50 = average lead, +10 = twice the odds) of wins and of the others."""
    figure, axes = axes_with(
        "Scores of leads that won and of the others",
        "score (50 is the average lead, +10 doubles the odds)",
        "share of the group",
    )
    reference = float(log_odds(np.array([base_rate]))[0])
    score = AVERAGE_SCORE + POINTS_PER_LOG_ODDS * (log_odds(rows.score["model"]) - reference)
    edges = np.linspace(0, 100, 41)
    for won, colour, name in ((0, LOGISTIC, "Did not win"), (1, MODEL, "Won")):
        group = np.clip(score[rows.label == won], 0, 100)
        share = np.histogram(group, edges)[0] / max(len(group), 1)
        axes.stairs(share, edges, fill=True, color=colour, alpha=0.28)
        axes.stairs(share, edges, color=colour, linewidth=1.6, label=f"{name} ({count(len(group))})")
    axes.set_xlim(0, 100)
    axes.yaxis.set_major_formatter(percent_format())
    axes.legend(loc="upper right")
    return figure


def quadrants_figure(quadrants: Sequence[Quadrant]) -> Figure:
    """Win rate where model and BANT agree and where they do not; darker is higher."""
    figure, axes = axes_with("Where model and BANT agree, and where not", "", "", size=(6.4, 3.6))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    highest = max((q.win_rate.value or 0.0) for q in quadrants) or 1.0
    for q in quadrants:
        _quadrant(axes, q, (q.win_rate.value or 0.0) / highest)
    axes.set_xticks([0, 1], ["BANT says no", "BANT qualifies"])
    axes.set_yticks([0, 1], ["Model: not in\nthe top", "Model: in\nthe top"])
    axes.tick_params(colors=INK)
    axes.set_xlim(-0.5, 1.5)
    axes.set_ylim(-0.5, 1.5)
    return figure


def beeswarm_figure(swarm: Beeswarm) -> Figure:
    """Contributions of the strongest features, one dot per lead, coloured by the feature's value."""
    order = np.argsort(-np.abs(swarm.points).sum(axis=0), kind="stable")[:MOST_SWARM_FEATURES]
    height = 1.5 + 0.34 * len(order)
    figure, axes = axes_with("What moves the score, and which way", "points of the score", "", size=(8.6, height))
    step = max(1, -(-len(swarm.points) // MOST_SWARM_ROWS))
    for row, feature in enumerate(order):
        _swarm(axes, len(order) - 1 - row, swarm.points[::step, feature], swarm.values[::step, feature])
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(range(len(order)), [_short(swarm.names[i]) for i in order[::-1]])
    axes.tick_params(axis="y", colors=INK)
    axes.set_ylim(-0.7, len(order) - 0.3)
    for colour, name in ((LOW, "low value"), (HIGH, "high value"), (UNKNOWN, "category or unknown")):
        axes.scatter([], [], color=colour, s=18, label=name)
    figure.legend(loc="outside lower right", ncols=3, handletextpad=0.1)
    return figure


def _in_order(known: Container[SystemName]) -> list[SystemName]:
    """Systems that can be drawn, in the order of the legend."""
    order: tuple[SystemName, ...] = ("model", "logistic", "points", "bant")
    return [name for name in order if name in known]


def _line(name: SystemName, *, markers: bool = True) -> dict[str, Any]:
    dotted: dict[str, Any] = {}
    if name == "bant" and markers:
        dotted = {"marker": "o", "markersize": 4.5, "markevery": slice(1, -1)}
    width, depth = (2.6, 4) if name == "model" else (1.6, 3)
    style = (0, (4, 2)) if name == "logistic" else "-"
    look = {"color": COLOURS[name], "linewidth": width, "linestyle": style, "zorder": depth}
    return {"label": LABELS[name], **look, **dotted}


def _rates(rows: HoldoutRows, name: SystemName) -> tuple[FloatArray, FloatArray]:
    """Top shares from 1 % (and at least 20 rows, below which the rate is noise) to all, and their win rates."""
    down = curve(ranking(rows.label, rows.score[name]))
    share = np.linspace(min(1.0, max(0.01, 20 / rows.n)), 1, CURVE_POINTS)
    taken = share * rows.n
    return share, np.interp(taken, down.taken, down.won) / taken


def _with_spread(table: Sequence[Band]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Predicted and observed rates, and the interval's distances below and above, shape (2, bands)."""
    predicted = np.array([band.predicted.value or 0.0 for band in table])
    observed = np.array([band.observed.value or 0.0 for band in table])
    low = np.array([observed[i] if b.observed.low is None else b.observed.low for i, b in enumerate(table)])
    high = np.array([observed[i] if b.observed.high is None else b.observed.high for i, b in enumerate(table)])
    return predicted, observed, np.maximum(np.stack([observed - low, high - observed]), 0)


def _dots() -> dict[str, Any]:
    return {"fmt": "o", "color": MODEL, "ecolor": MODEL, "elinewidth": 1.6, "markersize": 6, "capsize": 0}


def _percent_axes(axes: Axes, right: float, top: float | None = None) -> None:
    axes.set_xlim(0, right)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_formatter(percent_format())
    if top is not None:
        axes.yaxis.set_major_formatter(percent_format())


def _quadrant(axes: Axes, q: Quadrant, depth: float) -> None:
    """One cell: its win rate, and how many leads it holds."""
    x, y = int(q.bant), int(q.model)
    axes.fill_between([x - 0.49, x + 0.49], y - 0.48, y + 0.48, color=MODEL, alpha=0.08 + 0.32 * depth, linewidth=0)
    rate = "–" if q.win_rate.value is None else percent(q.win_rate.value)
    axes.text(x, y + 0.08, f"{rate} win", ha="center", va="center", fontsize=15, fontweight="bold")
    axes.text(x, y - 0.22, f"{count(q.wins)} of {count(q.n)}", ha="center", va="center", color=INK)


def _swarm(axes: Axes, row: int, points: FloatArray, values: FloatArray) -> None:
    """Dots of one feature, spread where they are dense, drawn as an image: thousands of vectors would be slow."""
    known = np.isfinite(values)
    rank = np.full(len(values), np.nan)
    rank[known] = _percentile_rank(values[known])
    place: dict[str, Any] = {"s": 9, "linewidths": 0, "rasterized": True, "zorder": 2}
    height = row + 0.38 * _spread(points)
    axes.scatter(points[~known], height[~known], color=UNKNOWN, **place)
    axes.scatter(points[known], height[known], c=rank[known], cmap=_low_to_high(), vmin=0, vmax=1, **place)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _percentile_rank(values: FloatArray) -> FloatArray:
    """Share of values below each one, ties in the middle; 0…1."""
    ordered = np.sort(values)
    below, upto = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return (below + upto) / (2 * max(len(values), 1))


def _spread(points: FloatArray) -> FloatArray:
    """Vertical place −1…1 of each dot: dots of one narrow bin stand around the middle, dense bins wider."""
    low, high = points.min(initial=0), points.max(initial=0)
    bins = np.floor((points - low) / max(high - low, 1e-12) * 80).astype(np.int64)
    order = np.lexsort((np.arange(len(points)), bins))
    first = np.searchsorted(bins[order], bins[order], "left")
    within = np.empty(len(points))
    within[order] = np.arange(len(points)) - first
    side = np.where(within % 2 == 1, 1.0, -1.0) * np.ceil(within / 2)
    return np.asarray(side / max(np.abs(side).max(initial=0), 1.0))


def _low_to_high() -> LinearSegmentedColormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("low_to_high", [LOW, HIGH])
