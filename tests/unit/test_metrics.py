import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from training import metrics
from training.bootstrap import (
    Interval,
    System,
    bootstrap_intervals,
    percentile_interval,
    pivotal_interval,
    replicates_for,
    resampled_sums,
    resamples,
)


@st.composite
def scored(draw, low=2, high=60):
    """Labels of both classes, coarse scores with many ties, and whole weights."""
    n = draw(st.integers(low, high))
    label = draw(arrays(np.int8, n, elements=st.integers(0, 1)))
    label[0], label[1] = 0, 1
    score = draw(arrays(np.float64, n, elements=st.integers(0, 8).map(float)))
    weight = draw(arrays(np.int64, n, elements=st.integers(0, 3)))
    weight[:2] = 1
    return label, score, weight


@given(scored())
def test_auc_and_average_precision_are_those_of_scikit_learn_with_ties_and_weights(case):
    label, score, weight = case
    assert metrics.roc_auc(label, score, weight) == pytest.approx(roc_auc_score(label, score, sample_weight=weight))
    expected = average_precision_score(label, score, sample_weight=weight)
    assert metrics.pr_auc(label, score, weight) == pytest.approx(expected)


@given(scored())
def test_auc_counts_pairs(case):
    label, score, _ = case
    pairs = [np.sign(w - o) / 2 + 0.5 for w in score[label == 1] for o in score[label == 0]]
    assert metrics.roc_auc(label, score) == pytest.approx(np.mean(pairs))


@given(scored())
def test_whole_weights_are_repeated_rows(case):
    label, score, weight = case
    again = np.repeat(label, weight), np.repeat(score, weight)
    assert metrics.roc_auc(label, score, weight) == pytest.approx(metrics.roc_auc(*again))
    assert metrics.precision_at(label, score, 0.3, weight) == pytest.approx(metrics.precision_at(*again, 0.3))


@given(scored(), st.integers(0, 99))
def test_row_order_does_not_matter(case, seed):
    label, score, weight = case
    p = np.random.default_rng(seed).permutation(len(label))
    assert metrics.pr_auc(label, score, weight) == pytest.approx(metrics.pr_auc(label[p], score[p], weight[p]))


@settings(max_examples=30)
@given(scored(high=8), st.integers(1, 8))
def test_precision_of_a_tied_block_is_the_mean_over_all_its_orders(case, count):
    label, score, _ = case
    count = min(count, len(label))
    rng = np.random.default_rng(0)
    won = [label[np.lexsort((rng.random(len(label)), -score))][:count].mean() for _ in range(3000)]
    assert metrics.precision_of_top(label, score, count) == pytest.approx(np.mean(won), abs=0.05)


def test_precision_and_lift_by_hand():
    label, score = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0]), np.array([9, 8, 8, 7, 6, 5, 4, 3, 2, 1])
    assert metrics.precision_at(label, score, 0.1) == 1
    assert metrics.precision_at(label, score, 0.2) == pytest.approx(0.75)  # 1 win + half of the tied block's win
    assert metrics.lift_at(label, score, 0.2) == pytest.approx(3.75)
    assert metrics.precision_at(label, score, 1.0) == pytest.approx(0.2)


def test_gain_curve_by_hand():
    share, found = metrics.gain_curve(np.array([1, 0, 0, 1]), np.array([9, 5, 5, 1]))
    assert share.tolist() == [0, 0.25, 0.75, 1]
    assert found.tolist() == [0, 0.5, 0.5, 1]


@given(scored(low=5))
def test_a_constant_score_is_chance(case):
    label, _, _ = case
    flat = np.ones(len(label))
    assert metrics.roc_auc(label, flat) == 0.5
    assert metrics.pr_auc(label, flat) == pytest.approx(label.mean())
    assert metrics.lift_at(label, flat, 0.05) == pytest.approx(1)


@given(scored())
def test_brier_and_log_loss_are_those_of_scikit_learn(case):
    label, score, weight = case
    p = (score + 0.5) / 10
    assert metrics.brier(label, p, weight) == pytest.approx(brier_score_loss(label, p, sample_weight=weight))
    assert metrics.log_loss(label, p, weight) == pytest.approx(log_loss(label, p, sample_weight=weight))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-4, 1), st.floats(0.2, 3), st.floats(0.3, 2))
