"""Folds: which rows train and which rows judge, going forward in time, a lead never on both sides."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features.errors import InputContractError
from features.windows import DAY_US, Bools, Ints
from training.settings import FoldSettings


@dataclass(frozen=True, slots=True)
class Rows:
    """What folds are cut by, one entry per labelled snapshot.

    `end` is when the label is known for good; `group` numbers what must stay on one side; `order` the row order.
    """

    as_of: Ints
    end: Ints
    group: Ints
    order: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fold:
    """Row numbers for training and holdout; training labels may use what was known before `known_until`."""

    train: Ints
    holdout: Ints
    known_until: int | None = None
    purged: int = 0
    in_gap: int = 0


def outer_folds(rows: Rows, settings: FoldSettings, matured: Bools, rng: np.random.Generator) -> tuple[Fold, ...]:
    """The folds that judge the model: one holdout, or `settings.folds` for cross-validation.

    Raises:
        InputContractError: a side would be empty.
    """
    folds: tuple[Fold, ...]
    if settings.kind == "time":
        folds = (_forward(rows, settings, matured),)
    elif settings.folds:
        folds = grouped_folds(rows.group, settings.folds, rng)
    elif settings.kind == "rows":
        folds = (_last_share(rows.order, rows.group, settings.holdout_share),)
    else:
        folds = (_random_share(rows.group, settings.holdout_share, rng),)
    for fold in folds:
        _refuse_empty(fold, len(rows.as_of))
    return folds


def inner_folds(rows: Rows, kind: str, n: int, rng: np.random.Generator) -> tuple[Fold, ...]:
    """Folds inside training rows, for the number of trees and the calibration: forward in time where there is one.

    Forward folds train on what was known at a cut and predict the rows up to the next; where that leaves too little
    to train on, groups are folded at random.
    """
    if kind == "time":
        cuts = np.quantile(rows.as_of, np.linspace(0.4, 1, n + 1))
        cuts[-1] += 1
        folds = [_between(rows, low, high) for low, high in pairwise(cuts)]
        enough = len(rows.as_of) / 10
        if all(len(fold.train) >= enough and len(fold.holdout) for fold in folds):
            return tuple(folds)
    return grouped_folds(rows.group, n, rng)


def grouped_folds(group: Ints, n: int, rng: np.random.Generator) -> tuple[Fold, ...]:
    """`n` folds of about equal size by random groups; every row is in one holdout."""
    names, member = np.unique(group, return_inverse=True)
    n = min(n, len(names))
    fold_of_group = rng.permutation(np.arange(len(names)) % max(n, 1))
    fold = fold_of_group[member]
    return tuple(Fold(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(n))


def _forward(rows: Rows, settings: FoldSettings, matured: Bools) -> Fold:
    split = _split_time(rows, settings, matured)
    after = (rows.as_of >= split) & matured
    before = rows.as_of < split
    if settings.gap_days is None:
        train = before & (rows.end <= split)
    else:
        train = rows.as_of < split - settings.gap_days * DAY_US
    seen = np.isin(rows.group, rows.group[train])
    return Fold(
        np.flatnonzero(train),
        np.flatnonzero(after & ~seen),
        known_until=split,
        purged=int((after & seen).sum()),
        in_gap=int((before & ~train).sum()),
    )


def _split_time(rows: Rows, settings: FoldSettings, matured: Bools) -> int:
    if settings.holdout_from is not None:
        return round(settings.holdout_from.timestamp() * 1e6)
    return int(np.quantile(rows.as_of[matured], 1 - settings.holdout_share, method="lower")) + 1


def _between(rows: Rows, low: float, high: float) -> Fold:
    train = np.flatnonzero(rows.end <= low)
    inside = (rows.as_of >= low) & (rows.as_of < high) & ~np.isin(rows.group, rows.group[train])
    return Fold(train, np.flatnonzero(inside))


def _last_share(order: npt.NDArray[np.float64], group: Ints, share: float) -> Fold:
    ranked = np.argsort(order, kind="stable")
    n_train = round(len(order) * (1 - share))
    train, rest = ranked[:n_train], ranked[n_train:]
    keep = ~np.isin(group[rest], group[train])
    return Fold(np.sort(train), np.sort(rest[keep]), purged=int((~keep).sum()))


def _random_share(group: Ints, share: float, rng: np.random.Generator) -> Fold:
    names, member = np.unique(group, return_inverse=True)
    held = np.zeros(len(names), bool)
    held[rng.permutation(len(names))[: round(len(names) * share)]] = True
    return Fold(np.flatnonzero(~held[member]), np.flatnonzero(held[member]))


def _refuse_empty(fold: Fold, n: int) -> None:
    for side, size in (("training", len(fold.train)), ("holdout", len(fold.holdout))):
        if size == 0:
            raise InputContractError(
                f"no rows are left for the {side} side of the {n} labelled snapshots ({fold.in_gap} fall into the gap, "
                f"{fold.purged} belong to leads of the other side): choose another [folds] holdout_from, "
                "a shorter [label] horizon_days, or gap_days"
            )
