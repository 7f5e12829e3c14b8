"""Two feature tables of the same leads and dates, compared bit for bit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import Catalog, FeatureDef
from features.windows import Bools, Floats, Ints

EXPLAINED = 10
Cause = Callable[[FeatureDef, int], str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A feature that differs: for how many leads, and for one of them both values in words and the likely cause."""

    feature: str
    leads: int
    lead_id: str
    as_of: datetime
    then: str
    now: str
    cause: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Features of leads as of one time each: `values[i]` belongs to `lead_ids[i]` and `as_of[i]` (microseconds)."""

    lead_ids: npt.NDArray[np.object_]
    as_of: Ints
    values: Floats

    def take(self, rows: Ints | Bools) -> "Seen":
        """The chosen rows."""
        return Seen(self.lead_ids[rows], self.as_of[rows], self.values[rows])

    def take_leads(self, lead_ids: "pd.Series[str]") -> "Seen":
        """The rows of the named leads, in order."""
        return self.take(pd.Index(self.lead_ids).isin(lead_ids))


def differences(catalog: Catalog, then: Seen, now: Seen, cause: Cause) -> tuple[Difference, ...]:
    """Features whose values are not the same bits in every row, most leads first; rows belong to each other.

    `cause(feature, row)` is asked for the first row of each of the first `EXPLAINED` features.
    """
    differs = ~same_bits(then.values, now.values)
    leads = {int(c): len(set(now.lead_ids[differs[:, c]])) for c in np.flatnonzero(differs.any(axis=0))}
    ranked = sorted(leads, key=lambda column: (-leads[column], catalog.names[column]))
    found = []
    for rank, column in enumerate(ranked):
        feature, row = catalog.features[column], int(np.argmax(differs[:, column]))
        found.append(
            Difference(
                feature=feature.name,
                leads=leads[column],
                lead_id=str(now.lead_ids[row]),
                as_of=moment_of(now.as_of[row]),
                then=in_words(catalog, feature, then.values[row, column]),
                now=in_words(catalog, feature, now.values[row, column]),
                cause=cause(feature, row) if rank < EXPLAINED else "",
            )
        )
    return tuple(found)


def same_bits(one: Floats, other: Floats) -> Bools:
    """Where two arrays hold the same float64, not known being equal to not known; −0 is not 0."""
    a, b = np.ascontiguousarray(one), np.ascontiguousarray(other)
    return np.asarray((a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b)))


def in_words(catalog: Catalog, feature: FeatureDef, value: float) -> str:
    """A value exactly, a category by its name."""
    if np.isnan(value) or feature.type != "number":
        return catalog.shown(feature, value) or "not known"
    return f"{value:.17g}" if value != round(value) else f"{value:.0f}"


def moment_of(microseconds: int) -> datetime:
    """UTC time of microseconds since 1970."""
    moment: datetime = pd.Timestamp(int(microseconds), unit="us", tz="UTC").to_pydatetime()
    return moment


def joined(parts: Sequence[Seen]) -> Seen:
    """All rows, one part after the other."""
    return Seen(
        np.concatenate([part.lead_ids for part in parts]),
        np.concatenate([part.as_of for part in parts]),
        np.ascontiguousarray(np.concatenate([part.values for part in parts])),
    )
