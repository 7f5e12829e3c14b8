"""Walk-forward evaluation of a small simulated world: what each fold's model may know, and what is reported."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from examined_world import world_tables

from training.dataset import load_dataset
from training.fixed_trees import fit_fixed
from training.folds import walk_forward_folds
from training.judge import usable_fold
from training.model import fit_model, material_of
from training.walk_forward.run import walk, walk_forward


@pytest.fixture(scope="module")
def found(examined):
    return walk(examined)


def with_folds(examined, **changes):
    folds = examined.settings.folds.model_copy(update=changes)
    return replace(examined, settings=replace(examined.settings, folds=folds))


def first_fold(examined):
    dataset, split = examined.dataset, examined.judged.folds[0].known_until
    return usable_fold(dataset, walk_forward_folds(dataset.rows, examined.settings.folds, dataset.matured, split)[0])


def test_periods_follow_one_another_and_end_with_the_holdout(found):
    spans = [period.span for period in found.periods]
    assert [period.name for period in found.periods] == ["fold 1", "fold 2", "fold 3", "fold 4", "holdout"]
    for earlier, later in pairwise(spans):
        assert earlier.judged_to < later.judged_from
        assert earlier.n_train < later.n_train
    for span in spans:
        assert span.train_to < span.known_until <= span.judged_from


def test_the_holdout_is_the_one_of_the_evaluation(examined, found):
    last, whole = found.periods[-1], examined.evaluation
    assert (last.n, last.positives) == (whole.n, whole.positives)
    assert last.systems["model"].pr_auc == whole.systems["model"].pr_auc
    assert last.lead_over("points") == whole.difference("pr_auc", "points")


def test_finding_is_strict_json_with_one_metric_a_number(examined):
    finding = walk_forward(examined)
    content = json.loads(finding.json)
    assert content["schema_version"] == 1
    assert (
        finding.metrics["walk_forward.fold_1.roc_auc"] == content["periods"][0]["systems"]["model"]["roc_auc"]["value"]
    )
    assert set(finding.section.pictures) == {"folds", "lifts", "months"}


def test_what_happens_after_a_cut_does_not_change_the_model_of_that_cut(tmp_path):
    project, settings, tables = world_tables(tmp_path, leads=600)
    dataset = load_dataset(project, settings, tables)
    (fold, *_) = walk_forward_folds(dataset.rows, settings.folds, dataset.matured, int(dataset.rows.as_of.max()))
    cut = pd.Timestamp(fold.known_until, unit="us", tz="UTC")
    shortened = replace(tables, interactions=tables.interactions[tables.interactions["occurred_at"] < cut])
    assert len(shortened.interactions) < len(tables.interactions)
    models = []
    for some in (dataset, load_dataset(project, settings, shortened)):
        at = (fold.train, fold.known_until)
        models.append(fit_fixed(settings, some, at, material_of(project, settings, some, *at), 10).trained)
    assert models[0].booster.model_to_string() == models[1].booster.model_to_string()
    assert models[0].scale == models[1].scale


def test_a_fold_trains_on_outcomes_that_were_known_when_it_was_made(examined):
    fold, rows = first_fold(examined), examined.dataset.rows
    assert (rows.end[fold.train] <= fold.known_until).all()
    assert (rows.as_of[fold.holdout] >= fold.known_until).all()


def test_with_purge_by_account_no_account_stands_on_both_sides(tmp_path):
    project, settings, tables = world_tables(tmp_path, leads=600)
    settings = replace(settings, folds=settings.folds.model_copy(update={"purge": "account"}))
    dataset = load_dataset(project, settings, tables)
    folds = walk_forward_folds(dataset.rows, settings.folds, dataset.matured, int(dataset.rows.as_of.max()))
    account = dataset.histories.account[dataset.snapshots.lead]
    assert sum(fold.purged for fold in folds) > 0
    for fold in folds:
        assert not set(account[fold.train]) & set(account[fold.holdout])


def test_fixed_trees_give_the_booster_of_the_real_model_when_it_chose_as_many(examined):
    fold = examined.judged.folds[0]
    args = (examined.project, examined.settings, examined.dataset, fold.train, fold.known_until)
    real = fit_model(*args)
    cheap = fit_fixed(*args[1:3], args[3:], material_of(*args), real.trees)
    assert cheap.trained.booster.model_to_string() == real.trained.booster.model_to_string()
    assert cheap.trained.scale.calibration.slope == pytest.approx(real.trained.scale.calibration.slope, abs=0.3)


def test_switched_off_only_the_holdout_is_left_and_it_is_said(examined):
    found = walk(with_folds(examined, walk_forward=0))
    assert [period.name for period in found.periods] == ["holdout"]
    assert found.headline.startswith("Whether the result holds in other periods cannot be said")
    assert walk_forward(with_folds(examined, walk_forward=0)).section.pictures.keys() == {"folds"}


def test_a_fold_without_wins_to_learn_from_is_left_out_with_the_reason(examined):
    lost = replace(examined.dataset, won=None, label=np.zeros_like(examined.dataset.label))
    found = walk(replace(examined, dataset=lost))
    assert len(found.skipped) == 4
    assert "fewer than ten wins" in found.skipped[0].reason


def test_without_times_there_is_nothing_to_say(examined):
    assert walk_forward(with_folds(examined, kind="random")) is None


def test_the_same_training_gives_the_same_bytes(examined):
    assert walk_forward(examined).json == walk_forward(examined).json
