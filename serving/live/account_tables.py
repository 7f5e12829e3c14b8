"""Canonical tables of one account from what the store keeps of it, for everything that is written on tables."""

from dataclasses import replace
from datetime import datetime

import pandas as pd

from features.catalog import AttributeCode
from features.fit import ACCOUNT_PREFIX
from features.schema import TableCount
from features.tables import Tables, tables_from_frames
from serving.live.account_history import TABLES, AccountHistory
from training.bundle import Bundle


def account_tables(history: AccountHistory, data_end: datetime, bundle: Bundle) -> Tables:
    """The tables of an account as the project's would be, cut to it, with every column that the model reads."""
    frames = {name: pd.DataFrame(list(rows)) for name in TABLES if (rows := getattr(history, name))}
    if history.account is not None:
        frames["accounts"] = pd.DataFrame([history.account])
    tables = tables_from_frames(data_end, **frames)
    of_account: list[AttributeCode] = []
    of_lead: list[AttributeCode] = []
    for code in bundle.catalog.attributes:
        (of_account if code.name.startswith(ACCOUNT_PREFIX) else of_lead).append(code)
    counts = [TableCount(name, 1, 1, 0, {}) for name in bundle.policy.tables]  # type: ignore[arg-type]
    return replace(
        tables,
        leads=_with_columns(tables.leads, of_lead, ""),
        accounts=_with_columns(tables.accounts, of_account, ACCOUNT_PREFIX),
        counts=tuple(counts),
    )


def _with_columns(frame: pd.DataFrame, codes: list[AttributeCode], prefix: str) -> pd.DataFrame:
    """The frame with the attributes that nobody of the account has a value of."""
    names = [name for code in codes if not code.tracked and (name := code.name.removeprefix(prefix)) not in frame]
    return frame.assign(**{name: pd.Series(None, frame.index, dtype="str") for name in names})
