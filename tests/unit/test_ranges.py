"""Ranges around propensities: numbers by hand, and what holds for any model."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from training.leaf_sums import fit_leaves, from_left, leaf_counts, reached_leaves, summed, with_leaves
from training.path_tables import build_path_tables
from training.range_fit import draw_outcomes, points_of, unfollowed
from training.ranges import NO_RANGES, Ranges, ranges_from_json, ranges_json

RANGES = Ranges(np.log(0.5), ((0.0, np.log(2.0)),), (-3.0, -1.0), (-1.0, 0.5))


def test_ends_by_hand():
    log_odds, sums = np.array([-3.0, -2.0, -1.0]), np.array([0.0, np.log(2.0), 0.0])
    low, high = RANGES.ends(log_odds, sums)
    np.testing.assert_allclose(logit(low), [-3 - 1 - 0.5, -2 - 0.25 - 1, -1 - 0.5])
    np.testing.assert_allclose(logit(high), [-3 + 0.5, -2 + 1, -1 + 0.5 + 0.5])


@given(
    st.lists(st.floats(-60, 60), min_size=1, max_size=20), st.floats(-1e6, 1e6), st.sampled_from([RANGES, NO_RANGES])
)
def test_a_range_holds_its_propensity_and_never_reaches_the_ends(log_odds, leaf_sum, ranges):
    z = np.array(log_odds)
    low, high = ranges.ends(z, np.full(len(z), leaf_sum))
    assert (low > 0).all()
    assert (high < 1).all()
    inside = np.clip(expit(z), 1e-9, 1 - 1e-9)
    assert (low <= inside).all()
    assert (inside <= high).all()


def test_ranges_come_back_from_json():
    assert ranges_from_json(json.loads(json.dumps(ranges_json(RANGES)))) == RANGES


@pytest.fixture(scope="module")
def small():
    import lightgbm as lgb

    rng = np.random.default_rng(0)
    values = rng.normal(size=(600, 3))
    label = (rng.random(600) < expit(values[:, 0])).astype(np.int8)
    parameters = {"objective": "binary", "num_leaves": 5, "verbosity": -1, "num_threads": 1}
    return lgb.train(parameters, lgb.Dataset(values, label), 7), values


def test_a_booster_with_other_leaves_adds_up_those(small):
    booster, values = small
    model = booster.model_to_string()
    rng = np.random.default_rng(1)
    leaves = [rng.normal(size=count) for count in leaf_counts(model)]
    twin = with_leaves(model, [part.tolist() for part in leaves])
    expected = summed(leaves, reached_leaves(booster, values))
    np.testing.assert_array_equal(twin.predict(values, raw_score=True), expected)
    assert booster.model_to_string() == model


@pytest.mark.parametrize("most_rows", [8, 512])
def test_path_tables_add_up_a_second_number_with_the_same_bits(small, most_rows):
    booster, values = small
    model = booster.model_to_string()
    rng = np.random.default_rng(5)
    leaves = [rng.normal(size=count).tolist() for count in leaf_counts(model)]
    tables = build_path_tables(model, most_rows=most_rows)
    _, raw, sums = tables.explain_beside(values, tables.beside(from_left(model, leaves)))
    np.testing.assert_array_equal(sums, with_leaves(model, leaves).predict(values, raw_score=True))
    np.testing.assert_array_equal(raw, booster.predict(values, raw_score=True))


def test_leaves_find_what_was_made_of_leaves(small):
    booster, values = small
    reached, counts = reached_leaves(booster, values), leaf_counts(booster.model_to_string())
    truth = summed([np.random.default_rng(2).normal(size=count) for count in counts], reached)
    found = summed(fit_leaves(reached, counts, truth, 1e-6), reached)
    assert np.corrcoef(found, truth)[0, 1] > 0.99


def test_the_strongest_pull_keeps_leaves_at_nothing(small):
    booster, values = small
    reached, counts = reached_leaves(booster, values), leaf_counts(booster.model_to_string())
    assert np.abs(summed(fit_leaves(reached, counts, values[:, 0], 1e9), reached)).max() < 1e-4


def test_what_leaves_have_not_followed_points_to_the_outcomes(small):
    booster, values = small
    reached, counts = reached_leaves(booster, values), leaf_counts(booster.model_to_string())
    label = (values[:, 0] > 0).astype(np.int8)
    pull = unfollowed(reached, counts, np.zeros(600), label, 1.0)
    assert pull[values[:, 0] > 0.5].mean() > 0.3
    assert pull[values[:, 0] < -0.5].mean() < -0.3


def test_snapshots_of_a_lead_share_their_luck():
    rng = np.random.default_rng(3)
    lead = np.repeat(np.arange(500), 3)
    drawn = draw_outcomes(np.full(1500, -1.0), lead, rng).reshape(500, 3)
    assert (drawn == drawn[:, :1]).all()
    assert 0.2 < drawn.mean() < 0.35


@pytest.mark.parametrize(("log_odds", "wins"), [(-50.0, 1), (50.0, 9)])
def test_outcomes_are_never_all_alike(log_odds, wins):
    drawn = draw_outcomes(np.full(10, log_odds), np.arange(10), np.random.default_rng(4))
    assert drawn.sum() == wins


def test_points_are_means_and_rise():
    z = np.concatenate([np.full(50, -2.0), np.full(50, 1.0)])
    assert points_of(z, np.where(z > 0, 0.25, -0.5)) == ((-2.0, 1.0), (-0.5, 0.25))
    assert points_of(np.full(200, 0.5), np.ones(200)) == ((0.5,), (1.0,))
