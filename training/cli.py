"""Commands of the training layer: init, check, features, train, evaluate, report, promote, rollback, mlflow."""

import subprocess
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from features.cli import (
    HERE,
    ProjectFolder,
    account_for,
    app,
    err,
    exit_code,
    out,
    parse_limits,
    print_left_out,
    progress_bar,
    read_checked,
    status,
    utc_now,
)
from features.errors import ModelRefusedError, ProjectFileError
from features.project import FILE_NAME, Project, read_project
from features.rules_cli import points_app
from features.tables import Tables
from training.evaluation import Estimate, Evaluation, from_json
from training.settings import SECTIONS, TrainingSettings, read_all

if TYPE_CHECKING:
    from features.engines.event_logs import Limits
    from training.feature_table import Written
    from training.gate.decision import GateDecision


class Engine(StrEnum):
    """Where features are computed."""

    local = "local"
    spark = "spark"


RUNS = "runs"


@app.command()
def init(directory: Annotated[Path, typer.Argument(help="folder of the new project")]) -> None:
    """Write a commented ripelead.toml with every key and its default."""
    from features.files import write_text
    from features.starter import starter_text

    path = directory / FILE_NAME
    if path.exists():
        raise ProjectFileError(f"{path} exists already: delete it or choose another folder")
    write_text(path, starter_text(directory.resolve().name, SECTIONS))
    out.print(f"wrote {path}: name your files there, then run `ripelead check -p {directory}`", markup=False)


@app.command()
def check(
    directory: ProjectFolder = HERE,
    replay: Annotated[
        bool, typer.Option("--replay", help="make the features of past weeks again as they were then; they must agree")
    ] = False,
    against: Annotated[
        Path | None, typer.Option("--against", help="feature table written on an earlier day; rows of both must agree")
    ] = None,
) -> None:
    """Read and check all tables, say what training would see, and name what may know the outcome."""
    from training.replay_words import check_against, check_replay

    project, settings = read_all(directory)
    tables = read_checked(project, untimed=settings.label.column is not None)
    _print_data(project, settings, tables)
    code = exit_code(tables)
    if replay:
        code = max(code, check_replay(project, settings, tables, np.random.default_rng(settings.model.seed)))
    if against is not None:
        code = max(code, check_against(project, settings, tables, against))
    raise typer.Exit(code)


def _print_data(project: Project, settings: TrainingSettings, tables: Tables) -> None:
    """What training would see of the data, and what the leakage audit suspects."""
    from training.audit.run import audit
    from training.audit.words import full_text
    from training.dataset import load_dataset

    dataset = load_dataset(project, settings, tables)
    print_left_out(dataset.histories.left_out)
    matured = dataset.label[dataset.matured]
    out.print(
        f"{len(dataset.snapshots):,} snapshots of {len(dataset.histories.lead_ids):,} leads, "
        f"{len(matured):,} with a known outcome, {int(matured.sum()):,} of them conversions ({matured.mean():.1%}); "
        f"observation ends {tables.data_end:%Y-%m-%d %H:%M} UTC"
    )
    if not tables.timed:
        out.print("leads have no creation times: whether an attribute was known in time cannot be checked")
    with status("looking for leaks"):
        found = audit(project, settings, dataset)
    out.print(full_text(found), markup=False)


@app.command()
def features(
    out_file: Annotated[Path, typer.Option("--out", help="Parquet file to write, or a folder to bring up to date")],
    directory: ProjectFolder = HERE,
    memory: Annotated[str | None, typer.Option(help="memory to use at most, such as 2GB; default: no limit")] = None,
    threads: Annotated[int | None, typer.Option(help="threads to use; default: all cores", min=1)] = None,
    engine: Annotated[Engine, typer.Option(help="this machine, or a Spark cluster")] = Engine.local,
    master: Annotated[
        str, typer.Option(help="the cluster, such as spark://host:7077, with --engine spark")
    ] = "local[*]",
) -> None:
    """Write the feature table of all training snapshots with their outcomes, for notebooks."""
    limits = parse_limits(memory, threads)
    project, settings = read_all(directory)
    if engine is Engine.spark:
        written = _features_on_spark(project, settings, out_file, master)
    else:
        written = _features_here(project, settings, out_file, limits)
    account_for(project, written.tables)
    print_left_out(written.left_out)
    out.print(f"wrote {written.rows:,} snapshots × {written.features} features to {out_file}", markup=False)
    raise typer.Exit(exit_code(written.tables))


def _features_here(project: Project, settings: TrainingSettings, path: Path, limits: "Limits") -> "Written":
    """A Parquet file, written as a whole; or a folder, which is brought up to date by what is new."""
    from features.files import replaced_file
    from training.feature_table import Job, write_feature_table
    from training.stored_table import update_feature_store

    if path.suffix.lower() not in (".parquet", ""):
        raise ProjectFileError(f"--out {path}: expected a file ending in .parquet, or a folder")
    job = Job(project, settings, path, limits, utc_now())
    with progress_bar("reading") as reading, progress_bar("features") as computing:
        if path.suffix == "":
            return update_feature_store(job, reading, computing)
        with replaced_file(path) as temporary:
            return write_feature_table(replace(job, path=temporary), reading, computing)


def _features_on_spark(project: Project, settings: TrainingSettings, path: Path, master: str) -> "Written":
    from training.spark_table import write_spark_table

    with status(f"features on {master}"):
        return write_spark_table(project, settings, str(path), master, utc_now())


