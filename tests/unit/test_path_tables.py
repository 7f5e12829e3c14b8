"""Path tables equal Shapley values by their definition, LightGBM's contributions and shap's, whatever the model."""

from functools import cache

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapley_oracle import brute_force

from features.errors import ModelRefusedError
from training.contributions import checked_tables, contributions
from training.path_file import read_path_tables, write_path_tables
from training.path_tables import build_path_tables, bytes_by_tree
from training.value_codes import NoTablesError

ODD = [np.nan, 0.0, -0.0, 1e-36, -1e-36, 2e-35, -0.5, -1.0, 2.9, 300.0, 5e9, -5e9, np.inf, -np.inf]


def rows(n, features, rng):
    """Columns in turn: real, few whole numbers, categories, whole numbers around 0; some not known."""
    kinds = [rng.normal(size=n), rng.poisson(1.5, n), rng.integers(0, 9, n), rng.integers(-2, 3, n)]
    values = np.column_stack([rng.permutation(kinds[i % 4]) for i in range(features)])
    values[rng.random(values.shape) < 0.15] = np.nan
    return values


def fit(values, rng, trees=4, **parameters):
    known = np.nan_to_num(values, nan=0.7)
    strange = np.sin(3 * known).sum(axis=1) + known[:, 0] * known[:, -1]
    settings = {"objective": "regression", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 3, "seed": 1}
    categorical = parameters.pop("categorical_feature", [])
    data = lgb.Dataset(values, strange + rng.normal(size=len(values)), categorical_feature=categorical)
    return lgb.train({**settings, **parameters}, data, num_boost_round=trees)


def strange_rows(values, rng, n):
    """Rows as in training, with odd values strewn in."""
    chosen = values[rng.integers(0, len(values), n)].copy()
    odd = rng.random(chosen.shape) < 0.3
    chosen[odd] = rng.choice(ODD, int(odd.sum()))
    return chosen


@st.composite
def models(draw, features):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = rows(draw(st.sampled_from([20, 120, 400])), features, rng)
    missing = draw(st.sampled_from([{}, {"zero_as_missing": True}, {"use_missing": False}]))
    booster = fit(
        values,
        rng,
        num_leaves=draw(st.integers(2, 20)),
        max_depth=draw(st.sampled_from([-1, 1, 3, 6])),
        learning_rate=draw(st.sampled_from([0.05, 0.5])),
        max_bin=draw(st.sampled_from([4, 255])),
        min_gain_to_split=draw(st.sampled_from([0.0, 5.0])),
        boosting=draw(st.sampled_from(["gbdt", "dart", "goss"])),
        cat_smooth=1,
        min_data_per_group=2,
        categorical_feature=draw(st.sampled_from([[], [2]])),
        **missing,
    )
    return booster, strange_rows(values, rng, 30)


def tables_of(booster, precision="float32", **bounds):
    return build_path_tables(booster.model_to_string(), precision, **bounds)


def assert_equal_to_lightgbm(booster, values, **bounds):
    expected = booster.predict(values, pred_contrib=True)
    raw = booster.predict(values, raw_score=True)
    for precision, close in (("float64", 1e-9), ("float32", 1e-6)):
        found = tables_of(booster, precision, **bounds).contributions(values)
        np.testing.assert_allclose(found, expected, rtol=0, atol=close)
        np.testing.assert_allclose(found.sum(axis=1), raw, rtol=0, atol=1e-9)


# Any model -----------------------------------------------------------------------------------------------------------
@given(models(features=4), st.sampled_from([1, 8, 512]))
def test_equal_to_lightgbm_and_sums_to_the_raw_score(model, most_rows):
    assert_equal_to_lightgbm(*model, most_rows=most_rows)


@given(models(features=4), st.sampled_from([1, 8, 512]))
def test_raw_scores_have_the_bits_of_lightgbm(model, most_rows):
    booster, values = model
    raw = tables_of(booster, most_rows=most_rows).explain(values)[1]
    assert np.array_equal(raw, booster.predict(values, raw_score=True))


@given(models(features=4), st.integers(1, 4))
def test_size_is_known_tree_by_tree_before_tables_are_made(model, trees):
    booster, _ = model
    whole, first = (booster.model_to_string(num_iteration=number) for number in (-1, trees))
    assert bytes_by_tree(whole)[:trees].sum() == build_path_tables(first).program.table.nbytes


@given(models(features=7))
def test_equal_to_lightgbm_with_more_features(model):
    assert_equal_to_lightgbm(*model)


