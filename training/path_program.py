"""Groups of leaves turned into what the inner loops read: steps to a table's row, tables, reached leaves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from features.windows import Floats, Ints
from training.leaf_groups import Group
from training.path_kernel import Coding, Places, Program
from training.value_codes import FeatureCodes

MOST_STEPS = 12
"""Features whose share of the place changes more often along their codes are looked up instead."""
Kind = type[np.float32] | type[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Piece:
    """One group, ready. `steps` is (k, 3): used feature, bound, step; `table` is (rows, features + 1)."""

    base: int
    steps: Ints
    looks: tuple[tuple[int, Ints], ...]
    columns: Ints
    table: npt.NDArray[np.floating]
    leaf_value: Floats


def piece_of(group: Group, values: Sequence[Floats], used: Mapping[int, int], kind: Kind) -> Piece:
    """The group's table and how to find its rows; `values` are the leaves' Shapley values as `leaf_values` gives them.

    `used` numbers the features that have codes. Rows run over the classes of the features, the last one fastest.
    """
    shares = _shares(group)
    stepwise = {feature: share for feature, share in shares.items() if np.count_nonzero(np.diff(share)) <= MOST_STEPS}
    table = _tabulate(group, values)
    return Piece(
        base=sum(int(share[0]) for share in stepwise.values()),
        steps=np.concatenate([np.zeros((0, 3), np.int64), *(_steps(used[f], share) for f, share in stepwise.items())]),
        looks=tuple((used[f], share) for f, share in shares.items() if f not in stepwise),
        columns=np.array([used[feature] for feature in shares], np.int64),
        table=table.astype(kind),
        leaf_value=np.array([0.0, *(leaf.value for leaf in group.leaves)]),
    )


def program_of(pieces: Sequence[Piece], kind: Kind) -> Program:
    """All pieces end to end."""
    steps = np.concatenate([np.zeros((0, 3), np.int64), *(piece.steps for piece in pieces)])
    looks = [look for piece in pieces for look in piece.looks]
    most_places = max((piece.table.size for piece in pieces), default=0)
    return Program(
        base=_places([piece.base for piece in pieces], most_places),
        step_start=_starts(len(piece.steps) for piece in pieces),
        step_feature=steps[:, 0].copy(),
        step_bound=steps[:, 1].astype(np.uint16),
        step=_places(steps[:, 2], most_places),  # below zero: counted down by going round
        look_start=_starts(len(piece.looks) for piece in pieces),
        look_feature=np.array([feature for feature, _ in looks], np.int64),
        look_share=_starts(len(share) for _, share in looks),
        share=_places(_end_to_end([share for _, share in looks], np.int64), most_places),
        column_start=_starts(len(piece.columns) for piece in pieces),
        column=_end_to_end([piece.columns for piece in pieces], np.int64),
        table_start=_starts(piece.table.size for piece in pieces),
        table=_end_to_end([piece.table.ravel() for piece in pieces], kind),
        leaf_start=_starts(len(piece.leaf_value) for piece in pieces),
        leaf_value=_end_to_end([piece.leaf_value for piece in pieces], np.float64),
    )


def coding_of(codes: Sequence[FeatureCodes]) -> Coding:
    """Thresholds and category tables of all features end to end."""
    tables = [_category_table(one.categories) for one in codes]
    zero = [int(np.searchsorted(one.cuts, 0.0)) if one.zero_code is None else one.zero_code for one in codes]
    return Coding(
        feature=np.array([one.feature for one in codes], np.int64),
        cut_start=_starts(len(one.cuts) for one in codes),
        cuts=_end_to_end([one.cuts for one in codes], np.float64),
        category_start=_starts(len(table) for table in tables),
        category_code=_end_to_end(tables, np.uint16),
        nan_code=np.array([one.nan_code for one in codes], np.int64),
        zero_code=np.array(zero, np.int64),
    )


def _category_table(categories: Ints) -> npt.NDArray[np.uint16]:
    table = np.zeros(int(categories.max()) + 1 if len(categories) else 0, np.uint16)
    table[categories] = np.arange(1, len(categories) + 1)
    return table


def _shares(group: Group) -> dict[int, Ints]:
    """What each code of each feature adds to the place in the table."""
    shape = (*group.shape, len(group.classes) + 1)
    return {f: group.classes[f] * prod(shape[axis + 1 :]) for axis, f in enumerate(sorted(group.classes))}


def _steps(feature: int, share: Ints) -> Ints:
    change = np.diff(share)
    bounds = np.flatnonzero(change)
    return np.column_stack([np.full(len(bounds), feature), bounds, change[bounds]])


def _tabulate(group: Group, values: Sequence[Floats]) -> Floats:
    """Per row the sums of the leaves' Shapley values, by feature, and which leaf it means, counted from 1 (0: none)."""
    features, shape = sorted(group.classes), group.shape
    first = {feature: np.unique(group.classes[feature], return_index=True)[1] for feature in features}
    table = np.zeros((*shape, len(features) + 1))
    for number, leaf in enumerate(group.leaves):
        meets = [passes[first[feature]] for feature, passes in zip(leaf.features, leaf.passes, strict=True)]
        spread = [size if feature in leaf.features else 1 for feature, size in zip(features, shape, strict=True)]
        chosen: tuple[slice | Ints, ...] = (slice(None), *np.ix_(*(passes.astype(np.int64) for passes in meets)))
        by_class = values[number][chosen]
        for feature, part in zip(leaf.features, by_class, strict=True):
            table[..., features.index(feature)] += part.reshape(spread)
        is_here = reduce(np.logical_and.outer, meets, np.array(True)).reshape(spread)
        table[np.broadcast_to(is_here, shape), -1] = number + 1
    return table.reshape(prod(shape), len(features) + 1)


def _starts(lengths: Iterable[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(np.fromiter(lengths, np.int64))]).astype(np.int64)


def _end_to_end(parts: Sequence[npt.NDArray[np.generic]], kind: type[Scalar]) -> npt.NDArray[Scalar]:
    return np.concatenate([np.zeros(0, kind), *parts]).astype(kind)


def _places(values: npt.ArrayLike, count: int) -> Places:
    """Whole numbers below `count`, or differences of such, in 16 bits where they fit."""
    whole = np.asarray(values, np.int64)
    return whole.astype(np.uint16) if count <= 2**16 else whole.astype(np.uint32)
