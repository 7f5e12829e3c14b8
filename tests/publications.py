"""A publication in a store, written by hand: only what a test says differs from an ordinary lead."""

from sqlalchemy import insert

from serving.store.schema import LEAD, PUBLICATION

AS_OF = 1_780_000_000_000_000
ORDINARY = {
    "account_key": "a", "search": "", "stage": "sql", "do_not_contact": False, "customer": False, "is_open": True,
    "as_of": AS_OF, "scored_at": AS_OF, "model_version": "m1", "score": 68, "criteria": "{}", "priority": 1.0,
    "trend": "[]", "reasons": "[]", "revision": 1, "owner": "anna",
}  # fmt: skip


def published(store, *leads, state="current", number=1):
    """Write a publication with these leads."""
    head = {"id": number, "state": state, "as_of": AS_OF, "started_at": AS_OF, "model_version": "m1", "summary": "{}"}
    with store.writing() as connection:
        connection.execute(insert(PUBLICATION).values(head))
        for one in leads:
            connection.execute(insert(LEAD).values({**ORDINARY, **one, "publication": number}))
