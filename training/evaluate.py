"""The model, a logistic regression and the rules on the same holdout rows, with intervals by lead."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from features.errors import InputContractError
from training.bands import bands, calibration, estimate, quadrants, reliability, sums
from training.bootstrap import (
    LEVEL,
    MIN_GROUPS,
    Bootstrap,
    Resamples,
    System,
    bootstrap_intervals,
    replicates_for,
    resamples,
)
from training.evaluation import (
    DESCRIBES,
    NOTHING,
    RULES,
    SCHEMA_VERSION,
    SYSTEMS,
    Band,
    Difference,
    EqualVolume,
    Estimate,
    Evaluation,
    Gain,
    Gap,
    Learned,
    Measured,
    SystemMetrics,
    SystemName,
    from_json,
    to_json,
)
from training.metrics import FloatArray, IntArray, gain_curve
from training.verdict import judge

__all__ = [
    "COLUMNS",
    "Evaluation",
    "HoldoutRows",
    "evaluate",
    "from_json",
    "read_rows",
    "to_json",
    "top_share",
]

COLUMNS = ("lead_id", "as_of", "label", "propensity", "bant_met", "bant_qualified", "points", "logistic")
COMPARED = ("roc_auc", "pr_auc", "lift@10", "precision@capacity", "brier", "log_loss")
METRIC_OF = {
    "roc_auc": "roc_auc",
    "pr_auc": "pr_auc",
    "lift_at_5": "lift@5",
    "lift_at_10": "lift@10",
    "precision_at_capacity": "precision@capacity",
    "brier": "brier",
    "log_loss": "log_loss",
    "calibration_slope": "slope",
    "calibration_intercept": "intercept",
    "ece": "ece",
}
"""Key of `SystemMetrics` → name of the metric in the bootstrap."""
PROBABILISTIC = frozenset({"model", "logistic", "base_rate"})
PROBABILITY_KEYS = frozenset({"brier", "log_loss", "calibration_slope", "calibration_intercept", "ece"})
PICKS = "bant_picks"
GAIN_POINTS = 101
"""Points of a gain curve: every percent of the rows; rankings with fewer values keep each of theirs."""


@dataclass(frozen=True, slots=True)
class HoldoutRows:
    """The holdout as arrays of length n: the `score` of each system, or in `lacking` why it has none."""

    label: IntArray
    score: dict[SystemName, FloatArray]
    lacking: dict[SystemName, str]
    qualified: FloatArray
    in_capacity: IntArray
    month: IntArray
    months: tuple[str, ...]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.label)


def evaluate(
    holdout: pd.DataFrame,
    *,
    groups: np.ndarray | None,
    train_base_rate: float,
    capacity_share: float,
    rng: np.random.Generator,
    learned: Learned | None = None,
) -> Evaluation:
    """Every system's metrics, their paired differences, calibration, and the verdict.

    `holdout` has the columns of `holdout.parquet`; `groups` names what is resampled (default: the lead); `learned`
    tells what kind of model is judged.
    What cannot be measured is None and listed in `gaps`.

    Raises:
        InputContractError: no rows, a missing column, a label other than 0 and 1, a row without propensity.

    """
    rows = read_rows(holdout, train_base_rate, capacity_share)
    units = holdout["lead_id"].to_numpy() if groups is None else groups
    drawn = resamples(units, rng, replicates_for(rows.n))
    found = _bootstrap(rows, capacity_share, drawn)
    measured = _measured(rows, found, drawn, train_base_rate, capacity_share)
    measured = replace(measured, learned=learned)
    content = {f.name: getattr(measured, f.name) for f in fields(measured)}
    return Evaluation(**content, verdict=judge(measured))


def read_rows(holdout: pd.DataFrame, train_base_rate: float, capacity_share: float) -> HoldoutRows:
    """The holdout frame as arrays, checked; raises `InputContractError` as `evaluate` says."""
    _check(holdout)
    months, names = _months(holdout["as_of"])
    scores = _scores(holdout, train_base_rate)
    lacking = {name: reason for name, score in scores.items() if (reason := _lacking(name, score))}
    return HoldoutRows(
        label=holdout["label"].to_numpy(dtype=np.int64),
        score={name: score for name, score in scores.items() if name not in lacking},
        lacking=lacking,
        qualified=holdout["bant_qualified"].fillna(False).to_numpy(dtype=np.float64),
        in_capacity=top_share(scores["model"], capacity_share),
        month=months,
        months=names,
    )


def top_share(score: FloatArray, share: float) -> IntArray:
    """1 for rows that score as much as the last row inside the top `share`, or more: ties are in."""
    last = min(len(score), max(1, round(share * len(score))))
    return np.asarray(score >= np.sort(score)[-last], dtype=np.int64)


def _check(holdout: pd.DataFrame) -> None:
    missing = [name for name in COLUMNS if name not in holdout.columns]
    if missing:
        raise InputContractError(f"holdout: expected columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}")
    if holdout.empty:
        raise InputContractError(
            "the holdout has no rows: set folds.holdout_from or folds.holdout_share so that it has"
        )
    if not holdout["label"].isin((0, 1)).all():
        raise InputContractError("holdout: label must be 0 or 1 in every row: drop snapshots that have not matured")
    unscored = int(holdout["propensity"].isna().sum())
    if unscored:
        raise InputContractError(f"holdout: {unscored} rows have no propensity: score every row with the model first")


def _scores(holdout: pd.DataFrame, train_base_rate: float) -> dict[SystemName, FloatArray]:
    return {
        "model": _numbers(holdout["propensity"]),
        "logistic": _numbers(holdout["logistic"]),
        "bant": _numbers(holdout["bant_met"].fillna(0)),
        "points": _numbers(holdout["points"]),
        "base_rate": np.full(len(holdout), train_base_rate),
    }


def _numbers(column: pd.Series) -> FloatArray:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _lacking(name: SystemName, score: FloatArray) -> str:
    """Why a system cannot be compared on these rows; empty when it can."""
    unscored = int(np.isnan(score).sum())
    if unscored:
        return f"{unscored} of {len(score)} rows have no score"
    if name == "bant" and not score.any():
        return "no criterion is met on any row: there is no BANT evidence"
    if name == "points" and np.ptp(score) == 0:
        return "every row has the same points"
    return ""


def _months(as_of: pd.Series) -> tuple[IntArray, tuple[str, ...]]:
    """Month of each row as a code (−1: no time) and the names of the codes in order of time."""
    code, names = pd.factorize(pd.to_datetime(as_of, utc=True).dt.strftime("%Y-%m"), sort=True)
    return code.astype(np.int64), tuple(str(name) for name in names)


def _bootstrap(rows: HoldoutRows, capacity_share: float, drawn: Resamples) -> Bootstrap:
    systems = [System(name, score, name in PROBABILISTIC) for name, score in rows.score.items()]
    shares = {"5": 0.05, "10": 0.10, "capacity": capacity_share}
    volumes = {name: np.full(rows.n, share) for name, share in shares.items()}
    if "bant" in rows.score:
        volumes["bant_volume"] = rows.qualified
        systems.append(System(PICKS, rows.qualified))
    return bootstrap_intervals(rows.label, systems, volumes, drawn)


def _measured(
    rows: HoldoutRows, found: Bootstrap, drawn: Resamples, train_base_rate: float, capacity_share: float
) -> Measured:
    systems = {name: _system(rows, found, name) for name in SYSTEMS}
    bins, by_chance = reliability(rows.label, rows.score["model"], drawn)
    months = month_table(rows, drawn)
    whole = bands(sums(rows.label, rows.score["model"], np.zeros(rows.n, dtype=np.int64), drawn), ("all",))
    return Measured(
        schema_version=SCHEMA_VERSION,
        describes=DESCRIBES,
        n=rows.n,
        leads=drawn.groups,
        positives=int(rows.label.sum()),
        positive_leads=len(np.unique(drawn.group_of[rows.label == 1])),
        negative_leads=len(np.unique(drawn.group_of[rows.label == 0])),
        train_base_rate=float(train_base_rate),
        learned=None,
        capacity_share=float(capacity_share),
        interval_level=LEVEL,
        replicates=drawn.replicates if drawn.enough else 0,
        systems=systems,
        differences=_differences(rows, found),
        equal_volume=_equal_volume(rows, found, capacity_share),
        quadrants=quadrants(rows.label, rows.in_capacity, rows.qualified, drawn) if "bant" in rows.score else (),
        reliability=bins,
        months=months,
        calibration=calibration(whole[0], by_chance, months, systems["model"]),
        gaps=_gaps(rows, drawn, systems),
        gain=gains(rows),
    )


def _system(rows: HoldoutRows, found: Bootstrap, name: SystemName) -> SystemMetrics:
    keys = {key: (name, metric) for key, metric in METRIC_OF.items()}
    metrics = {key: estimate(found.interval(*at)) if at in found.values else NOTHING for key, at in keys.items()}
    probabilistic = name in PROBABILISTIC
    return SystemMetrics(
        n=rows.n,
        positives=int(rows.label.sum()),
        probabilistic=probabilistic,
        mean_prediction=round(float(rows.score[name].mean()), 6) if probabilistic and name in rows.score else None,
        **metrics,
    )


def _differences(rows: HoldoutRows, found: Bootstrap) -> tuple[Difference, ...]:
    """Model minus each other system, for each metric that both have."""
    others = [name for name in rows.score if name != "model"]
    return tuple(
        Difference(metric.replace("@", "_at_"), other, estimate(found.difference("model", other, metric)))
        for other in others
        for metric in COMPARED
        if (other, metric) in found.values
    )


def _equal_volume(rows: HoldoutRows, found: Bootstrap, capacity_share: float) -> tuple[EqualVolume, ...]:
    """Rules against the model's top same number: at what BANT qualifies, and at capacity."""
    rules = [rule for rule in RULES if rule in rows.score]
    counts = {"capacity": capacity_share * rows.n, "bant_volume": float(rows.qualified.sum())}
    return tuple(
        EqualVolume(
            at=at,
            rule=rule,
            count=round(counts[at], 6),
            share=round(counts[at] / rows.n, 6),
            rule_precision=estimate(found.interval(by, f"precision@{at}")),
            model_precision=estimate(found.interval("model", f"precision@{at}")),
            difference=estimate(found.difference("model", by, f"precision@{at}")),
        )
        for at in ("bant_volume", "capacity")
        if at == "capacity" or "bant" in rules
        for rule in rules
        for by in (PICKS if (rule, at) == ("bant", "bant_volume") else rule,)
    )


