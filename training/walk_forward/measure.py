"""How model, logistic regression, BANT and points did on the rows of one period, on the same resamples."""

import numpy as np

from training.bands import bands, estimate, sums
from training.bootstrap import Bootstrap, Resamples, System, bootstrap_intervals
from training.evaluate import METRIC_OF, HoldoutRows
from training.evaluation import NOTHING, Band, Difference, Estimate, Evaluation
from training.walk_forward.periods import Measures, PeriodSystem, Scores

COMPARED: tuple[PeriodSystem, ...] = ("model", "logistic", "bant", "points")
KEYS = ("roc_auc", "pr_auc", "lift_at_10", "log_loss", "calibration_slope")
DIFFERENCES = ("roc_auc", "pr_auc", "lift_at_10")


def measured_on(rows: HoldoutRows, drawn: Resamples) -> Measures:
    """All systems that have scores on the rows; the others have nothing but None."""
    systems = [System(name, rows.score[name], name == "model") for name in COMPARED if name in rows.score]
    found = bootstrap_intervals(rows.label, systems, {"10": np.full(rows.n, 0.1)}, drawn)
    level = bands(sums(rows.label, rows.score["model"], np.zeros(rows.n, dtype=np.int64), drawn), ("all",))[0]
    others = [system.name for system in systems[1:]]
    return _measures(
        level,
        drawn.groups,
        {name: Scores(*(_of(found, name, METRIC_OF[key]) for key in KEYS)) for name in COMPARED},
        tuple(
            Difference(key, other, estimate(found.difference("model", other, METRIC_OF[key])))
            for other in COMPARED
            if other in others
            for key in DIFFERENCES
        ),
    )


def measured_by(evaluation: Evaluation) -> Measures:
    """The same of the holdout, which has been evaluated already."""
    found, whole = evaluation.systems, evaluation.calibration
    level = Band("all", evaluation.n, evaluation.positives, whole.predicted, whole.observed, whole.difference)
    systems = {name: Scores(*(_probable(name, key, getattr(found[name], key)) for key in KEYS)) for name in COMPARED}
    kept = tuple(d for d in evaluation.differences if d.metric in DIFFERENCES and d.other in COMPARED)
    return _measures(level, evaluation.leads, systems, kept)


def _measures(
    level: Band, leads: int, systems: dict[PeriodSystem, Scores], differences: tuple[Difference, ...]
) -> Measures:
    return Measures(
        n=level.n,
        leads=leads,
        positives=level.wins,
        predicted=level.predicted,
        observed=level.observed,
        difference=level.difference,
        systems=systems,
        differences=differences,
    )


def _of(found: Bootstrap, name: str, metric: str) -> Estimate:
    return estimate(found.interval(name, metric)) if (name, metric) in found.values else NOTHING


def _probable(name: str, key: str, found: Estimate) -> Estimate:
    """Nothing about the probabilities of others than the model, as in the other periods."""
    return found if name == "model" or key not in KEYS[3:] else NOTHING
