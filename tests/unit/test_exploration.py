import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.windows import DAY_US, NEVER
from serving.exploration import drawn, worked_probability
from training.exploration import ExplorationSettings

MONDAY = 4 * DAY_US + 2900 * 7 * DAY_US


def settings(**keys):
    return ExplorationSettings(**{"share": 0.2, "period": "1w", **keys})


def marks(ids, as_of, **keys):
    return drawn(pa.array(ids, pa.string()), np.broadcast_to(as_of, len(ids)), settings(**keys)).tolist()


@given(st.lists(st.text(max_size=8), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_a_draw_depends_on_no_other_row_and_no_order(ids, random):
    whole = dict(zip(ids, marks(ids, MONDAY), strict=True))
    shuffled = random.sample(ids, len(ids))
    assert marks(shuffled, MONDAY) == [whole[name] for name in shuffled]
    assert marks(ids[:1], MONDAY) == [whole[ids[0]]]


def test_the_share_is_drawn_anew_in_each_period_and_stays_within_it():
    ids = [f"L{i}" for i in range(4000)]
    this, end, following = (np.array(marks(ids, MONDAY + int(days * DAY_US))) for days in (0, 6.99, 7))
    assert (this == end).all()
    assert [part.mean() for part in (this, following)] == pytest.approx([0.2, 0.2], abs=0.02)
    assert (this & following).mean() == pytest.approx(0.04, abs=0.01)


def test_draws_are_these_for_ever():
    assert [name for name in map(str, range(40)) if marks([name], MONDAY)[0]] == [
        "0",
        "3",
        "17",
        "18",
        "23",
        "24",
        "30",
        "32",
        "34",
    ]


def test_another_salt_draws_other_leads_and_a_larger_share_keeps_those_that_are_drawn():
    ids = [f"L{i}" for i in range(500)]
    assert marks(ids, MONDAY) != marks(ids, MONDAY, salt="other")
    more = marks(ids, MONDAY, share=0.4)
    assert all(more[i] for i, mark in enumerate(marks(ids, MONDAY)) if mark)
    assert not any(marks(ids, MONDAY, share=0.0))


def test_leads_without_times_are_drawn_once():
    assert 0 < sum(marks([f"L{i}" for i in range(100)], NEVER)) < 50


def test_who_is_qualified_is_worked_anyway():
    assert worked_probability(np.array([True, False]), settings()).tolist() == [1.0, 0.2]
