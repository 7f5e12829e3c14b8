"""Rows that may train, and a calibration that survives a change of the base rate inside the training rows."""

from types import SimpleNamespace

import numpy as np

from training.folds import Fold, Rows
from training.judge import usable_rows
from training.model import LEAST_OUTCOMES, _folds, calibration_above_base


def dataset(matured, won):
    return SimpleNamespace(matured=np.array(matured), won=won)


def test_open_leads_of_a_flat_table_do_not_train_as_lost():
    fold = Fold(np.array([0, 1, 2]), np.array([3, 4]), known_until=100)
    train, held = usable_rows(dataset([True, False, True, True, False], won=None), fold)
    assert (train.tolist(), held.tolist()) == ([0, 2], [3])


def test_snapshots_of_dated_wins_train_with_what_was_known_at_the_split():
    fold = Fold(np.array([0, 1, 2]), np.array([3, 4]), known_until=100)
    train, _ = usable_rows(dataset([True, False, True, True, False], won=object()), fold)
    assert train.tolist() == [0, 1, 2]


def test_forward_folds_without_wins_to_learn_from_give_way_to_random_groups():
    at = np.arange(300)
    label = (at >= 290).astype(np.int8)
    folds = _folds(Rows(at, at + 1, at, at.astype(float)), label, "time", np.random.default_rng(0))
    assert sorted(np.concatenate([fold.holdout for fold in folds])) == at.tolist()


def test_a_forward_fold_with_enough_outcomes_stays():
    at = np.arange(300)
    label = (at % 3 == 0).astype(np.int8)
    folds = _folds(Rows(at, at + 1, at, at.astype(float)), label, "time", np.random.default_rng(0))
    assert all(fold.train.max() < fold.holdout.min() for fold in folds)
    assert all(label[fold.train].sum() >= LEAST_OUTCOMES for fold in folds)


def test_scores_at_the_base_rate_become_the_rate_of_the_held_rows():
    held = np.repeat([0, 1], [900, 100]).astype(np.int8)
    rare = np.repeat([0, 1], [9_990, 10]).astype(np.int8)
    at_base = np.log(10.5 / 9_990.5)
    found = calibration_above_base(np.zeros(1000), held, rare)
    assert abs(found.probability(np.array([at_base]))[0] - 0.1) < 0.001
