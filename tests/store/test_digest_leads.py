"""A rep's own leads for the morning, on both databases."""

from publications import AS_OF, published

from serving.store.digest_leads import own_leads

NOON = AS_OF + 1_000_000


def found(store, rep="anna", most=9):
    with store.reading() as connection:
        return own_leads(connection, rep, AS_OF, NOON, most)


def ids(leads):
    return [one.lead_id for one in leads]


def test_nothing_is_published_yet(store):
    assert found(store) is None


def test_due_leads_come_by_time_and_others_by_priority(store):
    published(
        store,
        {"lead_id": "late", "due_at": AS_OF - 5, "priority": 0.1},
        {"lead_id": "soon", "due_at": NOON - 1},
        {"lead_id": "noon", "due_at": NOON, "priority": 2.0},
        {"lead_id": "ripe", "priority": 9.0},
        {"lead_id": "raw", "priority": 0.5},
    )
    mine = found(store, most=2)
    assert (ids(mine.due), ids(mine.others), mine.open) == (["late", "soon"], ["ripe", "noon"], 5)


def test_only_own_open_leads_that_may_be_contacted_now(store):
    published(
        store,
        {"lead_id": "mine"},
        {"lead_id": "woke", "snoozed_until": AS_OF},
        {"lead_id": "asleep", "snoozed_until": AS_OF + 1},
        {"lead_id": "ben's", "owner": "ben"},
        {"lead_id": "pool", "owner": None},
        {"lead_id": "closed", "is_open": False},
        {"lead_id": "no", "do_not_contact": True},
        {"lead_id": "customer", "customer": True},
    )
    published(store, {"lead_id": "former"}, state="former", number=2)
    assert ids(found(store).others) == ["mine", "woke"]
