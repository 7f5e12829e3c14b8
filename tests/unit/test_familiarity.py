"""Which rows are too unlike those of training, on tables small enough to see why."""

import json

import numpy as np
import pytest

from training.familiarity import (
    EVERYTHING,
    NEVER_SEEN,
    Columns,
    Outside,
    familiarity_from_json,
    familiarity_json,
    learn_familiarity,
)


def trained(n=4000, share=0.02):
    """Columns: a count of 0 to 9, a category of 0 to 2, a number that is sometimes not known."""
    rng = np.random.default_rng(0)
    number = np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n))
    values = np.column_stack([rng.integers(0, 10, n), rng.integers(0, 3, n), number])
    return learn_familiarity(values, Columns([1]), np.arange(n), rng.random(n), share)


USUAL = [9.0, 2.0, np.nan]


@pytest.mark.parametrize(
    ("row", "is_familiar"),
    [
        (USUAL, True),
        ([90.0, 0.0, 0.0], False),
        ([-30.0, 0.0, 0.0], False),
        ([9.0, 3.0, 0.0], False),
        ([9.0, 17.0, 0.0], False),
        ([9.0, np.nan, 0.0], False),
        ([np.nan, 0.0, 0.0], False),
        ([np.inf, 0.0, 0.0], False),
        ([9.0, 0.0, 50.0], False),
    ],
)
def test_values_that_training_did_not_have(row, is_familiar):
    assert trained().familiar(np.array([row]), np.zeros(1)).tolist() == [is_familiar]


def test_the_nearest_value_of_training_is_named():
    found = trained().far_values(np.array([90.0, 3.0, 0.0]))
    assert found == [Outside(1, None), Outside(0, 9.0)]
    assert trained().far_values(np.array(USUAL)) == []


def test_a_row_whose_leaves_say_little_is_unfamiliar():
    known = trained()
    assert known.familiar(np.array([USUAL, USUAL]), np.array([known.widest, known.widest + 0.01])).tolist() == [
        True,
        False,
    ]


def test_of_later_rows_about_the_share_fails():
    rng = np.random.default_rng(1)
    values, later = rng.lognormal(size=(20_000, 5)), rng.lognormal(size=(20_000, 5))
    known = learn_familiarity(values, Columns([]), np.arange(20_000), rng.normal(size=20_000), 0.02)
    alarms = 1 - known.familiar(later, rng.normal(size=20_000)).mean()
    assert 0.008 < alarms < 0.025


def test_rows_do_not_depend_on_their_neighbours():
    rng = np.random.default_rng(2)
    values = np.column_stack([rng.integers(-3, 30, 20_000), rng.integers(0, 5, 20_000), rng.normal(size=20_000) * 4])
    together = trained().outside(values)
    np.testing.assert_array_equal(together[:300], [trained().outside(row[None])[0] for row in values[:300]])
    np.testing.assert_array_equal(together[-5:], trained().outside(values[-5:]))
    assert together.max() == NEVER_SEEN


def test_familiarity_comes_back_from_json():
    known = trained()
    again = familiarity_from_json(json.loads(json.dumps(familiarity_json(known), allow_nan=False)))
    rows = np.array([USUAL, [90.0, 0.0, 0.0], [1.0, 3.0, 1.0]])
    np.testing.assert_array_equal(again.outside(rows), known.outside(rows))
    assert (again.most_outside, again.widest) == (known.most_outside, known.widest)


def test_without_knowledge_every_row_passes():
    assert EVERYTHING.familiar(np.array([[1e30, np.nan]]), np.zeros(1)).tolist() == [True]


def test_no_row_has_no_excess():
    assert trained().excess(np.zeros((0, 3))).shape == (0, 3)


def test_a_code_between_those_of_training_is_strange_too():
    values = np.column_stack([np.repeat([0.0, 2.0], 500), np.arange(1000.0)])
    known = learn_familiarity(values, Columns([0]), np.arange(1000), np.zeros(1000), 0.5)
    assert known.outside(np.array([[1.0, 5.0], [2.0, 5.0]])).tolist() == [NEVER_SEEN, 0.0]


def test_time_that_passes_makes_no_lead_strange():
    values = np.column_stack([np.arange(1000.0), np.arange(1000.0)])
    known = learn_familiarity(values, Columns([], [0]), np.arange(1000), np.zeros(1000), 0.5)
    assert known.outside(np.array([[9e9, 5.0]])).tolist() == [0.0]
    assert familiarity_from_json(familiarity_json(known)).outside(np.array([[9e9, 5.0]])).tolist() == [0.0]
