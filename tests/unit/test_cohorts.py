"""Cohorts by month: hand-computed, a young month is no slump, a real slump is told."""

import numpy as np
import pytest
from worlds import DAY, day

from training.cohorts import cohorts_of, expected_rate
from training.followed import Followed


def steady(n=6000, rate=0.2, slump=1.0, seed=1):
    """Leads created evenly over the first 300 days of 2026; seen until then; a win after 0–60 days, evenly."""
    rng = np.random.default_rng(seed)
    created = rng.uniform(0, 300, n)
    chance = np.where(created >= 212, rate * slump, rate)
    after = np.where(rng.random(n) < chance, rng.uniform(0, 60, n), np.inf)
    left = 300 - created
    return cohorts_of(Followed(left, np.where(after < left, after, np.inf)), (day(0) + created * DAY).astype(np.int64))


def test_a_young_month_has_won_less_so_far_but_is_expected_to_end_like_the_others():
    found = steady()
    *_, month_before, last = found.cohorts
    assert found.rate == pytest.approx(0.2, abs=0.02)
    assert last.passed < month_before.passed < 1
    assert last.so_far < 0.1
    assert last.expected.low <= 0.2 <= last.expected.high
    assert [cohort.month for cohort in found.cohorts] == [f"2026-{month:02}" for month in range(1, 11)]


def test_a_real_slump_is_told():
    assert any(cohort.differs and cohort.expected.value < 0.15 for cohort in steady(slump=0.4).cohorts[-3:])
    assert sum(cohort.differs for cohort in steady().cohorts) <= 2


def test_of_a_month_that_is_over_the_rate_is_the_share_that_won():
    found = expected_rate(10, 50)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.1127, 0.3157), abs=0.001)
    assert expected_rate(0, 50).low == 0
    assert expected_rate(50, 50).high == 1
    # 10 of 100 that have passed half of the curve are as good as 10 of 50.
    assert expected_rate(10, 100 * 0.5) == found


def test_too_few_leads_give_no_cohorts():
    assert cohorts_of(Followed(np.full(20, 99.0), np.full(20, np.inf)), np.full(20, day(0))) is None
