"""Deals by lead: a deal known only by its account is handed to leads of that account."""

from typing import Literal

import pandas as pd

from features.tables import Tables

DealsOfAccount = Literal["all", "primary", "last_touch"]


def deals_by_lead(tables: Tables, of_account: DealsOfAccount) -> pd.DataFrame:
    """Deals with a lead in every row (columns of `deals`).

    A deal without a lead counts for `all` leads of its account, its `primary` one (created first), or the one with
    the `last_touch` before the deal was opened (or closed, where its opening is not known; the primary one where there
    was none). A lead created after the deal closed has no part in it. Deals of accounts without leads are left out.
    """
    own = tables.deals[tables.deals["lead_id"].notna()]
    shared = tables.deals[tables.deals["lead_id"].isna()].drop(columns="lead_id").reset_index(names="deal")
    if shared.empty:
        return own
    members = tables.leads.loc[tables.leads["account_id"].notna(), ["lead_id", "account_id", "created_at"]]
    pairs = shared.merge(members, on="account_id").sort_values(["deal", "created_at", "lead_id"])
    pairs = pairs[~(pairs["created_at"] > pairs["closed_at"])]
    if of_account == "last_touch":
        pairs = _last_touch_first(pairs, tables.interactions)
    chosen = pairs if of_account == "all" else pairs.drop_duplicates("deal")
    return pd.concat([own, chosen[own.columns]], ignore_index=True)


def _last_touch_first(pairs: pd.DataFrame, interactions: pd.DataFrame) -> pd.DataFrame:
    touches = interactions.loc[interactions["lead_id"].isin(pairs["lead_id"]), ["lead_id", "occurred_at"]]
    decided = pairs.assign(decided_at=pairs["opened_at"].fillna(pairs["closed_at"]))
    ahead = decided[["deal", "lead_id", "decided_at"]].merge(touches, on="lead_id")
    seen = ahead[ahead["decided_at"].isna() | (ahead["occurred_at"] < ahead["decided_at"])]
    last = seen.groupby(["deal", "lead_id"], as_index=False)["occurred_at"].max()
    return pairs.merge(last, on=["deal", "lead_id"], how="left").sort_values(
        ["deal", "occurred_at", "created_at", "lead_id"],
        ascending=[True, False, True, True],
        na_position="last",
    )