@app.command()
def train(
    directory: ProjectFolder = HERE,
    run_folder: Annotated[Path | None, typer.Option("--out", help="run folder; default: runs/TIME")] = None,
) -> None:
    """Train, compare with the rules on the holdout, write the run folder, and register the challenger."""
    from training.publish import track
    from training.run_folder import make_run

    project, settings = read_all(directory)
    target = run_folder or new_run_folder(project)
    if target.exists():
        raise ProjectFileError(f"--out {target} exists already: choose another folder")
    tables = read_checked(project, untimed=settings.label.column is not None)
    run = make_run(project, settings, tables, target, utc_now(), say)
    print_left_out(run.dataset.histories.left_out)
    print_evaluation(run.evaluation)
    out.print(f"\nreport: {target / 'report.html'}\npictures: {target / 'figures'}", markup=False)
    out.print(f"challenger: {run.version[:12]}; {_next_step(run.gate)}")
    if settings.tracking.enabled:
        # Last, so that a tracking server that is away does not cost a finished run.
        say("logging to MLflow")
        track(project, settings, run)
    raise typer.Exit(exit_code(tables))


@points_app.command("fit")
def fit_points(directory: ProjectFolder = HERE) -> None:
    """Propose points per kind of interaction from the data, beside the configured ones, as lines to paste."""
    from training.dataset import load_dataset
    from training.points_fit import propose_points
    from training.points_words import proposed_text

    project, settings = read_all(directory)
    tables = read_checked(project, untimed=settings.label.column is not None)
    with status("learning points from the training rows"):
        proposed = propose_points(project, settings, load_dataset(project, settings, tables))
    out.print(proposed_text(proposed, project.points), markup=False)
    raise typer.Exit(exit_code(tables))


def new_run_folder(project: Project) -> Path:
    """Where the next run goes."""
    return project.directory / RUNS / f"{utc_now():%Y%m%dT%H%M%S}"


def _next_step(decision: "GateDecision | None") -> str:
    if decision is None or decision.passed:
        return "`ripelead promote` makes it the champion"
    return "the gate would refuse it now, `ripelead gate` says why"


@app.command()
def evaluate(
    directory: ProjectFolder = HERE,
    run_folder: Annotated[Path | None, typer.Option("--run", help="run folder; default: the newest")] = None,
) -> None:
    """Print how the model of a run did beside the rules on its holdout."""
    folder = _run(directory, run_folder)
    print_evaluation(_read_evaluation(folder / "evaluation.json"))


@app.command()
def report(
    directory: ProjectFolder = HERE,
    run_folder: Annotated[Path | None, typer.Option("--run", help="run folder; default: the newest")] = None,
) -> None:
    """Say where the report and the pictures of a run are."""
    folder = _run(directory, run_folder)
    out.print(f"report: {folder / 'report.html'}\npictures: {folder / 'figures'}", markup=False)


@app.command()
def mlflow(directory: ProjectFolder = HERE, port: Annotated[int, typer.Option(help="port of the page")] = 5000) -> None:
    """Open the MLflow page of the project's runs."""
    from training.tracking import server_command, store_of

    project, settings = read_all(directory)
    command, environment = server_command(store_of(project, settings.tracking), port)
    out.print(f"MLflow: http://127.0.0.1:{port} (stop with Ctrl-C)")
    sys.exit(subprocess.call([sys.executable, "-m", *command], env=environment))


def _run(directory: Path, chosen: Path | None) -> Path:
    if chosen is None:
        return newest_run(read_project(directory))
    if not (chosen / "evaluation.json").exists():
        raise ProjectFileError(f"--run {chosen}: no training run there: expected a folder with evaluation.json")
    return chosen


def newest_run(project: Project) -> Path:
    """The newest run folder of a project.

    Raises:
        ModelRefusedError: there is none yet.
    """
    runs = sorted(path for path in (project.directory / RUNS).glob("*") if (path / "evaluation.json").exists())
    if not runs:
        raise ModelRefusedError(f"no training run in {project.directory / RUNS}: run `ripelead train` first")
    return runs[-1]


def print_evaluation(evaluation: Evaluation) -> None:
    """The verdict and the table of all systems."""
    out.print(f"\n[bold]{evaluation.verdict.headline}[/bold]")
    for sentence in (*evaluation.verdict.sentences, *evaluation.verdict.warnings):
        out.print(f"- {sentence}", markup=False)
    out.print(f"\nholdout: {evaluation.n:,} snapshots, {evaluation.positives:,} conversions; 90 % intervals")
    out.print(f"{'':11}{'ROC-AUC':21}{'PR-AUC':21}{'lift@10 %':17}{'Brier':7}{'slope':8}ECE", markup=False)
    for name, metrics in evaluation.systems.items():
        ranking = f"{_cell(metrics.roc_auc):21}{_cell(metrics.pr_auc):21}{_cell(metrics.lift_at_10, 1):17}"
        probability = f"{_number(metrics.brier):7}{_number(metrics.calibration_slope):8}{_number(metrics.ece)}"
        out.print(f"{name:11}{ranking}{probability}", markup=False)


def _number(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.3f}"


def _cell(estimate: Estimate, digits: int = 3) -> str:
    if estimate.value is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.{digits}f}"
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f}–{estimate.high:.{digits}f})"


def _read_evaluation(path: Path) -> Evaluation:
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelRefusedError(f"{path}: not a readable evaluation: {error}") from error


def say(what: str) -> None:
    """Tell what is being done."""
    err.print(f"· {what}", markup=False)
