"""Columns that say when: monotone in the horizon, the learned one to the bit, null where nothing is known."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from worlds import day

from features.windows import NEVER
from serving.closing_columns import HORIZON_COLUMNS, closing_columns, months
from training.closing import ClosingCurve

CURVE = ClosingCurve((30, 60, 75, 90, 180), (-1.0, -0.4, -0.2, 0.0, 0.5), (30, 60, 90, 180), 90)


def columns(curve, *propensities):
    found = closing_columns(curve, np.array(propensities), np.full(len(propensities), day(0)))
    return {name: column.to_pylist() for name, column in found.items()}


@given(st.lists(st.floats(1e-9, 1 - 1e-9), min_size=1, max_size=20))
def test_a_longer_horizon_is_never_less_likely_and_orders_alike(propensities):
    found = np.array([columns(CURVE, *propensities)[name] for name in HORIZON_COLUMNS])
    assert (np.diff(found, axis=0) >= -1e-12).all()
    assert (np.diff(found[:, np.argsort(propensities)], axis=1) >= -1e-12).all()
    assert found[2].tolist() == propensities


def test_a_model_that_cannot_tell_says_nothing():
    assert set(map(tuple, columns(None, 0.2, 0.3).values())) == {(None, None)}
    short = ClosingCurve((30, 60), (-0.5, 0.0), (30, 60), 60)
    found = columns(short, 0.2)
    assert (found["propensity_60d"], found["propensity_90d"], found["propensity_180d"]) == ([0.2], [None], [None])


def test_the_month_lies_ahead_or_beyond_the_last_horizon():
    assert columns(CURVE, 0.2)["expected_close"] == ["2026-03"]
    late = ClosingCurve((30, 60, 360), (0.0, 0.0, 5.0), (30, 60), 30)
    assert columns(late, 0.1)["expected_close"] == [">2026-03"]
    assert months(np.array([NEVER]), np.array([3.0]), 90).to_pylist() == [None]
