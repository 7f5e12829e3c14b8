import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.shrinkage import MOST_LEADS, shrunk_rates


def test_a_table_done_by_hand():
    # Two segments of 100 leads with 10 and 30 wins: m = 40.5 / 201 = .20149, m(1 − m) = .16089.
    # Σ n (p − m)² = 100 · (.10149² + .09851²) = 2.00045; minus one degree of freedom: 1.83956.
    # τ² = 1.83956 / (200 − 20000 / 200) = .0183956, so the average counts as .16089 / .0183956 − 1 = 7.746 leads.
    found = shrunk_rates(np.array([10.0, 30.0]), np.array([100.0, 100.0]))
    assert found.average == pytest.approx(0.20149, abs=1e-5)
    assert found.prior_leads == pytest.approx(7.746, abs=0.001)
    by_hand = [(10 + 7.746 * 0.20149) / 107.746, (30 + 7.746 * 0.20149) / 107.746]
    assert found.rate.tolist() == pytest.approx(by_hand, abs=1e-5)


def test_segments_that_differ_by_chance_alone_all_get_the_average():
    found = shrunk_rates(np.array([10.0, 11.0, 9.0]), np.array([100.0, 100.0, 100.0]))
    assert found.prior_leads == MOST_LEADS
    assert found.rate == pytest.approx(np.full(3, found.average), abs=1e-4)


def test_an_empty_segment_gets_the_average_and_none_gets_0_or_100_percent():
    found = shrunk_rates(np.array([0.0, 5.0, 0.0, 40.0]), np.array([0.0, 5.0, 50.0, 100.0]))
    assert found.rate[0] == pytest.approx(found.average)
    assert ((found.rate > 0) & (found.rate < 1)).all()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 200)), min_size=1, max_size=8))
def test_a_shrunk_rate_lies_between_its_own_and_the_average_and_inside_its_interval(segments):
    wins = np.array([won for won, _ in segments], float)
    leads = wins + np.array([lost for _, lost in segments], float)
    found = shrunk_rates(wins, leads)
    own = np.divide(wins, leads, out=np.full(len(leads), found.average), where=leads > 0)
    assert (np.minimum(own, found.average) - 1e-12 <= found.rate).all()
    assert (found.rate <= np.maximum(own, found.average) + 1e-12).all()
    assert (found.low <= found.rate).all()
    assert (found.rate <= found.high).all()


def test_tiny_segments_are_closer_to_the_truth_shrunk_than_as_they_are():
    rng = np.random.default_rng(5)
    truth = rng.beta(4, 16, 300)
    leads = rng.integers(1, 15, 300).astype(float)
    wins = rng.binomial(leads.astype(int), truth).astype(float)
    found = shrunk_rates(wins, leads)
    assert np.square(found.rate - truth).mean() < 0.5 * np.square(wins / leads - truth).mean()
    assert 0.8 <= np.mean((found.low <= truth) & (truth <= found.high)) <= 0.95
