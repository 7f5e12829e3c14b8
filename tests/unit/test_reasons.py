"""Reasons sum to the shown score; contributions are exact Shapley values of the booster."""

from itertools import combinations
from math import factorial

import lightgbm as lgb
import numpy as np
import pytest
from additive import PLAIN, bundle_of, phrases_for, rows_of_values
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import AttributeCode, Catalog, FeatureDef
from serving.reasons import END, NONE, REST, START, Rows, name_reasons, places_for
from serving.render import reason_lists
from serving.sanity import KNOWN, is_named
from serving.scoring import score_rows
from training.calibration import Calibration
from training.contributions import POINTS_PER_LOG_ODDS, Scale, contributions

RNG = np.random.default_rng(0)


def scored(raw, values, scale=PLAIN, most=8, catalog=None):
    """Scores and reasons (lists of dicts) of rows given as contributions in raw log-odds, bias last."""
    bundle = bundle_of(raw, scale, catalog)
    scores = score_rows(bundle, rows_of_values(values), most)
    return scores.score.tolist(), reason_lists(scores, phrases_for(bundle)).to_pylist()


def explained(points, start=50.0, most=8, scale=PLAIN):
    """Explanation of rows given as points of the score per feature, and the point they start from."""
    points = np.atleast_2d(np.asarray(points, float))
    bias = np.full(len(points), (start - scale.score(np.zeros(1))[0]))
    raw = np.column_stack([points, bias]) / (POINTS_PER_LOG_ODDS * scale.calibration.slope)
    return scored(raw, np.ones_like(points), scale, most)


def rows_of(found, row=0):
    return [(reason["feature"], reason["points"]) for reason in found[1][row]]


def assert_sound(found, points, start, most):
    for score, reasons, exact in zip(*found, points, strict=True):
        names = [reason["feature"] for reason in reasons]
        assert sum(reason["points"] for reason in reasons) == score
        assert 0 <= score <= 100
        assert (names[0], names[-1]) == (START, REST)
        named = [reason for reason in reasons if reason["feature"] not in (START, REST, END)]
        assert len(named) <= most
        assert abs(reasons[0]["points"] - start) < 1 + 1e-9
        assert all(abs(reason["points"] - exact[int(reason["feature"][1:])]) < 1 for reason in named)
        assert (END in names) == (names[-2] == END)


def test_points_of_thousands_of_leads_sum_to_the_shown_score(rng):
    points = rng.normal(0, rng.choice([0.1, 3, 30], (8_000, 1)), (8_000, 20))
    assert_sound(explained(points, start=37.3), points, 37.3, 8)


@given(
    st.lists(st.lists(st.floats(-400, 400), min_size=4, max_size=4), min_size=1, max_size=5),
    st.floats(-200, 300),
    st.integers(1, 6),
)
def test_points_sum_whatever_they_are(points, start, most):
    assert_sound(explained(points, start, most), points, start, most)


@given(
    st.floats(0.05, 5),
    st.floats(-3, 3),
    st.floats(0.001, 0.9),
    st.lists(st.floats(-2, 2), min_size=4, max_size=4),
)
def test_points_sum_on_every_scale(slope, intercept, base_rate, raw):
    scale = Scale(Calibration(slope, intercept), base_rate)
    (score,), (reasons,) = scored(np.array([raw]), np.zeros((1, 3)), scale, 2)
    shown = np.clip(np.rint(scale.score(np.array([sum(raw)]))), 0, 100)
    assert sum(reason["points"] for reason in reasons) == score == shown[0]


def test_the_start_is_first_then_the_largest_then_the_rest():
    found = explained([1.0, -7.0, 5.0, 0.5], start=40, most=2)
    assert found[0] == [40]
    assert [name for name, _ in rows_of(found)] == [START, "f1", "f2", REST]
    assert sum(points for _, points in rows_of(found)) == 40
    assert [reason["group"] for reason in found[1][0]] == ["Start", "Interest", "Interest", "Other"]


def test_a_score_beyond_the_end_of_the_scale_is_cut_there():
    assert rows_of(explained([60.0, 3.0], start=50)) == [(START, 50), ("f0", 60), ("f1", 3), (END, -13), (REST, 0)]
    assert rows_of(explained([-60.0, 3.0], start=50)) == [(START, 50), ("f0", -60), ("f1", 3), (END, 7), (REST, 0)]


