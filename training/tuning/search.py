"""The search: trials on the folds inside the training rows, within bounds of number and time."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from json import dumps
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from features.errors import InputContractError
from features.project import Project
from features.windows import Ints
from training.boosting import Callbacks, Lesson, booster_parameters
from training.dataset import Dataset
from training.fingerprint import data_fingerprint
from training.folds import Fold, outer_folds
from training.judge import usable_rows
from training.model import lesson_of, material_of
from training.model_kinds import sentence
from training.settings import ModelSettings, TrainingSettings
from training.tuning.measure import Measured, OverBudgetError, Report, measured
from training.tuning.settings import TuneSettings
from training.tuning.space import SPACE_VERSION, Range, Values, present_values, space_of, with_values
from training.tuning.study import HopelessError, Watch, finished_trials, try_first, try_next

if TYPE_CHECKING:
    from optuna import Study

RECHECKS = 3
"""Trainings with other random numbers, of the best and of the settings as they are, before one is called better."""
# Sections that change neither the training rows nor how a candidate is measured; the tables' contents count instead.
WITHOUT_EFFECT = ("tables", "tune", "tracking", "policy")
Clock = Callable[[], float]


class OutOfTimeError(Exception):
    """Raised inside a trial when the time is up."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is tuned: the training rows with their inner folds, whom they belong to, and the settings as they are."""

    lesson: Lesson
    group: Ints
    model: ModelSettings
    tune: TuneSettings

    @property
    def space(self) -> dict[str, Range]:
        """Ranges by key of `[model]`."""
        return space_of(self.model, self.lesson)

    @property
    def present(self) -> dict[str, int | float]:
        """The settings as they are, by key."""
        lesson = self.lesson
        parameters = booster_parameters(self.model, lesson.catalog, len(lesson.label), int(lesson.label.sum()))
        return present_values(parameters, self.space)

    def at_present(self, values: Values, watch: Watch | None = None, until: "Deadline | None" = None) -> Measured:
        """The settings as they are besides these values, whatever explaining them costs."""
        return measured(self.lesson, with_values(self.model, values), inf, self._report(watch), _calls(until))

    def candidate(self, values: Values, watch: Watch | None = None, until: "Deadline | None" = None) -> Measured:
        """Settings with these values, within the explanation budget and the time."""
        model = with_values(self.model, values)
        return measured(self.lesson, model, self.tune.explanation_mib, self._report(watch), _calls(until))

    def _report(self, watch: Watch | None) -> Report | None:
        objective = self.tune.objective
        return None if watch is None else lambda folds, scores: watch(folds, scores.value(objective))


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the time is up, and whether the user asked to stop before."""

    clock: Clock
    at: float
    stopped: Callable[[], bool]

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return self.clock() >= self.at

    def check(self) -> None:
        """Raises `OutOfTimeError` when it is, `KeyboardInterrupt` when the user asked."""
        if self.stopped():
            raise KeyboardInterrupt
        if self.passed:
            raise OutOfTimeError


def task_of(project: Project, settings: TrainingSettings, dataset: Dataset) -> Task:
    """What `ripelead train` would learn before it judges: the holdout takes no part, labels are as known before it.

    With cross-validation the training rows of the first fold.

    Raises:
        InputContractError: too few leads have won for a boosted model, or the rows that judge have one outcome only.
    """
    rng = np.random.default_rng(settings.model.seed)
    return task_on(project, settings, dataset, outer_folds(dataset.rows, settings.folds, dataset.matured, rng)[0])


def task_on(project: Project, settings: TrainingSettings, dataset: Dataset, fold: Fold) -> Task:
    """Like `task_of`, on the training side of a given fold."""
    material = material_of(project, settings, dataset, usable_rows(dataset, fold)[0], fold.known_until)
    if material.learned.kind != "boosted":
        simpler = sentence(material.learned, "With these training rows the model is")
        raise InputContractError(f"{simpler} Its trees are fixed (decision 19), so there is nothing to tune yet")
    lesson = lesson_of(material, settings)
    held = np.concatenate([material.label[one.holdout] for one in lesson.folds])
    if not 0 < held.sum() < len(held):
        raise InputContractError(
            f"the {len(held):,} rows that judge candidates inside the training rows all have the same outcome, so none "
            "is better than another: tuning needs more history, or more closed deals"
        )
    return Task(lesson, material.rows.group, settings.model, settings.tune)


def fingerprint_of(project: Project, settings: TrainingSettings, dataset: Dataset) -> str:
    """Name of the study of these data and settings; trials of another one say nothing about this one."""
    sections = {name: content for name, content in project.raw.items() if name not in WITHOUT_EFFECT}
    sections["model"] = settings.model.model_dump(exclude={"threads"})
    parts = (
        data_fingerprint(dataset.tables),
        dumps(sections, sort_keys=True, default=str),
        settings.tune.objective,
        settings.tune.explanation_mib,
        SPACE_VERSION,
        version("lightgbm"),
    )
    return sha256(repr(parts).encode()).hexdigest()[:16]


def search(
    task: Task, study: "Study", clock: Clock, say: Callable[[str], None], stopped: Callable[[], bool] = lambda: False
) -> bool:
    """Trials until there are as many as wanted, or the time is up; False when the user stopped it.

    `stopped` is asked after each tree.

    The first trial is always finished. Time is kept back for the comparison at the end.
    """
    began = clock()
    try:
        _search(task, study, Deadline(clock, began + 60 * task.tune.minutes, stopped), say)
    except OutOfTimeError:
        say(f"{task.tune.minutes:g} minutes are over")
    except KeyboardInterrupt:
        return False
    return True


def _search(task: Task, study: "Study", until: Deadline, say: Callable[[str], None]) -> None:
    timed = partial(_timed, task, until.clock)
    if not finished_trials(study):
        say("measuring the settings as they are")
        whole = replace(until, at=inf)
        try_first(study, task.space, task.present, lambda _, watch: timed(lambda: task.at_present({}, watch, whole)))
    space, first = task.space, finished_trials(study)[0]
    until = replace(until, at=until.at - 2 * RECHECKS * first.results["seconds"])
    while len(finished_trials(study)) < task.tune.trials:
        until.check()
        try_next(
            study, space, task.model.seed, lambda values, watch: timed(lambda: task.candidate(values, watch, until))
        )
        say(_told(task, study))


def _calls(until: Deadline | None) -> Callbacks:
    return () if until is None else (lambda _: until.check(),)


def _timed(task: Task, clock: Clock, measure: Callable[[], Measured]) -> tuple[float, dict[str, float]]:
    """The objective and what else is kept of a trial."""
    began = clock()
    try:
        found = measure()
    except OverBudgetError as error:
        raise HopelessError from error
    results = {
        "trees": found.trees,
        "limited": found.limited,
        "table_mib": round(found.table_mib, 3),
        "log_loss": found.scores.value("log_loss"),
        "pr_auc": found.scores.value("pr_auc"),
        "seconds": round(clock() - began, 3),
    }
    return found.scores.value(task.tune.objective), results


def _told(task: Task, study: "Study") -> str:
    """One line on the newest trial."""
    trials = finished_trials(study)
    newest, best = trials[-1], study.best_trial
    known = "stopped early" if newest.objective is None else f"{newest.objective:.5f}"
    return f"trial {newest.number} of {task.tune.trials - 1}: {task.tune.objective} {known} (best {best.value:.5f})"


def wall_clock() -> float:
    """Seconds that only go forward."""
    return time.monotonic()
