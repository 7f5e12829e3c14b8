"""Histories: the interactions of leads and of accounts as sorted arrays in a total order.

Events are sorted by owner, time and every further column, so equal input gives equal arrays however its rows were
ordered. Kind and topic codes follow the alphabet, so a lead alone is ordered like the same lead in a batch.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.arrow_texts import text_ranks
from features.event_log import EventLog, sorted_log
from features.event_order import by_owner_and_time
from features.hygiene import BY_REP, LOG_RULES, REP_ACTIVITY, marked_by_rep, unwanted
from features.identifiers import one_array, positions_of
from features.project import NO_HYGIENE, HygieneSettings
from features.tables import Tables
from features.times import microseconds
from features.traffic import excluded_rows, rows_of_reps
from features.windows import NEVER, Bools, Floats, Ints, starts

INBOUND, OUTBOUND = 0, 1
DURATION_UNIT_S = 1e-3
VALUE_UNIT = 1e-4
NOT_GIVEN = -1
# From so many leads on a second thread is worth its start.
MANY_LEADS = 50_000
T = TypeVar("T")
R = TypeVar("R")
# Largest magnitude stored for a duration or value: sums of ten thousand of them still fit int64.
LARGEST = 2**49


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


@dataclass(frozen=True)
class Histories(Block):
    """All leads of a project: their rows beside the arrays.

    `left_out` counts the interactions that each rule of hygiene left out.
    """

    leads: pd.DataFrame
    left_out: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def lead_ids(self) -> npt.NDArray[np.object_]:
        """Id of each lead: objects, made when they are first asked for, as they are many times the text itself."""
        ids: npt.NDArray[np.object_] = self.leads["lead_id"].to_numpy(object)
        return ids


def build_histories(tables: Tables, rules: HygieneSettings = NO_HYGIENE) -> Histories:
    """Histories of all leads of the checked tables, without the interactions that the rules leave out."""
    interactions, of_rows = _wanted_rows(tables, rules)
    leads, account, account_names = ordered_leads(tables.leads)
    kinds, kind = _alphabetical(interactions["kind"])
    topics, topic = _alphabetical(interactions["topic"])
    every = {**_event_columns(interactions, leads["lead_id"], account_names), "kind": kind, "topic": topic}
    every["direction"] = every["direction"] + BY_REP * rows_of_reps(interactions, rules)
    columns, of_logs = wanted_events(every, len(leads), kinds, rules)
    created = microseconds(leads["created_at"])
    by_lead, by_account = event_logs(columns, created, account, len(account_names))
    return Histories(
        leads=leads,
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

    Only events of leads are looked at: what an account did without one has no order to be judged by. What sales made
    is left out wherever it is.
    """
    if not rules.enabled:
        return columns, dict.fromkeys(LOG_RULES, 0)
    log = _own_log(columns, n_leads)
    found = unwanted(log, kinds, rules)
    keep = np.ones(len(columns["time"]), bool)
    keep[log.positions[found.mask]] = False
    of_accounts = (columns["lead"] < 0) & marked_by_rep(columns["direction"])
    kept = columns if keep.all() and not of_accounts.any() else _chosen(columns, keep & ~of_accounts)
    return kept, {**found.counts, REP_ACTIVITY: found.counts[REP_ACTIVITY] + int(of_accounts.sum())}


def _chosen(columns: Mapping[str, Ints], keep: Bools) -> Mapping[str, Ints]:
    return {name: values[keep] for name, values in columns.items()}


def event_logs(columns: Mapping[str, Ints], created: Ints, account: Ints, n_accounts: int) -> tuple[EventLog, EventLog]:
    """The events of leads and of accounts, each in its total order.

    `columns` are those of `EventLog` and `account` (read only where `lead` is −1), unsorted; events without a lead
    whose account is −1 belong to nobody. `created` and `account` have one entry per lead.
    """
    lead = columns["lead"]
    of_event = np.where(lead >= 0, np.append(account, -1)[lead], columns["account"])
    return _own_log(columns, len(created)), account_log(columns, of_event, created, n_accounts)


def _own_log(columns: Mapping[str, Ints], n_leads: int) -> EventLog:
    own = np.flatnonzero(columns["lead"] >= 0)
    return sorted_log(columns, own, columns["lead"][own], columns["time"][own], n_leads)


def account_log(columns: Mapping[str, Ints], account: Ints, created: Ints, n_accounts: int) -> EventLog:
    """The events of accounts in their total order; `account` has one entry per event, −1 for nobody's."""
    known = np.flatnonzero(account >= 0)
    time = np.maximum(columns["time"], _seen_from(columns["lead"], created))
    return sorted_log(columns, known, account[known], time[known], n_accounts)


def _seen_from(lead: Ints, created: Ints) -> Ints:
    """From when on colleagues know of an event: what a lead did before it was created, from its creation on."""
    return np.append(created, NEVER)[lead]


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


def ordered_leads(leads: pd.DataFrame) -> tuple[pd.DataFrame, Ints, pa.Array]:
    """Leads in the order (account, lead_id), the number of each one's account, and the accounts' names by number."""
    lead_id, account = one_array(leads["lead_id"]), one_array(leads["account_id"])
    if account.null_count:
        # A tab cannot start a cleaned id, so a lead's own account cannot collide with a real one.
        empty, tab = pa.scalar("", pa.large_string()), pa.scalar("\t", pa.large_string())
        account = pc.coalesce(account, pc.binary_join_element_wise(empty, lead_id, tab))
    number, rank = _side_by_side(text_ranks, (account, lead_id), len(leads))
    n = int(number.max(initial=-1)) + 1
    order = by_owner_and_time(number, rank, n)
    first = starts(number, n)[:-1]
    return _rows_at(leads, order), number[order], account.take(pa.array(order[first]))


def _rows_at(leads: pd.DataFrame, order: Ints) -> pd.DataFrame:
    if len(leads) < MANY_LEADS:
        return leads.iloc[order].reset_index(drop=True)
    columns = _side_by_side(lambda name: _cells_at(leads[name], order), leads.columns, len(leads))
    return pd.DataFrame(dict(zip(leads.columns, columns, strict=True)))


def _cells_at(column: pd.Series, order: Ints) -> pd.Series:
    """All cells in another order; where none is given, the same memory serves."""
    return (column if column.isna().all() else column.take(order)).reset_index(drop=True)


def _side_by_side(function: Callable[[T], R], items: Iterable[T], leads: int) -> list[R]:
    """The result for each item; two at a time where there are many leads."""
    if leads < MANY_LEADS:
        return [function(item) for item in items]
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(function, items))


def _event_columns(interactions: pd.DataFrame, lead_ids: pd.Series, account_names: pa.Array) -> dict[str, Ints]:
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


def fixed_point(numbers: Floats, unit: float) -> Ints:
    """Finite numbers as whole multiples of `unit`, cut at what sums of ten thousand can hold."""
    return np.clip(np.rint(numbers / unit), -LARGEST, LARGEST).astype(np.int64)


def _alphabetical(labels: pd.Series) -> tuple[tuple[str, ...], Ints]:
    codes, names = pd.factorize(labels.astype(object), sort=True)
    return tuple(str(name) for name in names), codes.astype(np.int64)
