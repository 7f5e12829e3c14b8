from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from worlds import DAY, day, moment

from features.errors import InputContractError
from training.folds import Fold, Rows, grouped_folds, inner_folds, outer_folds, walk_forward_folds
from training.settings import FoldSettings

numbers = st.integers(0, 2**32 - 1)


def rows_of(as_of, horizon=30, group=None, order=None):
    as_of = np.array([day(days) for days in as_of], np.int64)
    group = np.arange(len(as_of)) if group is None else np.array(group)
    return Rows(as_of, as_of + horizon * DAY, group, np.array(order if order is not None else as_of, float))


def random_rows(seed, n=60, leads=40, horizon=10):
    rng = np.random.default_rng(seed)
    return rows_of(rng.integers(0, 100, n), horizon, rng.integers(0, leads, n), rng.integers(0, 20, n))


def everything(rows):
    return np.ones(len(rows.as_of), bool)


def cut(rows, matured=None, seed=0, **settings):
    matured = everything(rows) if matured is None else np.array(matured)
    return outer_folds(rows, FoldSettings(**settings), matured, np.random.default_rng(seed))


def sides(fold):
    return fold.train.tolist(), fold.holdout.tolist()


def test_the_gap_is_one_horizon_long_unless_said_otherwise():
    rows = rows_of([0, 29, 30, 31, 59, 60, 70])
    (fold,) = cut(rows, holdout_from=moment(day(60)))
    assert sides(fold) == ([0, 1, 2], [5, 6])
    assert (fold.in_gap, fold.known_until) == (2, day(60))
    (fold,) = cut(rows, holdout_from=moment(day(60)), gap_days=0)
    assert sides(fold) == ([0, 1, 2, 3, 4], [5, 6])
    (fold,) = cut(rows, holdout_from=moment(day(60)), gap_days=1)
    assert sides(fold) == ([0, 1, 2, 3], [5, 6])


def test_a_lead_of_the_training_side_is_purged_from_the_holdout():
    (fold,) = cut(rows_of([0, 1, 60, 61], group=[7, 8, 7, 9]), holdout_from=moment(day(60)))
    assert sides(fold) == ([0, 1], [3])
    assert fold.purged == 1


def test_the_holdout_needs_matured_labels():
    (fold,) = cut(rows_of([0, 60, 61]), matured=[True, True, False], holdout_from=moment(day(60)))
    assert sides(fold) == ([0], [1])


def test_the_share_counts_matured_rows_only():
    (fold,) = cut(rows_of([*range(10), *range(100, 140)], horizon=1), [True] * 10 + [False] * 40, holdout_share=0.3)
    assert sides(fold) == ([0, 1, 2, 3, 4, 5], [7, 8, 9])


def test_the_split_keeps_its_microseconds():
    split = datetime(2026, 3, 1, 1, 2, 3, 123457, tzinfo=UTC)
    for microseconds in range(50):
        at = split + timedelta(microseconds=microseconds)
        (fold,) = cut(rows_of([0, 100], horizon=1), holdout_from=at)
        assert moment(fold.known_until) == at


@given(numbers, st.integers(40, 60), st.sampled_from([None, 0, 3, 25]))
def test_a_forward_fold_looks_forward(seed, split, gap):
    rows = random_rows(seed, n=120, leads=150)
    (fold,) = cut(rows, holdout_from=moment(day(split)), gap_days=gap)
    assert (rows.as_of[fold.holdout] >= day(split)).all()
    assert (rows.as_of[fold.train] < day(split - (gap or 0))).all()
    if gap is None:
        assert (rows.end[fold.train] <= day(split)).all()
    assert not set(rows.group[fold.train]) & set(rows.group[fold.holdout])
    left = len(rows.as_of) - len(fold.train) - len(fold.holdout) - fold.purged - fold.in_gap
    assert left == 0


