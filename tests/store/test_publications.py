"""Publications: scores to compare with, and what goes when another one becomes current."""

from publications import AS_OF, published
from sqlalchemy import func, insert, select

from serving.store import publications
from serving.store.kept_pages import keep_page, kept_page
from serving.store.schema import PUBLICATION, SCORE_POINT

DAY_US = 86_400_000_000
LEADS = [
    {"lead_id": "a", "score": 60, "score_before": 50},
    {"lead_id": "b", "score": 70},
    {"lead_id": "c", "is_open": False},
]


def compared(store, as_of):
    with store.reading() as connection:
        return publications.former_scores(connection, as_of)


def test_a_later_publication_is_compared_with_the_scores_before_it(store):
    assert compared(store, AS_OF) == {}
    published(store, *LEADS)
    assert compared(store, AS_OF + DAY_US) == {"a": 60, "b": 70}


def test_the_same_time_again_is_compared_with_what_was_before(store):
    published(store, *LEADS)
    assert compared(store, AS_OF) == {"a": 50}


def test_scores_are_kept_for_a_year_and_pages_for_a_publication(store):
    published(store, *LEADS)
    published(store, {"lead_id": "a", "propensity": 0.2}, state="building", number=2)
    old = [
        {"lead_id": "a", "as_of": AS_OF - n * DAY_US, "model_version": "m", "score": 1, "propensity": 0.1}
        for n in (401, 399)
    ]
    with store.writing() as connection:
        connection.execute(insert(SCORE_POINT), old)
        keep_page(connection, ("a", "handover", "en"), "1", "{}", 0)
        publications.finish(connection, 2, {"finished_at": AS_OF})
    with store.reading() as connection:
        assert connection.scalar(select(func.min(SCORE_POINT.c.as_of))) == AS_OF - 399 * DAY_US
        assert kept_page(connection, ("a", "handover", "en"), "1") is None
        states = {row.id: row.state for row in connection.execute(select(PUBLICATION))}
    assert states == {1: "former", 2: "current"}
