"""The chain behind a simulated world: its odds are exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from features.simulate_chain import (
    EVALUATING,
    INTERESTED,
    LOST,
    STATES,
    WON,
    b2b_chain,
    chain_of_rates,
    first_reach,
    walk,
    win_within,
)

END = 90.0


def walked(chain, level, count=40_000, seed=0, start=0.0, end=END):
    """`count` paths of the same stratum, all from the same level."""
    levels, strata, starts = np.full(count, level), np.full(count, 7), np.full(count, start)
    return walk(chain, strata, levels, starts, end, np.random.default_rng(seed))


def chance(chain, level, day=0.0, horizon=END, stratum=7):
    return float(win_within(chain, np.array([stratum]), np.array([level]), np.array([day]), horizon)[0])


@pytest.mark.parametrize("level", range(5))
def test_the_probability_of_a_win_is_a_matrix_exponential(level):
    chain = b2b_chain()
    assert chance(chain, level) == pytest.approx(expm(chain.generators[0, 7] * END)[level, WON], abs=1e-12)


@given(level=st.integers(0, 4), stratum=st.integers(0, 11), day=st.floats(0, 300), horizon=st.floats(1, 365))
def test_across_a_policy_change_it_is_the_product_of_both_exponentials(level, stratum, day, horizon):
    chain = b2b_chain(change_day=150.0)
    before = min(max(150.0 - day, 0.0), horizon)
    first, then = (chain.generators[era, stratum] for era in (0, 1))
    expected = (expm(first * before) @ expm(then * (horizon - before)))[level, WON]
    assert chance(chain, level, day, horizon, stratum) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("change_day", [np.inf, 40.0])
def test_walking_leads_win_as_often_as_the_odds_say(change_day):
    chain = b2b_chain(change_day)
    share = (walked(chain, INTERESTED).state == WON).mean()
    expected = chance(chain, INTERESTED)
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 40_000)


def test_a_small_chain_worked_out_by_hand():
    """Only evaluating → won at a and → lost at b: P(won by t) = a / (a + b) · (1 − exp(−(a + b)·t))."""
    rates = np.zeros((2, 1, len(STATES), len(STATES)))
    rates[:, :, EVALUATING, WON], rates[:, :, EVALUATING, LOST] = 0.02, 0.03
    chain = chain_of_rates(rates, np.inf)
    assert chance(chain, EVALUATING, horizon=10.0, stratum=0) == pytest.approx(0.4 * (1 - np.exp(-0.5)))


@pytest.mark.parametrize("state", [WON, LOST])
def test_what_is_over_cannot_be_won(state):
    assert chance(b2b_chain(), state) == 0.0


def test_a_policy_change_lowers_the_odds_of_every_level():
    now, later = b2b_chain(change_day=0.0), b2b_chain()
    assert all(chance(now, level) < 0.75 * chance(later, level) for level in range(5))


def test_stays_follow_each_other_without_gaps_until_the_end():
    paths = walked(b2b_chain(), INTERESTED, count=500, start=3.0)
    same = paths.lead[1:] == paths.lead[:-1]
    last = np.append(~same, True)
    assert (paths.start[1:][same] == paths.stop[:-1][same]).all()
    assert (paths.start[np.insert(~same, 0, True)] == 3.0).all()
    assert np.array_equal(paths.stop[last], np.minimum(paths.ended, END))


def test_first_reach_is_the_first_day_at_a_level_or_above():
    paths = walked(b2b_chain(), INTERESTED, count=300)
    for lead, day in enumerate(first_reach(paths, EVALUATING)):
        days = paths.start[(paths.lead == lead) & (paths.level >= EVALUATING)]
        assert day == (days.min() if len(days) else np.inf)
