"""What `evaluation.json` says, as frozen values: schema version 2, key by key in docs/evaluation.md."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

SCHEMA_VERSION = 2
DESCRIBES = (
    "These numbers describe the model trained before the holdout. The shipped bundle is refit on all matured data "
    "afterwards: they are what to expect of it, not what was measured on it."
)

SystemName = Literal["model", "logistic", "bant", "points", "base_rate"]
RuleName = Literal["bant", "points"]
ModelKind = Literal["boosted", "additive", "points"]
VerdictKind = Literal["model", "rules", "tie", "no_signal", "too_small"]
SYSTEMS: tuple[SystemName, ...] = ("model", "logistic", "bant", "points", "base_rate")
RULES: tuple[RuleName, ...] = ("bant", "points")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number on the holdout with its bootstrap interval by lead; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SystemMetrics:
    """One system on the holdout; probability metrics are None for systems that give no probabilities."""

    n: int
    positives: int
    probabilistic: bool
    mean_prediction: float | None
    roc_auc: Estimate
    pr_auc: Estimate
    lift_at_5: Estimate
    lift_at_10: Estimate
    precision_at_capacity: Estimate
    brier: Estimate
    log_loss: Estimate
    calibration_slope: Estimate
    calibration_intercept: Estimate
    ece: Estimate


@dataclass(frozen=True, slots=True)
class Difference:
    """`metric` of the model minus that of `other`, on the same resamples."""

    metric: str
    other: SystemName
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Gain:
    """Share of all wins `found` when the share `worked` of the rows is worked from the top, (0, 0) to (1, 1).

    Points of an exact curve, in straight lines between which rows of equal score count by expectation.
    """

    worked: tuple[float, ...]
    found: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EqualVolume:
    """A rule and the model when both pick the same number of leads."""

    at: Literal["bant_volume", "capacity"]
    rule: RuleName
    count: float
    share: float
    rule_precision: Estimate
    model_precision: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Quadrant:
    """Leads by the model's class (its top capacity share) and the BANT verdict."""

    model: bool
    bant: bool
    n: int
    wins: int
    win_rate: Estimate


@dataclass(frozen=True, slots=True)
class Band:
    """A group of rows, mean prediction against what happened: a reliability bin or a month."""

    name: str
    n: int
    wins: int
    predicted: Estimate
    observed: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True)
class CalibrationCheck:
    """Whether the model's probabilities still fit; `difference` is mean prediction minus observed rate."""

    predicted: Estimate
    observed: Estimate
    difference: Estimate
    ece_by_chance: float | None
    moved: bool
    months_moved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """The kind of model that was learned, from how many winning and other leads, and why no richer one.

    `enough` is False where `[model] kind` asks for a kind that needs more leads.
    """

    kind: ModelKind
    wins: int
    others: int
    reason: str
    enough: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that are None, and why: `metrics` of a system, or all of `where` when `metrics` is empty."""

    where: str
    metrics: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who wins, in a word and in plain sentences for people."""

    kind: VerdictKind
    headline: str
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything measured on the holdout, before it is judged."""

    schema_version: int
    describes: str
    n: int
    leads: int
    positives: int
    positive_leads: int
    negative_leads: int
    train_base_rate: float
    learned: Learned | None
    capacity_share: float
    interval_level: float
    replicates: int
    systems: Mapping[SystemName, SystemMetrics]
    differences: tuple[Difference, ...]
    equal_volume: tuple[EqualVolume, ...]
    quadrants: tuple[Quadrant, ...]
    reliability: tuple[Band, ...]
    months: tuple[Band, ...]
    calibration: CalibrationCheck
    gaps: tuple[Gap, ...]
    gain: Mapping[SystemName, Gain] = field(default_factory=dict, kw_only=True)

    def difference(self, metric: str, other: SystemName) -> Estimate:
        """The model minus `other`; all None when it was not measured."""
        found = (d.difference for d in self.differences if d.metric == metric and d.other == other)
        return next(found, NOTHING)


@dataclass(frozen=True, slots=True)
class Evaluation(Measured):
    """The measurements and the verdict on them: the content of `evaluation.json`."""

    verdict: Verdict


NOTHING = Estimate(None, None, None)


def to_json(evaluation: Evaluation) -> str:
    """Strict JSON (no NaN), indented, keys in the order of the schema, one newline at the end."""
    return json.dumps(asdict(evaluation), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def from_json(text: str) -> Evaluation:
    """The evaluation that `to_json` wrote.

    Raises:
        ValueError: not JSON, another schema version, or keys missing or of the wrong type.

    """
    from pydantic import TypeAdapter, ValidationError

    found = _version(text)
    if found != SCHEMA_VERSION:
        raise ValueError(
            f"evaluation.json: expected schema_version {SCHEMA_VERSION}, got {found!r}: "
            "evaluate again with this version of Ripelead"
        )
    try:
        return TypeAdapter(Evaluation).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"evaluation.json: {where}: {first['msg']}: evaluate again to rewrite it") from error


def _version(text: str) -> object:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"evaluation.json is not JSON ({error}): evaluate again to rewrite it") from error
    return content.get("schema_version") if isinstance(content, dict) else None


def learned_from(value: object) -> Learned | None:
    """What `learned.json` of a bundle says.

    Raises:
        ValueError: keys missing or of the wrong type.
    """
    from pydantic import TypeAdapter

    found: Learned | None = TypeAdapter(Learned | None).validate_python(value)
    return found
