"""LightGBM's text model, read: trees as arrays, and the rule by which a node sends a value left or right."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import ModelRefusedError
from features.windows import Bools, Floats, Ints

ZERO = float(np.float32(1e-35))
"""LightGBM takes every value between −ZERO and ZERO for 0."""
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2
BEYOND_INT = 2.0**31
FLAGS = ("num_class", "num_tree_per_iteration")


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of n splits and n + 1 leaves. Children below zero are leaves: −1 is leaf 0, −2 leaf 1, …

    `categories` holds, per split, the sorted categories that go left, or None where the split is numeric.
    `split_cover` and `leaf_cover` count training rows.
    """

    feature: Ints
    threshold: Floats
    categories: tuple[Ints | None, ...]
    default_left: Bools
    missing: Ints
    left: Ints
    right: Ints
    split_cover: Ints
    leaf_cover: Ints
    leaf_value: Floats


@dataclass(frozen=True, slots=True)
class TreeModel:
    """The trees of a model with one raw score per row, their sum."""

    features: int
    trees: tuple[Tree, ...]


def parse_model(text: str) -> TreeModel:
    """Trees of a text model (`Booster.model_to_string`, or the file that `save_model` wrote).

    Raises:
        ModelRefusedError: not a text model, or one whose contributions do not add up to its scores: several classes,
            linear trees, averaged trees (random forest).
    """
    head, *blocks = text.split("\nTree=")
    header = _fields(head)
    if "max_feature_idx" not in header or "end of trees" not in text:
        raise ModelRefusedError("expected a LightGBM text model with its header and all trees: retrain or restore it")
    refuse_unexplained(text, header)
    return TreeModel(int(header["max_feature_idx"]) + 1, tuple(_tree(_fields(block)) for block in blocks))


def refuse_unexplained(text: str, header: Mapping[str, str]) -> None:
    """Refuse models for which no additive contributions exist.

    Raises:
        ModelRefusedError: naming the setting.
    """
    several = any(header.get(flag, "1") != "1" for flag in FLAGS)
    found = [
        ("num_class > 1", several),
        ("boosting = rf", "average_output" in header),
        ("linear_tree", "\nis_linear=1" in text or "\n[linear_tree: 1]" in text),
    ]
    if named := [name for name, is_set in found if is_set]:
        raise ModelRefusedError(
            f"the model was trained with {', '.join(named)}: its scores are no sum of contributions; train without it"
        )


def goes_left(tree: Tree, split: int, values: Floats) -> Bools:
    """Which values of the split's feature go left, by LightGBM's rules (`Tree::NumericalDecision`, `tree.h`)."""
    categories = tree.categories[split]
    if categories is not None:
        return np.isin(whole_category(values), categories)
    missing, is_nan = tree.missing[split], np.isnan(values)
    filled = np.where(is_nan & (missing != MISSING_NAN), 0.0, values)
    filled = np.where(np.abs(filled) <= ZERO, 0.0, filled)
    by_default = is_nan & (missing == MISSING_NAN) | (filled == 0) & (missing == MISSING_ZERO)
    return np.where(by_default, tree.default_left[split], filled <= tree.threshold[split])


def whole_category(values: Floats) -> Ints:
    """Categories of values: cut to whole numbers; −1, which is in no split's set, for NaN, negative and huge ones."""
    usable = (values > -1) & (values < BEYOND_INT)
    return np.where(usable, values, -1.0).astype(np.int64)


def _fields(block: str) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition("=") for line in block.splitlines())}


def _tree(fields: Mapping[str, str]) -> Tree:
    splits = int(fields["num_leaves"]) - 1
    kind = _whole(fields, "decision_type", splits)
    threshold = _real(fields, "threshold", splits)
    return Tree(
        feature=_whole(fields, "split_feature", splits),
        threshold=threshold,
        categories=_categories(fields, kind & 1 == 1, threshold),
        default_left=kind & 2 == 2,
        missing=kind >> 2 & 3,
        left=_whole(fields, "left_child", splits),
        right=_whole(fields, "right_child", splits),
        split_cover=_whole(fields, "internal_count", splits),
        # A tree of one leaf may come without a count; its cover never matters.
        leaf_cover=_whole(fields, "leaf_count", splits + 1 if splits else 0),
        leaf_value=_real(fields, "leaf_value", splits + 1),
    )


def _whole(fields: Mapping[str, str], key: str, count: int) -> Ints:
    return np.array([int(word) for word in _words(fields, key, count)], np.int64)


def _real(fields: Mapping[str, str], key: str, count: int) -> Floats:
    return np.array([float(word) for word in _words(fields, key, count)])


def _words(fields: Mapping[str, str], key: str, count: int) -> list[str]:
    words = fields.get(key, "").split() if count else []
    if len(words) != count:
        raise ModelRefusedError(f"LightGBM text model: expected {count} numbers in {key}, got {len(words)}: restore it")
    return words


def _categories(fields: Mapping[str, str], is_category: Bools, threshold: Floats) -> tuple[Ints | None, ...]:
    """Sets of categories: `threshold` of such a split is a position in `cat_boundaries`, which cuts 32-bit words."""
    if not is_category.any():
        return (None,) * len(is_category)
    sets = int(fields["num_cat"])
    cuts = _whole(fields, "cat_boundaries", sets + 1)
    words = np.array([int(word) for word in fields["cat_threshold"].split()], "<u4")
    places = threshold[is_category]
    if (places < 0).any() or (places >= sets).any() or (np.diff([0, *cuts, len(words)]) < 0).any():
        raise ModelRefusedError("LightGBM text model: a split's categories are not among those of its tree: restore it")
    return tuple(
        _members(words[cuts[int(at)] : cuts[int(at) + 1]]) if yes else None
        for yes, at in zip(is_category, threshold, strict=True)
    )


def _members(words: npt.NDArray[np.uint32]) -> Ints:
    return np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little")).astype(np.int64)