def gains(rows: HoldoutRows) -> dict[SystemName, Gain]:
    """The gain curve of every system that puts rows into an order; none where no row is a win."""
    ranked = [name for name in rows.score if name != "base_rate"] if rows.label.any() else []
    return {name: _thinned(*gain_curve(rows.label, rows.score[name])) for name in ranked}


def _thinned(worked: FloatArray, found: FloatArray) -> Gain:
    if len(worked) > GAIN_POINTS:
        at = np.linspace(0, 1, GAIN_POINTS)
        worked, found = at, np.interp(at, worked, found)
    return Gain(tuple(np.round(worked, 6).tolist()), tuple(np.round(found, 6).tolist()))


def month_table(rows: HoldoutRows, drawn: Resamples) -> tuple[Band, ...]:
    """Prediction and outcome by month of the as-of date; none for tables without times."""
    dated = rows.month >= 0
    if not dated.any():
        return ()
    timed = Resamples(drawn.group_of[dated], drawn.groups, drawn.replicates, drawn.seed)
    return bands(sums(rows.label[dated], rows.score["model"][dated], rows.month[dated], timed), rows.months)


def _gaps(rows: HoldoutRows, drawn: Resamples, systems: dict[SystemName, SystemMetrics]) -> tuple[Gap, ...]:
    whole = [Gap(name, (), reason) for name, reason in rows.lacking.items()]
    if not drawn.enough:
        whole.append(Gap("intervals", (), f"{drawn.groups} leads; at least {MIN_GROUPS} are needed"))
    if not rows.months:
        whole.append(Gap("months", (), "the rows have no as-of time"))
    single = [gap for name in rows.score for gap in _metric_gaps(name, systems[name], rows, drawn.enough)]
    return (*whole, *single)


def _metric_gaps(name: SystemName, metrics: SystemMetrics, rows: HoldoutRows, intervals: bool) -> list[Gap]:
    """What is None among the metrics that the system can have, gathered by reason."""
    keys = [key for key in METRIC_OF if key not in PROBABILITY_KEYS or metrics.probabilistic]
    reasons: dict[str, list[str]] = {}
    for key in keys:
        found: Estimate = getattr(metrics, key)
        if found.value is None:
            reasons.setdefault(_why(key, rows.label, rows.score[name]), []).append(key)
        elif found.low is None and intervals:
            reasons.setdefault(
                "no interval: not defined on too many resamples, as there are too few outcomes of one kind", []
            ).append(key)
    return [Gap(name, tuple(at), reason) for reason, at in reasons.items()]


def _why(key: str, label: IntArray, score: FloatArray) -> str:
    if not label.any():
        return "no row is a win"
    if label.all():
        return "every row is a win"
    if np.ptp(score) == 0:
        return "every row has the same prediction"
    return "the outcomes are separated by the predictions" if key.startswith("calibration") else "not defined"
