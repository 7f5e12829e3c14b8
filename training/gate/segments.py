"""Large groups of leads in which a challenger must not be proven worse."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from features.catalog import Catalog
from features.windows import Bools, Floats
from training.bootstrap import Interval, Resamples
from training.gate.paired import pr_auc_difference
from training.metrics import FloatArray, IntArray

LEAST_OUTCOMES = 50
REPLICATES = 100
FAMILY_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows of leads with one value of an attribute."""

    name: str
    rows: Bools


@dataclass(frozen=True, slots=True)
class Worst:
    """The segment in which the challenger comes off worst beyond chance: PR-AUC difference with a simultaneous upper
    bound, and how many segments were looked at.
    """

    name: str
    difference: Interval
    segments: int


def large_segments(catalog: Catalog, values: Floats, label: IntArray) -> Iterator[Segment]:
    """Segments with at least 50 winning and 50 other rows, by every attribute of the catalog that is not a number.

    Attributes are as of the row's date, as the model sees them.
    """
    for column, feature in enumerate(catalog.features):
        if feature.family != "attribute" or feature.type == "number":
            continue
        for code in np.unique(values[:, column][~np.isnan(values[:, column])]):
            inside = values[:, column] == code
            wins = int(label[inside].sum())
            if min(wins, int(inside.sum()) - wins) >= LEAST_OUTCOMES and not inside.all():
                yield Segment(f"{feature.of} = {catalog.shown(feature, float(code))}", inside)


def worst_segment(
    segments: list[Segment], label: IntArray, champion: FloatArray, challenger: FloatArray, drawn: Resamples
) -> Worst | None:
    """The segment with the lowest upper bound; bounds of all segments hold together 95 times in 100 (Bonferroni)."""
    if not segments or not drawn.enough:
        return None
    far = NormalDist().inv_cdf(1 - FAMILY_LEVEL / len(segments))
    found = []
    for segment in segments:
        here = segment.rows
        few = replace(drawn, group_of=drawn.group_of[here], replicates=REPLICATES)
        spread = pr_auc_difference(label[here], champion[here], challenger[here], few)
        sd = spread.high - spread.value
        found.append(Worst(segment.name, Interval(spread.value, spread.value - far * sd, spread.value + far * sd), 0))
    worst = min(found, key=lambda one: one.difference.high)
    return replace(worst, segments=len(segments))
