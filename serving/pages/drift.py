"""Drift of the model as the current publication measured it."""

import json
from dataclasses import dataclass
from datetime import datetime

from serving.pages.freshness import moment
from serving.publish.drift import DRIFT
from serving.store.connection import Store
from serving.store.publications import current, document


@dataclass(frozen=True, slots=True)
class DriftedFeature:
    """A feature in training and now; means of the known values, null for categories."""

    feature: str
    level: str
    index: float
    not_known_then: float
    not_known_now: float
    mean_then: float | None
    mean_now: float | None


@dataclass(frozen=True, slots=True)
class DriftBlock:
    """How far leads since a time moved away from those of training; `missing` says why nothing was compared."""

    model_version: str
    since: datetime
    as_of: datetime
    rows: int
    leads: int
    base_rate: float
    propensity: float | None
    watched: int
    features: tuple[DriftedFeature, ...]
    missing: str | None

    @property
    def shifted(self) -> tuple[DriftedFeature, ...]:
        """Those that moved beyond chance and convention."""
        return tuple(one for one in self.features if one.level != "steady")


def published_drift(store: Store) -> DriftBlock | None:
    """The drift that was measured last; None before the first publication."""
    with store.reading() as connection:
        published = current(connection)
        text = None if published is None else document(connection, published.id, DRIFT)
    if published is None or text is None:
        return None
    found = json.loads(text)
    features = tuple(DriftedFeature(**one) for one in found.pop("features"))
    return DriftBlock(**found | {"since": moment(found["since"])}, as_of=moment(published.as_of), features=features)
