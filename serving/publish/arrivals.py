"""The tables with the interactions that arrived by the API since they were exported."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from features.tables import Tables

Row = Mapping[str, Any]


def with_arrivals(tables: Tables, rows: Sequence[Row]) -> Tables:
    """The tables with further interactions, those of known leads that the export does not have by their id.

    A row that names no lead stands under its account; the rows were checked when they arrived.
    """
    frame = tables.interactions
    known = set(frame["interaction_id"].dropna()) if "interaction_id" in frame else set()
    new = [row for row in rows if row.get("interaction_id") not in known]
    if not new:
        return tables
    added = pd.DataFrame({name: _column(frame[name], new) for name in frame})
    leads = tables.leads.set_index("lead_id")["account_id"]
    added["account_id"] = added["lead_id"].map(leads).astype(frame["account_id"].dtype).fillna(added["account_id"])
    there = added["lead_id"].isin(leads.index) | (added["lead_id"].isna() & added["account_id"].isin(leads))
    return replace(tables, interactions=pd.concat([frame, added[there]], ignore_index=True))


def _column(like: pd.Series, rows: Sequence[Row]) -> pd.Series:
    cells = [row.get(str(like.name)) for row in rows]
    if isinstance(like.dtype, pd.DatetimeTZDtype):
        return pd.to_datetime(pd.Series(cells, dtype=object), utc=True, format="ISO8601").astype(like.dtype)
    return pd.Series(cells, dtype=object).astype(like.dtype)
