"""One lead of the current publication with everything that is kept of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, bindparam, exists, select

from serving.live.account_history import AccountHistory, unpacked
from serving.store.arrived import rows_of_account
from serving.store.publications import CURRENT_NUMBER
from serving.store.schema import ACCOUNT, INTERACTION, LEAD, LEAD_ACTION, PUBLICATION, SCORE_POINT, columns_of

MOST_POINTS = 60
MOST_ACTIONS = 40


@dataclass(frozen=True, slots=True)
class LeadRecord:
    """A row of the table `lead`; times in microseconds."""

    publication: int
    lead_id: str
    account_key: str
    account_id: str | None
    account_name: str | None
    name: str | None
    title: str | None
    email: str | None
    source: str | None
    created_at: int | None
    owner: str | None
    stage: str
    stage_since: int | None
    due_at: int | None
    snoozed_until: int | None
    do_not_contact: bool
    customer: bool
    is_open: bool
    as_of: int
    scored_at: int
    model_version: str
    score: int | None
    score_before: int | None
    band: str | None
    propensity: float | None
    propensity_low: float | None
    propensity_high: float | None
    familiar: bool | None
    sales_qualified: bool | None
    rank: int | None
    points: float | None
    bant_met: int | None
    bant_qualified: bool | None
    criteria: str
    agreement: str | None
    contact: str | None
    value: float | None
    priority: float
    trend: str
    reasons: str
    revision: int


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """What somebody said of a lead; `details` is JSON."""

    id: int
    at: int
    kind: str
    by: str
    reason: str | None
    note: str | None
    details: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Another lead of the account."""

    lead_id: str
    name: str | None
    title: str | None
    owner: str | None
    stage: str
    score: int | None


# Statements of the page that is asked for most are put together once. Most leads have nothing that arrived or was said
# since: that there is something is asked along with the rest, what it is only then.
_BY_ID = select(*columns_of(LEAD, LeadRecord), exists().where(LEAD_ACTION.c.lead_id == bindparam("wanted"))).where(
    LEAD.c.publication == CURRENT_NUMBER, LEAD.c.lead_id == bindparam("wanted")
)
_HISTORY = (
    select(ACCOUNT.c.history, PUBLICATION.c.summary, exists().where(INTERACTION.c.account_key == bindparam("account")))
    .join_from(ACCOUNT, PUBLICATION, PUBLICATION.c.id == ACCOUNT.c.publication)
    .where(ACCOUNT.c.publication == bindparam("publication"), ACCOUNT.c.account_key == bindparam("account"))
)
_POINTS = (
    select(SCORE_POINT.c.as_of, SCORE_POINT.c.score)
    .where(SCORE_POINT.c.lead_id == bindparam("wanted"))
    .order_by(SCORE_POINT.c.as_of.desc())
    .limit(MOST_POINTS)
)
_ACTIONS = (
    select(*columns_of(LEAD_ACTION, ActionRecord))
    .where(LEAD_ACTION.c.lead_id == bindparam("wanted"))
    .order_by(LEAD_ACTION.c.id.desc())
    .limit(MOST_ACTIONS)
)
_COLLEAGUES = select(*columns_of(LEAD, Colleague)).where(
    LEAD.c.publication == bindparam("publication"),
    LEAD.c.account_key == bindparam("account"),
    LEAD.c.lead_id != bindparam("wanted"),
)


def find_lead(connection: Connection, lead_id: str) -> tuple[LeadRecord, bool] | None:
    """The lead in the current publication, and whether people said anything of it; None: it has none of that id."""
    row = connection.execute(_BY_ID, {"wanted": lead_id}).first()
    return None if row is None else (LeadRecord(*row[:-1]), row[-1])


def account_history(connection: Connection, lead: LeadRecord) -> tuple[AccountHistory, int]:
    """All rows of a lead's account with those that arrived since, and how many leads are open: what its rank is of."""
    account = {"publication": lead.publication, "account": lead.account_key}
    packed, summary, has_arrived = connection.execute(_HISTORY, account).one()
    arrived = rows_of_account(connection, lead.account_key) if has_arrived else []
    return unpacked(packed).with_interactions(arrived), _open_leads(summary)


@lru_cache(maxsize=4)
def _open_leads(summary: str) -> int:
    """What the summary of a publication counts; the same for all its leads, so it is read once."""
    return int(json.loads(summary).get("open", 0))


def score_points(connection: Connection, lead_id: str) -> Sequence[tuple[int, int]]:
    """When the lead was scored and its score then, oldest first."""
    return [(row.as_of, row.score) for row in connection.execute(_POINTS, {"wanted": lead_id})][::-1]


def actions_of(connection: Connection, lead_id: str) -> tuple[ActionRecord, ...]:
    """What people said of the lead, the newest first."""
    return tuple(ActionRecord(*row) for row in connection.execute(_ACTIONS, {"wanted": lead_id}))


def colleagues_of(connection: Connection, lead: LeadRecord, most: int) -> tuple[Colleague, ...]:
    """Other leads of the same account, those with the highest score first."""
    beside = {"publication": lead.publication, "account": lead.account_key, "wanted": lead.lead_id}
    # Sorted here: an index that has this order would be read from its end instead of the account's own.
    found = [Colleague(*row) for row in connection.execute(_COLLEAGUES, beside)]
    return tuple(sorted(found, key=lambda one: (-(one.score if one.score is not None else -1), one.lead_id))[:most])


@dataclass(frozen=True, slots=True)
class NamedLead:
    """Who a lead is, and whose."""

    lead_id: str
    name: str | None
    company: str | None
    owner: str | None


def names_of(connection: Connection, publication: int, lead_ids: Sequence[str]) -> tuple[NamedLead, ...]:
    """Who some leads of a publication are."""
    columns = (LEAD.c.lead_id, LEAD.c.name, LEAD.c.account_name, LEAD.c.owner)
    rows = connection.execute(select(*columns).where(LEAD.c.publication == publication, LEAD.c.lead_id.in_(lead_ids)))
    return tuple(NamedLead(*row) for row in rows)