@given(models(features=3))
def test_equal_to_shapley_values_by_their_definition(model):
    booster, values = model
    found = tables_of(booster, "float64").contributions(values[:8])
    np.testing.assert_allclose(found, [brute_force(booster, row) for row in values[:8]], rtol=0, atol=1e-9)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap 0.51 with matplotlib 3.11, at import
def test_equal_to_shap():
    import shap

    booster, values = small()
    explained = shap.TreeExplainer(booster)(values)
    found = tables_of(booster, "float64").contributions(values)
    np.testing.assert_allclose(found[:, :-1], explained.values, rtol=0, atol=1e-9)


# Models apart --------------------------------------------------------------------------------------------------------
@cache
def small():
    rng = np.random.default_rng(3)
    values = rows(600, 5, rng)
    return fit(values, rng, trees=20, num_leaves=12, categorical_feature=[2]), strange_rows(values, rng, 200)


def test_trees_of_one_leaf_say_the_same_of_every_row():
    rng = np.random.default_rng(0)
    booster = fit(rows(30, 3, rng), rng, min_data_in_leaf=100)
    found = tables_of(booster).contributions(np.zeros((2, 3)))
    assert np.array_equal(found, [[0, 0, 0, booster.predict(np.zeros((1, 3)))[0]]] * 2)


def test_stumps_give_everything_to_their_feature():
    values = np.array([[0.0, 1.0], [1.0, 1.0]] * 20)
    booster = lgb.train(
        {"objective": "regression", "num_leaves": 2, "learning_rate": 1, "min_data_in_leaf": 1, "verbosity": -1},
        lgb.Dataset(values, values[:, 0] * 4),
        num_boost_round=1,
    )
    np.testing.assert_allclose(tables_of(booster).contributions(values[:2]), [[-2, 0, 2], [2, 0, 2]], atol=1e-7)


@pytest.mark.parametrize("categories", [40, 254, 255, 700])
def test_many_categories_seen_and_unseen(categories):
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.integers(0, categories, 6000), rng.normal(size=6000)]).astype(float)
    target = rng.normal(size=categories)[values[:, 0].astype(int)] + values[:, 1]
    parameters = {"objective": "regression", "max_bin": 1000, "min_data_per_group": 1, "cat_smooth": 1, "verbosity": -1}
    data = lgb.Dataset(values, target, categorical_feature=[0])
    booster = lgb.train({**parameters, "max_cat_threshold": 500, "num_threads": 1}, data, num_boost_round=12)
    asked = np.column_stack([[*ODD, *range(-3, categories + 70)], np.zeros(len(ODD) + categories + 73)])
    assert_equal_to_lightgbm(booster, asked)


def test_more_thresholds_than_a_byte_can_tell_apart():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(5000, 1))
    booster = fit(values, rng, trees=30, max_bin=2000, num_leaves=40)
    assert tables_of(booster).coding.cuts.size > 256
    assert_equal_to_lightgbm(booster, values)


def test_tables_longer_than_sixteen_bits_can_count():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(3000, 12))
    booster = fit(values, rng, trees=2, num_leaves=40)
    assert tables_of(booster, most_rows=2**16).program.base.dtype == np.uint32
    assert_equal_to_lightgbm(booster, values[:300], most_rows=2**16)


def test_a_feature_several_times_on_one_path():
    rng = np.random.default_rng(4)
    values = rows(2000, 1, rng)
    assert_equal_to_lightgbm(fit(values, rng, num_leaves=60), strange_rows(values, rng, 300))


def test_trees_up_to_the_best_iteration_count():
    rng = np.random.default_rng(5)
    values = rows(300, 4, rng)
    booster = fit(values, rng, trees=12)
    booster.best_iteration = 5
    assert_equal_to_lightgbm(booster, values)


def test_trees_that_saw_other_missing_values_than_later_ones():
    rng = np.random.default_rng(6)
    values = rows(500, 4, rng)
    first = fit(np.nan_to_num(values, nan=1.0), rng)
    later = lgb.train({"verbosity": -1, "num_threads": 1}, lgb.Dataset(values, values[:, 3] > 0), 5, init_model=first)
    assert_equal_to_lightgbm(later, strange_rows(values, rng, 300))


