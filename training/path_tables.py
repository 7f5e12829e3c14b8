"""Path tables: exact path-dependent Shapley values of a LightGBM model by adding up precomputed rows.

The leaves of a tree are cut into groups. What a row contributes through a group depends only on which conditions on
the group's paths it meets; all combinations are tabulated once, when the model is trained. The derivation is in
docs/explanations.md.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import fsum, prod
from typing import Literal

import numpy as np

from features.windows import Floats, Ints
from training.leaf_groups import Group, Leaf, groups_of, leaves_of
from training.leaf_values import leaf_values
from training.lightgbm_text import TreeModel, parse_model
from training.path_kernel import Coding, Program, explain
from training.path_program import Kind, Piece, coding_of, piece_of, program_of
from training.value_codes import FeatureCodes, NoTablesError, code_features

Precision = Literal["float32", "float64"]
KINDS: dict[Precision, Kind] = {"float32": np.float32, "float64": np.float64}
MOST_BYTES = 64 * 2**20
MOST_ROWS = 512
"""Rows of a table, unless a single leaf needs more: 512 rows of usual width stay in the nearest cache."""
BLOCK = 4096
"""Rows whose sums are kept at hand while all groups pass by."""
BATCH = 64
LEAST_PART = 1024
"""Fewer rows are not worth a thread."""


@dataclass(frozen=True, slots=True)
class PathTables:
    """Everything that contributions need; no part of it depends on the machine."""

    features: int
    bias: float
    coding: Coding
    program: Program

    def contributions(self, values: Floats, threads: int = 1) -> Floats:
        """Exact Shapley values: shape (n, features + 1), last column the bias; rows sum to the raw score to 1e-9."""
        return self.explain(values, threads)[0]

    def explain(self, values: Floats, threads: int = 1) -> tuple[Floats, Floats]:
        """Contributions and raw scores (n,), which have the same bits as LightGBM's; see `explain_beside`."""
        return self.explain_beside(values, np.zeros(len(self.program.leaf_value)), threads)[:2]

    def beside(self, leaves: Sequence[Floats]) -> Floats:
        """Numbers of leaves, by tree and from left to right, as they stand beside the program's leaf values."""
        is_leaf = np.ones(len(self.program.leaf_value), bool)
        is_leaf[self.program.leaf_start[:-1]] = False  # the first of each group is for rows that reach another
        numbers = np.zeros(len(is_leaf))
        numbers[is_leaf] = np.concatenate([np.zeros(0), *leaves])
        return numbers

    def explain_beside(self, values: Floats, second: Floats, threads: int = 1) -> tuple[Floats, Floats, Floats]:
        """Contributions, raw scores, and the sums of a second number per leaf, given as `beside` places them.

        Every row is computed by itself: the result depends neither on its neighbours nor on `threads` (0: all cores).

        Raises:
            ValueError: not one column per feature.
        """
        if values.ndim != 2 or values.shape[1] != self.features:
            raise ValueError(f"expected rows of {self.features} features, got an array of shape {values.shape}")
        parts = min(threads or os.cpu_count() or 1, len(values) // LEAST_PART)
        if parts <= 1:
            return self._part(values, second)
        with ThreadPoolExecutor(parts) as pool:
            found = list(pool.map(lambda part: self._part(part, second), np.array_split(values, parts)))
        contributions, raw, sums = zip(*found, strict=True)
        return np.concatenate(contributions), np.concatenate(raw), np.concatenate(sums)

    def _part(self, values: Floats, second: Floats) -> tuple[Floats, Floats, Floats]:
        codes = np.empty((len(self.coding.feature), max(1, min(BLOCK, len(values)))), np.uint16)
        rows = np.ascontiguousarray(values, np.float64)
        return explain(rows, self.coding, self.program, self.bias, second, codes)


def build_path_tables(
    text: str, precision: Precision = "float32", *, most_bytes: int = MOST_BYTES, most_rows: int = MOST_ROWS
) -> PathTables:
    """Tables of a text model.

    Raises:
        NoTablesError: they would take more than `most_bytes`, or the model has something that they cannot hold.
        ModelRefusedError: the model has no additive contributions at all.
    """
    model = parse_model(text)
    codes = code_features(model)
    used = {one.feature: i for i, one in enumerate(codes)}
    groups = [group for tree in _groups_by_tree(model, codes, most_rows) for group in tree]
    refuse_large(groups, KINDS[precision], most_bytes)
    batches = [groups[at : at + BATCH] for at in range(0, len(groups), BATCH)]
    pieces = [piece for batch in batches for piece in _pieces(batch, used, KINDS[precision])]
    leaves = [leaf for group in groups for leaf in group.leaves]
    bias = fsum(leaf.value * prod(leaf.weights.tolist()) for leaf in leaves)
    return PathTables(model.features, bias, coding_of(codes), program_of(pieces, KINDS[precision]))


def bytes_by_tree(text: str, precision: Precision = "float32", *, most_rows: int = MOST_ROWS) -> Ints:
    """How many bytes the tables of each tree of a text model would take, without making them.

    Raises:
        NoTablesError: the model has something that tables cannot hold.
        ModelRefusedError: the model has no additive contributions at all.
    """
    model = parse_model(text)
    trees = _groups_by_tree(model, code_features(model), most_rows)
    return np.array([_bytes(groups, KINDS[precision]) for groups in trees], np.int64)


def _groups_by_tree(model: TreeModel, codes: Sequence[FeatureCodes], most_rows: int) -> list[list[Group]]:
    by_feature = {one.feature: one for one in codes}
    return [groups_of(leaves_of(tree, by_feature), most_rows) for tree in model.trees]


def refuse_large(groups: Sequence[Group], kind: Kind, most_bytes: int) -> None:
    """Refuse tables that would take too much memory.

    Raises:
        NoTablesError: with the size that they would have.
    """
    size = _bytes(groups, kind)
    if size > most_bytes:
        raise NoTablesError(
            f"path tables would take {size / 2**20:,.0f} MiB, more than {most_bytes / 2**20:,.0f}: "
            "train with less depth or fewer leaves for fast explanations"
        )


def _bytes(groups: Sequence[Group], kind: Kind) -> int:
    return sum(prod(group.shape) * (len(group.classes) + 1) * kind().itemsize for group in groups)


def _pieces(groups: Sequence[Group], used: Mapping[int, int], kind: Kind) -> list[Piece]:
    """Pieces of some groups."""
    leaves = [leaf for group in groups for leaf in group.leaves]
    values = iter(_values(leaves))
    return [piece_of(group, [next(values) for _ in group.leaves], used, kind) for group in groups]


def _values(leaves: Sequence[Leaf]) -> list[Floats]:
    """Shapley values of each leaf, those with equally many features at once."""
    result: dict[int, Floats] = {}
    for size in {len(leaf.features) for leaf in leaves}:
        chosen = [i for i, leaf in enumerate(leaves) if len(leaf.features) == size]
        weights = np.array([leaves[i].weights for i in chosen])
        found = leaf_values(weights, np.array([leaves[i].value for i in chosen]))
        result.update((i, found[:, at]) for at, i in enumerate(chosen))
    return [result[i] for i in range(len(leaves))]
