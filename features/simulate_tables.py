"""The simulated world as canonical Arrow tables, with made-up names, titles and addresses at example domains."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.simulate_chain import Floats, Ints
from features.simulate_crm import (
    CRITERIA,
    DECISION_REASONS,
    DECISIONS,
    LOST_REASONS,
    STAGES,
    STATUSES,
    Assessments,
    Changes,
    Deals,
)
from features.simulate_events import CODE, KINDS, TALKS, UNKNOWN, Events
from features.simulate_world import (
    COUNTRIES,
    FUNCTIONS,
    INDUSTRIES,
    REPS,
    SENIORITIES,
    SOURCES,
    TOPICS,
    Accounts,
    Leads,
)

FIRST_NAMES = (
    "Alex",
    "Kim",
    "Robin",
    "Sascha",
    "Chris",
    "Toni",
    "Andrea",
    "Mika",
    "Luca",
    "Charlie",
    "Noa",
    "Eike",
)
LAST_NAMES = (
    "Muster",
    "Beispiel",
    "Eksempel",
    "Example",
    "Specimen",
    "Platzhalter",
    "Sample",
    "Prøve",
    "Testfall",
)
MAIL_NAMES = (
    "muster",
    "beispiel",
    "eksempel",
    "example",
    "specimen",
    "platzhalter",
    "sample",
    "proeve",
    "testfall",
)
LANGUAGE = (0, 0, 0, 1, 2, 2)  # of each country: German, Danish or English titles
TITLES = (
    ("Fachkraft {}", "Teamleitung {}", "Leitung {}", "Geschäftsführung {}"),
    ("Specialist i {}", "Teamleder i {}", "Afdelingschef for {}", "Direktør for {}"),
    ("{} Specialist", "{} Manager", "Head of {}", "VP {}"),
)
DEPARTMENTS = (
    ("Einkauf", "IT", "Produktion", "Marketing", "Finanzen"),
    ("indkøb", "it", "produktion", "marketing", "økonomi"),
    ("Purchasing", "IT", "Production", "Marketing", "Finance"),
)
MISSING = {"source": 0.02, "email": 0.04, "title": 0.05, "seniority": 0.08, "industry": 0.03, "employees": 0.04}
FAVOURITE_TOPIC, NO_TOPIC = np.array([0.40, 0.50, 0.60, 0.75, 0.85]), 0.15
DURATION = np.array([kind.duration_s for kind in KINDS])
DURATION_SPREAD, DURATION_OF_LEVEL = 0.7, np.array([0.8, 0.9, 1.0, 1.15, 1.25])
REP_NAMES = tuple(f"rep-{number + 1:02d}" for number in range(REPS))
LEAD_ID, ACCOUNT_ID, EVENT_ID = ("lead-", 7), ("account-", 6), ("event-", 9)


def leads_table(leads: Leads, accounts: Accounts, stages: Ints, start: datetime, rng: np.random.Generator) -> pa.Table:
    """`leads`; `stages` is the CRM stage of each lead on the day of the export."""
    count = leads.created.size
    number = np.arange(count)
    first, last = rng.integers(0, len(FIRST_NAMES), count), rng.integers(0, len(LAST_NAMES), count)
    titles = [
        text.format(name) for names, rows in zip(DEPARTMENTS, TITLES, strict=True) for text in rows for name in names
    ]
    language = np.array(LANGUAGE)[accounts.country[leads.account]]
    title = (language * len(SENIORITIES) + leads.seniority) * len(FUNCTIONS) + leads.function
    return pa.table(
        {
            "lead_id": ids(number, LEAD_ID),
            "created_at": times(leads.created, start),
            "account_id": ids(np.where(leads.private, UNKNOWN, leads.account), ACCOUNT_ID),
            "source": labels(_some(leads.source, "source", rng), SOURCES),
            "email": _emails(first, last, leads, rng),
            "name": pc.binary_join_element_wise(labels(first, FIRST_NAMES), labels(last, LAST_NAMES), " "),
            "title": labels(_some(title, "title", rng), titles),
            "owner": labels(leads.rep, REP_NAMES),
            "seniority": labels(_some(leads.seniority, "seniority", rng), SENIORITIES),
            "department": labels(leads.function, FUNCTIONS),
            "consent": pa.array(leads.consent),
            "lifecycle_stage": labels(stages, STAGES),
        }
    )


def _emails(first: Ints, last: Ints, leads: Leads, rng: np.random.Generator) -> pa.Array:
    number = pa.array(np.arange(first.size) + 1).cast(pa.string())
    local = pc.binary_join_element_wise(labels(first, FIRST_NAMES), labels(last, MAIL_NAMES), number, ".")
    host = pc.binary_join_element_wise("@a", ids(leads.account, ("", 1)), ".example.com", "")
    host = pc.if_else(pa.array(leads.private), "@example.net", host)
    whole = pc.utf8_lower(pc.binary_join_element_wise(local, host, ""))
    return pc.if_else(pa.array(rng.random(first.size) < MISSING["email"]), pa.scalar(None, pa.string()), whole)


def accounts_table(leads: Leads, accounts: Accounts, rng: np.random.Generator) -> pa.Table:
    """`accounts`: those that at least one lead is linked to."""
    employees = np.where(rng.random(accounts.market.size) < MISSING["employees"], np.nan, accounts.employees)
    table = pa.table(
        {
            "account_id": ids(np.arange(accounts.market.size), ACCOUNT_ID),
            "industry": labels(_some(accounts.industry, "industry", rng), INDUSTRIES),
            "country": labels(accounts.country, COUNTRIES),
            "employees": numbers(employees),
        }
    )
    return table.take(pa.array(np.unique(leads.account[~leads.private])))


def interactions_table(
    events: Events, leads: Leads, accounts: Accounts, start: datetime, rng: np.random.Generator
) -> pa.Table:
    """`interactions` in order of time, with topics, durations and who did it on the seller's side."""
    value = np.full(events.day.size, np.nan)
    priced = (events.kind == CODE["price_calculator_used"]) & (events.lead != UNKNOWN)
    value[priced] = np.round(leads.deal_size[events.lead[priced]] * np.exp(rng.normal(0, 0.3, priced.sum())), -1)
    from_sales = np.isin(events.kind, (*TALKS, CODE["call_attempt"], CODE["contract_review_planned"]))
    return pa.table(
        {
            "lead_id": ids(events.lead, LEAD_ID),
            "account_id": ids(events.account, ACCOUNT_ID),
            "occurred_at": times(events.day, start),
            "kind": labels(events.kind, [kind.name for kind in KINDS]),
            "topic": labels(_topics(events, leads, accounts, rng), TOPICS),
            "channel": labels(events.kind, [kind.channel for kind in KINDS]),
            "direction": labels(events.kind, ["inbound" if kind.inbound else "outbound" for kind in KINDS]),
            "duration_s": numbers(_durations(events, rng)),
            "value": numbers(value),
            "actor": labels(np.where(from_sales, leads.rep[events.lead], UNKNOWN), REP_NAMES),
            "interaction_id": ids(np.arange(events.day.size), EVENT_ID),
        }
    )


