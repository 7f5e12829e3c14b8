"""Value codes: feature values as small whole numbers that keep exactly what the splits of a model can tell apart.

A numeric feature is cut at all thresholds that the model uses on it, a categorical one keeps a code for each category
that some split names and one for all others. Trees then compare codes; a row is coded once for all of them.
"""

from dataclasses import dataclass

import numpy as np

from features.windows import Floats, Ints
from training.lightgbm_text import MISSING_NAN, MISSING_ZERO, ZERO, Tree, TreeModel

MOST_CODES = 2**16
MOST_CATEGORY = 2**20
BELOW_ZERO = -float(np.nextafter(ZERO, np.inf))
"""The largest number that LightGBM takes for less than 0."""


class NoTablesError(ValueError):
    """The model's contributions cannot be tabulated within the bounds; `pred_contrib` still gives them."""


@dataclass(frozen=True, slots=True)
class FeatureCodes:
    """Codes of one feature of the model.

    Numeric: code i for values in (cuts[i − 1], cuts[i]], one more above the last cut, then codes for NaN and 0 where
    some split sends them by its default direction. Categorical: 0, then one code per category in `categories`.
    `examples` holds a value of each code.
    """

    feature: int
    cuts: Floats
    categories: Ints
    nan_code: int
    zero_code: int | None
    examples: Floats


def code_features(model: TreeModel) -> tuple[FeatureCodes, ...]:
    """Codes of every feature that has a split, by feature.

    Raises:
        NoTablesError: a feature is numeric in one tree and categorical in another, or has too many codes.
    """
    splits: dict[int, list[tuple[Tree, int]]] = {}
    for tree in model.trees:
        for split, feature in enumerate(tree.feature):
            splits.setdefault(int(feature), []).append((tree, split))
    return tuple(_codes(feature, splits[feature]) for feature in sorted(splits))


def _codes(feature: int, splits: list[tuple[Tree, int]]) -> FeatureCodes:
    sets = [categories for tree, split in splits if (categories := tree.categories[split]) is not None]
    if sets and len(sets) < len(splits):
        raise NoTablesError(f"feature {feature} is numeric in some trees and categorical in others")
    found = _category_codes(feature, sets) if sets else _number_codes(feature, splits)
    if len(found.examples) > MOST_CODES:
        raise NoTablesError(f"feature {feature} has {len(found.examples):,} codes, at most {MOST_CODES:,} fit")
    return found


def _category_codes(feature: int, sets: list[Ints]) -> FeatureCodes:
    categories = np.unique(np.concatenate(sets))
    if len(categories) and categories[-1] > MOST_CATEGORY:
        raise NoTablesError(f"feature {feature} has category {categories[-1]:,}, at most {MOST_CATEGORY:,} fits")
    return FeatureCodes(feature, np.zeros(0), categories, 0, None, np.concatenate([[-1.0], categories]))


def _number_codes(feature: int, splits: list[tuple[Tree, int]]) -> FeatureCodes:
    cuts = np.unique([tree.threshold[split] for tree, split in splits])
    missing = {int(tree.missing[split]) for tree, split in splits}
    examples = [*_within(cuts, MISSING_ZERO in missing), np.inf]
    zero_code = None
    if MISSING_ZERO in missing:
        zero_code = len(examples)
        examples.append(0.0)
    nan_code = int(np.searchsorted(cuts, 0.0)) if zero_code is None else zero_code
    if MISSING_NAN in missing:
        nan_code = len(examples)
        examples.append(np.nan)
    return FeatureCodes(feature, cuts, np.zeros(0, np.int64), nan_code, zero_code, np.array(examples))


def _within(cuts: Floats, is_zero_apart: bool) -> Floats:
    """A value of each interval up to a cut. Near 0 the cut itself would be taken for 0, which may be in another."""
    only_below = (np.abs(cuts) <= ZERO) & (is_zero_apart | (cuts < 0))
    return np.where(only_below, BELOW_ZERO, cuts)
