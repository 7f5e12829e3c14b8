"""The feature table: every feature of a catalog for every snapshot, block of accounts by block of accounts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features import buying_team, engagement, fit, qualification
from features.catalog import Catalog, FeatureDef
from features.engagement import View
from features.histories import EventLog, Histories
from features.qualification import Evidence
from features.snapshots import Snapshots
from features.tables import Tables
from features.windows import DAY_US, NEVER, Floats, Ints

Progress = Callable[[int, int], None]
BLOCK_EVENTS = 400_000


def silent(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """`values[i, j]` is feature `names[j]` of snapshot i: float64, categories as codes, not known as NaN."""

    snapshots: Snapshots
    names: tuple[str, ...]
    values: Floats

    def take(self, rows: Ints) -> "FeatureTable":
        """The chosen snapshots."""
        return FeatureTable(self.snapshots.take(rows), self.names, self.values[rows])

    def select(self, names: tuple[str, ...]) -> "FeatureTable":
        """The chosen features, in that order."""
        return FeatureTable(self.snapshots, names, self.values[:, [self.names.index(name) for name in names]])


def build_features(
    histories: Histories,
    tables: Tables,
    snapshots: Snapshots,
    catalog: Catalog,
    progress: Progress = silent,
) -> FeatureTable:
    """Feature table of the snapshots (sorted by lead); rows in the order of `snapshots`.

    Nothing at or after a snapshot's as_of is seen. `progress(done, total)` is called after each block.

    Raises:
        ValueError: the snapshots are not sorted by lead.
    """
    if (np.diff(snapshots.lead) < 0).any():
        raise ValueError("snapshots are not sorted by lead: blocks of accounts could not find theirs")
    values = np.empty((len(snapshots), len(catalog.features)), order="F")
    _fill_static(values, histories, tables, snapshots, catalog)
    done = 0
    for first, stop in _blocks(histories):
        rows = slice(*np.searchsorted(snapshots.lead, histories.account_start[[first, stop]]))
        first_lead = int(histories.account_start[first])
        here = Snapshots(snapshots.lead[rows] - first_lead, snapshots.as_of[rows])
        if len(here):
            _fill_block(values[rows], _cut(histories, first, stop), here, catalog)
        done += int(histories.account_start[stop] - histories.account_start[first])
        progress(done, len(histories.lead_ids))
    return FeatureTable(snapshots, catalog.names, values)


def _fill_static(values: Floats, histories: Histories, tables: Tables, snapshots: Snapshots, catalog: Catalog) -> None:
    """Attributes, qualification and calendar: small tables, no need for blocks."""
    attributes = fit.attribute_frame(histories.leads, tables.accounts, ())
    coded = fit.attributes_as_of(histories, attributes, tables.lead_changes, snapshots, catalog.attributes)
    evidence = qualification.evidence_as_of(histories, tables.assessments, snapshots, catalog.criteria)
    for column, feature in enumerate(catalog.features):
        if feature.family == "attribute":
            values[:, column] = coded[feature.of or ""]
        elif feature.family == "profile_filled":
            values[:, column] = fit.filled_share(coded.values(), len(snapshots))
        elif feature.family.startswith("criteri"):
            values[:, column] = _qualification(feature, evidence, catalog)
        elif feature.family in _CALENDAR:
            values[:, column] = _CALENDAR[feature.family](histories, snapshots)


def _fill_block(values: Floats, block: Histories, here: Snapshots, catalog: Catalog) -> None:
    kind, topic = _recode(block.kinds, catalog.kinds), _recode(block.topics, catalog.topics)
    views = {
        "lead": _view(block.by_lead, here.lead, here, kind, topic, catalog),
        "account": _view(block.by_account, block.account[here.lead], here, kind, topic, catalog),
    }
    worth = np.array([catalog.points.get(name, 0.0) for name in block.kinds] + [0.0])
    seniority = _seniority(block)
    for column, feature in enumerate(catalog.features):
        view = views[feature.owner]
        if feature.family in _TEAM:
            values[:, column] = _TEAM[feature.family](block, here, feature, seniority)
        elif feature.family == "interest":
            values[:, column] = engagement.interest(view, worth[view.log.kind], _days(feature))
        elif feature.family in _HISTORY:
            values[:, column] = _HISTORY[feature.family](view, feature)


def _days(feature: FeatureDef) -> int:
    if feature.days is None:
        raise ValueError(f"feature {feature.name}: family {feature.family} needs days")
    return feature.days


def lead_age_days(histories: Histories, snapshots: Snapshots) -> Floats:
    """Days from the lead's creation to as_of; NaN when it has no creation time."""
    created = histories.created[snapshots.lead]
    return np.where(created == NEVER, np.nan, (snapshots.as_of - created) / DAY_US)


