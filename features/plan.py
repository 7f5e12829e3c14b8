"""The plan of a catalog: which features are worked out together, in one look at the events."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from features.catalog import Catalog, FeatureDef, Owner
from features.engagement import Column, CountTable, Windows, count_table, selection
from features.feature_values import Columns, columns_of
from features.windows import Floats, Ints

# Families whose formula reads the window of so many times `days`.
_LONGEST = {
    **dict.fromkeys(("count", "active_days", "sessions", "dwell_s", "dwell_mean_s", "value", "variety", "entropy"), 1),
    **dict.fromkeys(("colleagues_active", "seniorities_active"), 1),
    **dict.fromkeys(("trend", "trend_ratio"), 2),
}
_OF_COLLEAGUES = frozenset({"colleagues_active", "seniorities_active"})


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of an owner's events; number j of the table becomes the column `columns[j]` of the whole numbers."""

    owner: Owner
    table: CountTable
    columns: Ints


@dataclass(frozen=True, slots=True)
class Recencies:
    """Days since the last event of each of the `codes` in the column `of`, and the columns they fill."""

    owner: Owner
    of: Column
    codes: Ints
    columns: Ints


@dataclass(frozen=True, slots=True)
class Interests:
    """Interest of an owner for each of the half-lives (days), and the columns they fill."""

    owner: Owner
    half_lives: Floats
    columns: Ints


@dataclass(frozen=True, slots=True)
class Plan:
    """How the features of a catalog are worked out; the others are worked out one by one.

    `windows` are those of leads and of accounts that are looked at, in days; `columns` says where values lie.
    """

    counts: tuple[Counts, ...]
    recencies: tuple[Recencies, ...]
    interests: tuple[Interests, ...]
    others: tuple[tuple[int, FeatureDef], ...]
    windows: Windows
    columns: Columns


_PLANS: dict[int, tuple[Catalog, Plan]] = {}
_MOST_PLANS = 64


def plan_of(catalog: Catalog) -> Plan:
    """The plan of a catalog, made once: for one lead it takes as long as the features themselves."""
    known = _PLANS.get(id(catalog))
    if known is None or known[0] is not catalog:
        if len(_PLANS) >= _MOST_PLANS:
            _PLANS.clear()
        known = _PLANS[id(catalog)] = catalog, _planned(catalog)
    return known[1]


def _planned(catalog: Catalog) -> Plan:
    counts: dict[tuple[Owner, Column], list[tuple[int, int, int | None]]] = {}
    recencies: dict[tuple[Owner, Column], list[tuple[int, int]]] = {}
    interests: dict[Owner, list[tuple[int, int]]] = {}
    others, columns = [], columns_of(catalog.features)
    for number, feature in enumerate(catalog.features):
        place = int(columns.place[number])
        if feature.family == "count" and feature.of is not None:
            of, code = selection(feature.of)
            counts.setdefault((feature.owner, of), []).append((place, code, feature.days))
        elif feature.family == "days_since_last" and feature.of is not None:
            of, code = selection(feature.of)
            recencies.setdefault((feature.owner, of), []).append((code, place))
        elif feature.family == "interest":
            interests.setdefault(feature.owner, []).append((days_of(feature), place))
        else:
            others.append((number, feature))
    return Plan(
        tuple(_counts(*key, asked) for key, asked in counts.items()),
        tuple(Recencies(*key, *np.array(asked, np.int64).T.copy()) for key, asked in recencies.items()),
        tuple(_interests(owner, asked) for owner, asked in interests.items()),
        tuple(others),
        (_windows(catalog, lambda f: not _of_account(f)), _windows(catalog, _of_account)),
        columns,
    )


def _counts(owner: Owner, of: Column, asked: list[tuple[int, int, int | None]]) -> Counts:
    columns = np.array([column for column, _, _ in asked])
    return Counts(owner, count_table(of, [(code, days) for _, code, days in asked]), columns)


def days_of(feature: FeatureDef) -> int:
    """The days of a feature whose family needs them.

    Raises:
        ValueError: it has none.
    """
    if feature.days is None:
        raise ValueError(f"feature {feature.name}: family {feature.family} needs days")
    return feature.days


def _interests(owner: Owner, asked: list[tuple[int, int]]) -> Interests:
    half_lives, columns = np.array(asked, np.int64).T
    return Interests(owner, half_lives.astype(np.float64), columns.copy())


def _of_account(feature: FeatureDef) -> bool:
    return feature.owner == "account" or feature.family in _OF_COLLEAGUES


def _windows(catalog: Catalog, chosen: Callable[[FeatureDef], bool]) -> tuple[int, ...]:
    """Windows that the chosen features look at, each once."""
    looks = [(f.days, _LONGEST[f.family]) for f in catalog.features if f.family in _LONGEST and chosen(f)]
    return tuple(sorted({days * times for days, most in looks if days is not None for times in range(1, most + 1)}))
