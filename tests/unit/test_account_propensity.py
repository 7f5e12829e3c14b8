"""Account propensity (row M24): between the ripest lead and noisy-or, by hand and by properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.accounts.propensity import BEST_LEAD, NOISY_OR, account_propensity, fit_weight

CHANCES = st.lists(st.floats(0.0, 0.999), min_size=1, max_size=8)
WEIGHTS = st.floats(0, 1)


def of_one(chances, weight):
    return float(account_propensity(np.zeros(len(chances), np.int64), np.array(chances), 1, weight)[0])


def test_m24_by_hand():
    assert of_one([0.5, 0.2], BEST_LEAD) == pytest.approx(0.5)
    assert of_one([0.5, 0.2], NOISY_OR) == pytest.approx(0.6)
    assert of_one([0.5, 0.36], 0.5) == pytest.approx(1 - 0.5 * 0.8)


@given(CHANCES, WEIGHTS)
def test_an_account_lies_between_its_ripest_lead_and_noisy_or(chances, weight):
    found, most = of_one(chances, weight), 1 - np.prod(1 - np.array(chances))
    assert max(chances) - 1e-12 <= found <= most + 1e-12


@given(CHANCES, st.floats(0, 0.999), WEIGHTS)
def test_one_more_lead_never_lowers_it(chances, further, weight):
    assert of_one([*chances, further], weight) >= of_one(chances, weight) - 1e-12


@given(st.permutations(list(range(6))), WEIGHTS)
def test_the_order_of_leads_changes_no_bit(order, weight):
    account, chance = np.array([0, 0, 0, 1, 1, 2]), np.array([0.1, 0.7, 0.3, 0.2, 0.2, 0.9])
    plain = account_propensity(account, chance, 3, weight)
    assert np.array_equal(plain, account_propensity(account[order], chance[order], 3, weight))


def test_one_lead_has_its_own_propensity_and_none_has_nothing():
    assert of_one([0.37], 0.4) == pytest.approx(0.37)
    assert account_propensity(np.array([1]), np.array([0.2]), 2, 1.0)[0] == 0


@pytest.mark.parametrize("truth", [0.0, 0.6, 1.0])
def test_the_weight_of_the_world_is_found(truth):
    rng = np.random.default_rng(3)
    account, chance = np.repeat(np.arange(20_000), 3), rng.uniform(0.05, 0.4, 60_000)
    won = (rng.random(20_000) < account_propensity(account, chance, 20_000, truth)).astype(float)
    assert fit_weight(account, chance, won) == pytest.approx(truth, abs=0.06)


def test_without_colleagues_there_is_nothing_to_fit():
    assert fit_weight(np.arange(3), np.array([0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0])) == BEST_LEAD
