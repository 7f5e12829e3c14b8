"""Leads of a store filled by hand, for tests of the pages."""

import json

from sqlalchemy import insert

from serving.pages.lead import read_lead
from serving.store.schema import LEAD, PUBLICATION

HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
NOW = 20_454 * DAY_US
"""2026-01-01 00:00 UTC, when the clock of `sites` stands still."""
MODEL = "0f" * 32


def publication(**changes):
    row = {
        "state": "current",
        "as_of": NOW - 2 * HOUR_US,
        "started_at": NOW - HOUR_US,
        "finished_at": NOW - HOUR_US,
        "model_version": MODEL,
        "data_end": NOW,
        "newest_event": NOW - 3 * HOUR_US,
        "summary": "{}",
    }
    return row | changes


def lead(lead_id, **changes):
    row = {
        "publication": 1,
        "lead_id": lead_id,
        "account_key": changes.get("account_id") or lead_id,
        "account_id": None,
        "account_name": None,
        "name": None,
        "title": None,
        "source": None,
        "search": lead_id.lower(),
        "owner": None,
        "stage": "lead",
        "due_at": None,
        "snoozed_until": None,
        "do_not_contact": False,
        "customer": False,
        "is_open": True,
        "as_of": NOW - 2 * HOUR_US,
        "scored_at": NOW - HOUR_US,
        "model_version": MODEL,
        "score": 50,
        "score_before": 48,
        "band": "C",
        "propensity": 0.08,
        "sales_qualified": False,
        "bant_met": 1,
        "bant_qualified": False,
        "criteria": json.dumps({"budget": "met", "authority": "not_met", "need": "unknown", "timing": "outdated"}),
        "agreement": "both_no",
        "contact": "now",
        "value": 1000.0,
        "priority": 80.0,
        "trend": json.dumps([[NOW - 7 * DAY_US, 48], [NOW - 2 * HOUR_US, 50]]),
        "reasons": json.dumps(
            [
                {"feature": "start", "column": -1, "points": 44, "value": None},
                {"feature": "demos_requested_90d", "column": 0, "points": 6, "value": 1.0},
                {"feature": "rest", "column": -1, "points": 0, "value": 4},
            ]
        ),
        "revision": 1,
    }
    return row | changes


def publish(store, leads, **changes):
    """A current publication of these leads."""
    with store.writing() as connection:
        connection.execute(insert(PUBLICATION).values(publication(**changes)))
        if leads:
            connection.execute(insert(LEAD), leads)


def found_in(store, lead_id):
    """What a store keeps of a lead."""
    with store.reading() as connection:
        return read_lead(connection, lead_id)