def _topics(events: Events, leads: Leads, accounts: Accounts, rng: np.random.Generator) -> Ints:
    """What it was about: the more interested, the more about one thing."""
    count = events.day.size
    account = np.where(events.lead == UNKNOWN, events.account, leads.account[events.lead])
    favourite = rng.random(count) < FAVOURITE_TOPIC[events.level]
    topic = np.where(favourite, accounts.topic[account], rng.integers(0, len(TOPICS), count))
    return np.where(rng.random(count) < NO_TOPIC, UNKNOWN, topic)


def _durations(events: Events, rng: np.random.Generator) -> Floats:
    usual = DURATION[events.kind] * DURATION_OF_LEVEL[events.level]
    seconds = np.ceil(usual * np.exp(rng.normal(-0.5 * DURATION_SPREAD**2, DURATION_SPREAD, usual.size)))
    return np.where(usual > 0, seconds, np.nan)


def deals_table(deals: Deals, start: datetime) -> pa.Table:
    """`deals`, known by lead."""
    lost = deals.status == STATUSES.index("lost")
    return pa.table(
        {
            "lead_id": ids(deals.lead, LEAD_ID),
            "account_id": pa.nulls(deals.lead.size, pa.string()),
            "closed_at": times(deals.closed, start),
            "status": labels(deals.status, STATUSES),
            "opened_at": times(deals.opened, start),
            "amount": numbers(deals.amount),
            "lost_reason": labels(np.where(lost, deals.lost_reason, UNKNOWN), LOST_REASONS),
        }
    )


