"""The learning curve as deterministic SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from training.canvas import BANT, INK, MODEL, axes_with, svg
from training.evaluation import Estimate
from training.learning_curve.found import Growth, LearningCurve, Size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def curve(found: LearningCurve) -> str:
    """PR-AUC by rows trained on, and where twice the rows would lead."""
    return svg("learning-curve", lambda: _curve(found))


def _curve(found: LearningCurve) -> Figure:
    figure, axes = axes_with("What the model learns from more leads", "training rows", "PR-AUC on the holdout")
    rows, value, spread = _points(found.sizes)
    look: dict[str, Any] = {"fmt": "o", "markersize": 5.5, "linewidth": 1.5}
    axes.errorbar(rows, value, yerr=spread, color=MODEL, label="shares of the leads, 90 % interval", **look)
    _expected(axes, found)
    if found.newest_half is not None:
        at, middle, around = _points([found.newest_half])
        axes.errorbar(at * 1.03, middle, yerr=around, color=BANT, label="the newest half of the leads", **look)
    axes.set_xscale("log")
    ticks = [*rows, 2 * rows[-1]]
    axes.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="lower right")
    return figure


def _expected(axes: Axes, found: LearningCurve) -> None:
    growth = next((one for one in found.growth if one.metric == "pr_auc"), None)
    whole = found.sizes[-1]
    if growth is None or growth.gain_of_twice.value is None or whole.pr_auc.value is None:
        return
    at = np.geomspace(found.sizes[0].rows, 2 * whole.rows, 60)
    axes.plot(
        at, _law(growth, at / whole.rows), color=INK, linewidth=1, linestyle=(0, (4, 2)), label="fitted power law"
    )


def _law(growth: Growth, share: np.ndarray) -> np.ndarray:
    """The fitted curve; its b follows from what twice the data would bring."""
    b = (growth.gain_of_twice.value or 0.0) / (1 - 2**-growth.exponent)
    return np.asarray(growth.limit - b * share**-growth.exponent)


def _points(sizes: Sequence[Size]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ends = [_ends(size.pr_auc) for size in sizes]
    value = np.array([middle for middle, _, _ in ends])
    spread = np.array([[middle - low for middle, low, _ in ends], [high - middle for middle, _, high in ends]])
    return np.array([float(size.rows) for size in sizes]), value, spread


def _ends(found: Estimate) -> tuple[float, float, float]:
    value = found.value or 0.0
    return value, value if found.low is None else found.low, value if found.high is None else found.high
