"""Parameters of the booster: what a project file sets is what LightGBM gets; the number of trees comes from folds."""

import numpy as np
import pytest
from lessons import CATALOG, lesson

from training.boosting import Watched, booster_parameters, choose_trees, out_of_fold, train_booster
from training.settings import ModelSettings


@pytest.mark.parametrize(("rows", "depth", "leaves", "features"), [(1_999, 2, 4, 0.3), (2_000, 4, 16, 0.5)])
def test_few_rows_get_small_trees(rows, depth, leaves, features):
    found = booster_parameters(ModelSettings(), CATALOG, rows, 200)
    assert (found["max_depth"], found["num_leaves"], found["feature_fraction"]) == (depth, leaves, features)


@pytest.mark.parametrize("rows", [100, 10_000])
def test_what_the_project_file_sets_holds_for_any_number_of_rows(rows):
    given = ModelSettings(max_depth=3, leaves=7, feature_fraction=0.9, min_leaf=33, lambda_l2=1, cat_smooth=3)
    found = booster_parameters(given, CATALOG, rows, 50)
    wanted = {"max_depth": 3, "num_leaves": 7, "feature_fraction": 0.9, "min_data_in_leaf": 33, "lambda_l2": 1}
    assert wanted.items() <= found.items()
    assert found["cat_smooth"] == found["cat_l2"] == 3


def test_trees_are_where_the_folds_together_lose_least_within_the_limit():
    whole = lesson()
    booster = _booster(whole)
    watched = [Watched(booster, [0.9, 0.5, 0.6, 0.2]), Watched(booster, [0.9, 0.7, 0.4, 0.2])]
    assert [choose_trees(whole, watched, most).trees for most in (4, 3, 2, 1)] == [4, 3, 2, 1]
    assert choose_trees(whole, watched[:1], 3).trees == 2


def test_every_held_row_has_a_score_of_a_booster_that_did_not_see_it():
    found = out_of_fold(lesson(600), booster_parameters(ModelSettings(threads=1), CATALOG, 600, 300), 50)
    assert sorted(found.held) == list(range(600))
    assert np.corrcoef(found.above_base, lesson(600).values[found.held, 0])[0, 1] > 0.7


def _booster(whole):
    parameters = booster_parameters(ModelSettings(threads=1), CATALOG, 600, 300)
    return train_booster(whole.values, whole.label, parameters, 4, CATALOG)
