"""Who was worked: what a holdout can say when only worked leads can be won, and what unbiased figures say instead."""

from dataclasses import dataclass

import numpy as np

from features.identifiers import positions_of
from features.times import microseconds
from features.windows import NEVER, Ints
from training.bands import estimate
from training.bootstrap import Resamples, percentile_interval, resampled_sums, resamples
from training.dataset import Dataset
from training.evaluation import Estimate
from training.examine import Examined, Finding, strict_json
from training.handed_over import HandedOver, handed_over
from training.rep_activity import RepActivity, rep_activity
from training.sections import Section
from training.weighted import LEAST_PROBABILITY, SelectedMetrics, plain_metrics, weighted_metrics
from training.wording import percent

SELECTION_SCHEMA = 1
LEAST_DRAWN, LEAST_WINS = 30, 5
"""Fewer drawn leads, or wins among them, say too little of all leads."""
THIRDS = ("lowest", "middle", "highest")


@dataclass(frozen=True, slots=True)
class Third:
    """A third of the holdout by score: `worked` is the share of its rows that sales decided on in time."""

    name: str
    n: int
    worked: Estimate
    win_rate_worked: Estimate
    win_rate_not_worked: Estimate


@dataclass(frozen=True, slots=True)
class Selection:
    """What is known of the leads that sales did not choose.

    `handed_over` are the hand-overs with a recorded probability as they are (what sales sees), `exploration` the leads
    that chance chose, `weighted` all leads that came up (inverse probabilities, not below `clip`). `thirds` is empty
    without decisions. `sentences` say what can be known, and what cannot.
    """

    schema_version: int
    exploration_share: float
    clip: float
    handed_over: SelectedMetrics | None
    exploration: SelectedMetrics | None
    weighted: SelectedMetrics | None
    holdout_win_rate: float
    thirds: tuple[Third, ...]
    reps: RepActivity
    sentences: tuple[str, ...]


def examine_selection(examined: Examined) -> Finding | None:
    """`selection.json`, a section of the report, and the weighted figures for MLflow; None for a flat table."""
    if examined.dataset.won is None:
        return None
    found = selection(examined)
    shown = {} if found.weighted is None else {name: getattr(found.weighted, name).value for name in LOGGED}
    metrics = {f"selection.weighted_{name}": value for name, value in shown.items() if value is not None}
    section = Section("selection", "Who was worked", "sections/selection.html", found)
    return Finding("selection", strict_json(found), section, metrics)


LOGGED = ("win_rate", "pr_auc", "lift_at_10", "calibration_slope", "difference")


def selection(examined: Examined) -> Selection:
    """Everything that can be said."""
    rng = np.random.default_rng(examined.settings.model.seed)
    rows = handed_over(examined.project, examined.settings, examined.dataset, examined.judged)
    known = rows is not None and _enough(rows)
    thirds = thirds_of(examined, rng)
    drawn = rows.take(rows.drawn) if rows is not None else None
    reps = rep_activity(examined)
    share = examined.settings.exploration.share
    return Selection(
        schema_version=SELECTION_SCHEMA,
        exploration_share=share,
        clip=LEAST_PROBABILITY,
        handed_over=plain_metrics(rows, rng) if rows is not None else None,
        exploration=plain_metrics(drawn, rng) if drawn is not None and known else None,
        weighted=weighted_metrics(rows, rng) if rows is not None and known else None,
        holdout_win_rate=round(float(examined.judged.frame["label"].mean()), 6),
        thirds=thirds,
        reps=reps,
        sentences=(*_on_knowledge(rows, share, known=known), *_on_thirds(thirds), *_on_reps(reps)),
    )


def _enough(rows: HandedOver) -> bool:
    """Whether there are drawn leads, enough of them to stand for those that no class would hand over."""
    return bool(rows.drawn.sum() >= LEAST_DRAWN and rows.label[rows.drawn].sum() >= LEAST_WINS)


