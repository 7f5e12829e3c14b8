"""Rows compared with other rows: repeats, conflicts, orphans, the accounts of leads, and the data's end."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.drafts import Draft, Rejected, fault, reject
from features.identifiers import all_differ
from features.project import TableName
from features.text_files import Positions
from features.times import Mask
from features.values import as_text
from features.vocabulary import rows

Drafts = Mapping[TableName, Draft]
EVENT_TIMES: Mapping[TableName, str] = {
    "leads": "created_at",
    "interactions": "occurred_at",
    "deals": "closed_at",
    "lead_changes": "changed_at",
    "assessments": "assessed_at",
    "decisions": "decided_at",
}
LEAD_LOGS: tuple[TableName, ...] = ("interactions", "deals", "lead_changes", "assessments", "decisions")
CLOSED = ("won", "lost")
REPEATS = "repeats another row"


_LEFT_OUT = "; rows that are meant to be left out can be left out with sql = …"
LEAD_ORPHAN = fault("lead_id", "lead_id is not in leads", f"a lead_id of leads{_LEFT_OUT}")
ACCOUNT_ORPHAN = fault(
    "account_id", "account_id is in neither accounts nor leads", f"an account_id of accounts or leads{_LEFT_OUT}"
)


def settled(drafts: Drafts) -> dict[TableName, Draft]:
    """The tables with one row a key, without repeats and orphans, rows of a lead under the lead's account."""
    keyed = {table: _one_row_a_key(draft) for table, draft in drafts.items()}
    if not set(LEAD_LOGS) & set(keyed):
        return keyed
    leads, accounts = _alive_leads(keyed), known_accounts(keyed)
    return {
        table: _settled_log(draft, leads, accounts) if table in LEAD_LOGS else draft for table, draft in keyed.items()
    }


def _one_row_a_key(draft: Draft) -> Draft:
    key = {"leads": "lead_id", "accounts": "account_id"}.get(draft.source.table)
    if key is None:
        return draft
    if all_differ(pa.array(draft.frame[key])):
        return draft
    same_key = draft.frame[key].duplicated(keep=False).to_numpy()
    return one_row_a_key(without_repeats(draft, same_key), key)


def _settled_log(draft: Draft, leads: pd.DataFrame, accounts: pd.Series) -> Draft:
    at = positions_in(draft.frame["lead_id"], leads["lead_id"])
    draft = without_repeats(draft, _same_lead_and_time(draft, at))
    if draft.source.table == "interactions":
        draft = one_row_a_key(draft, "interaction_id")
    return with_accounts(_linked(draft, at >= 0, accounts), leads, at)


def _alive_leads(drafts: Drafts) -> pd.DataFrame:
    leads = drafts["leads"]
    return leads.frame.loc[leads.alive, ["lead_id", "account_id"]]


def _same_lead_and_time(draft: Draft, lead_at: Positions) -> Mask:
    """Rows that share lead and time with another, and a few more: only they can be equal."""
    time = draft.frame[EVENT_TIMES[draft.source.table]].dt.tz_localize(None).to_numpy()
    mixed = time.astype("datetime64[us]").view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ lead_at.astype(np.uint64)
    same: Mask = pd.Series(mixed).duplicated(keep=False).to_numpy()
    return same


def positions_in(values: pd.Series, known: pd.Series) -> Positions:
    """Position of each value in `known` (the first), -1 where it is not there or missing."""
    found = pc.index_in(pa.array(values), value_set=pa.array(known.dropna()))
    positions: Positions = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return positions


def without_repeats(draft: Draft, candidates: Mask) -> Draft:
    """One of each set of rows that are equal in every column, columns without a name here included."""
    at = np.flatnonzero(candidates & draft.alive)
    if len(at) == 0:
        return draft
    compared = draft.frame.iloc[at]
    for name in draft.others:
        raw = as_text(draft.source.rows[name].take(pa.array(at)))
        compared = compared.assign(**{f"source {name}": pd.Series(raw.to_pandas(), index=compared.index)})
    mask = np.zeros(len(draft.alive), np.bool_)
    mask[at[compared.duplicated().to_numpy()]] = True
    return reject(draft, mask, fault("", REPEATS, "each row once", expected_loss=True))


