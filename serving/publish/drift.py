"""Drift of the champion: the rows that training would make of the last days, against the rows that it learned from."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.build import build_features
from features.cells import instant
from features.snapshots import Snapshots, training_snapshots
from features.windows import DAY_US, Ints
from serving.open_leads import open_leads
from serving.publish.gathered import Asked, Gathered
from serving.render import VERSION_LENGTH
from training.drift import FeatureDrift, drift_of, units_of

DRIFT = "drift"
"""Name of the document."""
DAYS = 30
LEAST_LEADS = 50
MOST_ROWS = 20_000
Missing = Literal["undated", "no_reference", "too_few"]


@dataclass(frozen=True, slots=True)
class Drift:
    """The document: `leads` with `rows` from `since` on (microseconds), their mean propensity beside the base rate.

    `missing` says why there are no features. `watched` features were compared.
    """

    model_version: str
    since: int
    rows: int
    leads: int
    base_rate: float
    propensity: float | None
    watched: int
    features: tuple[FeatureDrift, ...]
    missing: Missing | None

    @property
    def moved(self) -> tuple[str, ...]:
        """Features that moved far."""
        return tuple(one.feature for one in self.features if one.level == "moved")


def champion_drift(asked: Asked, found: Gathered) -> Drift:
    """How far leads of the last 30 days, at the as-of dates of training, moved away from those of training."""
    bundle, since = asked.bundle, instant(asked.as_of) - DAYS * DAY_US
    snapshots = _recent(asked, found, since) if found.tables.timed and asked.project.snapshots.given else None
    leads = 0 if snapshots is None else len(np.unique(snapshots.lead))
    reason = _missing(snapshots, leads, known=bool(bundle.reference.spreads))
    nothing = Drift(bundle.version[:VERSION_LENGTH], since, 0, leads, bundle.scale.base_rate, None, 0, (), reason)
    if snapshots is None or reason is not None:
        return nothing
    values = build_features(found.histories, found.tables, snapshots, bundle.catalog).values
    used = bundle.booster.feature_importance("split") > 0
    account = np.searchsorted(found.histories.account_start, snapshots.lead, side="right")
    units = units_of(snapshots.lead, account)
    features = tuple(drift_of(bundle.reference, values, units, bundle.catalog, used))
    propensity = float(bundle.scale.calibration.probability(bundle.raw(values)).mean())
    return Drift(
        nothing.model_version, since, len(values), leads, nothing.base_rate, propensity, len(features), features, None
    )


def _missing(snapshots: Snapshots | None, leads: int, *, known: bool) -> Missing | None:
    if snapshots is None:
        return "undated"
    if not known:
        return "no_reference"
    return "too_few" if leads < LEAST_LEADS else None


def _recent(asked: Asked, found: Gathered, since: int) -> Snapshots:
    """Snapshots of open leads since a time, at most 20,000 of them, evenly taken."""
    snapshots = training_snapshots(found.histories, asked.project.snapshots, asked.as_of, since)
    snapshots = snapshots.take(open_leads(found.histories, found.tables, snapshots, asked.bundle.policy))
    return snapshots.take(_evenly(len(snapshots)))


def _evenly(rows: int) -> Ints:
    return np.arange(rows) if rows <= MOST_ROWS else np.linspace(0, rows - 1, MOST_ROWS).astype(np.int64)
