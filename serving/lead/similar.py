"""Similar leads: the won and lost leads of the past to which the model gives the most similar reasons.

Two leads are near when the contributions of their features to the log-odds are near (Euclidean distance). A past lead
is looked at on the last training snapshot before it was won or lost: what is known then holds no outcome.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd

from features.build import build_features
from features.deals import deals_by_lead
from features.histories import Histories, build_histories, restrict
from features.identifiers import positions_of
from features.project import SnapshotSettings
from features.snapshots import Snapshots, closings_by_lead, is_open, training_snapshots
from features.tables import Tables
from features.times import microseconds
from features.windows import NEVER, Bools, Floats, Ints
from serving.lead.appraisal import lead_features
from serving.reasons import HIGHEST, LOWEST
from training.bundle import Bundle
from training.contributions import POINTS_PER_LOG_ODDS

MOST_CLOSED = 20_000
EACH = 3
MOST_SHARED = 3
LEAST_POINTS = 0.5
Outcome = Literal["won", "lost"]


@dataclass(frozen=True, slots=True)
class Shared:
    """A reason that both leads have, in the same direction: the feature's column, and the other lead's value and
    points (not rounded).
    """

    column: int
    value: float
    points: float


@dataclass(frozen=True, slots=True)
class SimilarLead:
    """A past lead as of `as_of`, before it was won or lost; `score` is what the present model gives it there."""

    lead_id: str
    as_of: datetime
    outcome: Outcome
    score: int
    distance: float
    shared: tuple[Shared, ...]


@dataclass(frozen=True, slots=True)
class PastLeads:
    """Closed leads, each on the last training snapshot before its outcome: n leads, features in the catalog's order.

    `account` is the account's id, or the lead's own with a tab where it has none.
    """

    lead_id: tuple[str, ...]
    account: tuple[str, ...]
    as_of: Ints
    won: Bools
    values: Floats


@dataclass(frozen=True, slots=True)
class Explained:
    """Past leads with the contributions (n, features) and raw scores (n) that a model gives them."""

    past: PastLeads
    contributions: Floats
    raw: Floats


def newest_closed(deals: pd.DataFrame, as_of: datetime, most: int = MOST_CLOSED) -> pd.DataFrame:
    """The rows of `deals` won or lost before `as_of`, at most `most`, newest first (ties by lead and account)."""
    known = deals[deals["status"].isin(("won", "lost")) & (deals["closed_at"] < as_of)]
    ordered = known.sort_values(["closed_at", "lead_id", "account_id"], ascending=[False, True, True], kind="stable")
    return ordered.head(most)


def similar_leads(
    bundle: Bundle, tables: Tables, lead_id: str, as_of: datetime, settings: SnapshotSettings
) -> tuple[SimilarLead, ...]:
    """The nearest won and the nearest lost leads, at most three each: won first, nearest first.

    Only leads count whose outcome was known before `as_of`, at most the newest 20,000; the lead itself and its account
    are left out. `tables` must hold the interactions of those leads; `settings` say on which days leads are looked at.
    """
    of_lead = bundle.explain(lead_features(bundle, tables, lead_id, as_of).values)[0][0]
    past = past_leads(bundle, tables, as_of, settings)
    row = tables.leads[tables.leads["lead_id"] == lead_id].iloc[0]
    account = account_of(None if pd.isna(row["account_id"]) else str(row["account_id"]), lead_id)
    return nearest_leads(bundle, explained(bundle, past), of_lead[:-1], account)


def account_of(account_id: str | None, lead_id: str) -> str:
    """What `PastLeads.account` holds for a lead."""
    return f"{lead_id}\t" if account_id is None else account_id


def past_leads(
    bundle: Bundle, tables: Tables, as_of: datetime, settings: SnapshotSettings, most: int = MOST_CLOSED
) -> PastLeads:
    """The newest closed leads as of a time, at most `most`; what they were on their last snapshot."""
    from training.replay import known_at

    deals = deals_by_lead(known_at(tables, as_of), bundle.policy.deals_of_account)
    closed = newest_closed(deals, as_of, most)
    known = known_at(restrict(tables, pd.Index(closed["lead_id"])), as_of)
    histories = build_histories(known, bundle.catalog.hygiene)
    snapshots = training_snapshots(histories, settings, as_of)
    snapshots = snapshots.take(is_open(closings_by_lead(deals, histories.lead_ids), snapshots))
    last, won = _last_before(histories, snapshots, closed)
    leads = histories.leads.iloc[last.lead]
    accounts = leads["account_id"].astype(object).where(leads["account_id"].notna(), None)
    ids = tuple(map(str, leads["lead_id"]))
    return PastLeads(
        lead_id=ids,
        account=tuple(account_of(account, lead_id) for account, lead_id in zip(accounts, ids, strict=True)),
        as_of=last.as_of,
        won=won,
        values=build_features(histories, known, last, bundle.catalog).values,
    )


def explained(bundle: Bundle, past: PastLeads) -> Explained:
    """Past leads as a model sees them."""
    if not len(past.won):
        return Explained(past, np.zeros((0, len(bundle.catalog.features))), np.zeros(0))
    found, raw = bundle.explain(past.values)
    return Explained(past, found[:, :-1], raw)


def nearest_leads(bundle: Bundle, known: Explained, of_lead: Floats, account: str) -> tuple[SimilarLead, ...]:
    """The nearest won, then the nearest lost of other accounts; `of_lead` (features) are the lead's contributions."""
    past = known.past
    others = np.array([one != account for one in past.account], np.bool_)
    distance = np.linalg.norm(known.contributions - of_lead, axis=1)
    chosen = np.concatenate([_nearest(distance, others & past.won), _nearest(distance, others & ~past.won)])
    score = np.clip(np.rint(bundle.scale.score(known.raw)), LOWEST, HIGHEST).astype(np.int64)
    factor = POINTS_PER_LOG_ODDS * bundle.scale.calibration.slope
    return tuple(
        SimilarLead(
            lead_id=past.lead_id[row],
            as_of=pd.Timestamp(past.as_of[row], unit="us", tz="UTC").to_pydatetime(),
            outcome="won" if past.won[row] else "lost",
            score=int(score[row]),
            distance=float(distance[row]),
            shared=_shared(factor * of_lead, factor * known.contributions[row], past.values[row]),
        )
        for row in chosen.tolist()
    )