def test_calibration_slope_is_that_of_an_unpenalised_logistic_regression(seed, base, spread, stretch):
    rng = np.random.default_rng(seed)
    z = base + spread * rng.normal(size=400)
    label, weight = (rng.random(400) < 1 / (1 + np.exp(-stretch * z))).astype(int), rng.integers(0, 3, 400)
    assume(len(np.unique(label[weight > 0])) == 2)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(z[:, None], label, sample_weight=weight)
    slope, intercept = metrics.calibration_slope_intercept(label, 1 / (1 + np.exp(-z)), weight)
    assert slope == pytest.approx(model.coef_[0, 0], rel=1e-3, abs=1e-3)
    assert intercept == pytest.approx(model.intercept_[0], rel=1e-3, abs=2e-3)


def test_calibration_slope_of_true_probabilities_is_one():
    rng = np.random.default_rng(3)
    p = 1 / (1 + np.exp(-rng.normal(-1, 1.5, 50_000)))
    slope, intercept = metrics.calibration_slope_intercept(rng.random(50_000) < p, p)
    assert slope == pytest.approx(1, abs=0.03)
    assert intercept == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(
    ("label", "p"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]),  # separated
        ([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.3]),  # constant
        ([0, 0, 0, 0], [0.1, 0.2, 0.8, 0.9]),  # one class
        ([], []),
    ],
)
def test_calibration_slope_that_is_not_identified_is_nan(label, p):
    assert np.isnan(metrics.calibration_slope_intercept(np.array(label), np.array(p))).all()


def test_one_class_has_no_auc_and_no_lift():
    label, score = np.zeros(5), np.arange(5.0)
    assert np.isnan(
        [metrics.roc_auc(label, score), metrics.pr_auc(label, score), metrics.lift_at(label, score, 0.5)]
    ).all()
    assert np.isnan(metrics.roc_auc(1 - label, score))


@given(arrays(np.float64, st.integers(1, 80), elements=st.integers(0, 30).map(lambda i: i / 31)))
def test_equal_mass_bins_keep_equal_values_together_in_order(p):
    bins = metrics.equal_mass_bins(p)
    assert set(bins) == set(range(bins.max() + 1))
    assert len(set(bins)) <= metrics.ECE_BINS
    order = np.argsort(p, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()
    assert all(len(set(bins[p == value])) == 1 for value in p)


def test_bins_of_distinct_values_hold_equal_numbers():
    assert np.bincount(metrics.equal_mass_bins(np.linspace(0, 1, 200))).tolist() == [20] * 10


def test_calibration_error_by_hand():
    p, label = np.repeat([0.2, 0.6], 10), np.array([1] * 4 + [0] * 6 + [1] * 5 + [0] * 5)
    assert metrics.expected_calibration_error(label, p) == pytest.approx((0.2 + 0.1) / 2)


def example(n=300, seed=0, groups=150):
    rng = np.random.default_rng(seed)
    z = rng.normal(-1, 1, n)
    label, p = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int), 1 / (1 + np.exp(-z))
    systems = [System("a", p, True), System("b", np.round(z + rng.normal(size=n)))]
    volumes = {"10": np.full(n, 0.1), "marked": (z > 0).astype(float)}
    return label, systems, volumes, resamples(rng.integers(0, groups, n), rng, 60)


def test_every_draw_is_the_metric_of_the_repeated_rows():
    label, systems, volumes, drawn = example()
    found = bootstrap_intervals(label, systems, volumes, drawn)
    for r, weight in list(enumerate(drawn.weights()))[:10]:
        rows = np.repeat(np.arange(len(label)), weight.astype(int))
        y, p, b = label[rows], systems[0].score[rows], systems[1].score[rows]
        assert found.draws["b", "roc_auc"][r] == pytest.approx(roc_auc_score(y, b))
        assert found.draws["a", "log_loss"][r] == pytest.approx(log_loss(y, p))
        assert found.draws["a", "slope"][r] == pytest.approx(metrics.calibration_slope_intercept(y, p)[0])
        expected = metrics.precision_of_top(y, p, volumes["marked"][rows].sum())
        assert found.draws["a", "precision@marked"][r] == pytest.approx(expected)


