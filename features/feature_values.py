"""Values of features: whole numbers in int32, all other numbers in float64, every feature's in one piece."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.catalog import FeatureDef
from features.windows import Floats, Ints

Wholes = npt.NDArray[np.int32]
# Families of whole numbers that every snapshot has a value of.
WHOLE = frozenset(
    {
        "count",
        "active_days",
        "sessions",
        "trend",
        "variety",
        "colleagues",
        "colleagues_active",
        "seniorities_active",
        "criteria_met",
        "criteria_known",
        "weekday",
        "month",
    }
)
# Of the other families, those that every snapshot has a value of.
ALWAYS_KNOWN = frozenset({"interest", "dwell_s", "value", "trend_ratio", "entropy"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Numbers of the features that are whole numbers, of all others, and each feature's place among its own."""

    whole: Ints
    real: Ints
    place: Ints


@dataclass(frozen=True, slots=True)
class FeatureValues:
    """Rows × whole numbers, and rows × other numbers: categories as codes, not known as NaN."""

    columns: Columns
    whole: Wholes
    real: Floats

    def __len__(self) -> int:
        return len(self.real)

    def rows(self, rows: slice) -> "FeatureValues":
        """Some rows, in place."""
        return FeatureValues(self.columns, self.whole[rows], self.real[rows])

    def of(self, number: int, feature: FeatureDef) -> Wholes | Floats:
        """The values of a feature, which has that number in the catalog."""
        place = self.columns.place[number]
        return self.whole[:, place] if feature.family in WHOLE else self.real[:, place]

    def write(self, values: Floats) -> None:
        """Write all values to a matrix (rows × features in the order of the catalog)."""
        values[:, self.columns.whole] = self.whole
        values[:, self.columns.real] = self.real


def columns_of(features: Sequence[FeatureDef]) -> Columns:
    """Where the values of some features lie."""
    is_whole = np.array([feature.family in WHOLE for feature in features], bool)
    place = np.where(is_whole, np.cumsum(is_whole), np.cumsum(~is_whole)) - 1
    return Columns(np.flatnonzero(is_whole), np.flatnonzero(~is_whole), place)


def room_for(rows: int, columns: Columns) -> FeatureValues:
    """Room for so many rows.

    A row more is taken than given: compiled code then sees one kind of array, and not others for one row or all.
    """
    whole = np.empty((rows + 1, len(columns.whole)), np.int32, order="F")[:rows]
    return FeatureValues(columns, whole, np.empty((rows + 1, len(columns.real)), order="F")[:rows])


def values_of(matrix: Floats, features: Sequence[FeatureDef]) -> FeatureValues:
    """The values of a matrix (rows × features)."""
    columns = columns_of(features)
    whole = np.asfortranarray(matrix[:, columns.whole].astype(np.int32))
    return FeatureValues(columns, whole, np.asfortranarray(matrix[:, columns.real]))