def one_row_a_key(draft: Draft, key: str) -> Draft:
    """One row of each `key` (rows without one are left alone): the fullest, then the first by contents.

    The choice does not depend on the order of rows.
    """
    keys = draft.frame[key].where(draft.alive)
    doubtful = (keys.duplicated(keep=False) & keys.notna()).to_numpy()
    if not doubtful.any():
        return draft
    texts = draft.frame[doubtful].astype("str")
    texts.insert(0, "empty cells", texts.isna().sum(axis="columns"))
    others = [name for name in texts.columns if name != key]
    ordered = texts.sort_values([key, *others], na_position="last")
    mask = np.zeros(len(draft.alive), np.bool_)
    mask[ordered.index[ordered[key].duplicated()]] = True
    expected = f"one row a {key}: the fullest is used, then the first by contents"
    return reject(draft, mask, fault(key, f"conflicts with another row of the same {key}", expected))


def without_orphans(drafts: Drafts) -> dict[TableName, Draft]:
    """Rows whose lead is not in leads, or, without a lead, whose account is in neither accounts nor leads, rejected."""
    leads, accounts = _alive_leads(drafts), known_accounts(drafts)
    return {
        table: _linked(draft, positions_in(draft.frame["lead_id"], leads["lead_id"]) >= 0, accounts)
        if table in LEAD_LOGS
        else draft
        for table, draft in drafts.items()
    }


def known_accounts(drafts: Drafts) -> pd.Series:
    """Ids of the accounts that accounts or leads name."""
    return different_ids(
        drafts[table].frame.loc[drafts[table].alive, "account_id"] for table in ("leads", "accounts") if table in drafts
    )


def different_ids(columns: Iterable[pd.Series]) -> pd.Series:
    """All ids of some columns, each once."""
    known: pd.Series = pd.concat(list(columns)).dropna().drop_duplicates()
    return known


def _linked(draft: Draft, lead_known: Mask, accounts: pd.Series) -> Draft:
    given = draft.frame["lead_id"].notna().to_numpy()
    draft = reject(draft, given & ~lead_known, LEAD_ORPHAN)
    if "account_id" not in draft.frame or draft.frame["account_id"].isna().all():
        return draft
    account_known = positions_in(draft.frame["account_id"], accounts) >= 0
    return _without_strange_accounts(reject(draft, ~account_known & ~given, ACCOUNT_ORPHAN), account_known)


def _without_strange_accounts(draft: Draft, known: Mask) -> Draft:
    """A row of a known lead stays when its account is unknown; the account is left empty and counted."""
    account = draft.frame["account_id"]
    strange = ~known & account.notna().to_numpy() & draft.alive
    if not strange.any():
        return draft
    note = (
        f"{draft.source.table}.account_id: {rows(int(strange.sum()))} of known leads with an account that is in "
        "neither accounts nor leads; it is left empty"
    )
    frame = draft.frame.assign(account_id=account.mask(strange))
    return replace(draft, frame=frame, notes=(*draft.notes, note))


def with_accounts(draft: Draft, leads: pd.DataFrame, lead_at: Positions) -> Draft:
    """Rows of a lead that has an account stand under that account, whatever they say themselves.

    `lead_at`: position of each row's lead in `leads`, -1 for none.
    """
    if "account_id" not in draft.frame or leads["account_id"].isna().all():
        return draft
    own, account = draft.frame["account_id"], filled_accounts(draft.frame["account_id"], leads["account_id"], lead_at)
    differing = 0 if own.isna().all() else int(((own != account) & own.notna() & draft.alive).sum())
    notes = draft.notes
    if differing:
        note = f"{rows(differing)} with another account than the lead's; the lead's is used"
        notes = (*notes, f"{draft.source.table}.account_id: {note}")
    return replace(draft, frame=draft.frame.assign(account_id=account), notes=notes)