@given(numbers, st.integers(2, 9))
def test_cross_validation_holds_every_row_out_once_and_keeps_groups_together(seed, n):
    rows = random_rows(seed)
    folds = cut(rows, seed=seed, kind="group", group=("x",), folds=n)
    assert len(folds) == n
    assert sorted(np.concatenate([fold.holdout for fold in folds])) == list(range(len(rows.as_of)))
    for fold in folds:
        assert not set(rows.group[fold.train]) & set(rows.group[fold.holdout])
        assert len(fold.train) + len(fold.holdout) == len(rows.as_of)


@given(numbers)
def test_folds_follow_from_the_seed(seed):
    rows = random_rows(seed)
    for settings in ({"kind": "random"}, {"kind": "random", "folds": 4}, {"kind": "group", "group": ("x",)}):
        once, again = (cut(rows, seed=seed, **settings) for _ in range(2))
        assert [sides(fold) for fold in once] == [sides(fold) for fold in again]


def test_another_seed_gives_other_folds():
    rows = random_rows(0)
    assert sides(cut(rows, seed=1, kind="random")[0]) != sides(cut(rows, seed=2, kind="random")[0])


def test_groups_are_spread_evenly():
    folds = grouped_folds(np.arange(103), 5, np.random.default_rng(0))
    assert sorted(len(fold.holdout) for fold in folds) == [20, 20, 21, 21, 21]


def test_there_are_no_more_folds_than_groups():
    assert len(grouped_folds(np.array([1, 1, 2, 2]), 10, np.random.default_rng(0))) == 2


@given(numbers, st.floats(0.3, 0.7))
def test_the_last_rows_by_order_are_the_holdout(seed, share):
    rows = random_rows(seed)
    (fold,) = cut(rows, kind="rows", order_by="number", holdout_share=share)
    assert rows.order[fold.train].max() <= rows.order[fold.holdout].min()
    assert len(fold.train) == round(len(rows.order) * (1 - share))
    assert not set(rows.group[fold.train]) & set(rows.group[fold.holdout])


@given(numbers)
def test_a_random_holdout_has_its_share_of_groups(seed):
    rows = random_rows(seed, leads=20)
    (fold,) = cut(rows, seed=seed, kind="random", holdout_share=0.25)
    held, trained = set(rows.group[fold.holdout]), set(rows.group[fold.train])
    assert not held & trained
    assert len(held) == round(len(held | trained) * 0.25)


@given(numbers, st.integers(2, 4))
def test_inner_folds_go_forward_or_fall_back_to_groups(seed, n):
    rows = random_rows(seed, n=120, leads=80)
    folds = inner_folds(rows, "time", n, np.random.default_rng(seed))
    assume(len(folds) == n)
    for fold in folds:
        assert not set(rows.group[fold.train]) & set(rows.group[fold.holdout])
        assert len(fold.train)
        assert len(fold.holdout)


def test_inner_folds_train_on_what_was_known_at_the_cut():
    rows = rows_of(range(100), horizon=10)
    folds = inner_folds(rows, "time", 3, np.random.default_rng(0))
    for fold in folds:
        assert rows.end[fold.train].max() <= rows.as_of[fold.holdout].min()
    assert folds[-1].holdout.max() == 99
    assert len(np.unique(np.concatenate([fold.holdout for fold in folds]))) == sum(len(f.holdout) for f in folds)


def test_inner_folds_are_random_groups_where_too_little_is_known_before_the_cuts():
    rows = rows_of(range(100), horizon=300)
    folds = inner_folds(rows, "time", 3, np.random.default_rng(0))
    assert sorted(np.concatenate([fold.holdout for fold in folds])) == list(range(100))


def walk(rows, split, matured=None, **settings):
    matured = everything(rows) if matured is None else np.array(matured)
    return walk_forward_folds(rows, FoldSettings(**settings), matured, day(split))