def test_the_ends_of_the_scale_themselves_need_no_such_row():
    assert rows_of(explained([50.0], start=50)) == [(START, 50), ("f0", 50), (REST, 0)]
    assert explained([-50.0], start=50)[0] == [0]


def test_features_without_a_whole_point_are_not_named():
    found = explained([3.0, 0.2, 0.1], start=50)
    assert rows_of(found) == [(START, 50), ("f0", 3), (REST, 0)]
    assert "2 further features" in found[1][0][-1]["sentence"]


def test_a_reason_says_the_value_or_that_it_is_not_known():
    features = (
        FeatureDef("visits_7d", "count", "Interest", "visits in the last 7 days"),
        FeatureDef("source", "attribute", "Source", "source", of="source", type="category"),
    )
    catalog = Catalog(features, (AttributeCode("source", "category", ("web",)),), (), (), ())
    raw = np.array([[-5.0, -4.0, 0.0]]) / POINTS_PER_LOG_ODDS
    for values, said in (((12.0, 0.0), ("12", "web")), ((np.nan, 1.0), (None, "(other)"))):
        _, visits, source, _ = scored(raw, np.array([values]), catalog=catalog)[1][0]
        assert (visits["value"], source["value"]) == said
        assert (said[0] or "not known") in visits["sentence"]


def test_no_leads_no_reasons():
    assert scored(np.zeros((0, 3)), np.zeros((0, 2))) == ([], [])


# Rounding and naming against the obvious way -------------------------------------------------------------------------
def slowly(points, start, total, most, is_sane):
    """Reasons of one row: the largest sane points, then whole numbers by largest remainder (Hamilton)."""
    ranked = [j for j in np.argsort(-np.abs(points), kind="stable").tolist() if is_sane[j] and points[j] != 0][:most]
    rest = 0.0
    for j in range(len(points)):
        rest += 0.0 if j in ranked else points[j]
    exact = np.array([start, *points[ranked], rest])
    whole = np.floor(exact).astype(int)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - whole.sum()]] += 1
    named = [(j, int(p)) for j, p in zip(ranked, whole[1:-1], strict=True) if p != 0]
    return int(whole[0]), named, int(whole[-1])


def by_kernel(points, values, start, total, most, sanity):
    named = places_for(1, most)
    contributions = np.append(points, 0.0)[None]
    rows = Rows(contributions, values[None], np.array([start]), np.array([total]))
    name_reasons(rows, 1.0, sanity, named)
    reasons = [(int(j), int(p)) for j, p in zip(named.column[0], named.points[0], strict=True) if j != NONE]
    assert named.others[0] == len(points) - len(reasons)
    return int(named.start[0]), reasons, int(named.rest[0])


POINTS = st.one_of(st.floats(-60, 60), st.integers(-4, 4).map(lambda n: n / 2))


@given(st.lists(POINTS, min_size=1, max_size=12), POINTS, st.integers(0, 9), st.randoms(use_true_random=False))
def test_the_kernel_names_and_rounds_like_the_obvious_way(points, start, most, random):
    values = np.array([random.choice([np.nan, 0.0, 3.0]) for _ in points])
    sanity = np.array([random.randrange(5) for _ in points], np.int8)
    total = int(np.rint(start + sum(points)))
    is_sane = [is_named(*one) for one in zip(sanity, values, points, strict=True)]
    points = np.array(points)
    assert by_kernel(points, values, start, total, most, sanity) == slowly(points, start, total, most, is_sane)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12))
def test_whole_points_sum_and_stay_within_one_even_if_huge(points):
    points, total = np.array(points), round(sum(points))
    start, named, rest = by_kernel(points, np.ones(len(points)), 0.0, total, 12, np.zeros(len(points), np.int8))
    assert start + sum(p for _, p in named) + rest == total
    assert all(abs(p - points[j]) < 1 + 1e-6 for j, p in named)


def test_a_reason_that_is_not_sane_stays_in_everything_else():
    sanity, values = np.array([KNOWN, 0], np.int8), np.array([np.nan, 2.0])
    assert by_kernel(np.array([9.0, 3.0]), values, 50.0, 62, 8, sanity) == (50, [(1, 3)], 9)
    assert by_kernel(np.array([-9.0, 3.0]), values, 50.0, 44, 8, sanity) == (50, [(0, -9), (1, 3)], 0)


