import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from training.calibration import LEAST_SLOPE, MOST_SLOPE, PLATT_FROM_POSITIVES, Calibration, fit_calibration


def simulated(n, slope, intercept, seed=0, spread=1.5):
    """Raw scores whose true log-odds are slope · raw + intercept."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(-1, spread, n)
    return raw, (rng.random(n) < expit(slope * raw + intercept)).astype(np.int8)


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (0.6, -1.5), (1.8, 0.7), (0.9, -3)])
def test_slope_and_intercept_are_recovered(slope, intercept):
    found = fit_calibration(*simulated(200_000, slope, intercept))
    assert found.slope == pytest.approx(slope, abs=0.03)
    assert found.intercept == pytest.approx(intercept, abs=0.05)


def test_platt_equals_an_unregularised_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    raw, label = simulated(5_000, 0.7, -1)
    other = LogisticRegression(C=np.inf, tol=1e-10).fit(raw[:, None], label)
    found = fit_calibration(raw, label)
    assert found.slope == pytest.approx(other.coef_[0, 0], abs=1e-5)
    # Half a case of each kind is added to the rate: the intercept differs by about 1/n.
    assert found.intercept == pytest.approx(other.intercept_[0], abs=1e-3)


@pytest.mark.parametrize(("slope", "intercept", "spread"), [(0.9, 7.9, 1.8), (0.55, -3.4, 3.1), (0.2, -3.4, 3)])
def test_scores_far_from_the_rate_are_calibrated_too(slope, intercept, spread):
    found = fit_calibration(*simulated(100_000, slope, intercept, spread=spread))
    assert found.slope == pytest.approx(slope, abs=0.05)
    assert found.intercept == pytest.approx(intercept, abs=0.2)


def test_below_a_hundred_cases_of_either_kind_the_slope_stays():
    raw, label = simulated(3_000, 0.5, -1)
    few = np.flatnonzero(label)[: PLATT_FROM_POSITIVES - 1]
    rows = np.concatenate([few, np.flatnonzero(label == 0)])
    assert fit_calibration(raw[rows], label[rows]).slope == 1
    assert fit_calibration(raw[rows], 1 - label[rows]).slope == 1
    more = np.append(rows, np.flatnonzero(label)[PLATT_FROM_POSITIVES - 1])
    assert fit_calibration(raw[more], label[more]).slope != 1


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 3), st.floats(-4, 2))
def test_the_mean_prediction_is_the_rate(seed, slope, intercept):
    raw, label = simulated(2_000, slope, intercept, seed)
    predicted = fit_calibration(raw, label).probability(raw)
    assert predicted.mean() == pytest.approx((label.sum() + 0.5) / (len(label) + 1), abs=1e-9)


def test_scores_that_order_the_outcomes_upside_down_are_not_turned_round():
    raw, label = simulated(5_000, 1, 0)
    assert fit_calibration(-raw, label).slope == LEAST_SLOPE


@pytest.mark.parametrize("n", [20, 2_000])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_separable_scores_do_not_blow_up(n, share):
    raw = np.linspace(-8, 8, n)
    label = (np.arange(n) >= n * (1 - share)).astype(np.int8)
    found = fit_calibration(raw, label)
    assert LEAST_SLOPE <= found.slope <= MOST_SLOPE
    assert abs(found.intercept) < 50
    assert found.probability(raw).mean() == pytest.approx(label.mean(), abs=1 / n)


@pytest.mark.parametrize("score", [0.0, -3.0, 4.0])
@pytest.mark.parametrize("n", [50, 5_000])
def test_constant_scores_give_the_rate(score, n):
    label = (np.arange(n) % 10 == 0).astype(np.int8)
    found = fit_calibration(np.full(n, score), label)
    assert np.isfinite([found.slope, found.intercept]).all()
    assert found.probability(np.array([score]))[0] == pytest.approx(0.1, abs=1 / n)


@pytest.mark.parametrize("outcome", [0, 1])
def test_one_class_only_stays_inside_zero_and_one(outcome):
    found = fit_calibration(np.linspace(-1, 1, 10), np.full(10, outcome, np.int8))
    p = found.probability(np.array([0.0]))[0]
    assert 0 < p < 1
    assert abs(p - outcome) < 0.1


def test_calibration_keeps_the_order_of_scores():
    raw, label = simulated(3_000, 0.4, -1)
    assert (np.diff(fit_calibration(raw, label).probability(np.sort(raw))) >= 0).all()


def test_log_odds_are_affine():
    assert Calibration(2.0, -1.0).log_odds(np.array([0.0, 3.0])).tolist() == [-1, 5]