def test_forward_folds_follow_one_another_up_to_the_split():
    rows = rows_of(range(100), horizon=10)
    folds = walk(rows, 80, walk_forward=3)
    assert [(fold.holdout.min(), fold.holdout.max()) for fold in folds] == [(31, 46), (47, 62), (63, 79)]
    assert [fold.train.max() for fold in folds] == [21, 37, 53]
    assert [moment(fold.known_until) for fold in folds] == [moment(day(d)) for d in (31, 47, 63)]


def test_forward_folds_have_the_gap_of_the_holdout():
    folds = walk(rows_of(range(100), horizon=10), 80, walk_forward=1, gap_days=3)
    assert [(fold.train.max(), fold.holdout.min(), fold.in_gap) for fold in folds] == [(27, 31, 3)]


@pytest.mark.parametrize("settings", [{"walk_forward": 0}, {"kind": "random"}])
def test_forward_folds_can_be_switched_off_and_need_times(settings):
    assert walk(rows_of(range(100)), 80, **settings) == ()


def test_a_forward_fold_that_could_learn_nothing_is_left_out():
    assert walk(rows_of(range(100), horizon=45), 80, walk_forward=3)[0].holdout.min() == 47
    assert walk(rows_of(range(100), horizon=45), 80, [False] * 100) == ()


def test_dates_that_coincide_make_fewer_folds():
    folds = walk(rows_of([0] * 30 + [40] * 30 + [80] * 30), 90, walk_forward=4)
    assert [set(fold.holdout // 30) for fold in folds] == [{1}, {2}]


@given(numbers, st.integers(1, 6), st.sampled_from([None, 0, 7]))
def test_every_forward_fold_looks_forward_and_stays_before_the_split(seed, n, gap):
    rows = random_rows(seed, n=150, leads=120)
    folds = walk(rows, 80, walk_forward=n, gap_days=gap)
    assert len(folds) <= n
    for fold in folds:
        assert (rows.as_of[fold.holdout] >= fold.known_until).all()
        assert (rows.as_of[fold.holdout] < day(80)).all()
        known = rows.end if gap is None else rows.as_of + gap * DAY + 1
        assert (known[fold.train] <= fold.known_until).all()
        assert not set(rows.group[fold.train]) & set(rows.group[fold.holdout])
    held = np.concatenate([fold.holdout for fold in folds]) if folds else np.array([])
    assert len(held) == len(np.unique(held))


def test_a_fold_says_what_it_trains_and_judges_on():
    fold = Fold(np.array([0, 1]), np.array([3]), known_until=day(60), purged=2, in_gap=1)
    assert fold.summary(rows_of([0, 9, 40, 61]), (1, 0)) == (
        "trains on 2 rows (1 won) from 2026-01-01 to 2026-01-10, judges on 1 (0 won) from 2026-03-03 to 2026-03-03, "
        "1 rows in the gap, 2 rows of leads seen in training left out"
    )


def test_a_fold_without_times_has_no_dates():
    fold = Fold(np.array([0, 1]), np.array([2]))
    assert fold.summary(rows_of([5, 5, 5]), (1, 0)) == "trains on 2 rows (1 won), judges on 1 (0 won)"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"holdout_from": moment(day(500))}, "no rows are left for the holdout side of the 4 labelled snapshots"),
        ({"holdout_from": moment(day(-5))}, r"no rows are left for the training side.*choose another \[folds\]"),
        ({"holdout_from": moment(day(20))}, r"training side .*\(2 fall into the gap"),
        ({"kind": "random", "holdout_share": 0.01}, "no rows are left for the holdout side"),
    ],
)
def test_an_empty_side_is_refused_with_the_reason(settings, message):
    with pytest.raises(InputContractError, match=message):
        cut(rows_of([0, 10, 20, 30]), **settings)


def test_one_group_cannot_be_cross_validated():
    with pytest.raises(InputContractError, match="no rows are left for the training side"):
        cut(rows_of([0, 10], group=[1, 1]), kind="random", folds=5)


def test_a_fold_without_a_split_knows_everything():
    assert Fold(np.array([0]), np.array([1])).known_until is None
