"""Histories: the interactions of leads and of accounts as sorted arrays in a total order.

Events are sorted by owner, time and every further column, so equal input gives equal arrays however its rows were
ordered. Kind and topic codes follow the alphabet, so a lead alone is ordered like the same lead in a batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.event_order import total_order
from features.hygiene import unwanted
from features.identifiers import positions_of
from features.project import NO_HYGIENE, HygieneSettings
from features.tables import Tables
from features.times import microseconds
from features.traffic import excluded_rows
from features.windows import NEVER, Bools, Floats, Ints, Segments, starts

INBOUND, OUTBOUND = 0, 1
DURATION_UNIT_S = 1e-3
VALUE_UNIT = 1e-4
NOT_GIVEN = -1
# Largest magnitude stored for a duration or value: sums of ten thousand of them still fit int64.
LARGEST = 2**49


@dataclass(frozen=True)
class EventLog:
    """Events of owners (leads or accounts), all arrays of one length, sorted within each owner.

    `lead` is −1 for events known only by their account; `kind` and `topic` are codes into the histories' names
    (−1: no topic); `direction` 0 inbound, 1 outbound, −1 not given; `duration` in 1/1000 s and `value` in 1/10,000,
    0 when not given, with `has_duration` beside it.
    """

    start: Ints
    time: Ints
    lead: Ints
    kind: Ints
    topic: Ints
    direction: Ints
    duration: Ints
    has_duration: Bools
    value: Ints

    def cut(self, first: int, stop: int, first_lead: int) -> "EventLog":
        """The owners `[first, stop)`, owners renumbered from 0 and leads from `first_lead`."""
        at = slice(int(self.start[first]), int(self.start[stop]))
        return EventLog(
            start=self.start[first : stop + 1] - self.start[first],
            time=self.time[at],
            lead=np.where(self.lead[at] < 0, -1, self.lead[at] - first_lead),
            kind=self.kind[at],
            topic=self.topic[at],
            direction=self.direction[at],
            duration=self.duration[at],
            has_duration=self.has_duration[at],
            value=self.value[at],
        )

    @cached_property
    def segments(self) -> Segments:
        """Times by owner."""
        return Segments(self.start, self.time)

    @cached_property
    def owner(self) -> Ints:
        """Owner of each event."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


@dataclass(frozen=True, slots=True)
class Block:
    """Whole accounts as arrays: their leads, in the order (account, lead_id), with their events by lead and account.

    `account` gives each lead's account number (a lead without one is an account of its own); leads of an account
    stand together: account i holds leads `account_start[i]:account_start[i + 1]`. `created` is in microseconds.
    """

    created: Ints
    account: Ints
    account_start: Ints
    kinds: tuple[str, ...]
    topics: tuple[str, ...]
    by_lead: EventLog
    by_account: EventLog

    def cut(self, first: int, stop: int) -> "Block":
        """The accounts `[first, stop)`, accounts and leads renumbered from 0."""
        a, b = (int(i) for i in self.account_start[[first, stop]])
        return Block(
            created=self.created[a:b],
            account=self.account[a:b] - first,
            account_start=self.account_start[first : stop + 1] - a,
            kinds=self.kinds,
            topics=self.topics,
            by_lead=self.by_lead.cut(a, b, a),
            by_account=self.by_account.cut(first, stop, a),
        )


@dataclass(frozen=True, slots=True)
class Histories(Block):
    """All leads of a project: their ids and their rows beside the arrays.

    `left_out` counts the interactions that each rule of hygiene left out.
    """

    lead_ids: npt.NDArray[np.object_]
    leads: pd.DataFrame
    left_out: Mapping[str, int] = field(default_factory=dict)


