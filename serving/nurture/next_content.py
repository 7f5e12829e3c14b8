"""The next content for a lead: what won leads of its phase and topic consumed and it has not, with the counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa

from features.deals import DealsOfAccount
from features.nurture_settings import NurtureSettings
from features.tables import Tables
from serving.lifecycle.recorded import Pauses, recorded_events
from serving.lifecycle.replay import transitions
from serving.nurture.consumed import Past, consumption, main_topics, past_interactions, taken_over_at

LISTED = pa.schema(
    [
        ("lead_id", pa.string()),
        ("phase", pa.string()),
        ("lead_topic", pa.string()),
        ("place", pa.int64()),
        ("kind", pa.string()),
        ("topic", pa.string()),
        ("won_consumed", pa.int64()),
        ("won_leads", pa.int64()),
        ("lost_consumed", pa.int64()),
        ("lost_leads", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class NextContent:
    """Content to offer: `won_consumed` of `won_leads` won leads of the phase (and topic) had it, and so of lost ones.

    `topic` is None where leads of all topics were counted together.
    """

    kind: str
    topic: str | None
    won_consumed: int
    won_leads: int
    lost_consumed: int
    lost_leads: int


def worth_offering(counts: pd.DataFrame, settings: NurtureSettings) -> pd.DataFrame:
    """Content that enough won leads consumed, and a larger share of them than of lost leads, the largest gap first."""
    share_won = counts["won_consumed"] / counts["won_leads"].clip(lower=1)
    gap = share_won - counts["lost_consumed"] / counts["lost_leads"].clip(lower=1)
    kept = counts.assign(gap=gap)[(counts["won_consumed"] >= settings.least) & (gap > 0)]
    return kept.sort_values(["phase", "topic", "gap", "kind"], ascending=[True, True, False, True])


def next_content(
    past: Past, counts: pd.DataFrame, leads: pd.Series, as_of: datetime, settings: NurtureSettings
) -> pd.DataFrame:
    """What each of some leads is offered, at most `settings.most` rows a lead, with the columns `LISTED`.

    A lead without interactions of late is offered what leads of all topics consumed.
    """
    people = _present(past, leads, as_of, settings)
    offers = worth_offering(counts, settings)
    known = offers[offers["topic"].notna()]
    own = people.merge(known.rename(columns={"topic": "lead_topic"}), on=["phase", "lead_topic"]).assign(
        topic=lambda frame: frame["lead_topic"]
    )
    rest = people[~people["lead_id"].isin(own["lead_id"])]
    pooled = rest.merge(offers[offers["topic"].isna()], on="phase")
    found = pd.concat([part for part in (own, pooled) if len(part)] or [own])
    fresh = _not_consumed(found, past).sort_values(["lead_id", "gap", "kind"], ascending=[True, False, True])
    fresh["place"] = fresh.groupby("lead_id").cumcount() + 1
    return fresh.loc[fresh["place"] <= settings.most, LISTED.names].reset_index(drop=True)


def offered_to(listed: pd.DataFrame) -> tuple[NextContent, ...]:
    """The rows of one lead as values."""
    rows = listed.sort_values("place").to_dict("records")
    return tuple(
        NextContent(
            kind=str(row["kind"]),
            topic=None if pd.isna(row["topic"]) else str(row["topic"]),
            **{name: int(row[name]) for name in ("won_consumed", "won_leads", "lost_consumed", "lost_leads")},
        )
        for row in rows
    )


def _present(past: Past, leads: pd.Series, as_of: datetime, settings: NurtureSettings) -> pd.DataFrame:
    """Phase and topic of each lead as of the date: columns lead_id, phase, lead_topic."""
    people = pd.DataFrame({"lead_id": leads.astype("str").to_numpy()}).drop_duplicates()
    people["phase"] = people["lead_id"].isin(past.since.index).map({True: "with_sales", False: "before_sales"})
    people = people.astype({"phase": "str"})
    late = past.rows[past.rows["at"] >= as_of - timedelta(days=settings.topic_days)]
    topics = main_topics(late[late["lead_id"].isin(people["lead_id"])].assign(phase="now"))
    return people.merge(
        topics.rename(columns={"topic": "lead_topic"})[["lead_id", "lead_topic"]], on="lead_id", how="left"
    )


def _not_consumed(found: pd.DataFrame, past: Past) -> pd.DataFrame:
    """Offers whose kind the lead has not consumed, about that topic or none (any topic where all are pooled)."""
    own = past.rows[past.rows["lead_id"].isin(found["lead_id"])]
    had = own[["lead_id", "kind", "topic"]].drop_duplicates().rename(columns={"topic": "had_topic"})
    pairs = found[["lead_id", "kind", "topic"]].merge(had, on=["lead_id", "kind"])
    same = pairs["topic"].isna() | pairs["had_topic"].isna() | (pairs["topic"] == pairs["had_topic"])
    taken = pd.MultiIndex.from_frame(pairs.loc[same, ["lead_id", "kind"]])
    return found[~pd.MultiIndex.from_frame(found[["lead_id", "kind"]]).isin(taken)].copy()


def offers(
    tables: Tables, as_of: datetime, leads: pd.Series, settings: NurtureSettings, of_account: DealsOfAccount
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts of what closed leads consumed (`COLUMNS`), and what some leads are offered (`LISTED`), as of a date.

    The tables must hold the interactions of both; what sales did is read from decisions and deals.
    """
    changes = transitions(recorded_events(tables, of_account, Pauses()), as_of)
    past = past_interactions(tables, taken_over_at(changes), as_of)
    counts = consumption(past, tables, as_of, settings, of_account)
    return counts, next_content(past, counts, leads, as_of, settings)
