"""Folds: which rows train and which rows judge, going forward in time, a lead never on both sides."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features.errors import InputContractError
from features.windows import DAY_US, Bools, Ints
from training.settings import FoldSettings

FIRST_CUT = 0.4
"""Share of the history's rows that have passed when the first forward fold begins to judge."""


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

    def summary(self, rows: Rows, won: tuple[int, int]) -> str:
        """One line on rows, wins and dates of both sides, the gap between them, and the rows left out.

        `won` counts the wins of training and holdout. Tables without times have no dates.

        >>> as_of = np.array([0, 9, 40, 45], np.int64) * DAY_US
        >>> rows = Rows(as_of, as_of + 30 * DAY_US, np.arange(4), np.arange(4.0))
        >>> Fold(np.array([0, 1]), np.array([2, 3]), known_until=40 * DAY_US).summary(rows, (1, 2))
        'trains on 2 rows (1 won) from 1970-01-01 to 1970-01-10, judges on 2 (2 won) from 1970-02-10 to 1970-02-15'
        """
        train, holdout = (f"{len(side):,}" for side in (self.train, self.holdout))
        parts = [
            f"trains on {train} rows ({won[0]:,} won){_between_dates(rows, self.train)}",
            f"judges on {holdout} ({won[1]:,} won){_between_dates(rows, self.holdout)}",
        ]
        if self.in_gap:
            parts.append(f"{self.in_gap:,} rows in the gap")
        if self.purged:
            parts.append(f"{self.purged:,} rows of leads seen in training left out")
        return ", ".join(parts)


def outer_folds(rows: Rows, settings: FoldSettings, matured: Bools, rng: np.random.Generator) -> tuple[Fold, ...]:
    """The folds that judge the model: one holdout, or `settings.folds` for cross-validation.

    Raises:
        InputContractError: a side would be empty.
    """
    folds: tuple[Fold, ...]
    if settings.kind == "time":
        folds = (_forward(rows, (_split_time(rows, settings, matured), None), settings.gap_days, matured),)
    elif settings.folds:
        folds = grouped_folds(rows.group, settings.folds, rng)
    elif settings.kind == "rows":
        folds = (_last_share(rows.order, rows.group, settings.holdout_share),)
    else:
        folds = (_random_share(rows.group, settings.holdout_share, rng),)
    for fold in folds:
        _refuse_empty(fold, len(rows.as_of))
    return folds


def walk_forward_folds(rows: Rows, settings: FoldSettings, matured: Bools, split: int) -> tuple[Fold, ...]:
    """Up to `settings.walk_forward` folds like the holdout's, one after the other, on the history before `split`.

    Each is judged on about as many rows as the others, from midnight to midnight (UTC); the first begins when
    two fifths of the rows have passed, the last ends at the split. A fold without rows on either side is left out.
    """
    before = rows.as_of[matured & (rows.as_of < split)]
    if settings.kind != "time" or settings.walk_forward == 0 or len(before) == 0:
        return ()
    cuts = np.quantile(before, np.linspace(FIRST_CUT, 1, settings.walk_forward + 1)[:-1], method="lower")
    borders = np.unique([*(cuts.astype(np.int64) // DAY_US * DAY_US), split]).tolist()
    folds = [_forward(rows, (start, stop), settings.gap_days, matured) for start, stop in pairwise(borders)]
    return tuple(fold for fold in folds if len(fold.train) and len(fold.holdout))


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


def _forward(rows: Rows, judged: tuple[int, int | None], gap_days: int | None, matured: Bools) -> Fold:
    """The fold judged on as-of dates from `judged[0]` to before `judged[1]` (None: to the end)."""
    split, stop = judged
    before = rows.as_of < split
    after = ~before & matured if stop is None else ~before & matured & (rows.as_of < stop)
    train = before & (rows.end <= split) if gap_days is None else rows.as_of < split - gap_days * DAY_US
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


def _between_dates(rows: Rows, side: Ints) -> str:
    if len(side) == 0 or rows.as_of.min() == rows.as_of.max():
        return ""
    first, last = (
        np.datetime64(int(time), "us").astype("datetime64[D]") for time in np.sort(rows.as_of[side])[[0, -1]]
    )
    return f" from {first} to {last}"


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
