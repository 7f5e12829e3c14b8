"""What the segments of the holdout show, as frozen values: schema version 1, key by key in docs/stability.md."""

from dataclasses import dataclass

from training.evaluation import Estimate

SEGMENTS_SCHEMA = 1
NOT_KNOWN, REST = "not known", "all other values"


@dataclass(frozen=True, slots=True)
class Segment:
    """The rows with one value of an attribute; what has too few wins to be told is None."""

    value: str
    n: int
    leads: int
    wins: int
    predicted: Estimate
    observed: Estimate
    likely: float
    difference: Estimate
    beyond_shift: float
    share_classified: float
    roc_auc: Estimate
    pr_auc: Estimate
    lift_at_10: Estimate
    calibration_slope: Estimate
    tested: bool
    level_differs: bool
    slope_differs: bool

    @property
    def differs(self) -> bool:
        """Whether its calibration differs from that of all rows beyond chance."""
        return self.level_differs or self.slope_differs


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute and the segments by its values; `tracked` tells whether values are those of the as-of date."""

    name: str
    tracked: bool
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Segments:
    """The content of `segments.json`."""

    schema_version: int
    interval_level: float
    replicates: int
    tests: int
    attributes: tuple[Attribute, ...]
    headline: str
    sentences: tuple[str, ...]
