import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, norm
from scipy.stats.contingency import odds_ratio
from sklearn.metrics import roc_auc_score

from training.audit.measures import (
    LIMIT,
    Group,
    auc_of,
    bars_of,
    binned,
    entropy_share,
    group_of,
    least_share,
    odds_limits,
    out_of_fold_rates,
    p_value,
    strength_of,
)


def test_auc_is_that_of_scikit_learn_and_its_error_shrinks_with_the_root_of_rows():
    rng = np.random.default_rng(1)
    label = (rng.random(4000) < 0.3).astype(np.int8)
    score = rng.normal(label, 1).round(1)
    auc, error = auc_of(score, label)
    assert auc == pytest.approx(roc_auc_score(label, score))
    assert auc_of(score[:1000], label[:1000])[1] == pytest.approx(2 * error, rel=0.15)


def test_the_error_of_an_auc_is_the_spread_over_many_samples():
    rng = np.random.default_rng(2)
    found = []
    for _ in range(300):
        label = (rng.random(400) < 0.3).astype(np.int8)
        found.append(auc_of(rng.normal(label, 1), label))
    assert np.std([auc for auc, _ in found]) == pytest.approx(np.mean([error for _, error in found]), rel=0.15)


def test_a_perfect_column_still_has_an_uncertainty():
    assert auc_of(np.array([0.0, 0, 1, 1]), np.array([0, 0, 1, 1], np.int8)) == (1.0, 0.25)


def test_out_of_fold_rates_learn_nothing_from_the_own_fold():
    label = np.array([1, 0, 0, 0], np.int8)
    code, fold = np.array([1, 1, 1, 1]), np.array([0, 1, 1, 1])
    rate = out_of_fold_rates(code, label, fold)
    assert rate[0] == pytest.approx((0 + 5 * 0.125) / 8)  # three losses elsewhere, base rate .5 in 4
    assert rate[1] == pytest.approx((1 + 5 * 0.75) / 6)


def test_identifiers_tell_nothing_out_of_fold():
    rng = np.random.default_rng(3)
    label = (rng.random(2000) < 0.3).astype(np.int8)
    strength = strength_of(np.arange(2000), label, rng.integers(0, 5, 2000))
    assert strength.auc_low < 0.5
    assert strength.share < 0.01


def test_entropy_share_is_0_for_the_base_rate_and_1_for_the_truth():
    label = np.array([1, 0, 0, 0], np.int8)
    assert entropy_share(np.full(4, 0.25), label)[0] == pytest.approx(0)
    assert entropy_share(label.astype(float), label)[0] == pytest.approx(1, abs=1e-4)


def test_p_value_is_that_of_the_chi_squared_test():
    code = np.repeat([0, 1, 2], 100)
    label = np.concatenate([np.arange(100) < wins for wins in (20, 30, 45)]).astype(np.int8)
    table = [[20, 30, 45], [80, 70, 55]]
    assert p_value(code, label) == pytest.approx(chi2_contingency(table).pvalue)


def test_binned_gives_missing_and_shared_values_their_own_code():
    values = pd.Series([np.nan, *np.zeros(100), *np.arange(1.0, 101)])
    code = binned(values)
    assert code[0] == 0
    assert set(code[1:101]) == {code[1]}
    assert code[1] not in code[101:]


def test_binned_takes_times_texts_and_booleans():
    moments = pd.Series(pd.to_datetime(["2026-01-01", None, "2026-01-02"], utc=True))
    assert len(set(binned(moments))) == 3
    assert binned(pd.Series(["a", None, "a"], dtype="str")).tolist() == [1, 0, 1]
    assert binned(pd.Series([True, False, True])).tolist() == [1, 2, 1]


def test_group_and_odds():
    label = np.array([1] * 30 + [0] * 10 + [1] * 10 + [0] * 30, np.int8)
    group = group_of(np.arange(80) < 40, label)
    assert (group.rows, group.wins, group.rate) == (40, 30, 0.75)
    low, high = odds_limits(group)
    assert low < 9 < high


@pytest.mark.parametrize("cells", [(30, 10, 10, 30), (97, 0, 145, 558), (0, 20, 200, 580), (12, 400, 90, 300)])
def test_odds_limits_are_near_the_exact_ones_also_with_an_empty_cell(cells):
    won, lost, won_outside, lost_outside = cells
    found = odds_limits(Group(won + lost, won, won_outside + lost_outside, won_outside))
    exact = odds_ratio([[won, lost], [won_outside, lost_outside]]).confidence_interval(1 - 2 * norm.sf(LIMIT))
    for ours, theirs in zip(found, exact, strict=True):
        assert ours == theirs if theirs in {0, np.inf} else np.log(ours / theirs) == pytest.approx(0, abs=0.5)


def test_least_share_is_the_wilson_limit():
    assert least_share(10, 10, 1.96) == pytest.approx(0.722, abs=0.001)
    assert least_share(0, 0) == 0


def test_bars_show_no_value_of_few_rows():
    values = pd.Series(["common"] * 100 + ["Jane Doe"] * 3 + [None] * 10, dtype="str")
    names = [bar.name for bar in bars_of(values, np.zeros(113, np.int8))]
    assert names == ["common", "other", "not known"]
