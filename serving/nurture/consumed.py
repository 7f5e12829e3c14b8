"""What won and lost leads consumed, counted by phase and topic as of a date (row M25).

A lead has two phases: before sales took it over (accepted it, or opened a deal) and after. What a lead did after it was
won or lost is not looked at. These are counts of the past: that won leads read something does not say that it won them.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from features.deals import DealsOfAccount, deals_by_lead
from features.nurture_settings import NurtureSettings
from features.tables import Tables
from serving.lead.similar import newest_closed

Phase = Literal["before_sales", "with_sales"]
TAKEN_OVER = ("sal", "sql", "opportunity")
KEYS = ["phase", "topic", "kind"]
COLUMNS = pa.schema(
    [
        ("phase", pa.string()),
        ("topic", pa.string()),  # null: leads of all topics
        ("kind", pa.string()),
        ("won_leads", pa.int64()),
        ("won_consumed", pa.int64()),
        ("lost_leads", pa.int64()),
        ("lost_consumed", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Past:
    """Interactions of leads before a date, each with its lead's phase then; `since` is when sales took leads over."""

    rows: pd.DataFrame
    since: pd.Series


def past_interactions(tables: Tables, taken_over: pd.Series, as_of: datetime) -> Past:
    """Interactions before `as_of` with columns lead_id, at, kind, topic, phase; `taken_over` is a time by lead_id."""
    log = tables.interactions
    known = log[(log["occurred_at"] < as_of) & log["lead_id"].notna()]
    rows = pd.DataFrame({name: known[of] for name, of in _NAMES.items()})
    since = taken_over[taken_over < as_of]
    after = since.reindex(rows["lead_id"]).to_numpy("datetime64[us]")
    rows["phase"] = np.where(rows["at"].to_numpy("datetime64[us]") >= after, "with_sales", "before_sales")
    return Past(rows, since)


_NAMES = {"lead_id": "lead_id", "at": "occurred_at", "kind": "kind", "topic": "topic"}


def taken_over_at(changes: pa.Table) -> pd.Series:
    """When sales first took each lead over, by lead_id, from changes of stage (rows of `transitions`)."""
    frame = changes.select(["lead_id", "at", "to_stage"]).to_pandas()
    there = frame[frame["to_stage"].isin(TAKEN_OVER)]
    return there.groupby("lead_id")["at"].min()


def consumption(
    past: Past, tables: Tables, as_of: datetime, settings: NurtureSettings, of_account: DealsOfAccount
) -> pd.DataFrame:
    """Won and lost leads by phase, topic and kind of content: how many there were, how many consumed it.

    Only leads whose outcome was known before `as_of`, of the newest 20,000 closed deals. A lead counts in a phase when
    it did anything in it, under its most frequent topic there, and under no topic (null), which pools all leads.
    Columns `COLUMNS`, in their order.
    """
    closed = _closed(tables, as_of, of_account)
    rows = past.rows.merge(closed, on="lead_id")
    rows = rows[rows["at"] < rows["closed_at"]]
    members = main_topics(rows).merge(closed[["lead_id", "won"]], on="lead_id")
    of_topic = members.merge(_items(rows, settings.content, members), on=["lead_id", "phase"])
    pooled = members.assign(topic=None).merge(_items(rows, settings.content, None), on=["lead_id", "phase"])
    counted = [_counted(part, people) for part, people in ((of_topic, members), (pooled, members.assign(topic=None)))]
    found = pd.concat([frame for frame in counted if len(frame)] or [pd.DataFrame(columns=COLUMNS.names)])
    return found[COLUMNS.names].sort_values(KEYS, na_position="last", ignore_index=True)


def main_topics(rows: pd.DataFrame) -> pd.DataFrame:
    """The most frequent topic of each lead in each phase (of equals the first by name), None where no row names one."""
    people = rows[["lead_id", "phase"]].drop_duplicates()
    counts = (
        rows.dropna(subset="topic").groupby(["lead_id", "phase", "topic"], observed=True).size().reset_index(name="n")
    )
    first = counts.sort_values(["n", "topic"], ascending=[False, True]).drop_duplicates(["lead_id", "phase"])
    return people.merge(first[["lead_id", "phase", "topic"]], on=["lead_id", "phase"], how="left")


def _items(rows: pd.DataFrame, content: Collection[str], members: pd.DataFrame | None) -> pd.DataFrame:
    """Different (lead, phase, kind) of content: about the lead's topic or none where members are given, else any."""
    read = rows[rows["kind"].isin(list(content))]
    if members is not None:
        own = read.merge(members[["lead_id", "phase", "topic"]], on=["lead_id", "phase"], suffixes=("", "_of_lead"))
        read = own[own["topic"].isna() | (own["topic"] == own["topic_of_lead"])]
    return read[["lead_id", "phase", "kind"]].drop_duplicates()


def _counted(consumed: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Leads and consumers by outcome, for each (phase, topic, kind) that somebody consumed."""
    totals = _by_outcome(people, ["phase", "topic"], "leads")
    found = _by_outcome(consumed, KEYS, "consumed")
    return found.merge(totals, on=["phase", "topic"]) if len(found) else found


def _by_outcome(rows: pd.DataFrame, keys: list[str], what: str) -> pd.DataFrame:
    counts = rows.groupby(keys, dropna=False)["won"].agg(["sum", "size"]).reset_index()
    won = counts["sum"].astype("int64")
    named = {f"won_{what}": won, f"lost_{what}": counts["size"].astype("int64") - won}
    return counts[keys].assign(**named)


def _closed(tables: Tables, as_of: datetime, of_account: DealsOfAccount) -> pd.DataFrame:
    """Leads with a known outcome: lead_id, closed_at of the first closing, and whether one was won."""
    known = deals_by_lead(replace(tables, deals=newest_closed(tables.deals, as_of)), of_account)
    known = known.assign(won=known["status"] == "won")
    return known.groupby("lead_id", as_index=False).agg(closed_at=("closed_at", "min"), won=("won", "any"))
