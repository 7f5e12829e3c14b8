"""What tuning may set: keys of `[model]` with their ranges, all inside the explanation budget."""

from collections.abc import Mapping
from dataclasses import dataclass

from training.boosting import MOST_DEPTH, MOST_LEAVES, Lesson, Parameters
from training.settings import ModelSettings

SPACE_VERSION = 1
"""Raised when ranges or the way of judging change: earlier trials then count no more."""
Values = Mapping[str, int | float]
"""Settings by key of `[model]`."""
LIGHTGBM_NAME = {
    "learning_rate": "learning_rate",
    "max_depth": "max_depth",
    "leaves": "num_leaves",
    "min_leaf": "min_data_in_leaf",
    "feature_fraction": "feature_fraction",
    "bagging_fraction": "bagging_fraction",
    "lambda_l2": "lambda_l2",
    "cat_smooth": "cat_smooth",
}


@dataclass(frozen=True, slots=True)
class Range:
    """Least and greatest value of a setting; `log`: small steps below, large ones above."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def nearest(self, value: float) -> int | float:
        """The value itself, or the nearest end of the range."""
        inside = min(max(value, self.low), self.high)
        return round(inside) if self.whole else inside


def space_of(settings: ModelSettings, lesson: Lesson) -> dict[str, Range]:
    """Ranges by key. Trees are never deeper than the project file allows, nor have they more leaves."""
    rows = len(lesson.label)
    depth, leaves = settings.max_depth or MOST_DEPTH, settings.leaves or MOST_LEAVES
    space = {
        "learning_rate": Range(0.015, 0.2, log=True),
        "max_depth": Range(1, depth, whole=True),
        "leaves": Range(2, leaves, whole=True),
        "min_leaf": Range(5, max(30, rows // 50), log=True, whole=True),
        "feature_fraction": Range(0.15, 1),
        "bagging_fraction": Range(0.5, 1),
        "lambda_l2": Range(0.1, 100, log=True),
    }
    if lesson.catalog.categorical:
        space["cat_smooth"] = Range(2, 200, log=True)
    return {key: one for key, one in space.items() if one.high > one.low}


def present_values(parameters: Parameters, space: Mapping[str, Range]) -> dict[str, int | float]:
    """What the booster gets without tuning, by key of `[model]`, moved into the ranges."""
    return {key: one.nearest(parameters[LIGHTGBM_NAME[key]]) for key, one in space.items()}


def rounded(values: Values) -> dict[str, int | float]:
    """Values as they are measured and shown: three significant digits.

    >>> rounded({"learning_rate": 0.0512345, "leaves": 12})
    {'learning_rate': 0.0512, 'leaves': 12}
    """
    return {key: value if isinstance(value, int) else float(f"{value:.3g}") for key, value in values.items()}


def with_values(settings: ModelSettings, values: Values) -> ModelSettings:
    """The settings with these values, checked as those of a project file are."""
    return ModelSettings.model_validate({**settings.model_dump(), **values})


def toml_lines(values: Values) -> tuple[str, ...]:
    """Lines to paste under `[model]`.

    >>> toml_lines({"max_depth": 3, "lambda_l2": 2.5})
    ('max_depth = 3', 'lambda_l2 = 2.5')
    """
    return tuple(f"{key} = {value}" for key, value in values.items())