def test_fifty_is_the_average_lead_and_ten_points_double_the_odds():
    scale = Scale(Calibration(0.5, -1.0), base_rate=0.2)
    raw = 2 * (np.log(0.25) + 1 + np.log([1, 2, 4]))
    assert scale.score(raw) == pytest.approx([50, 60, 70])
    assert scale.calibration.probability(raw[:1]) == pytest.approx(0.2)


# A small real model ---------------------------------------------------------------------------------------------------
def matrix(n):
    values = np.column_stack(
        [RNG.normal(size=n), RNG.integers(0, 5, n), RNG.exponential(size=n), RNG.integers(0, 3, n)]
    )
    values[RNG.random(n) < 0.2, 0] = np.nan
    values[RNG.random(n) < 0.1, 1] = np.nan
    return values


@pytest.fixture(scope="module")
def booster():
    values = matrix(3_000)
    log_odds = np.nan_to_num(values[:, 0], nan=1.0) + np.isin(values[:, 1], [1, 3]) * values[:, 2] - 1
    label = (RNG.random(3_000) < 1 / (1 + np.exp(-log_odds))).astype(int)
    parameters = {"objective": "binary", "max_depth": 4, "num_leaves": 16, "verbosity": -1, "num_threads": 1, "seed": 1}
    data = lgb.Dataset(values, label=label, categorical_feature=[1])
    return lgb.train(parameters, data, num_boost_round=30)


def test_contributions_sum_to_the_raw_score(booster):
    values = matrix(500)
    found = contributions(booster, values, threads=1)
    assert found.shape == (500, 5)
    assert np.abs(found.sum(axis=1) - booster.predict(values, raw_score=True, num_threads=1)).max() < 1e-9


def test_contributions_of_one_row_equal_those_in_a_batch(booster):
    values = matrix(20)
    alone = [contributions(booster, row[None], threads=1)[0] for row in values]
    assert np.array_equal(np.array(alone), contributions(booster, values, threads=1))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap 0.51 with matplotlib 3.11, at import
def test_contributions_equal_shap(booster):
    import shap

    values = matrix(200)
    explained = shap.TreeExplainer(booster)(values)
    found = contributions(booster, values, threads=1)
    assert np.abs(found[:, :-1] - explained.values).max() < 1e-9
    assert np.abs(found[:, -1] - explained.base_values).max() < 1e-9


def test_contributions_equal_shapley_values_by_their_definition(booster):
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    values = matrix(10)
    found = contributions(booster, values, threads=1)
    for row, phi in zip(values, found, strict=True):
        worth = {known: sum(expected(tree, row, known) for tree in trees) for known in subsets(range(4))}
        assert phi[-1] == pytest.approx(worth[frozenset()], abs=1e-9)
        assert phi[:-1] == pytest.approx([shapley(worth, i, 4) for i in range(4)], abs=1e-9)


def subsets(features):
    return [frozenset(chosen) for size in range(len(features) + 1) for chosen in combinations(features, size)]


def shapley(worth, feature, n):
    """Mean of what a feature adds over all orders in which features become known."""
    total = 0.0
    for known in subsets([i for i in range(n) if i != feature]):
        orders = factorial(len(known)) * factorial(n - 1 - len(known)) / factorial(n)
        total += orders * (worth[known | {feature}] - worth[known])
    return total


def expected(node, row, known):
    """Mean prediction of a tree when only some features are known: both branches by their training rows otherwise."""
    if "leaf_value" in node:
        return node["leaf_value"]
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return expected(left if goes_left(node, row[node["split_feature"]]) else right, row, known)
    a, b = rows_in(left), rows_in(right)
    return (a * expected(left, row, known) + b * expected(right, row, known)) / (a + b)


def rows_in(node):
    return node["leaf_count"] if "leaf_value" in node else node["internal_count"]


def goes_left(node, value):
    if node["decision_type"] == "==":
        return not np.isnan(value) and str(int(value)) in node["threshold"].split("||")
    if np.isnan(value):
        return node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0
    return value <= node["threshold"]