def test_values_are_the_metrics_on_all_rows():
    label, (a, b), volumes, drawn = example()
    found = bootstrap_intervals(label, [a, b], volumes, drawn).values
    assert found["b", "pr_auc"] == pytest.approx(metrics.pr_auc(label, b.score))
    assert found["a", "lift@10"] == pytest.approx(metrics.lift_at(label, a.score, 0.1))
    assert found["a", "ece"] == pytest.approx(metrics.expected_calibration_error(label, a.score))
    assert ("b", "brier") not in found


def test_a_group_is_drawn_as_a_whole():
    drawn = resamples(np.array(["x", "y", "x", "z", "y", "x"]), np.random.default_rng(0), 50)
    for weight in drawn.weights():
        assert weight[0] == weight[2] == weight[5]
        assert weight[1] == weight[4]
        assert weight[0] + weight[1] + weight[3] == 3


def test_copies_of_the_rows_of_a_lead_do_not_narrow_the_interval():
    label, systems, volumes, _ = example(groups=300)
    once = resamples(np.arange(300), np.random.default_rng(5), 200)
    narrow = bootstrap_intervals(label, systems, volumes, once).interval("a", "roc_auc")
    copied = [System(s.name, np.tile(s.score, 4), s.probability) for s in systems]
    more = resamples(np.tile(np.arange(300), 4), np.random.default_rng(5), 200)
    four = bootstrap_intervals(np.tile(label, 4), copied, {}, more).interval("a", "roc_auc")
    assert (four.low, four.high) == pytest.approx((narrow.low, narrow.high))


def test_the_same_system_twice_differs_by_nothing_on_every_resample():
    label, (a, b), volumes, drawn = example()
    twin = System("twin", a.score, True)
    found = bootstrap_intervals(label, [a, b, twin], volumes, drawn)
    assert found.difference("a", "twin", "pr_auc") == Interval(0, 0, 0)
    assert found.difference("a", "b", "pr_auc").low < found.difference("a", "b", "pr_auc").value


def test_the_same_seed_gives_the_same_intervals():
    first, second = (bootstrap_intervals(*example(seed=4)).interval("a", "pr_auc") for _ in range(2))
    assert first == second


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng, hits = np.random.default_rng(0), 0
    for _ in range(80):
        label, systems, volumes, _ = example(seed=int(rng.integers(2**31)), n=250)
        drawn = resamples(np.arange(250), rng, 80)
        found = bootstrap_intervals(label, systems[:1], volumes, drawn).interval("a", "slope")
        hits += found.low <= 1 <= found.high
    assert 0.78 <= hits / 80 <= 0.97


def test_an_interval_is_withheld_where_resamples_are_often_undefined():
    draws = np.append(np.full(94, 0.5), np.full(6, np.nan))
    assert np.isnan(percentile_interval(0.5, draws).low)
    assert percentile_interval(0.5, draws[:-2]).low == 0.5


def test_a_pivotal_interval_takes_the_upward_bias_off_and_keeps_the_value_inside():
    found = pivotal_interval(0.03, np.linspace(0.03, 0.07, 101))
    assert found.low == 0
    assert found.high == 0.03


def test_fewer_than_ten_groups_give_no_interval():
    label, systems, volumes, _ = example()
    few = resamples(np.arange(300) % 9, np.random.default_rng(0), 50)
    assert np.isnan(bootstrap_intervals(label, systems, volumes, few).interval("a", "roc_auc").low)


def test_resampled_sums_are_weighted_counts_by_code():
    drawn = resamples(np.arange(12), np.random.default_rng(0), 3)
    code, column = np.arange(12) % 3, np.arange(12.0)
    found = resampled_sums(column[None], code, drawn)
    for r, weight in enumerate(drawn.weights()):
        assert found[r, 0].tolist() == [(weight * column)[code == c].sum() for c in range(3)]


def test_many_rows_get_fewer_resamples():
    assert [replicates_for(n) for n in (0, 50_000, 100_000, 10_000_000)] == [500, 500, 250, 200]