def thirds_of(examined: Examined, rng: np.random.Generator) -> tuple[Third, ...]:
    """Thirds of the holdout by score, and how many of each sales decided on before their horizon ended."""
    frame = examined.judged.frame
    lead = positions_of(frame["lead_id"], examined.dataset.histories.lead_ids)
    first = _first_decision(examined.dataset)
    if (first[lead] == NEVER).all():
        return ()
    held = np.concatenate([fold.holdout[examined.dataset.matured[fold.holdout]] for fold in examined.judged.folds])
    end = examined.dataset.rows.end[held]
    worked = (first[lead] != NEVER) & (first[lead] < end)
    rank = frame["propensity"].rank(method="first").to_numpy()
    third = np.minimum((rank - 1) * 3 // len(rank), 2).astype(np.int64)
    return _thirds(frame["label"].to_numpy(np.float64), worked.astype(np.float64), third, resamples(lead, rng))


def _first_decision(dataset: Dataset) -> Ints:
    """Time of each lead's first decision (microseconds, NEVER without one)."""
    frame = dataset.tables.decisions
    lead = positions_of(frame["lead_id"], dataset.histories.lead_ids)
    first = np.full(len(dataset.histories.lead_ids), np.iinfo(np.int64).max)
    known = lead >= 0
    np.minimum.at(first, lead[known], microseconds(frame["decided_at"])[known])
    return np.where(first == np.iinfo(np.int64).max, NEVER, first)


def _thirds(label: np.ndarray, worked: np.ndarray, third: np.ndarray, drawn: Resamples) -> tuple[Third, ...]:
    columns = np.stack([np.ones(len(label)), worked, worked * label, 1 - worked, (1 - worked) * label])
    once = np.stack([np.bincount(third, column, minlength=3) for column in columns])
    draws = resampled_sums(columns, third, drawn)

    def share(part: int, of: int, at: int) -> Estimate:
        with np.errstate(invalid="ignore", divide="ignore"):
            values, value = draws[:, part, at] / draws[:, of, at], once[part, at] / once[of, at]
        return estimate(percentile_interval(float(value), values))

    return tuple(
        Third(name, int(once[0, at]), share(1, 0, at), share(2, 1, at), share(4, 3, at))
        for at, name in enumerate(THIRDS[: int(third.max(initial=-1)) + 1])
    )


def _on_knowledge(rows: HandedOver | None, share: float, *, known: bool) -> tuple[str, ...]:
    if rows is not None and known:
        return (
            f"{int(rows.drawn.sum()):,} leads of the holdout's time were drawn and worked whatever their score: what "
            "became of them is what would become of all leads if sales worked them all",
        )
    cannot = (
        "only leads that sales works can be won, so one that nobody worked counts as one that would not have bought; "
        "the win rate of all leads, and how good the model is among those it puts low, cannot be known from these data"
    )
    if rows is not None:
        too_few = f"{int(rows.drawn.sum()):,} drawn leads with {int(rows.label[rows.drawn].sum()):,} wins are too few"
        return (f"{too_few} ({LEAST_DRAWN} and {LEAST_WINS} are needed): {cannot}",)
    if share > 0:
        return (f"no hand-over with exploration and worked_probability stands in decisions yet: {cannot}",)
    return (f"{cannot}; [exploration] share = 0.05 marks a random twentieth of the open leads to be worked",)


def _on_thirds(thirds: tuple[Third, ...]) -> tuple[str, ...]:
    if not thirds:
        return ("decisions say nothing of the holdout's leads, so who of them was worked is not known",)
    low, high = thirds[0].worked.value, thirds[-1].worked.value
    if low is None or high is None or len(thirds) == 1:
        return ()
    return (
        f"sales decided on {percent(high)} of the third with the highest scores and on {percent(low)} of the lowest"
        + (": the lower a lead scores, the less can be learned from what became of it" if high > low else ""),
    )


def _on_reps(reps: RepActivity) -> tuple[str, ...]:
    if reps.excluded:
        return (
            f"{reps.interactions:,} interactions that sales made count in no feature ({percent(reps.share)} of all)",
        )
    if reps.mean_points is None or reps.moved_share is None or reps.top_kept is None:
        return ("no interaction is known to be made by sales",) if reps.interactions == 0 else ()
    return (
        f"{percent(reps.share)} of the interactions were made by sales; without them a score changes by "
        f"{reps.mean_points:.1f} points on average, {percent(reps.moved_share)} of the leads by five or more, and "
        f"{percent(1 - reps.top_kept)} of the leads that sales would work are others"
        + ('; [hygiene] rep_activities = "exclude" leaves them out' if reps.mean_points >= 1 else ""),
    )
