"""What a search came to: the best settings beside those in use, with an interval, in words and as `tuning.json`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.windows import Floats
from training.bands import estimate
from training.bootstrap import Resamples, percentile_interval, replicates_for, resamples
from training.metrics import curve, curve_average_precision, log_loss_terms, ranking
from training.tuning.measure import Scores
from training.tuning.search import RECHECKS, Task
from training.tuning.settings import Objective
from training.tuning.space import Values, toml_lines
from training.tuning.study import LOWER_IS_BETTER, Trial, best_trial, finished_trials, importance
from training.tuning.words import Compared, sentences

if TYPE_CHECKING:
    from optuna import Study

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Tuning:
    """The content of `tuning.json`."""

    schema_version: int
    fingerprint: str
    objective: Objective
    rows: int
    held: int
    trials: tuple[Trial, ...]
    present: Trial
    best: Trial
    lines: tuple[str, ...]
    compared: tuple[Compared, ...]
    importance: dict[str, float]
    sentences: tuple[str, ...]


def conclude(task: Task, study: "Study", fingerprint: str) -> Tuning:
    """The best trial against the settings as they are, both trained anew with other random numbers."""
    trials = finished_trials(study)
    best = best_trial(trials, task.tune.objective)
    compared = () if best.number == 0 else compare(task, best)
    held = sum(len(fold.holdout) for fold in task.lesson.folds)
    return Tuning(
        schema_version=SCHEMA_VERSION,
        fingerprint=fingerprint,
        objective=task.tune.objective,
        rows=len(task.lesson.label),
        held=held,
        trials=trials,
        present=trials[0],
        best=best,
        lines=() if best.number == 0 else toml_lines(model_lines(best)),
        compared=compared,
        importance=importance(study, task.model.seed),
        sentences=sentences(trials, best, compared, task.tune.objective),
    )


def model_lines(trial: Trial) -> Values:
    """Keys of `[model]` that make a training do what the trial did."""
    limit = {"max_trees": int(trial.results["trees"])} if trial.results.get("limited") else {}
    return {**trial.values, **limit}


def compare(task: Task, best: Trial) -> tuple[Compared, ...]:
    """Both metrics of both settings with the seeds after the project's own, and the gain on resamples of groups.

    The trial's own random numbers do not count: it was chosen with them. Each resample draws whole leads, and seeds.
    """
    held = np.concatenate([fold.holdout for fold in task.lesson.folds])
    seeds = [task.model.seed + 1 + i for i in range(RECHECKS)]
    present = [task.at_present({"seed": seed}).scores for seed in seeds]
    chosen = [task.candidate({**model_lines(best), "seed": seed}).scores for seed in seeds]
    drawn = resamples(task.group[held], np.random.default_rng(task.model.seed), replicates_for(len(held)))
    return tuple(_compared(metric, present, chosen, drawn) for metric in ("log_loss", "pr_auc"))


def _compared(metric: Objective, present: Sequence[Scores], chosen: Sequence[Scores], drawn: Resamples) -> Compared:
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    first, second = ([one.value(metric) for one in many] for many in (present, chosen))
    draws = np.array(_gains(metric, present, chosen, drawn)) if drawn.enough else np.full(1, np.nan)
    value = sign * (np.mean(second) - np.mean(first))
    gain = estimate(percentile_interval(float(value), sign * draws))
    return Compared(metric, round(float(np.mean(first)), 6), round(float(np.mean(second)), 6), gain)


def _gains(metric: Objective, present: Sequence[Scores], chosen: Sequence[Scores], drawn: Resamples) -> list[float]:
    rng = np.random.default_rng(drawn.seed)
    pairs = [(_weighted(metric, one), _weighted(metric, other)) for one, other in zip(present, chosen, strict=True)]
    found = []
    for weight in drawn.weights():
        differences = [second(weight) - first(weight) for first, second in pairs]
        found.append(float(np.mean(rng.choice(differences, len(differences)))))
    return found


def _weighted(metric: Objective, scores: Scores) -> Callable[[Floats], float]:
    """The metric under weights of the rows, sorted once."""
    if metric == "log_loss":
        terms = log_loss_terms(scores.label, scores.probability)
        return lambda weight: float(weight @ terms / weight.sum())
    ranked = ranking(scores.label, scores.probability)
    return lambda weight: curve_average_precision(curve(ranked, weight))


def to_json(tuning: Tuning) -> str:
    """Strict JSON: the objective of a trial that was stopped early is null."""
    return json.dumps(asdict(tuning), indent=2, allow_nan=False) + "\n"
