"""Drift of features: shares by bins, the stability index by hand, and what chance explains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.drift import (
    BINS,
    NO_REFERENCE,
    Units,
    chi_squared,
    level_of,
    reference_columns,
    reference_from,
    spread_of,
    stability,
    units_of,
)


def test_few_values_are_a_bin_each():
    found = spread_of(np.array([0, 0, 0, 1, 2, np.nan, np.nan, 2.0]))
    assert found.edges == (0.0, 1.0)
    assert found.shares == (0.375, 0.125, 0.25, 0.25)
    assert found.mean == pytest.approx(5 / 6, abs=1e-6)


def test_many_values_are_tenths():
    found = spread_of(np.arange(1000.0))
    assert len(found.edges) == BINS - 1
    assert found.shares[:BINS] == pytest.approx([0.1] * BINS, abs=0.002)


def test_a_feature_that_is_never_known_has_one_bin():
    assert spread_of(np.full(4, np.nan)).shares == (0.0, 1.0)


@given(st.lists(st.one_of(st.integers(-5, 200), st.just(np.nan)), min_size=1, max_size=300))
def test_shares_sum_to_one_and_edges_rise(values):
    found = spread_of(np.array(values, np.float64))
    assert sum(found.shares) == pytest.approx(1, abs=1e-4)
    assert list(found.edges) == sorted(set(found.edges))
    assert len(found.shares) == len(found.edges) + 2


def test_the_index_is_that_of_the_textbook():
    then, now = (0.5, 0.3, 0.2), (0.4, 0.3, 0.3)
    by_hand = -0.1 * np.log(0.8) + 0.1 * np.log(1.5)
    assert stability(then, now, (10**9, 10**9), 0.01)[0] == pytest.approx(by_hand, rel=1e-6)


def test_equal_shares_have_no_drift():
    assert stability((0.2, 0.8, 0.0), (0.2, 0.8, 0.0), (500, 500), 0.01)[0] == pytest.approx(0, abs=1e-12)


def test_chance_exceeds_its_limit_as_often_as_it_says(rng):
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    drawn = rng.multinomial(400, shares, 4_000) / 400, rng.multinomial(200, shares, 4_000) / 200
    over = [index > limit for index, limit in (stability(a, b, (400, 200), 0.05) for a, b in zip(*drawn, strict=True))]
    assert np.mean(over) == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize(("degrees", "above", "expected"), [(1, 0.05, 3.841), (9, 0.01, 21.666), (4, 0.5, 3.357)])
def test_quantiles_of_chi_squared_as_printed_tables_have_them(degrees, above, expected):
    assert chi_squared(degrees, above) == pytest.approx(expected, abs=0.001)
    assert chi_squared(0, above) == 0.0


@pytest.mark.parametrize(
    ("index", "by_chance", "level"),
    [(0.09, 0, "steady"), (0.3, 0.4, "steady"), (0.2, 0.05, "shifted"), (0.25, 0.05, "moved")],
)
def test_what_chance_explains_says_nothing(index, by_chance, level):
    assert level_of(index, by_chance) == level


def test_a_large_account_counts_for_less_than_its_rows():
    assert units_of(np.arange(8), np.array([0, 0, 0, 0, 1, 2, 3, 4])) == Units(8, 3)
    assert units_of(np.array([0, 0, 1]), np.array([5, 5, 6])).leads == 2


def test_a_reference_comes_back_from_its_columns():
    values = np.array([[0.0, 1.5], [1.0, np.nan], [1.0, 2.5]])
    columns = reference_columns(values, np.array([0, 0, 1])) | {"mean": [2 / 3, 2.0]}
    found = reference_from(columns)
    assert found.leads == 2
    assert [one.shares for one in found.spreads] == [spread_of(column).shares for column in values.T]
    assert reference_from({"mean": [0.0]}) is NO_REFERENCE


@pytest.mark.parametrize(
    ("edges", "shares"), [([1.0, 0.0], [0.2, 0.2, 0.3, 0.3]), ([1.0], [1.0]), ([1.0], [0.9, 0.9, -0.8])]
)
def test_a_damaged_reference_is_refused(edges, shares):
    with pytest.raises(ValueError, match="rising edges"):
        reference_from({"edges": [edges], "shares": [shares], "leads": [1], "mean": [0.0]})
