"""The command `ripelead tune`."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from features.cli import HERE, INTERRUPTED, ProjectFolder, app, err, exit_code, out, read_checked, status
from features.files import write_text
from features.project import Project
from training.locks import held
from training.settings import TrainingSettings, read_all

if TYPE_CHECKING:
    from training.tuning.result import Tuning
    from training.tuning.search import Task

FOLDER = "tuning"
STUDY = "study.db"
RESULT = "tuning.json"
SHOWN_IMPORTANCE = 0.05


@app.command()
def tune(
    directory: ProjectFolder = HERE,
    trials: Annotated[int | None, typer.Option(help="settings tried in all; default: [tune] trials", min=1)] = None,
    minutes: Annotated[
        float | None, typer.Option(help="time this call may take; default: [tune] minutes", min=0.01)
    ] = None,
) -> None:
    """Search for better [model] settings on the training rows; interrupted or killed, the same command goes on."""
    from training.dataset import load_dataset
    from training.tuning.search import fingerprint_of, task_of

    project, settings = read_all(directory)
    given = {key: value for key, value in (("trials", trials), ("minutes", minutes)) if value is not None}
    settings = replace(settings, tune=settings.tune.model_copy(update=given))
    with held(project.directory / FOLDER / ".lock", "tuning this project", 0):
        tables = read_checked(project, untimed=settings.label.column is not None)
        with status("putting histories in order"):
            dataset = load_dataset(project, settings, tables)
            task, fingerprint = task_of(project, settings, dataset), fingerprint_of(project, settings, dataset)
        complete = _tune(project, settings, task, fingerprint)
    raise typer.Exit(exit_code(tables) if complete else INTERRUPTED)


def _tune(project: Project, settings: TrainingSettings, task: "Task", fingerprint: str) -> bool:
    """Search and say what came of it; False when the user stopped it."""
    from training.tuning.result import conclude, to_json
    from training.tuning.search import search, wall_clock
    from training.tuning.study import finished_trials, open_study

    folder = project.directory / FOLDER
    study, others = open_study(folder / STUDY, fingerprint, task.tune.objective)
    done = len(finished_trials(study))
    _say(_beginning(task, done, others))
    with _asked_to_stop() as stopped:
        complete = search(task, study, wall_clock, _say, stopped)
    if not finished_trials(study):
        err.print("stopped before the settings as they are were measured: there is nothing to compare yet")
        return complete
    _say("training the best and the settings as they are anew, to compare them")
    tuning = conclude(task, study, fingerprint)
    write_text(folder / RESULT, to_json(tuning))
    print_tuning(tuning)
    out.print(f"\ntrials: {folder / RESULT}", markup=False)
    if not complete:
        err.print("stopped; the same command goes on from here")
    if settings.tracking.enabled and len(tuning.trials) > done:
        _track(project, settings, tuning)
    return complete


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: once asks to stop after the tree under way, twice stops at once.

    An exception at any point may land where Python can only ignore it, such as the end of an object of a C library.
    """
    asked: list[int] = []

    def note(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


def _beginning(task: "Task", done: int, others: int) -> str:
    rows = f"{len(task.lesson.label):,} training rows, {len(task.lesson.folds)} folds inside them; the holdout rests"
    if done:
        return f"{rows}. Going on after {done} trials"
    changed = ". Data or settings are not those of the earlier trials, so this begins anew (they are kept)"
    return rows + (changed if others else "")


def print_tuning(tuning: "Tuning") -> None:
    """Outcome, what explaining costs, which settings matter, and the lines to paste."""
    out.print(f"\n{tuning.sentences[0]}", style="bold", markup=False)
    for sentence in tuning.sentences[1:]:
        out.print(f"- {sentence}", markup=False)
    now, best = tuning.present.results, tuning.best.results
    out.print(
        f"- Trees: {best['trees']:.0f} instead of {now['trees']:.0f}; tables of exact reasons: {best['table_mib']:.1f} "
        f"MiB instead of {now['table_mib']:.1f}.",
        markup=False,
    )
    matter = [f"{key} {share:.0%}" for key, share in tuning.importance.items() if share >= SHOWN_IMPORTANCE]
    if matter:
        out.print(f"- What the differences between trials come from: {', '.join(matter)}.", markup=False)
    if tuning.lines:
        out.print("\n" + "\n".join(("[model]", *tuning.lines)), markup=False)


def _track(project: Project, settings: TrainingSettings, tuning: "Tuning") -> None:
    from training.tracking import log_tuning, store_of

    _say("logging to MLflow")
    parameters = {f"model.{key}": str(value) for key, value in tuning.best.values.items()}
    metrics = {f"{one.metric}.{side}": getattr(one, side) for one in tuning.compared for side in ("present", "best")}
    metrics |= {f"{one.metric}.gain": one.gain.value for one in tuning.compared if one.gain.value is not None}
    log_tuning(store_of(project, settings.tracking), parameters, metrics, project.directory / FOLDER / RESULT)


def _say(what: str) -> None:
    err.print(f"· {what}", markup=False)
