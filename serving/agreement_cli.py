"""The command `agreement`: open leads on which model and framework disagree, with the reasons of both."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from features.cli import HERE, ProjectFolder, account_for, app, err, exit_code, out, parse_as_of, parse_limits, utc_now
from features.engines.event_logs import Limits
from features.errors import ProjectFileError
from features.frameworks.definition import Framework
from features.frameworks.table import Judging, opened
from features.project import Project
from serving.agreement.disagreements import Compared, compare
from serving.agreement.scored import Scored, recorded_scores, scored_now
from serving.agreement.words import agreement_text
from serving.agreement.writing import refuse_unknown_format, write_disagreements
from serving.batch.job import Job
from serving.batch.steps import Steps, steps_on
from serving.champion import champion_of
from serving.language.translations import Language
from serving.sinks import FileTarget
from training.agreement.run import compared_frameworks
from training.settings import TrainingSettings, read_all

NOTHING_TO_DO = 99


@dataclass(frozen=True, slots=True)
class Asked:
    """What is compared, as of when, and with what means."""

    project: Project
    as_of: datetime
    clock: datetime
    limits: Limits
    language: Language
    untimed: bool


@app.command()
def agreement(  # noqa: PLR0913, PLR0917  (one parameter per option)
    as_of: Annotated[
        str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")
    ],
    directory: ProjectFolder = HERE,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="file for all disagreements, .parquet, .jsonl or .csv")
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(help="Parquet file that `ripelead score` wrote as of the same time; default: score now"),
    ] = None,
    framework: Annotated[
        list[str] | None, typer.Option(help="framework to compare with, repeatable; default: the first of the project")
    ] = None,
    language: Annotated[Language, typer.Option(help="language of reasons, names and questions")] = Language.en,
    memory: Annotated[str | None, typer.Option(help="memory to use at most, such as 2GB; default: no limit")] = None,
    threads: Annotated[int | None, typer.Option(help="threads to use; default: all cores", min=1)] = None,
    show: Annotated[int, typer.Option(help="leads of each kind to print", min=0)] = 3,
) -> None:
    """List the open leads on which model and rules disagree, with the reasons of both and what to ask."""
    if out_file is not None:
        refuse_unknown_format(out_file)
    project, settings = read_all(directory)
    chosen = chosen_frameworks(project, settings, framework)
    limits, moment = parse_limits(memory, threads), parse_as_of(as_of, project)
    asked = Asked(project, moment, utc_now(), limits, language, settings.label.column is not None)
    judging = Judging(project, chosen, moment, asked.clock, limits, asked.untimed)
    with steps_on(err) as steps, _scored(asked, scores, steps) as scored:
        if len(scored) == 0:
            out.print(f"no open lead as of {moment:%Y-%m-%d %H:%M} UTC: nothing to compare", markup=False)
            raise typer.Exit(NOTHING_TO_DO)
        with opened(judging, steps.progress("reading for the frameworks")) as found:
            compared = compare(found, scored, language.value)
            tables = found.tables
    _say_unknown(compared, scored)
    if out_file is not None:
        write_disagreements(compared.table, out_file)
    account_for(project, tables)
    out.print(agreement_text(compared, chosen, moment, show), markup=False)
    if out_file is not None:
        out.print(f"\nwrote {len(compared.table):,} disagreements to {out_file}", markup=False)
    raise typer.Exit(exit_code(tables))


def _say_unknown(compared: Compared, scored: Scored) -> None:
    known = next(iter(compared.counts.values())).leads
    if known < len(scored):
        some = f"{len(scored) - known:,} of the {len(scored):,} scored leads"
        err.print(f"note: {some} are not among the project's leads of that time, and left out", markup=False)


def chosen_frameworks(project: Project, settings: TrainingSettings, names: list[str] | None) -> Mapping[str, Framework]:
    """The frameworks that were asked for, or the first one that trainings compare.

    Raises:
        ProjectFileError: the project compares no framework, or not the one that was asked for.
    """
    known = compared_frameworks(project, settings.report)
    for name in names or ():
        if name not in known:
            raise ProjectFileError(f"--framework {name}: expected one of {', '.join(known) or 'none: see [report]'}")
    if not known:
        raise ProjectFileError("[report] frameworks is empty: name the framework to compare with")
    return {name: known[name] for name in dict.fromkeys(names or list(known)[:1])}


@contextmanager
def _scored(asked: Asked, recorded: Path | None, steps: Steps) -> Iterator[Scored]:
    if recorded is not None:
        yield recorded_scores(recorded, asked.as_of)
        return
    bundle = champion_of(asked.project)

    def job(target: FileTarget) -> Job:
        return Job(
            asked.project,
            bundle,
            asked.as_of,
            target,
            asked.limits,
            asked.clock,
            bundle.policy.max_reasons,  # points of a reason depend on how many are named
            str(asked.language),
            "all",
            asked.untimed,
        )

    with scored_now(job, steps) as scored:
        yield scored
