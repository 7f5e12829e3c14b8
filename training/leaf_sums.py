"""Leaf sums: a second number per leaf of the same trees, added up over the leaves that a row reaches.

A booster with these numbers instead of its own leaf values finds the sums at the price of one prediction.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from features.windows import Floats, Ints
from training.lightgbm_text import Tree, parse_model

if TYPE_CHECKING:
    import lightgbm as lgb

SWEEPS = 8
"""Rounds over all trees; further ones move the sums by little."""


def leaf_counts(model: str) -> tuple[int, ...]:
    """Number of leaves of each tree of a text model."""
    return tuple(len(tree.leaf_value) for tree in parse_model(model).trees)


def left_to_right(tree: Tree) -> list[int]:
    """Numbers of a tree's leaves from left to right."""
    if not len(tree.feature):
        return [0]
    found, open_nodes = [], [0]
    while open_nodes:
        node = open_nodes.pop()
        if node < 0:
            found.append(~node)
        else:
            open_nodes += [int(tree.right[node]), int(tree.left[node])]
    return found


def from_left(model: str, leaves: Sequence[Sequence[float]]) -> list[Floats]:
    """Numbers of the leaves of a text model's trees, given by leaf number, from left to right."""
    trees = parse_model(model).trees
    return [np.array(numbers, np.float64)[left_to_right(tree)] for tree, numbers in zip(trees, leaves, strict=True)]


def reached_leaves(booster: "lgb.Booster", values: Floats) -> Ints:
    """Number of the leaf that each row reaches, (trees, rows)."""
    found = np.asarray(booster.predict(values, pred_leaf=True), np.int64).reshape(len(values), -1)
    return np.ascontiguousarray(found.T)


def with_leaves(model: str, leaves: Sequence[Sequence[float]]) -> "lgb.Booster":
    """A booster of the same splits, whose raw score is the sum of `leaves` (by tree, then by leaf)."""
    import lightgbm as lgb

    booster = lgb.Booster(model_str=model)
    for tree, numbers in enumerate(leaves):
        for leaf, number in enumerate(numbers):
            booster.set_leaf_output(tree, leaf, number)
    return booster


def summed(leaves: Sequence[Floats], reached: Ints) -> Floats:
    """Sum of each row's leaves."""
    total = np.zeros(reached.shape[1])
    for numbers, here in zip(leaves, reached, strict=True):
        total += numbers[here]
    return total


def fit_leaves(reached: Ints, counts: Sequence[int], target: Floats, strength: float) -> list[Floats]:
    """Numbers whose sums come close to `target` (rows): least squares, each leaf drawn to 0 by `strength` rows."""
    left = target.copy()
    leaves = [np.zeros(count) for count in counts]
    for _ in range(SWEEPS):
        for tree, here in enumerate(reached):
            rows = np.bincount(here, minlength=counts[tree])
            own = np.bincount(here, left, minlength=counts[tree]) + rows * leaves[tree]
            new = own / (rows + strength)
            left -= (new - leaves[tree])[here]
            leaves[tree] = new
    return leaves