def _nearest(distance: Floats, among: Bools) -> Ints:
    rows = np.flatnonzero(among)
    return rows[np.argsort(distance[rows], kind="stable")[:EACH]]


def _shared(own: Floats, other: Floats, values: Floats) -> tuple[Shared, ...]:
    """The features that move both scores in the same direction, by the smaller of the two moves, largest first."""
    strength = np.where(own * other > 0, np.minimum(np.abs(own), np.abs(other)), 0.0)
    strongest = np.argsort(-strength, kind="stable")[:MOST_SHARED]
    return tuple(
        Shared(int(column), float(values[column]), float(other[column]))
        for column in strongest
        if strength[column] > LEAST_POINTS
    )


def _last_before(histories: Histories, snapshots: Snapshots, closed: pd.DataFrame) -> tuple[Snapshots, Bools]:
    """The last snapshot of each closed lead before its outcome, and whether that was a win."""
    number, won, ended = _last_outcomes(closed, histories)
    place = np.full(len(histories.lead_ids), -1)
    place[number] = np.arange(len(number))
    at = place[snapshots.lead]
    before = (at >= 0) & (snapshots.as_of < np.append(ended, NEVER)[at])
    last = _last_of_each(snapshots, before)
    return snapshots.take(last), won[at[last]]


def _last_outcomes(deals: pd.DataFrame, histories: Histories) -> tuple[Ints, Bools, Ints]:
    """Number, whether won, and closing time of each lead's newest deal; a deal won at the same moment counts."""
    lead = positions_of(deals["lead_id"], histories.lead_ids)
    closed, won = microseconds(deals["closed_at"]), (deals["status"] == "won").to_numpy()
    order = np.lexsort((won, closed, lead))
    order = order[lead[order] >= 0]
    last = np.append(lead[order][1:] != lead[order][:-1], True) if len(order) else np.zeros(0, bool)
    return lead[order[last]], won[order[last]], closed[order[last]]


def _last_of_each(snapshots: Snapshots, among: Bools) -> Ints:
    """The last snapshot of each lead among some of them."""
    rows = np.flatnonzero(among)
    lead = snapshots.lead[rows]
    return rows[np.append(lead[1:] != lead[:-1], True)] if len(rows) else rows


def around_closed(leads: pd.DataFrame, deals: pd.DataFrame, as_of: datetime) -> pd.Index:
    """The leads whose interactions `similar_leads` needs: those of the newest closed deals, or of their accounts."""
    newest = newest_closed(deals, as_of)
    accounts = newest.loc[newest["lead_id"].isna(), "account_id"].dropna()
    return pd.Index(newest["lead_id"].dropna()).union(
        pd.Index(leads.loc[leads["account_id"].isin(accounts), "lead_id"])
    )
