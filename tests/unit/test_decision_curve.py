import numpy as np
import pytest
from holdouts import synthetic_holdout

from training.decision_curve import THRESHOLDS, decision_curve, net_benefit


def test_net_benefit_of_a_table_done_by_hand():
    # 10 leads, 4 won; picks 5 of which 3 won. At 20 % a contact of another costs a quarter of a win.
    won = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0.0])
    picked = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0], bool)
    assert net_benefit(won, picked, np.array([0.2])).tolist() == [(3 - 2 * 0.25) / 10]
    assert net_benefit(won, np.zeros(10, bool), np.array([0.2])).tolist() == [0.0]


def test_the_model_s_curve_is_the_net_benefit_of_its_picks_at_each_threshold():
    holdout = synthetic_holdout(400)
    curve = decision_curve(holdout, np.arange(400), 50, np.random.default_rng(0))
    won, propensity = holdout["label"].to_numpy(float), holdout["propensity"].to_numpy(float)
    for point in curve:
        picked = propensity >= point.threshold
        by_hand = net_benefit(won, picked, np.array([point.threshold]))[0]
        assert point.model.value == pytest.approx(by_hand, abs=1e-6)
        assert point.model.low <= point.model.value <= point.model.high
    assert [point.threshold for point in curve] == pytest.approx(THRESHOLDS.tolist())


def test_rules_that_pick_nobody_have_no_curve():
    holdout = synthetic_holdout(50).assign(bant_qualified=False)
    assert all(p.bant is None for p in decision_curve(holdout, np.arange(50), 1e9, np.random.default_rng(0)))
