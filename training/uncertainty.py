"""What a model knows about its own limits: ranges of its propensities, and which leads are too unlike those it saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from features.windows import Bools, Floats
from training.familiarity import EVERYTHING, Familiarity, familiarity_from_json, familiarity_json
from training.leaf_sums import leaf_counts
from training.ranges import NO_RANGES, Ranges, ranges_from_json, ranges_json

SCHEMA = 1
HUGE = 1e6


class Limits(NamedTuple):
    """Of n rows: both ends of the range of each propensity, and whether the lead is like those of training."""

    low: Floats
    high: Floats
    familiar: Bools


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Both, as they stand in a bundle's `uncertainty.json`."""

    ranges: Ranges
    familiarity: Familiarity

    def limits(self, values: Floats, log_odds: Floats, leaf_sums: Floats) -> Limits:
        """Of rows (n, features) with their calibrated log-odds and the sums of `ranges.leaves`; each row by itself."""
        low, high = self.ranges.ends(log_odds, leaf_sums)
        return Limits(low, high, self.familiarity.familiar(values, leaf_sums))


NOTHING_KNOWN = Uncertainty(NO_RANGES, EVERYTHING)


def uncertainty_json(uncertainty: Uncertainty) -> dict[str, Any]:
    """Plain values for `uncertainty.json`."""
    return {
        "schema_version": SCHEMA,
        "ranges": ranges_json(uncertainty.ranges),
        "familiarity": familiarity_json(uncertainty.familiarity),
    }


def uncertainty_from_json(value: Mapping[str, Any]) -> Uncertainty:
    """Uncertainty from `uncertainty_json`'s value; raises `ValueError` for another schema."""
    if value.get("schema_version") != SCHEMA:
        raise ValueError(f"uncertainty schema {value.get('schema_version')!r}, expected {SCHEMA}")
    return Uncertainty(ranges_from_json(value["ranges"]), familiarity_from_json(value["familiarity"]))


def misfit(uncertainty: Uncertainty, model: str, features: int) -> str | None:
    """What does not fit the model, or no number of a training; None when all does."""
    ranges, familiarity = uncertainty.ranges, uncertainty.familiarity
    numbers = [ranges.width, *ranges.at, *ranges.drift, *(number for tree in ranges.leaves for number in tree)]
    known = {
        "leaves that are not those of the model": not ranges.leaves
        or tuple(map(len, ranges.leaves)) == leaf_counts(model),
        "numbers that no training gives": bool(np.abs(np.array(numbers)).max() < HUGE),
        "points that do not rise": len(ranges.at) == len(ranges.drift) and bool((np.diff(ranges.at) > 0).all()),
        "columns that are not those of the model": _fits(familiarity, features),
    }
    return next((fault for fault, is_well in known.items() if not is_well), None)


def _fits(familiarity: Familiarity, features: int) -> bool:
    seen = familiarity.seen
    sizes = {len(seen.least), len(seen.greatest), len(seen.may_lack), len(seen.start) - 1}
    return sizes in ({features}, {0}) and len(seen.is_code) == seen.start[-1]
