"""The tables of the store. Times are microseconds since 1970, UTC; JSON is text; nothing personal is in a key.

What is published anew every night carries the number of its publication; what people and programs say is kept apart,
append-only, and outlives every publication.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    func,
    literal_column,
    not_,
)
from sqlalchemy.schema import UniqueConstraint

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite counts rows by itself only in a key that it calls INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")
Moment = BigInteger
# Sorted by code points, so that databases and the code agree on what comes next.
Sorted = Text().with_variant(Text(collation="C"), "postgresql")


def columns_of(table: Table, row: type) -> tuple[Column[Any], ...]:
    """The columns of a table that the fields of a dataclass are named after, in their order."""
    return tuple(table.c[one.name] for one in fields(row))


def _number() -> Column[int]:
    return Column("id", Number, primary_key=True, autoincrement=True)


PUBLICATION = Table(
    "publication",
    METADATA,
    _number(),
    Column("state", Text, nullable=False),  # building, current, former
    Column("as_of", Moment, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("model_version", Text, nullable=False),
    Column("data_end", Moment),
    Column("newest_event", Moment),
    Column("summary", Text, nullable=False),  # JSON: counts that balance
)
DOCUMENT = Table(
    "document",
    METADATA,
    Column("publication", Number, ForeignKey("publication.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),  # funnel, model, quality
    Column("body", Text, nullable=False),  # JSON
)
# A list is found in an index alone, whatever it is filtered, searched and sorted by; then its few rows are read.
FOUND_BY = (
    "lead_id",
    "do_not_contact",
    "customer",
    "snoozed_until",
    "stage",
    "band",
    "sales_qualified",
    "agreement",
    "contact",
    "score",
    "score_before",
    "due_at",
    "source",
    "account_name",
    "search",
)
SUMMED = ("owner", "sales_qualified", "score", "account_name")
"""What a list of accounts says of their leads."""
LEAD = Table(
    "lead",
    METADATA,
    Column("publication", Number, ForeignKey("publication.id", ondelete="CASCADE"), primary_key=True),
    Column("lead_id", Sorted, primary_key=True),
    Column("account_key", Sorted, nullable=False),  # the account's id, or the lead's own where it has none
    Column("account_id", Text),
    Column("account_name", Sorted),
    Column("name", Text),
    Column("title", Text),
    Column("email", Text),
    Column("source", Text),
    Column("search", Text, nullable=False),  # lower case: id, name, company, title, e-mail address
    Column("created_at", Moment),
    Column("owner", Text),  # null: of the pool
    Column("stage", Text, nullable=False),
    Column("stage_since", Moment),
    Column("due_at", Moment),  # null: no clock runs
    Column("snoozed_until", Moment),
    Column("do_not_contact", Boolean, nullable=False),
    Column("customer", Boolean, nullable=False),
    Column("is_open", Boolean, nullable=False),  # scored; the outcome of the others is known
    Column("as_of", Moment, nullable=False),  # of the score: of the publication, or later when events arrived
    Column("scored_at", Moment, nullable=False),  # what was received before is in the score
    Column("model_version", Text, nullable=False),
    Column("score", Integer),
    Column("score_before", Integer),  # of the publication before
    Column("band", Text),
    Column("propensity", Float),
    Column("propensity_low", Float),
    Column("propensity_high", Float),
    Column("familiar", Boolean),
    Column("sales_qualified", Boolean),
    Column("rank", Integer),  # among the open leads of the publication, by propensity
    Column("points", Float),
    Column("bant_met", Integer),
    Column("bant_qualified", Boolean),
    Column("criteria", Text, nullable=False),  # JSON: state by criterion of the rules
    Column("agreement", Text),  # both_yes, both_no, model_only, framework_only, ask
    Column("contact", Text),  # state of the contact window
    Column("value", Float),  # expected amount of a win
    Column("priority", Float, nullable=False),
    Column("trend", Text, nullable=False),  # JSON: [[as_of, score], …] weekly, oldest first
    Column("reasons", Text, nullable=False),  # JSON: as `serving.store.reasons` writes them
    Column("revision", Integer, nullable=False),  # grows with every change of the row
    Index("ix_lead_worklist", "publication", "is_open", "priority", *FOUND_BY),
    Index("ix_lead_owner", "publication", "owner", "is_open", "priority", *FOUND_BY),
    Index(
        "ix_lead_account",
        "publication",
        "account_key",
        "is_open",
        "priority",
        "owner",
        "sales_qualified",
        "score",
        "account_name",
    ),
)
WORKED = and_(LEAD.c.is_open, not_(LEAD.c.do_not_contact), not_(LEAD.c.customer))
"""Leads that somebody may work on; some of them may be snoozed."""


def orders(default: Callable[[int | str], ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
    """What leads are ordered by other than their priority; `default` makes the value of those that have none."""
    return {
        "score": func.coalesce(LEAD.c.score, default(-1)),
        "change": func.coalesce(LEAD.c.score - LEAD.c.score_before, default(0)),
        "due": func.coalesce(LEAD.c.due_at, default(1 << 62)),
        "company": func.coalesce(LEAD.c.account_name, default("\U0010ffff")),
    }


def _written(value: int | str) -> ColumnElement[Any]:
    return literal_column(f"'{value}'" if isinstance(value, str) else str(value))


ORDERED_BY = orders(_written)
"""Each with an index of the leads that are worked on, which a database knows again by the same words."""
for _name, _key in ORDERED_BY.items():
    for _what, _first in (("by", (LEAD.c.publication,)), ("owner_by", (LEAD.c.publication, LEAD.c.owner))):
        Index(f"ix_lead_{_what}_{_name}", *_first, _key, LEAD.c.lead_id, postgresql_where=WORKED, sqlite_where=WORKED)
ACCOUNT = Table(
    "account",
    METADATA,
    Column("publication", Number, ForeignKey("publication.id", ondelete="CASCADE"), primary_key=True),
    Column("account_key", Text, primary_key=True),
    Column("account_id", Text),
    Column("name", Text),
    Column("newest_event", Moment),
    Column("history", LargeBinary, nullable=False),  # zlib of JSON: the rows of its canonical tables
)
SCORE_POINT = Table(
    "score_point",
    METADATA,
    Column("lead_id", Text, primary_key=True),
    Column("as_of", Moment, primary_key=True),
    Column("model_version", Text, primary_key=True),
    Column("score", Integer, nullable=False),
    Column("propensity", Float, nullable=False),
)
INTERACTION = Table(
    "interaction",
    METADATA,
    _number(),
    Column("interaction_id", Text, nullable=False),
    Column("lead_id", Text),
    Column("account_key", Text, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("row", Text, nullable=False),  # JSON: the canonical row
    Column("received_at", Moment, nullable=False),
    Column("received_from", Text, nullable=False),
    UniqueConstraint("interaction_id"),
    Index(None, "account_key"),
)
LEAD_ACTION = Table(
    "lead_action",
    METADATA,
    _number(),
    Column("lead_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column(
        "kind", Text, nullable=False
    ),  # accept, reject, recycle, snooze, …, note, override, reason_wrong, data_wrong
    Column("by", Text, nullable=False),
    Column("reason", Text),
    Column("note", Text),
    Column("details", Text, nullable=False),  # JSON: until, owner, verdict, feature, …
    Column("seen", Text, nullable=False),  # JSON: score, propensity, class, model as they were shown
    Column("stage_event", Text),  # JSON of the stage event that it made, null: none
    Column("carried_at", Moment),  # when the stage event was written to the project's log
    Index(None, "lead_id", "id"),
    Index(None, "carried_at"),
)
APP_USER = Table(
    "app_user",
    METADATA,
    _number(),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("owner", Text),  # whose leads are theirs, as the CRM names them
    Column("password_hash", Text),  # argon2id; null: signs in elsewhere
    Column("subject", Text),  # issuer and subject of OpenID Connect
    Column("language", Text),
    Column("theme", Text),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    UniqueConstraint("name"),
    UniqueConstraint("subject"),
)
SESSION = Table(
    "session",
    METADATA,
    Column("token_hash", Text, primary_key=True),
    Column("user", Number, ForeignKey("app_user.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Index(None, "user"),
)
API_KEY = Table(
    "api_key",
    METADATA,
    Column("prefix", Text, primary_key=True),
    Column("key_hash", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # JSON: list
    Column("owner", Text),  # null: all leads
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("used_at", Moment),
)
RATE = Table(
    "rate",
    METADATA,
    Column("bucket", Text, primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("at", Moment, nullable=False),
)
IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    Column("who", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("status", Integer),  # null: being worked on
    Column("body", Text),
    Column("created_at", Moment, nullable=False),
    Index(None, "created_at"),
)
AUDIT = Table(
    "audit",
    METADATA,
    _number(),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text),
    Column("purpose", Text, nullable=False),
    Column("details", Text, nullable=False),  # JSON
    Index(None, "at"),
)
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Text, primary_key=True),  # the webhook-id: the same in every attempt
    Column("kind", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("payload", Text, nullable=False),  # the bytes to be sent, frozen
    Column("state", Text, nullable=False),  # pending, delivered, dead
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("leased_until", Moment),
    Column("leased_by", Text),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("delivered_at", Moment),
    Index(None, "state", "due_at"),
)
PAGE = Table(
    "page",
    METADATA,
    Column("lead_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),  # lead, handover
    Column("language", Text, primary_key=True),
    Column("version", Text, nullable=False),  # publication, revision and model that it was made from
    Column("body", Text, nullable=False),  # JSON: the frozen context
    Column("made_at", Moment, nullable=False),
)