def build_histories(tables: Tables, rules: HygieneSettings = NO_HYGIENE) -> Histories:
    """Histories of all leads of the checked tables, without the interactions that the rules leave out."""
    interactions, of_rows = _wanted_rows(tables, rules)
    leads, account_names = ordered_leads(tables.leads)
    account = codes_of_sorted(leads["_account"])
    kinds, kind = _alphabetical(interactions["kind"])
    topics, topic = _alphabetical(interactions["topic"])
    every = {**_event_columns(interactions, leads["lead_id"], account_names), "kind": kind, "topic": topic}
    columns, of_logs = wanted_events(every, len(leads), kinds, rules)
    created = microseconds(leads["created_at"])
    by_lead, by_account = event_logs(columns, created, account, len(account_names))
    return Histories(
        lead_ids=leads["lead_id"].to_numpy(object),
        leads=leads.drop(columns="_account"),
        created=created,
        account=account,
        account_start=starts(account, len(account_names)),
        kinds=kinds,
        topics=topics,
        by_lead=by_lead,
        by_account=by_account,
        left_out={**of_rows, **of_logs},
    )


def _wanted_rows(tables: Tables, rules: HygieneSettings) -> tuple[pd.DataFrame, Mapping[str, int]]:
    """Interactions that count, as far as a row tells, and how many each rule leaves out."""
    found = excluded_rows(tables.interactions, tables.leads, rules)
    return tables.interactions[~found.mask] if found.mask.any() else tables.interactions, found.counts


def wanted_events(
    columns: Mapping[str, Ints], n_leads: int, kinds: tuple[str, ...], rules: HygieneSettings
) -> tuple[Mapping[str, Ints], Mapping[str, int]]:
    """The events that count (columns as for `event_logs`), and how many each rule leaves out.

    Only events of leads are looked at: what an account did without one has no order to be judged by.
    """
    own = np.flatnonzero(columns["lead"] >= 0)
    of_leads = {name: values[own] for name, values in columns.items()}
    order = _order(of_leads, "lead", n_leads)
    found = unwanted(_log(of_leads, order, of_leads["lead"], n_leads), kinds, rules)
    keep = np.ones(len(columns["time"]), bool)
    keep[own[order[found.mask]]] = False
    return columns if keep.all() else {name: values[keep] for name, values in columns.items()}, found.counts


def event_logs(columns: Mapping[str, Ints], created: Ints, account: Ints, n_accounts: int) -> tuple[EventLog, EventLog]:
    """The events of leads and of accounts, each in its total order.

    `columns` are those of `EventLog` and `account` (read only where `lead` is −1), unsorted; events without a lead
    whose account is −1 belong to nobody. `created` and `account` have one entry per lead.
    """
    of_lead = np.append(account, -1)[columns["lead"]]
    columns = {**columns, "account": np.where(columns["lead"] >= 0, of_lead, columns["account"])}
    known = columns["account"] >= 0
    columns = columns if known.all() else {name: values[known] for name, values in columns.items()}
    own = columns["lead"] >= 0
    of_leads = columns if own.all() else {name: values[own] for name, values in columns.items()}
    by_lead = _log(of_leads, _order(of_leads, "lead", len(created)), of_leads["lead"], len(created))
    return by_lead, account_log(columns, created, n_accounts)


def account_log(columns: Mapping[str, Ints], created: Ints, n_accounts: int) -> EventLog:
    """The events of accounts in their total order; every event has its account here."""
    known = _seen_by_colleagues(columns, created)
    return _log(known, _order(known, "account", n_accounts), known["account"], n_accounts)


def lead_log(columns: Mapping[str, Ints], n_leads: int) -> EventLog:
    """The events of leads, whose columns are in their total order already."""
    own = {name: columns[name] for name in ("time", *TIE_BREAKERS)}
    has_duration = own.pop("has_duration").astype(bool)
    return EventLog(start=starts(columns["lead"], n_leads), has_duration=has_duration, **own)


