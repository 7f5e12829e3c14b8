"""Rows that a fold's booster did not learn from, with calibrated log-odds: what closing times and levels rest on."""

import numpy as np

from features.build import build_features
from features.windows import Floats, Ints
from training.boosting import Lesson, OutOfFold, base_log_odds
from training.bundle import Trained
from training.closing_fit import Newest
from training.dataset import Dataset
from training.folds import Fold


def unseen_rows(
    dataset: Dataset, rows: Ints, known_until: int, model: Trained, learned: tuple[Lesson, OutOfFold]
) -> Newest:
    """The held rows of all folds, and the newest rows whose horizon is not over, as known at a time.

    `rows` are those that the lesson is about. The newest are scored by the booster of the last fold; leads that it
    learned from are left out.
    """
    lesson, found = learned
    newest = newest_rows(dataset, rows, lesson.folds[-1], known_until)
    above_base = np.concatenate([found.above_base, _scores(dataset, newest, model, learned)])
    chosen = np.concatenate([rows[found.held], newest])
    followed = dataset.followed(chosen, known_until)
    if followed is None:
        raise ValueError("wins are not dated: there is nothing to follow")
    return Newest(
        log_odds=model.scale.calibration.log_odds(above_base + base_log_odds(lesson.label)),
        followed=followed,
        as_of=dataset.snapshots.as_of[chosen],
        group=dataset.rows.group[chosen],
    )


def newest_rows(dataset: Dataset, rows: Ints, last: Fold, known_until: int) -> Ints:
    """Rows whose horizon is not over, from the last fold's held rows on, of leads that its booster did not train on.

    None where `rows` leave out matured ones: those judge, and their leads must tell nothing.
    """
    of = dataset.rows
    new = (of.as_of >= of.as_of[rows[last.holdout]].min()) & (of.as_of < known_until) & (of.end > known_until)
    matured = int((of.end <= known_until).sum())
    if matured > len(rows):
        return np.empty(0, np.int64)
    new &= ~np.isin(of.group, of.group[rows[last.train]])
    new[rows] = False
    return np.flatnonzero(new)


def _scores(dataset: Dataset, newest: Ints, model: Trained, learned: tuple[Lesson, OutOfFold]) -> Floats:
    """Raw scores above the base rate of the last fold."""
    lesson, found = learned
    if not len(newest):
        return np.empty(0)
    table = build_features(dataset.histories, dataset.tables, dataset.snapshots.take(newest), model.catalog)
    raw = np.asarray(found.boosters[-1].predict(table.values, raw_score=True, num_iteration=found.trees))
    return raw - base_log_odds(lesson.label[lesson.folds[-1].train])