_HISTORY: dict[str, Callable[[View, FeatureDef], Floats]] = {
    "count": lambda view, f: engagement.count(view, f.of, f.days),
    "days_since_last": lambda view, f: engagement.days_since_last(view, f.of),
    "days_since_first": lambda view, _: engagement.days_since_first(view),
    "active_days": lambda view, f: engagement.active_days(view, f.days),
    "sessions": lambda view, f: engagement.sessions(view, f.days),
    "dwell_s": lambda view, f: engagement.dwell_s(view, f.days),
    "value": lambda view, f: engagement.value(view, f.days),
    "trend": lambda view, f: engagement.trend(view, f.of, _days(f)),
    "trend_ratio": lambda view, f: engagement.trend_ratio(view, _days(f)),
    "variety": lambda view, f: engagement.variety(view, f.days),
    "entropy": lambda view, f: engagement.entropy(view, f.days),
    "gap_mean_days": lambda view, _: engagement.gap_mean_days(view),
    "gap_std_days": lambda view, _: engagement.gap_std_days(view),
    "gap_max_days": lambda view, _: engagement.gap_max_days(view),
    "first_kind": lambda view, _: engagement.first_kind(view),
    "last_kind": lambda view, _: engagement.last_kind(view),
}
_TEAM: dict[str, Callable[[Histories, Snapshots, FeatureDef, Ints], Floats]] = {
    "colleagues": lambda block, here, _f, _s: buying_team.colleagues(block, here),
    "colleagues_active": lambda block, here, f, _s: buying_team.colleagues_active(block, here, _days(f)),
    "seniorities_active": lambda block, here, f, s: buying_team.seniorities_active(block, s, here, _days(f)),
}
_CALENDAR: dict[str, Callable[[Histories, Snapshots], Floats]] = {
    "lead_age_days": lead_age_days,
    "weekday": lambda _, snapshots: pd.DatetimeIndex(snapshots.as_of * 1000, tz="UTC").day_of_week.to_numpy(np.float64),
    "month": lambda _, snapshots: pd.DatetimeIndex(snapshots.as_of * 1000, tz="UTC").month.to_numpy(np.float64),
}


def _qualification(feature: FeatureDef, evidence: Evidence, catalog: Catalog) -> Floats:
    known = ~np.isnan(evidence.met)
    if feature.family == "criteria_known":
        return known.sum(axis=1).astype(np.float64)
    if feature.family == "criteria_met":
        return (np.nan_to_num(evidence.met) >= catalog.met_from).sum(axis=1).astype(np.float64)
    column = evidence.criteria.index(feature.of or "")
    return (evidence.met if feature.family == "criterion_met" else evidence.age_days)[:, column]


def _recode(names: tuple[str, ...], vocabulary: tuple[str, ...]) -> Ints:
    """Code in the vocabulary of each data code; the last entry serves code −1 (no topic) and stays −1."""
    position = {name: code for code, name in enumerate(vocabulary)}
    return np.array([position.get(name, len(vocabulary)) for name in names] + [-1], np.int64)


def _view(log: EventLog, owner: Ints, here: Snapshots, kind: Ints, topic: Ints, catalog: Catalog) -> View:
    return View(log, owner, here.as_of, kind[log.kind], topic[log.topic], len(catalog.kinds))


def _seniority(block: Histories) -> Ints:
    """Code of each lead's seniority (−1 not known), in alphabetical order."""
    if "seniority" not in block.leads:
        return np.full(len(block.leads), -1, np.int64)
    return pd.factorize(block.leads["seniority"].astype(object), sort=True)[0].astype(np.int64)


def _blocks(histories: Histories) -> Iterator[tuple[int, int]]:
    """Ranges of accounts with about `BLOCK_EVENTS` events (an account is never cut)."""
    start = histories.by_account.start
    first, n = 0, len(start) - 1
    while first < n:
        stop = int(np.searchsorted(start, start[first] + BLOCK_EVENTS, side="right")) - 1
        stop = min(max(stop, first + 1), n)
        yield first, stop
        first = stop


def _cut(histories: Histories, first: int, stop: int) -> Histories:
    """Histories of the accounts `[first, stop)`, accounts and leads renumbered from 0."""
    a, b = (int(i) for i in histories.account_start[[first, stop]])
    return Histories(
        lead_ids=histories.lead_ids[a:b],
        leads=histories.leads.iloc[a:b].reset_index(drop=True),
        created=histories.created[a:b],
        account=histories.account[a:b] - first,
        account_start=histories.account_start[first : stop + 1] - a,
        kinds=histories.kinds,
        topics=histories.topics,
        by_lead=_cut_log(histories.by_lead, a, b, a),
        by_account=_cut_log(histories.by_account, first, stop, a),
    )


def _cut_log(log: EventLog, first: int, stop: int, first_lead: int) -> EventLog:
    at = slice(int(log.start[first]), int(log.start[stop]))
    return EventLog(
        start=log.start[first : stop + 1] - log.start[first],
        time=log.time[at],
        lead=np.where(log.lead[at] < 0, -1, log.lead[at] - first_lead),
        kind=log.kind[at],
        topic=log.topic[at],
        direction=log.direction[at],
        duration=log.duration[at],
        has_duration=log.has_duration[at],
        value=log.value[at],
    )
