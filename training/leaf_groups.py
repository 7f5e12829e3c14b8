"""Leaves of a tree, and groups of them small enough to tabulate what each combination of decisions means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from features.windows import Bools, Floats, Ints
from training.lightgbm_text import Tree, goes_left
from training.value_codes import FeatureCodes, NoTablesError

MOST_LEAVES = 250


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf and the conditions on its path, by feature in ascending order.

    `passes[i]` says which codes of `features[i]` meet all conditions on it; `weights[i]` is the product of the shares
    of training rows that met each of them.
    """

    value: float
    features: tuple[int, ...]
    weights: Floats
    passes: tuple[Bools, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Leaves of one tree; `classes[f]` numbers the kinds of codes of feature f that the leaves can tell apart."""

    leaves: tuple[Leaf, ...]
    classes: Mapping[int, Ints]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of classes per feature, by feature."""
        return tuple(int(self.classes[feature].max()) + 1 for feature in sorted(self.classes))


def leaves_of(tree: Tree, codes: Mapping[int, FeatureCodes]) -> list[Leaf]:
    """Leaves from left to right."""
    if len(tree.feature) == 0:
        return [Leaf(float(tree.leaf_value[0]), (), np.zeros(0), ())]
    return list(_below(tree, codes, 0, {}))


def groups_of(leaves: list[Leaf], most_rows: int) -> list[Group]:
    """Runs of neighbouring leaves, each as long as its table has at most `most_rows` rows; a run has at least one."""
    groups: list[Group] = []
    for leaf in leaves:
        longer = _with_leaf(groups[-1], leaf) if groups else None
        if longer is not None and len(longer.leaves) <= MOST_LEAVES and prod(longer.shape) <= most_rows:
            groups[-1] = longer
        else:
            groups.append(_with_leaf(Group((), {}), leaf))
    return groups


def _with_leaf(group: Group, leaf: Leaf) -> Group:
    classes = dict(group.classes)
    for feature, passes in zip(leaf.features, leaf.passes, strict=True):
        pairs = 2 * classes[feature] + passes if feature in classes else passes
        classes[feature] = _numbered(pairs.astype(np.int64))
    return Group((*group.leaves, leaf), classes)


def _numbered(kinds: Ints) -> Ints:
    """The same kinds as numbers 0, 1, 2, …"""
    is_used = np.bincount(kinds) > 0
    return (np.cumsum(is_used) - 1)[kinds]


def _below(
    tree: Tree, codes: Mapping[int, FeatureCodes], node: int, path: Mapping[int, tuple[Bools, float]]
) -> Iterator[Leaf]:
    if node < 0:
        features = tuple(sorted(path))
        weights = np.array([path[feature][1] for feature in features])
        yield Leaf(float(tree.leaf_value[~node]), features, weights, tuple(path[feature][0] for feature in features))
        return
    if tree.split_cover[node] == 0:
        raise NoTablesError("a split has no training rows, so the shares of its branches are not known")
    feature = int(tree.feature[node])
    left = goes_left(tree, node, codes[feature].examples)
    passes, weight = path.get(feature, (np.ones(len(left), bool), 1.0))
    for child, chosen in ((int(tree.left[node]), left), (int(tree.right[node]), ~left)):
        share = _cover(tree, child) / tree.split_cover[node]
        yield from _below(tree, codes, child, {**path, feature: (passes & chosen, weight * share)})


def _cover(tree: Tree, child: int) -> float:
    return float(tree.split_cover[child] if child >= 0 else tree.leaf_cover[~child])
