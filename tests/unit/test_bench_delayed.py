"""Peers of the benchmark of delayed labels: weights by hand."""

import numpy as np
import pytest

from benchmarks.delayed_methods import censoring_weights
from training.followed import Followed


def test_known_outcomes_count_for_those_that_could_not_be_followed():
    # Followed for 30, 60, 90 and 120 days. The win on day 40 is known of three quarters of the rows, the end of 90 days
    # of half of them; the row of 30 days without a win says nothing.
    rows = Followed(np.array([30.0, 60, 90, 120]), np.array([np.inf, 40, np.inf, np.inf]))
    assert censoring_weights(rows, 90) == pytest.approx([0, 4 / 3, 2, 2])


def test_without_censoring_every_row_counts_once():
    rows = Followed(np.full(5, 90.0), np.array([10.0, 50, np.inf, np.inf, np.inf]))
    assert censoring_weights(rows, 90).tolist() == [1] * 5


def test_weights_sum_to_about_the_number_of_rows():
    rng = np.random.default_rng(0)
    after, days = rng.exponential(200, 20_000), rng.uniform(0, 365, 20_000)
    rows = Followed(days, np.where(after < days, after, np.inf))
    assert censoring_weights(rows, 90).sum() == pytest.approx(20_000, rel=0.02)