def assessments_table(assessments: Assessments, leads: Leads, start: datetime) -> pa.Table:
    """`assessments` in order of time."""
    return pa.table(
        {
            "lead_id": ids(assessments.lead, LEAD_ID),
            "assessed_at": times(assessments.day, start),
            "criterion": labels(assessments.criterion, CRITERIA),
            "met": numbers(assessments.met),
            "amount": numbers(assessments.amount),
            "deadline": times(assessments.deadline, start),
            "note": pa.nulls(assessments.lead.size, pa.string()),
            "by": labels(leads.rep[assessments.lead], REP_NAMES),
        }
    )


def decisions_table(decisions: Changes, leads: Leads, start: datetime) -> pa.Table:
    """`decisions` of sales."""
    return pa.table(
        {
            "lead_id": ids(decisions.lead, LEAD_ID),
            "decided_at": times(decisions.day, start),
            "decision": labels(decisions.value, DECISIONS),
            "by": labels(leads.rep[decisions.lead], REP_NAMES),
            "reason": labels(decisions.value, DECISION_REASONS),
        }
    )


def changes_table(stages: Changes, start: datetime) -> pa.Table:
    """`lead_changes`: the history of `lifecycle_stage`, whose exported end value knows the outcome."""
    return pa.table(
        {
            "lead_id": ids(stages.lead, LEAD_ID),
            "changed_at": times(stages.day, start),
            "field": pa.array(["lifecycle_stage"]).take(pa.array(np.zeros(stages.lead.size, np.int64))),
            "value": labels(stages.value, STAGES),
        }
    )


def spend_table(amount: Floats, months: Sequence[datetime]) -> pa.Table:
    """`spend` by month and source; the rows without source are the cost of sales."""
    month, source = np.indices(amount.shape).reshape(2, -1)
    return pa.table(
        {
            "month": labels(month, [f"{first:%Y-%m}" for first in months]),
            "source": labels(np.where(source == len(SOURCES), UNKNOWN, source), SOURCES),
            "amount": numbers(amount.ravel()),
        }
    )


def times(day: Floats, start: datetime) -> pa.Array:
    """Days since `start` as UTC timestamps in microseconds; missing where `day` is not finite."""
    known = np.isfinite(day)
    micros = np.floor(np.where(known, day, 0.0) * 86_400e6).astype(np.int64) + round(start.timestamp()) * 1_000_000
    return pa.array(micros, mask=~known).cast(pa.timestamp("us", tz="UTC"))


def ids(number: Ints, shape: tuple[str, int]) -> pa.Array:
    """Text ids such as `lead-0000001`, counted from 1; missing where `number` is negative."""
    prefix, width = shape
    text = pc.utf8_lpad(pa.array(number + 1, mask=number < 0).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, text, "")


def labels(code: Ints, names: Sequence[str]) -> pa.Array:
    """Text column of `names` by `code`; missing where `code` is negative."""
    return pa.array(list(names), pa.string()).take(pa.array(code, mask=code < 0))


def numbers(value: Floats) -> pa.Array:
    """Float column; missing where `value` is NaN."""
    return pa.array(value, pa.float64(), mask=np.isnan(value))


def _some(code: Ints, name: str, rng: np.random.Generator) -> Ints:
    return np.where(rng.random(code.size) < MISSING[name], UNKNOWN, code)
