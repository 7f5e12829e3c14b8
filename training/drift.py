"""Drift: whether today's leads are still spread over each feature's values like those that the model learned from.

The population stability index of credit scoring (Siddiqi 2006) compares the shares of both over the same bins; where
nothing moved, it is chi-squared times (1/n + 1/m) (Yurdakul & Naranjo 2020), which tells chance from change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from features.catalog import Catalog, FeatureDef
from features.windows import Bools, Floats, Ints
from training.familiarity import ELAPSED

Level = Literal["steady", "shifted", "moved"]
BINS = 10
SHIFTED, MOVED = 0.1, 0.25
"""Limits of the index that the field has agreed on."""
FALSE_ALARM = 0.01
"""Chance that any feature at all of an unchanged world is said to have shifted."""
CALENDAR = ("weekday", "month")
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Spread:
    """How rows are spread over a feature's values.

    `shares` are of rows up to the first of the rising `edges`, up to each further one, above the last, and not known.
    `mean` is of the known values.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    mean: float


@dataclass(frozen=True, slots=True)
class Reference:
    """Spread of each feature in training, in catalog order, and how many leads that was."""

    leads: int
    spreads: tuple[Spread, ...]


NO_REFERENCE = Reference(0, ())
"""Of bundles that were written before it was kept."""


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """One feature then and now; means of the known values, None for categories and where nothing is known."""

    feature: str
    level: Level
    index: float
    not_known_then: float
    not_known_now: float
    mean_then: float | None
    mean_now: float | None


def spread_of(values: Floats) -> Spread:
    """How rows are spread over a feature: each value by itself where there are few, else tenths of the rows."""
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if len(distinct) > BINS:
        distinct = np.unique(np.quantile(known, np.arange(1, BINS) / BINS, method="lower"))
    edges = distinct[distinct < known.max()] if len(known) else distinct
    return _spread(values, edges)


@dataclass(frozen=True, slots=True)
class Units:
    """What is independent of each other: leads, and accounts for the features that all leads of one have in common."""

    leads: int
    accounts: int

    def sizes(self, reference: Reference, *, of_account: bool) -> tuple[int, int]:
        """Units then and now; accounts of training are estimated by those that as many leads have now."""
        if not of_account:
            return reference.leads, self.leads
        return max(round(reference.leads * self.accounts / self.leads), 1), self.accounts


def units_of(lead: Ints, account: Ints) -> Units:
    """Units of rows by the numbers of their leads and accounts; of accounts as many as equally large ones would be.

    Rows of a few large accounts tell less than as many of small ones: (Σ n)² ÷ Σ n² of the rows of each (Kish 1965).
    """
    rows = np.unique(account, return_counts=True)[1]
    return Units(len(np.unique(lead)), round(float(rows.sum() ** 2 / (rows**2).sum())) if len(rows) else 0)


def drift_of(reference: Reference, values: Floats, units: Units, catalog: Catalog, used: Bools) -> list[FeatureDrift]:
    """Each feature that the model uses, in rows (n, features) of today, against training; those that moved most first.

    Ages and the calendar are left out: they move by themselves.
    """
    columns = [c for c in np.flatnonzero(used).tolist() if catalog.features[c].family not in (*ELAPSED, *CALENDAR)]
    found = []
    for column in columns:
        then, feature = reference.spreads[column], catalog.features[column]
        now = _spread(values[:, column], np.array(then.edges))
        sizes = units.sizes(reference, of_account=is_of_account(feature))
        index, by_chance = stability(then.shares, now.shares, sizes, FALSE_ALARM / len(columns))
        is_category = column in catalog.categorical
        found.append(
            FeatureDrift(
                feature=feature.name,
                level=level_of(index, by_chance),
                index=round(index, DIGITS),
                not_known_then=then.shares[-1],
                not_known_now=now.shares[-1],
                mean_then=None if is_category else _mean(then),
                mean_now=None if is_category else _mean(now),
            )
        )
    return sorted(found, key=lambda one: (one.level == "steady", -one.index))


def is_of_account(feature: FeatureDef) -> bool:
    """Whether all leads of an account have the same value."""
    return feature.owner == "account" or (feature.family == "attribute" and (feature.of or "").startswith("account_"))


def _mean(spread: Spread) -> float | None:
    return None if spread.shares[-1] == 1 else spread.mean


def stability(
    then: Sequence[float], now: Sequence[float], sizes: tuple[int, int], false_alarm: float
) -> tuple[float, float]:
    """Population stability index of two lists of shares, and what chance alone exceeds in `false_alarm` of all cases.

    `sizes` are the independent units behind each; half a unit is added to every bin, so that none is empty.
    """
    pair = np.array([then, now], np.float64)
    pair = pair[:, pair.any(axis=0)]
    bins, units = pair.shape[1], np.array(sizes, np.float64)[:, None]
    before, after = (pair * units + 0.5) / (units + 0.5 * bins)
    index = float(((after - before) * np.log(after / before)).sum())
    return index, chi_squared(bins - 1, false_alarm) * float((1 / units).sum())


def chi_squared(degrees: int, above: float) -> float:
    """What chi-squared exceeds in a share `above` of all cases; 0 without degrees of freedom."""
    from scipy.special import chdtri

    return float(chdtri(degrees, above)) if degrees else 0.0


def level_of(index: float, by_chance: float) -> Level:
    """What an index says; one that chance explains says nothing."""
    if index < SHIFTED or index <= by_chance:
        return "steady"
    return "moved" if index >= MOVED else "shifted"


def reference_columns(values: Floats, lead: Ints) -> dict[str, list[Any]]:
    """Columns of `reference.parquet`, an entry for each feature of the training rows (n, features)."""
    spreads = [spread_of(column) for column in values.T]
    return {
        "edges": [list(one.edges) for one in spreads],
        "shares": [list(one.shares) for one in spreads],
        "leads": [len(np.unique(lead))] * len(spreads),
    }


def reference_from(columns: Mapping[str, Sequence[Any]]) -> Reference:
    """What `reference_columns` kept, with the column `mean` beside it.

    Raises:
        ValueError: edges that do not rise, or shares that are none.
    """
    if "shares" not in columns:
        return NO_REFERENCE
    rows = zip(columns["edges"], columns["shares"], columns["mean"], strict=True)
    spreads = tuple(Spread(tuple(edges), tuple(shares), float(mean)) for edges, shares, mean in rows)
    for one in spreads:
        _refuse_no_spread(one)
    return Reference(int(columns["leads"][0]) if spreads else 0, spreads)


def _refuse_no_spread(one: Spread) -> None:
    edges, shares = np.array(one.edges, np.float64), np.array(one.shares, np.float64)
    is_well = len(shares) == len(edges) + 2 and bool((np.diff(edges) > 0).all()) and bool((shares >= 0).all())
    if not is_well or not abs(float(shares.sum()) - 1) < 1e-3:
        raise ValueError("expected rising edges, and shares that sum to 1")


def _spread(values: Floats, edges: Floats) -> Spread:
    known = values[~np.isnan(values)]
    counts = np.append(np.bincount(np.searchsorted(edges, known), minlength=len(edges) + 1), len(values) - len(known))
    shares = np.round(counts / max(len(values), 1), DIGITS)
    return Spread(
        tuple(edges.tolist()), tuple(shares.tolist()), round(float(known.mean()), DIGITS) if len(known) else 0.0
    )