def restrict(tables: Tables, lead_ids: pd.Index) -> Tables:
    """The tables cut to whole accounts: every lead that shares an account with one of `lead_ids`, and their rows."""
    from dataclasses import replace

    leads = tables.leads
    accounts = leads.loc[leads["lead_id"].isin(lead_ids), "account_id"].dropna()
    keep = leads["lead_id"].isin(lead_ids) | leads["account_id"].isin(accounts)
    kept = leads.loc[keep, "lead_id"]

    def cut(frame: pd.DataFrame) -> pd.DataFrame:
        mask = frame["lead_id"].isin(kept)
        if "account_id" in frame:
            mask |= frame["lead_id"].isna() & frame["account_id"].isin(accounts)
        return frame[mask]

    return replace(
        tables,
        leads=leads[keep],
        interactions=cut(tables.interactions),
        deals=cut(tables.deals),
        lead_changes=cut(tables.lead_changes),
        assessments=cut(tables.assessments),
        decisions=cut(tables.decisions),
    )


def ordered_leads(leads: pd.DataFrame) -> tuple[pd.DataFrame, pd.Index]:
    """Leads in the order (account, lead_id) with the name of their account as `_account`, and all those names."""
    # A tab cannot start a cleaned id, so a lead's own account cannot collide with a real one.
    own = leads["account_id"].astype(object).where(leads["account_id"].notna(), "\t" + leads["lead_id"].astype(object))
    ordered = leads.assign(_account=own).sort_values(["_account", "lead_id"], kind="stable", ignore_index=True)
    return ordered, pd.Index(ordered["_account"].unique())


def codes_of_sorted(names: pd.Series) -> Ints:
    """0 for the first name, one more for each other name."""
    return (names != names.shift()).cumsum().to_numpy(np.int64) - 1


def _event_columns(interactions: pd.DataFrame, lead_ids: pd.Series, account_names: pd.Index) -> dict[str, Ints]:
    duration, value = interactions["duration_s"], interactions["value"]
    direction = interactions["direction"].map({"inbound": INBOUND, "outbound": OUTBOUND})
    return {
        "time": microseconds(interactions["occurred_at"]),
        "lead": positions_of(interactions["lead_id"], lead_ids),
        "account": positions_of(interactions["account_id"], account_names),
        "direction": direction.fillna(NOT_GIVEN).to_numpy().astype(np.int64),
        "duration": fixed_point(duration.fillna(0.0).to_numpy(np.float64), DURATION_UNIT_S),
        "has_duration": duration.notna().to_numpy().astype(np.int64),
        "value": fixed_point(value.fillna(0.0).to_numpy(np.float64), VALUE_UNIT),
    }


def _seen_by_colleagues(columns: Mapping[str, Ints], created: Ints) -> dict[str, Ints]:
    """Events as the account knows them: what a lead did before it was created is known from its creation on."""
    known_from = np.where(columns["lead"] >= 0, created[columns["lead"]], NEVER) if len(created) else NEVER
    return {**columns, "time": np.maximum(columns["time"], known_from)}


def fixed_point(numbers: Floats, unit: float) -> Ints:
    """Finite numbers as whole multiples of `unit`, cut at what sums of ten thousand can hold."""
    return np.clip(np.rint(numbers / unit), -LARGEST, LARGEST).astype(np.int64)


def _alphabetical(labels: pd.Series) -> tuple[tuple[str, ...], Ints]:
    codes, names = pd.factorize(labels.astype(object), sort=True)
    return tuple(str(name) for name in names), codes.astype(np.int64)


TIE_BREAKERS = ("lead", "kind", "topic", "direction", "duration", "has_duration", "value")


def _order(columns: Mapping[str, Ints], owner: str, n: int) -> Ints:
    return total_order(columns[owner], columns["time"], n, lambda rows: [columns[name][rows] for name in TIE_BREAKERS])


def _log(columns: Mapping[str, Ints], order: Ints, owner: Ints, n: int) -> EventLog:
    taken = {name: columns[name][order] for name in ("time", *TIE_BREAKERS)}
    has_duration = taken.pop("has_duration").astype(bool)
    return EventLog(start=starts(owner, n), has_duration=has_duration, **taken)
