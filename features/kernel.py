"""The kernel: every feature of a catalog for the snapshots of a block of whole accounts, from arrays alone.

One pure function, whoever calls it: the local engine, a Spark worker, a web request for one lead. It sees nothing of
a block's accounts but their arrays, and accounts share nothing, so values are bit-identical however leads are cut
into blocks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from features import buying_team, engagement, fit
from features.catalog import Catalog, FeatureDef, Owner
from features.engagement import Sight, View, Windows
from features.feature_values import FeatureValues, Wholes, room_for
from features.histories import Block
from features.plan import Counts, Interests, Recencies, days_of, plan_of
from features.profile import Profile
from features.qualification import Evidence, latest_evidence
from features.snapshots import Snapshots
from features.windows import DAY_US, NEVER, Few, Floats

Together = Counts | Recencies | Interests


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the formulas of one block read."""

    sight: Sight
    profile: Profile
    catalog: Catalog
    views: Mapping[Owner, View]
    worth: Floats
    attributes: Mapping[str, Floats]
    evidence: Evidence


def room(rows: int, catalog: Catalog) -> FeatureValues:
    """Room for the values of so many snapshots."""
    return room_for(rows, plan_of(catalog).columns)


def block_values(block: Block, profile: Profile, snapshots: Snapshots, catalog: Catalog, values: FeatureValues) -> None:
    """Fill `values` (from `room`, one row per snapshot): categories as codes, not known as NaN.

    `snapshots` are sorted by (lead, as_of), leads numbered as in the block. Nothing at or after as_of is seen.
    """
    plan = plan_of(catalog)
    seen = _seen(block, profile, snapshots, catalog, plan.windows)
    for counts in plan.counts:
        _fill(seen, counts, values.whole, partial(engagement.fill_counts, table=counts.table))
    for recencies in plan.recencies:
        days_since = partial(engagement.fill_days_since_last, of=recencies.of, codes=recencies.codes)
        _fill(seen, recencies, values.real, days_since)
    for interests in plan.interests:
        fill = partial(engagement.fill_interest, worth=seen.worth, half_lives_days=interests.half_lives)
        _fill(seen, interests, values.real, fill)
    for number, feature in plan.others:
        formula = _FORMULAS[feature.family]
        found = formula(seen, seen.views[feature.owner], feature)
        of_account = feature.owner == "account" and feature.family in _HISTORY
        values.of(number, feature)[:] = found[seen.sight.account_row] if of_account else found


def _fill(seen: _Seen, together: Together, values: Wholes | Floats, fill: Callable[..., None]) -> None:
    """Fill the columns of features that are worked out together; those of accounts are picked by each snapshot."""
    view, columns = seen.views[together.owner], together.columns
    if together.owner == "lead":
        fill(view, columns=columns, values=values)
        return
    found = np.empty((len(view.owner) + 1, len(columns)), values.dtype, order="F")[:-1]
    fill(view, columns=np.arange(len(columns)), values=found)
    for number, column in enumerate(columns):
        values[:, column] = found[seen.sight.account_row, number]


def _seen(block: Block, profile: Profile, snapshots: Snapshots, catalog: Catalog, windows: Windows) -> _Seen:
    sight = engagement.sight(block, snapshots, (catalog.kinds, catalog.topics), windows)
    return _Seen(
        sight=sight,
        profile=profile,
        catalog=catalog,
        views={"lead": sight.lead, "account": sight.account},
        worth=np.array([catalog.points.get(name, 0.0) for name in block.kinds] + [0.0]),
        attributes={
            code.name: fit.attribute_as_of(profile.attributes[code.name], snapshots) for code in catalog.attributes
        },
        evidence=latest_evidence(profile.assessments, snapshots),
    )


def lead_age_days(block: Block, snapshots: Snapshots) -> Floats:
    """Days from the lead's creation to as_of; NaN when it has no creation time."""
    created = block.created[snapshots.lead]
    return np.where(created == NEVER, np.nan, (snapshots.as_of - created) / DAY_US)


def _weekday(snapshots: Snapshots) -> Floats:
    """0 Monday … 6 Sunday, UTC; 1970-01-01 was a Thursday."""
    return ((snapshots.as_of // DAY_US + 3) % 7).astype(np.float64)


def _month(snapshots: Snapshots) -> Floats:
    month = snapshots.as_of.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return month.astype(np.float64)


def _criteria_met(seen: _Seen, _view: View, _feature: FeatureDef) -> Floats:
    return (seen.evidence.met >= seen.catalog.met_from).sum(axis=1).astype(np.float64)


def _criteria_known(seen: _Seen, _view: View, _feature: FeatureDef) -> Floats:
    return (~np.isnan(seen.evidence.met)).sum(axis=1).astype(np.float64)


def _criterion(seen: _Seen, feature: FeatureDef) -> int:
    return seen.evidence.criteria.index(feature.of or "")


Formula = Callable[[_Seen, View, FeatureDef], Floats | Few]
_HISTORY: Mapping[str, Formula] = {
    "count": lambda _, view, f: engagement.count(view, f.of, f.days),
    "days_since_last": lambda _, view, f: engagement.days_since_last(view, f.of),
    "days_since_first": lambda _, view, __: engagement.days_since_first(view),
    "active_days": lambda _, view, f: engagement.active_days(view, f.days),
    "sessions": lambda _, view, f: engagement.sessions(view, f.days),
    "dwell_s": lambda _, view, f: engagement.dwell_s(view, f.days),
    "dwell_mean_s": lambda _, view, f: engagement.dwell_mean_s(view, f.days),
    "value": lambda _, view, f: engagement.value(view, f.days),
    "trend": lambda _, view, f: engagement.trend(view, f.of, days_of(f)),
    "trend_ratio": lambda _, view, f: engagement.trend_ratio(view, days_of(f)),
    "variety": lambda _, view, f: engagement.variety(view, f.days),
    "entropy": lambda _, view, f: engagement.entropy(view, f.days),
    "gap_mean_days": lambda _, view, __: engagement.gap_mean_days(view),
    "gap_std_days": lambda _, view, __: engagement.gap_std_days(view),
    "gap_max_days": lambda _, view, __: engagement.gap_max_days(view),
    "first_kind": lambda _, view, __: engagement.first_kind(view),
    "last_kind": lambda _, view, __: engagement.last_kind(view),
}
_FORMULAS: Mapping[str, Formula] = {
    **_HISTORY,
    "colleagues": lambda seen, _, __: buying_team.colleagues(seen.sight.block, seen.sight.snapshots),
    "colleagues_active": lambda seen, _, f: buying_team.colleagues_active(seen.sight, days_of(f)),
    "seniorities_active": lambda seen, _, f: buying_team.seniorities_active(
        seen.sight, seen.profile.seniority, days_of(f)
    ),
    "attribute": lambda seen, _, f: seen.attributes[f.of or ""],
    "profile_filled": lambda seen, _, __: fit.filled_share(seen.attributes.values(), len(seen.sight.snapshots)),
    "lead_age_days": lambda seen, _, __: lead_age_days(seen.sight.block, seen.sight.snapshots),
    "weekday": lambda seen, _, __: _weekday(seen.sight.snapshots),
    "month": lambda seen, _, __: _month(seen.sight.snapshots),
    "criterion_met": lambda seen, _, f: seen.evidence.met[:, _criterion(seen, f)],
    "criterion_age_days": lambda seen, _, f: seen.evidence.age_days[:, _criterion(seen, f)],
    "criteria_met": _criteria_met,
    "criteria_known": _criteria_known,
}