# One door ------------------------------------------------------------------------------------------------------------
def test_a_row_alone_is_the_same_as_in_a_batch_on_any_number_of_threads():
    booster, values = small()
    tables, many = tables_of(booster), np.tile(values, (25, 1))
    together = tables.contributions(many, threads=1)
    assert np.array_equal(together, tables.contributions(many, threads=2))
    assert np.array_equal(together[:20], np.concatenate([tables.contributions(row[None]) for row in values[:20]]))
    assert tables.contributions(values[:0]).shape == (0, 6)


def test_any_layout_of_the_rows():
    booster, values = small()
    tables = tables_of(booster)
    expected = tables.contributions(values)
    assert np.array_equal(tables.contributions(np.asfortranarray(values)), expected)
    assert np.array_equal(tables.contributions(np.repeat(values, 2, axis=0)[::2]), expected)


def test_contributions_come_from_tables_where_there_are_some():
    booster, values = small()
    slow, fast = contributions(booster, values, 1), contributions(booster, values, 1, tables=tables_of(booster))
    np.testing.assert_allclose(fast, slow, rtol=0, atol=1e-6)
    assert not np.array_equal(fast, slow)


def test_rows_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"expected rows of 5 features, got an array of shape \(2, 4\)"):
        tables_of(small()[0]).contributions(np.zeros((2, 4)))


# Bounds and refusals -------------------------------------------------------------------------------------------------
def test_tables_over_the_memory_bound_are_not_made():
    with pytest.raises(NoTablesError, match="MiB, more than 0: train with less depth"):
        tables_of(small()[0], most_bytes=1000)


def test_a_feature_both_numeric_and_categorical_falls_back():
    rng = np.random.default_rng(7)
    values = np.abs(rows(400, 4, rng))
    text = fit(values, rng, categorical_feature=[2]).model_to_string() + fit(values, rng).model_to_string()
    trees = [block.split("\nend of trees")[0] for block in text.split("\nTree=")]
    mixed = "\nTree=".join(block for block in trees if "split_feature" in block)
    with pytest.raises(NoTablesError, match="numeric in some trees and categorical in others"):
        build_path_tables(f"max_feature_idx=3\nTree={mixed}\nend of trees\n")


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"linear_tree": True}, "linear_tree"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "boosting = rf"),
        ({"objective": "multiclass", "num_class": 2}, "num_class > 1"),
    ],
)
def test_models_whose_contributions_do_not_add_up_are_refused(parameters, named):
    rng = np.random.default_rng(8)
    values = rows(200, 3, rng)
    settings = {"objective": "regression", "verbosity": -1, "num_threads": 1, **parameters}
    booster = lgb.train(settings, lgb.Dataset(values, rng.integers(0, 2, 200)), num_boost_round=2)
    with pytest.raises(ModelRefusedError, match=named):
        tables_of(booster)


def test_a_cut_off_model_text_is_refused():
    text = small()[0].model_to_string()
    with pytest.raises(ModelRefusedError, match="with its header and all trees"):
        build_path_tables(text[:3000])
    with pytest.raises(ModelRefusedError, match=r"expected \d+ numbers in leaf_count"):
        build_path_tables(text.replace("leaf_count=", "leaf_count=1 ", 1))


# File ----------------------------------------------------------------------------------------------------------------
def test_the_same_model_gives_the_same_bytes_and_reads_back_the_same(tmp_path):
    booster, values = small()
    for name in ("a.npz", "b.npz"):
        write_path_tables(tmp_path / name, tables_of(booster))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = read_path_tables((tmp_path / "a.npz").read_bytes())
    assert np.array_equal(again.contributions(values), tables_of(booster).contributions(values))


def test_why_there_are_no_tables_is_kept(tmp_path):
    write_path_tables(tmp_path / "paths.npz", "too deep")
    assert read_path_tables((tmp_path / "paths.npz").read_bytes()) == "too deep"


def test_a_damaged_or_pickled_file_is_refused(tmp_path):
    np.savez(tmp_path / "pickle.npz", format=np.array({"a": 1}, dtype=object))
    (tmp_path / "short.npz").write_bytes(b"PK")
    np.savez(tmp_path / "other.npz", format=np.array(99))
    for name in ("pickle.npz", "short.npz", "other.npz"):
        with pytest.raises(ModelRefusedError, match="no readable explanation tables"):
            read_path_tables((tmp_path / name).read_bytes())


def test_tables_that_differ_from_lightgbm_are_not_used(monkeypatch):
    booster, values = small()
    assert checked_tables(booster, values).contributions(values).shape == (200, 6)
    monkeypatch.setattr("training.contributions.CLOSE", 1e-12)
    assert "differ from LightGBM's contributions by" in checked_tables(booster, values)
