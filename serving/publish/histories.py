"""Rows of the table `account`: the canonical rows of each account's leads, packed."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.cells import instant
from features.tables import Tables
from features.times import microseconds
from features.windows import NEVER
from serving.live.account_history import TABLES, AccountHistory
from serving.publish.lead_rows import NAMES, account_key

Row = dict[str, Any]
KEY = "\taccount"
ACCOUNTS_AT_ONCE = 5_000


def account_rows(tables: Tables) -> Iterator[Row]:
    """A row for each account that has a lead, in the order of the keys; a lead without an account is one of its own."""
    key_of = _keys(tables.leads)
    ordered = {name: _by_account(getattr(tables, name), key_of) for name in TABLES}
    keys = pc.unique(ordered["leads"][KEY]).to_pylist()
    accounts = {row["account_id"]: row for row in plain_rows(tables.accounts)}
    streams = {name: _grouped(table) for name, table in ordered.items()}
    waiting = {name: next(stream, None) for name, stream in streams.items()}
    for key in keys:
        rows: dict[str, list[Row]] = {}
        for name, stream in streams.items():
            while (first := waiting[name]) is not None and first[0] < key:
                waiting[name] = next(stream, None)
            if first is not None and first[0] == key:
                rows[name] = first[1]
                waiting[name] = next(stream, None)
        yield _row(key, rows, accounts)


def _row(key: str, rows: dict[str, list[Row]], accounts: dict[str, Row]) -> Row:
    account = accounts.get(key)
    if account is None and not key.endswith("\t"):
        account = {"account_id": key}
    history = AccountHistory(account, **{"leads": [], **rows})
    events = [instant(row["occurred_at"]) for row in history.interactions]
    named = next((account[name] for name in NAMES if account and account.get(name)), None)
    return {
        "account_key": key,
        "account_id": None if key.endswith("\t") else key,
        "name": None if named is None else str(named),
        "newest_event": max(events, default=None),
        "history": history.packed(),
    }


def _keys(leads: pd.DataFrame) -> dict[str, str]:
    accounts = leads["account_id"].astype(object).where(leads["account_id"].notna(), None)
    pairs = zip(leads["lead_id"].tolist(), accounts.tolist(), strict=True)
    return {lead_id: account_key(account, lead_id) for lead_id, account in pairs}


def _by_account(frame: pd.DataFrame, key_of: dict[str, str]) -> pa.Table:
    """A table's rows in the order of their accounts; rows of nobody's lead are left out."""
    key = frame["lead_id"].map(key_of)
    if "account_id" in frame:
        key = key.astype(object).where(key.notna(), frame["account_id"])
    there = frame.assign(**{KEY: key.astype("str")})
    table = _arrow(there[there[KEY].isin(set(key_of.values()))])
    order = pc.sort_indices(table, [(KEY, "ascending")])
    return table.take(order)


def _grouped(table: pa.Table) -> Iterator[tuple[str, list[Row]]]:
    """Rows by account, in order, a part of the table at a time."""
    keys = table[KEY]
    for key, group in groupby(_streamed(table.drop_columns(KEY), keys), key=itemgetter(0)):
        yield key, [row for _, row in group]


def _streamed(table: pa.Table, keys: pa.ChunkedArray) -> Iterator[tuple[str, Row]]:
    size = 50_000
    for at in range(0, len(table), size):
        yield from zip(keys.slice(at, size).to_pylist(), rows_of(table.slice(at, size)), strict=True)


def plain_rows(frame: pd.DataFrame) -> list[Row]:
    """Rows of a canonical table as JSON has them: times as text in UTC, nothing for what is not known."""
    return rows_of(_arrow(frame))


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """A canonical table in Arrow, its times in microseconds."""
    return pa.table({str(name): _arrow_column(frame[name]) for name in frame})


def _arrow_column(column: pd.Series) -> pa.Array:
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        return pa.array(column, from_pandas=True)
    times = microseconds(column)
    return pa.array(times, pa.timestamp("us", tz="UTC"), mask=times == NEVER)


def rows_of(table: pa.Table) -> list[Row]:
    """Rows of an Arrow table, see `plain_rows`."""
    columns = [_plain(table[name]) for name in table.column_names]
    names = table.column_names
    return [
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*(column.to_pylist() for column in columns), strict=True)
    ]


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column.cast(pa.timestamp("us", tz="UTC")), "%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_finite(column), column, None)
    return column