def filled_accounts(own: pd.Series, of_leads: pd.Series, lead_at: Positions) -> pd.Series:
    """Account of each row: that of the lead at `lead_at` where it has one, else its own."""
    of_lead = pa.array(of_leads).take(pa.array(lead_at, mask=lead_at < 0))
    return pd.Series(pc.coalesce(of_lead, pa.array(own)).to_pandas(), index=own.index, dtype="str")


def latest_event(drafts: Drafts, clock: datetime) -> tuple[datetime, str]:
    """The end of the data where none is set: the latest thing that has happened by `clock`, and what it is.

    Interactions and closed deals say how far observation reaches; other tables only where there are none of them.
    """
    watched: Mapping[TableName, str] = {"interactions": "interaction", "deals": "closed deal"}
    other: Mapping[TableName, str] = {
        "leads": "lead",
        "lead_changes": "change of a lead",
        "assessments": "assessment",
        "decisions": "decision",
    }
    named = _named_times(drafts, watched, clock) or _named_times(drafts, other, clock)
    if not named:
        return clock, "now, for no table has times"
    what = max(named, key=lambda name: named[name])
    return named[what], f"the latest {what}"


def _named_times(drafts: Drafts, names: Mapping[TableName, str], clock: datetime) -> dict[str, datetime]:
    latest = {what: _latest(drafts, table, clock) for table, what in names.items()}
    return {what: time for what, time in latest.items() if time is not None}


def _latest(drafts: Drafts, table: TableName, clock: datetime) -> datetime | None:
    if table not in drafts:
        return None
    times = _event_times(drafts[table])[drafts[table].alive]
    happened = times[times <= pd.Timestamp(clock)]
    return happened.max().to_pydatetime() if len(happened) else None


def _event_times(draft: Draft) -> pd.Series:
    """When each row happened; NaT for open deals, which have not."""
    times = draft.frame[EVENT_TIMES[draft.source.table]]
    return times.where(draft.frame["status"].isin(CLOSED)) if draft.source.table == "deals" else times


def ended_at(drafts: Drafts, end: datetime, *, chosen: bool) -> dict[TableName, Draft]:
    """Rows after `end` rejected; open deals that expect to close after it have no closing time yet.

    `chosen`: the project file sets the end, so that rows after it say nothing against a table.
    """
    return {
        table: _ended(draft, pd.Timestamp(end), chosen) if table in EVENT_TIMES else draft
        for table, draft in drafts.items()
    }


def after_end(column: str, end: pd.Timestamp, *, chosen: bool) -> Rejected:
    """What is wrong with rows after the end."""
    what = "the data's end" if chosen else "now"
    expected = f"nothing after {what}, {end:%Y-%m-%d %H:%M:%S} UTC; [project] data_end sets another end"
    return fault(column, f"{column} is after {what}", expected, expected_loss=chosen)


def _ended(draft: Draft, end: pd.Timestamp, chosen: bool) -> Draft:
    columns = [EVENT_TIMES[draft.source.table], *(["opened_at"] if draft.source.table == "deals" else [])]
    for column in columns:
        times = draft.frame[column] if column == "opened_at" else _event_times(draft)
        draft = reject(draft, (times > end).to_numpy(), after_end(column, end, chosen=chosen))
    if draft.source.table == "deals":
        closing = draft.frame["closed_at"]
        expected_only = (closing > end) & ~draft.frame["status"].isin(CLOSED)
        draft = replace(draft, frame=draft.frame.assign(closed_at=closing.mask(expected_only)))
    return draft


def repeated_spend(spend: pd.DataFrame) -> Iterator[str]:
    """A note when rows of spend repeat others: two equal invoices are possible, so both are counted."""
    repeats = int(spend.duplicated().sum())
    if repeats:
        yield f"spend: {rows(repeats)} equal to another one; all are counted"
