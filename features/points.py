"""The points baseline: points per interaction, summed (rows M11 and M12 of the source documents)."""

import numpy as np

from features.engagement import View, count, interest
from features.histories import Block
from features.project import PointSettings
from features.snapshots import Snapshots
from features.windows import Floats


def points_as_of(histories: Block, snapshots: Snapshots, settings: PointSettings) -> Floats:
    """Points of each snapshot's lead before its as-of date.

    Per kind: points × number of interactions (ten opens count ten times), halved per half-life if there is one, cut at
    the cap per kind if there is one; then the sum over kinds. Kinds without points in the settings give none.
    """
    view = lead_view(histories, snapshots)
    total = np.zeros(len(snapshots))
    for code, kind in enumerate(histories.kinds):
        if worth := settings.kinds.get(kind, 0.0):
            total += _of_kind(view, code, worth, settings)
    return total


def lead_view(histories: Block, snapshots: Snapshots) -> View:
    """The leads' own events seen from the snapshots, with every kind and topic of the data."""
    log = histories.by_lead
    return View(log, snapshots.lead, snapshots.as_of, log.kind, log.topic, len(histories.kinds))


def _of_kind(view: View, code: int, worth: float, settings: PointSettings) -> Floats:
    if settings.half_life_days is None:
        points = worth * count(view, f"kind:{code}", None)
    else:
        points = interest(view, np.where(view.kind == code, worth, 0.0), settings.half_life_days)
    cap = settings.cap_per_kind
    return points if cap is None else np.clip(points, -cap, cap)
