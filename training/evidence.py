"""Evidence: how often past leads with a value of a feature converted, beside all leads; only groups of some size.

Each feature's values fall into bins: not known; below zero, zero, and up to four ranges between the quartiles of the
positive values; one bin per category, and no and yes. A lead with w snapshots counts 1/w in each, so that every lead
counts once whatever the number of its snapshots: rate of a bin = Σ w·label / Σ w over its snapshots, and the rate of
all leads is the mean of the bins' rates by their weight. `ratio` is the one by the other. Bins of fewer than
`LEAST_LEADS` different leads are not kept: they would say little, and could be about persons.

Values are compared as they are shown (`shown_values`), so that a sentence and its evidence are about the same bin.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from features.build import FeatureTable
from features.catalog import Catalog, FeatureDef
from features.windows import Floats, Ints

SCHEMA = 1
LEAST_LEADS = 30
QUARTILES = (0.25, 0.5, 0.75)
NOT_KNOWN, BELOW_ZERO, ZERO, POSITIVE = -1, 0, 1, 2
"""Bins of a number; positive values have the bins from `POSITIVE` on."""
CODES = frozenset({"weekday", "month"})
SIGNIFICANT = 3
_NEAR_TIE, _TINY = 1e-6, 1e-9
_POWERS = 10.0 ** np.arange(SIGNIFICANT + 10)


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of one feature that are kept: number of each, different leads in it, and its ratio.

    `edges` are the upper ends (inclusive) of the ranges of a number but the last; None for codes, which are their own
    bins.
    """

    edges: tuple[float, ...] | None
    number: tuple[int, ...]
    leads: tuple[int, ...]
    ratio: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Bins by the name of the feature."""

    features: Mapping[str, Bins]

    def about(self, feature: str, value: float) -> tuple[float, int] | None:
        """Ratio and number of leads of the bin of a value as shown; None when that bin was not kept."""
        bins = self.features.get(feature)
        if bins is None:
            return None
        number = _bin_of_one(value, bins.edges)
        at = bisect_left(bins.number, number)
        return (bins.ratio[at], bins.leads[at]) if at < len(bins.number) and bins.number[at] == number else None


NO_EVIDENCE = Evidence({})


def evidence_of(table: FeatureTable, label: npt.NDArray[np.int8], catalog: Catalog) -> Evidence:
    """Evidence from the snapshots of a training table and what became of them (0 or 1 each)."""
    order = np.argsort(table.snapshots.lead, kind="stable")
    lead = np.unique(table.snapshots.lead[order], return_inverse=True)[1]
    weight = 1 / np.bincount(lead)[lead]
    converted = weight * label[order]
    if not converted.any():
        return NO_EVIDENCE
    average = converted.sum() / weight.sum()
    features = {}
    for column, feature in enumerate(catalog.features):
        values = shown_values(table.values[order, column])
        edges = None if _is_code(feature) else _edges(values)
        leads, weights, wins = _by_bin(bin_of(values, edges) - NOT_KNOWN, lead, weight, converted)
        kept = np.flatnonzero(leads >= LEAST_LEADS)
        if len(kept):
            # Quartiles of a handful of leads would be values of single leads.
            told = edges if edges is None or (kept + NOT_KNOWN >= POSITIVE).any() else np.zeros(0)
            ratio = wins[kept] / weights[kept] / average
            features[feature.name] = _bins(told, kept + NOT_KNOWN, leads[kept], ratio)
    return Evidence(features)


@njit(cache=True, nogil=True)
def _by_bin(which: Ints, lead: Ints, weight: Floats, converted: Floats) -> tuple[Ints, Floats, Floats]:
    """Number of different leads in each bin, and sums of the weights and conversions; rows are sorted by lead."""
    n = which.max() + 1
    leads, last = np.zeros(n, np.int64), np.full(n, -1)
    weights, wins = np.zeros(n), np.zeros(n)
    for i in range(len(which)):
        at = which[i]
        if last[at] != lead[i]:
            leads[at] += 1
            last[at] = lead[i]
        weights[at] += weight[i]
        wins[at] += converted[i]
    return leads, weights, wins


def _bins(edges: Floats | None, number: Ints, leads: Ints, ratio: Floats) -> Bins:
    """Plain numbers, ratios with four digits: what a bundle holds and gives back."""
    return Bins(
        None if edges is None else tuple(edges.tolist()),
        tuple(number.tolist()),
        tuple(leads.tolist()),
        tuple(float(f"{one:.4g}") for one in ratio),
    )


def bin_of(values: Floats, edges: Floats | None) -> Ints:
    """Bin of each value; codes (`edges` None) are their own bins."""
    known = np.isfinite(values)
    clean = np.where(known, values, 0.0)
    if edges is None:
        number = clean.astype(np.int64)
    else:
        positive = POSITIVE + np.searchsorted(edges, clean, side="left")
        number = np.where(clean > 0, positive, np.where(clean == 0, ZERO, BELOW_ZERO))
    return np.where(known, number, NOT_KNOWN)


def _bin_of_one(value: float, edges: tuple[float, ...] | None) -> int:
    if not isfinite(value):
        return NOT_KNOWN
    if edges is None:
        return int(value)
    return POSITIVE + bisect_left(edges, value) if value > 0 else ZERO if value == 0 else BELOW_ZERO


def shown_values(values: Floats) -> Floats:
    """Values as `Catalog.shown` writes them: whole from 100 on, else with three significant digits.

    >>> shown_values(np.array([12.0, 3.14159, 1234.5, 0.0012345, np.nan])).tolist()
    [12.0, 3.14, 1234.0, 0.00123, nan]
    """
    shown, odd = _rounded(np.ascontiguousarray(values, np.float64))
    if len(odd):
        different, which = np.unique(values[odd], return_inverse=True)
        shown[odd] = np.array([float(f"{value:.{SIGNIFICANT}g}") for value in different])[which]
    return shown


@njit(cache=True, nogil=True)
def _rounded(values: Floats) -> tuple[Floats, Ints]:
    """Rounded values, and the places where powers of ten are not exact enough to tell up from down."""
    shown = np.empty(len(values))
    odd = np.empty(len(values), np.int64)
    count = 0
    for i in range(len(values)):
        value = values[i]
        size = abs(value)
        shown[i] = np.rint(value) + 0.0 if size < np.inf else np.nan  # −0 becomes 0
        if size >= 100 or value == shown[i] or np.isnan(value):
            continue
        if size <= _TINY:
            odd[count] = i
            count += 1
            continue
        power = _POWERS[SIGNIFICANT - 1 - int(np.floor(np.log10(size)))]
        scaled = value * power
        shown[i] = np.rint(scaled) / power + 0.0
        if abs(abs(scaled - np.trunc(scaled)) - 0.5) < _NEAR_TIE:
            odd[count] = i
            count += 1
    return shown, odd[:count]


def _is_code(feature: FeatureDef) -> bool:
    return feature.type != "number" or feature.family in CODES


def _edges(values: Floats) -> Floats:
    positive = values[values > 0]
    if not len(positive):
        return np.zeros(0)
    return np.unique(np.quantile(positive, QUARTILES, method="inverted_cdf"))


def evidence_json(evidence: Evidence) -> dict[str, Any]:
    """Plain values for `evidence.json`; ratios with four digits."""
    return {
        "schema_version": SCHEMA,
        "least_leads": LEAST_LEADS,
        "features": {
            name: {
                "edges": None if bins.edges is None else list(bins.edges),
                "bins": [
                    {"bin": number, "leads": leads, "ratio": ratio}
                    for number, leads, ratio in zip(bins.number, bins.leads, bins.ratio, strict=True)
                ],
            }
            for name, bins in evidence.features.items()
        },
    }


def evidence_from_json(value: Mapping[str, Any]) -> Evidence:
    """Evidence from `evidence_json`'s value; raises `ValueError` for another schema."""
    if value.get("schema_version") != SCHEMA:
        raise ValueError(f"evidence schema {value.get('schema_version')!r}, expected {SCHEMA}")
    return Evidence({name: _bins_from_json(one) for name, one in value["features"].items()})


def _bins_from_json(value: Mapping[str, Any]) -> Bins:
    columns = [tuple(one[key] for one in value["bins"]) for key in ("bin", "leads", "ratio")]
    return Bins(None if value["edges"] is None else tuple(value["edges"]), *columns)
