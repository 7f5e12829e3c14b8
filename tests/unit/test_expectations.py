import numpy as np
import pytest

from training.crossings import crossings
from training.economics import WEEKS_PER_MONTH, Amount
from training.expectations import Money, expected_of, option_of, precision_of, rule_of
from training.matured_check import believed, lines_of
from training.policy_ground import Ground, Side

NO_MONEY = Money(Amount(None, np.full(400, np.nan), ""), Amount(None, np.full(400, np.nan), ""), None)


def side(height, won=None, periods=10.0):
    height = np.asarray(height, dtype=float)
    found = crossings(np.arange(len(height)), np.zeros(len(height), np.int64), height, periods)
    return Side(found, np.zeros(0) if won is None else np.asarray(won, dtype=float)[found.row])


def ground(newest, matured=None, period="week"):
    return Ground(period, newest, matured or {}, newest["model"].found.height, 10.0)


def calibrated(n, seed=1, factor=1.0):
    rng = np.random.default_rng(seed)
    height = rng.beta(2, 6, n)
    return height, rng.random(n) < height * factor


def test_expected_wins_are_the_sum_of_probabilities_of_those_who_newly_qualify():
    lists = ground({"model": side([0.1, 0.5, 0.7, 0.9], periods=2)})
    found = expected_of(lists, np.array([0.4, 0.8]), np.random.default_rng(0))
    option = option_of("capacity", 0.4, found, 0, lists, NO_MONEY)
    assert (option.leads.value, option.wins.value, option.precision.value) == (1.5, 1.05, 0.7)
    assert option.listed == 0.3
    assert (option.predicted, option.happened.value, option.moved) == (None, None, False)


def test_without_outcomes_the_error_of_models_makes_the_interval():
    height, _ = calibrated(20_000)
    lists = ground({"model": side(height)})
    found = expected_of(lists, np.array([0.3]), np.random.default_rng(0))
    precision = option_of("capacity", 0.3, found, 0, lists, NO_MONEY).precision
    assert precision.value == pytest.approx(height[height >= 0.3].mean(), abs=1e-6)
    assert (precision.high - precision.low) / (2 * 1.645) == pytest.approx(0.15 * precision.value, rel=0.2)


def test_win_rates_weigh_the_model_and_what_happened_by_hand():
    # 40 of 100 won where the model says .5: ratio .802, noise .599 / 40.5 + .08² = .0212, weight .0225 / .0437 = .515.
    check = believed(side(np.full(100, 0.5), np.arange(100) < 40), np.array([10.0]), np.array([0.5]))
    observed = 40.5 / 101
    ratio, noise = observed / 0.5, (1 - observed) / 40.5 + 0.08**2
    model = 0.15**2
    assert check.rate[0] == pytest.approx(0.5 * (1 + model / (model + noise) * (ratio - 1)))
    assert check.error[0] == pytest.approx(np.sqrt(model / (model + noise) * noise))
    assert (check.predicted[0], check.happened[0], check.moved[0]) == (0.5, 0.4, False)


def test_many_wins_outweigh_the_model():
    height, fewer = calibrated(40_000, factor=0.6)
    newest = {"model": side(height)}
    rate = precision_of(ground(newest, {"model": side(height, fewer)}), np.array([0.3]))[0]
    assert rate == pytest.approx(fewer[height >= 0.3].mean(), rel=0.05)
    assert believed(side(height, fewer), np.array([3_000.0]), np.array([0.3])).moved[0]


def test_lines_of_equal_volume_are_those_of_the_other_model_s_scale():
    found = side(np.linspace(0.01, 1, 100)).found
    assert lines_of(found, np.array([1.0, 0.1, 0.01])).tolist() == pytest.approx([0.91, 1.0, 1.0])


def test_the_interval_of_leads_covers_the_next_as_many_weeks():
    rng, covered = np.random.default_rng(3), 0
    for seed in range(60):
        past, future = rng.poisson(80), rng.poisson(80)
        lists = ground({"model": side(np.full(past, 0.5) + np.arange(past) * 1e-6)})
        found = expected_of(lists, np.array([0.5]), np.random.default_rng(seed))
        leads = option_of("capacity", 0.5, found, 0, lists, NO_MONEY).leads
        covered += leads.low <= future / 10 <= leads.high
    assert 0.8 <= covered / 60 <= 0.99


def test_cost_per_sql_is_the_spend_of_a_month_by_the_leads_of_a_month():
    lists = ground({"model": side(np.full(100, 0.5))})
    money = Money(
        Amount(1_000.0, np.full(400, 1_000.0), ""), Amount(1_000 * WEEKS_PER_MONTH, np.full(400, 1_000.0), ""), 20.0
    )
    option = option_of("capacity", 0.5, expected_of(lists, np.array([0.5]), np.random.default_rng(0)), 0, lists, money)
    assert option.cost_per_sql.value == pytest.approx(100)
    assert option.value.value == pytest.approx(10 * 0.5 * 1_000 - 10 * 20)


def test_rules_are_valued_by_what_happened():
    lists = ground({"model": side([0.1]), "bant": side([1, 1, 0, 1])}, {"bant": side([1, 1, 0, 0], [1, 0, 1, 1])})
    option = rule_of("bant", lists, NO_MONEY, np.random.default_rng(0))
    assert (option.threshold, option.leads.value, option.precision.value) == (None, 0.3, 0.5)
    silent = ground({"model": side([0.1]), "points": side([0, 0])})
    nobody = rule_of("points", silent, NO_MONEY, np.random.default_rng(0))
    assert nobody.reason == "no lead newly qualifies by it"


def test_of_100_leads_no_more_than_100_qualify():
    lists = ground({"model": side(np.full(40, 0.5), periods=0.4)}, period="100 leads")
    found = expected_of(lists, np.array([0.5]), np.random.default_rng(0))
    leads = option_of("capacity", 0.5, found, 0, lists, NO_MONEY).leads
    assert (leads.value, leads.high) == (100.0, 100.0)
