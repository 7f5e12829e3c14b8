"""How wide ranges are and whether they held on the holdout: `uncertainty.json` and its section of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.canvas import INK, MODEL, axes_with, percent_format, svg
from training.examine import Examined, Finding, strict_json
from training.model import features_of
from training.range_check import RangeGroup, limits_of, range_groups
from training.range_fit import with_uncertainty
from training.sections import Picture, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from features.catalog import Catalog
    from features.windows import Floats
    from training.familiarity import Familiarity

CAPTION = (
    "Bars are mean ranges of leads with similar propensities, dots the share that won; lines show the play of chance."
)
MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class OutsideColumn:
    """A feature with values far outside training, and the share of holdout rows that have one."""

    feature: str
    share: float


@dataclass(frozen=True, slots=True)
class RangeReport:
    """Ranges on the holdout (of several folds: the last), by the model that had not seen it.

    Widths are high less low: their median and the tenth and ninetieth hundredth. `unfamiliar` is the share of rows
    unlike those of training, `nominal` what was asked for; `outside` names what is unlike, the most common first.
    """

    schema_version: int
    rows: int
    narrow: float
    median: float
    wide: float
    holding: int
    unfamiliar: float
    nominal: float
    outside: tuple[OutsideColumn, ...]
    groups: tuple[RangeGroup, ...]


def examine_ranges(examined: Examined) -> Finding:
    """`uncertainty.json`, and the section "How far the propensities can be trusted"."""
    fold, settings, data = examined.judged.folds[-1], examined.settings.model, examined.dataset
    fitted = with_uncertainty(examined.judged.fitted[-1], settings)
    trained = fitted.trained
    values = features_of(data, fold.holdout, trained.catalog).values
    limits = limits_of(trained, values)
    propensity = examined.judged.frame["propensity"].to_numpy()[-len(values) :]
    lead = data.snapshots.lead[fold.holdout]
    groups = range_groups(propensity, limits, data.label[fold.holdout], len(np.unique(lead)) / len(lead))
    narrow, median, wide = np.quantile(limits.high - limits.low, (0.1, 0.5, 0.9)).tolist()
    report = RangeReport(
        1,
        len(values),
        narrow,
        median,
        wide,
        sum(group.holds for group in groups),
        float(1 - limits.familiar.mean()),
        settings.unfamiliar_share,
        outside_columns(trained.uncertainty.familiarity, values, trained.catalog),
        groups,
    )
    metrics = {"range_width": median, "range_groups_held": report.holding / len(groups)}
    return Finding(
        "uncertainty", strict_json(report), range_section(report), metrics | {"unfamiliar": report.unfamiliar}
    )


def outside_columns(familiarity: Familiarity, values: Floats, catalog: Catalog) -> tuple[OutsideColumn, ...]:
    """Features with values that make rows unfamiliar, the most common first."""
    far = familiarity.outside(values) > familiarity.most_outside
    share = (familiarity.excess(values[far]) > familiarity.most_outside).sum(axis=0) / max(len(values), 1)
    chosen = np.argsort(-share, kind="stable")[:MOST_NAMED]
    return tuple(OutsideColumn(catalog.features[i].words, float(share[i])) for i in chosen if share[i] > 0)


def range_section(report: RangeReport) -> Section:
    """The section of the report."""
    picture = Picture(svg("ranges", lambda: _ranges(report)), CAPTION)
    return Section(
        "ranges", "How far the propensities can be trusted", "sections/ranges.html", report, {"ranges": picture}
    )


def _ranges(report: RangeReport) -> Figure:
    figure, axes = axes_with("Ranges and what happened", "mean propensity of a group of leads", "win rate")
    for group in report.groups:
        axes.plot([group.propensity] * 2, [group.low, group.high], color=MODEL, linewidth=7, alpha=0.35)
        axes.plot([group.propensity] * 2, [group.least_rate, group.most_rate], color=INK, linewidth=1)
        axes.plot(group.propensity, group.rate, "o", color=INK, markersize=4)
    axes.xaxis.set_major_formatter(percent_format())
    axes.yaxis.set_major_formatter(percent_format())
    return figure
