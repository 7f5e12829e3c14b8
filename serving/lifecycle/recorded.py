"""What people did, as stage events: derived from decisions, deals, and the history of a lead's owner."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from features.deals import DealsOfAccount, deals_by_lead
from features.tables import Tables
from features.times import microseconds
from features.windows import DAY_US, NEVER, Ints
from serving.lifecycle.events import filled
from serving.lifecycle.machine import ACTIONS, STAGES, Action, target_of
from serving.lifecycle.replay import times, words

DECISIONS = {
    "accept": "accept", "accepted": "accept",
    "recycle": "recycle", "recycled": "recycle", "nurture": "recycle",
    "disqualify": "disqualify", "disqualified": "disqualify",
    "already_customer": "already_customer", "customer": "already_customer",
    "reopen": "reopen", "do_not_contact": "do_not_contact", "allow_contact": "allow_contact",
}  # fmt: skip
"""Words of the column `decision`, in lower case; every other word is a rejection."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """For how many days a recycled and a rejected lead stays away, unless somebody says otherwise."""

    recycle_days: int = 90
    reject_days: int = 90


def recorded_events(tables: Tables, of_account: DealsOfAccount, pauses: Pauses) -> pa.Table:
    """Events that the tables tell of (columns `EVENTS`), in no particular order."""
    moving = moving_events(tables, of_account, pauses)
    return pa.concat_tables([_created(tables.leads), moving, *_owners(tables.lead_changes)])


def moving_events(tables: Tables, of_account: DealsOfAccount, pauses: Pauses) -> pa.Table:
    """Those of them that can change a stage: a lead without any is a `lead`."""
    deals = deals_by_lead(tables, of_account)
    return pa.concat_tables([_decided(tables.decisions, pauses), _opened(deals), _closed(deals)])


def _created(leads: pd.DataFrame) -> pa.Table:
    return _events(leads["lead_id"], "created_at", leads, np.full(len(leads), ACTIONS.index("create")))


def _decided(decisions: pd.DataFrame, pauses: Pauses) -> pa.Table:
    action = _numbers(decisions["decision"])
    days = {"recycle": pauses.recycle_days, "reject": pauses.reject_days}
    pause = np.array([days.get(name, 0) for name in ACTIONS], np.int64)[action] * DAY_US
    until = times(np.where(pause > 0, microseconds(decisions["decided_at"]) + pause, NEVER))
    said = {name: pa.array(decisions[of], pa.string(), from_pandas=True)
            for name, of in (("actor", "by"), ("reason", "reason"))}  # fmt: skip
    by = {"by": pa.repeat("person", len(decisions))}
    return _events(decisions["lead_id"], "decided_at", decisions, action, until=until, **said, **by)


def _opened(deals: pd.DataFrame) -> pa.Table:
    opened = deals[deals["opened_at"].notna()]
    action = np.full(len(opened), ACTIONS.index("open_deal"))
    return _events(opened["lead_id"], "opened_at", opened, action, deals=pa.array(np.ones(len(opened), np.int8)))


def _closed(deals: pd.DataFrame) -> pa.Table:
    closed = deals[deals["status"].isin(["won", "lost"])]
    action = np.where(closed["status"] == "won", ACTIONS.index("win"), ACTIONS.index("lose"))
    change = pa.array(-closed["opened_at"].notna().to_numpy().astype(np.int8))
    reason = pa.array(closed["lost_reason"], pa.string(), from_pandas=True)
    return _events(closed["lead_id"], "closed_at", closed, action, deals=change, reason=reason)


def _owners(changes: pd.DataFrame) -> list[pa.Table]:
    """Reassignments, where the history of fields has the owner."""
    field, different = pd.factorize(changes["field"])
    owner = changes[np.append(np.array([name.lower() == "owner" for name in different], np.bool_), False)[field]]
    if owner.empty:
        return []
    action = np.full(len(owner), ACTIONS.index("reassign"))
    name = pa.array(owner["value"], pa.string(), from_pandas=True)
    return [_events(owner["lead_id"], "changed_at", owner, action, owner=name)]


def _events(lead_id: pd.Series, at: str, rows: pd.DataFrame, action: Ints, **columns: pa.Array) -> pa.Table:
    targets = np.array([_stage_number(name) for name in ACTIONS], np.int8)
    given = {
        "lead_id": pa.array(lead_id, pa.string(), from_pandas=True),
        "at": times(microseconds(rows[at])),
        "action": words(action.astype(np.int8), ACTIONS),
        "to_stage": words(targets[action], STAGES),
        "by": pa.repeat("record", len(rows)),
    }
    return filled({**given, **columns}, len(rows))


def _stage_number(action: Action) -> int:
    stage = target_of(action)
    return -1 if stage is None else STAGES.index(stage)


def _numbers(decisions: pd.Series) -> Ints:
    """The action that each decision is."""
    code, different = pd.factorize(decisions)
    actions = [DECISIONS.get(str(word).lower(), "reject") for word in different]
    number = np.array([ACTIONS.index(action) for action in (*actions, "reject")], np.int64)
    return number[code]
