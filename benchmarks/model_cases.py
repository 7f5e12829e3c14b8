"""The example sets and a simulated world as matrices: what a model learns from, and the rows that judge it."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.real import CLOCK, EXAMPLES
from features.project import FeatureSettings, Project, parse_section, read_project
from features.simulate import WorldSettings, simulate
from features.tables import read_tables
from training.boosting import booster_parameters, out_of_fold, train_booster
from training.bootstrap import Interval, Resamples, percentile_interval, resamples
from training.dataset import load_dataset
from training.folds import outer_folds
from training.judge import usable_rows
from training.metrics import curve, curve_auc, curve_average_precision, log_loss_terms, ranking
from training.model import calibration_above_base, features_of
from training.settings import ModelSettings, TrainingSettings, read_training_settings
from training.tuning.search import Task, task_on

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Changes = Mapping[str, Mapping[str, object]]
LEADS = 10_000
SEED = 20
REPLICATES = 200
METRICS = ("roc_auc", "pr_auc", "log_loss")


@dataclass(frozen=True, slots=True)
class Case:
    """An example project, possibly with other settings, or a simulated world."""

    name: str
    title: str
    example: str | None
    changes: Changes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Split:
    """One outer fold: its training side as a task of tuning, and the judged rows (rows, features) with outcomes."""

    task: Task
    values: Floats
    outcome: Ints
    group: Ints


CASES = (
    Case("complete_journey", "Complete Journey", "complete_journey"),
    Case("x_education", "X Education", "x_education"),
    Case("olist", "Olist", "olist"),
    Case("salvirt", "Salvirt", "salvirt"),
    Case("online_shoppers", "Online Shoppers, random rows", "online_shoppers"),
    Case("bank_marketing", "Bank Marketing, random rows", "bank_marketing"),
    Case("world", "Simulated world", None),
)
BY_ORDER = (
    Case(
        "online_shoppers_by_row",
        "Online Shoppers, in order of rows",
        "online_shoppers",
        {"folds": {"kind": "rows", "order_by": "session_number"}},
    ),
    Case(
        "bank_marketing_by_date",
        "Bank Marketing, in order of date",
        "bank_marketing",
        {"folds": {"kind": "rows", "order_by": "call_number"}},
    ),
)


def splits_of(case: Case) -> list[Split]:
    """All outer folds of a case."""
    if case.example is not None:
        return _splits(_changed(read_project(EXAMPLES / case.example), case.changes))
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder), WorldSettings(leads=LEADS, seed=1))
        return _splits(_changed(read_project(Path(folder)), case.changes))


def _changed(project: Project, changes: Changes) -> Project:
    """The project on one thread, with other settings."""
    model = {**project.raw.get("model", {}), "threads": 1}
    raw = {
        **project.raw,
        "model": model,
        **{name: {**project.raw.get(name, {}), **own} for name, own in changes.items()},
    }
    return replace(project, raw=raw, features=parse_section(raw, "features", FeatureSettings))


def _splits(project: Project) -> list[Split]:
    settings: TrainingSettings = read_training_settings(project)
    clock = CLOCK.replace(year=2027)
    dataset = load_dataset(
        project, settings, read_tables(project, clock=clock, untimed=settings.label.column is not None)
    )
    found = []
    for fold in outer_folds(dataset.rows, settings.folds, dataset.matured, np.random.default_rng(settings.model.seed)):
        task, held = task_on(project, settings, dataset, fold), usable_rows(dataset, fold)[1]
        values = features_of(dataset, held, task.lesson.catalog).values
        found.append(Split(task, values, dataset.label[held].astype(np.int64), dataset.rows.group[held]))
    return found


def probabilities(split: Split, model: ModelSettings, seed: int) -> Floats:
    """What a training with these settings says of the judged rows."""
    lesson = split.task.lesson
    settings = model.model_copy(update={"seed": seed})
    parameters = booster_parameters(settings, lesson.catalog, len(lesson.label), int(lesson.label.sum()))
    found = out_of_fold(lesson, parameters, settings.max_trees)
    booster = train_booster(lesson.values, lesson.label, parameters, found.trees, lesson.catalog)
    calibration = calibration_above_base(found.above_base, lesson.label[found.held], lesson.label)
    return calibration.probability(np.asarray(booster.predict(split.values, raw_score=True)))


@dataclass(frozen=True, slots=True)
class Judge:
    """The judged rows of all outer folds together, and common resamples of whole leads."""

    outcome: Ints
    drawn: Resamples

    @classmethod
    def of(cls, splits: Sequence[Split]) -> "Judge":
        """For these splits, in their order."""
        group = np.concatenate([split.group for split in splits])
        drawn = resamples(group, np.random.default_rng(SEED), REPLICATES)
        return cls(np.concatenate([split.outcome for split in splits]), drawn)

    def measured(self, runs: Sequence[Floats]) -> dict[str, tuple[float, Floats]]:
        """Each metric on all rows and on each resample, averaged over runs; each draw takes runs with replacement."""
        rng = np.random.default_rng(SEED)
        share = rng.multinomial(len(runs), np.full(len(runs), 1 / len(runs)), size=REPLICATES) / len(runs)
        table = np.stack([self._draws(run) for run in runs])  # (runs, replicates + 1, metrics)
        drawn = np.einsum("sr,srm->rm", share.T, table[:, 1:])
        return {name: (float(table[:, 0, i].mean()), drawn[:, i]) for i, name in enumerate(METRICS)}

    def _draws(self, probability: Floats) -> Floats:
        ranked, terms = ranking(self.outcome, probability), log_loss_terms(self.outcome, probability)
        weights = (np.ones(len(self.outcome)), *self.drawn.weights())
        rows = []
        for weight in weights:
            down = curve(ranked, weight)
            rows.append((curve_auc(down), curve_average_precision(down), float(weight @ terms / weight.sum())))
        return np.array(rows)


def less(first: tuple[float, Floats], second: tuple[float, Floats]) -> Interval:
    """The first measurement minus the second, paired on resamples."""
    return percentile_interval(first[0] - second[0], first[1] - second[1])


def relative(first: tuple[float, Floats], second: tuple[float, Floats]) -> Interval:
    """By how much of the second the first is greater, paired on resamples."""
    return percentile_interval(first[0] / second[0] - 1, first[1] / second[1] - 1)
