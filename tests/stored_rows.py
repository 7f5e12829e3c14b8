"""Histories of leads as JSON, from the tables of a project."""

import pandas as pd

PARTS = {"interactions": "occurred_at", "lead_changes": "changed_at", "assessments": "assessed_at"}


def history_of(tables, lead_id):
    """The whole account of a lead as `POST /v1/score` takes it."""
    leads = tables.leads.set_index("lead_id", drop=False)
    account = leads.at[lead_id, "account_id"]
    team = [lead_id] if pd.isna(account) else leads.index[leads["account_id"] == account].tolist()
    people = {row["lead_id"]: {"created_at": None, **row} for row in _plain(leads.loc[team])}
    accounts = _plain(tables.accounts[tables.accounts["account_id"] == account])
    return {
        "lead": people.pop(lead_id),
        "account": accounts[0] if accounts else None,
        "colleagues": list(people.values()),
        **{name: _plain(_of(getattr(tables, name), team, account)) for name in PARTS},
    }


def _of(frame, team, account):
    mine = frame["lead_id"].isin(team)
    if "account_id" in frame:
        mine |= frame["lead_id"].isna() & (frame["account_id"] == account)
    return frame[mine]


def _plain(frame):
    """Rows as JSON has them, nulls left out."""
    return [
        {name: value.isoformat() if isinstance(value, pd.Timestamp) else value
         for name, value in row.items() if not pd.isna(value)}
        for row in frame.astype(object).to_dict("records")
    ]  # fmt: skip
