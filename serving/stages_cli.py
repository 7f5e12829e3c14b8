"""Commands about stages: `stages advance` every night, `stages show` one lead, `move` it, and who waits too long."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from features.cli import (
    HERE,
    ProjectFolder,
    account_for,
    app,
    err,
    exit_code,
    out,
    parse_as_of,
    parse_limits,
    progress_bar,
    utc_now,
)
from features.dates import dates_of
from features.errors import ModelRefusedError, ProjectFileError
from features.project import Project
from training.settings import TrainingSettings, read_all

if TYPE_CHECKING:
    from features.engines.event_logs import Limits
    from features.tables import Tables
    from serving.lifecycle.advance import Advanced
    from serving.lifecycle.history import Process
    from serving.lifecycle.lead_stages import LeadStages
    from training.bundle import Bundle

stages_app = typer.Typer(no_args_is_help=True, help="Stages of leads: every night, one lead, who waits too long.")
app.add_typer(stages_app, name="stages")
AsOf = Annotated[str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object instead of text")]


@dataclass(frozen=True, slots=True)
class Opened:
    """A project with its settings, and how its leads move."""

    project: Project
    settings: TrainingSettings
    process: "Process"

    @property
    def untimed(self) -> bool:
        """Whether leads need no times."""
        return self.settings.label.column is not None


def _opened(directory: Path) -> Opened:
    from serving.lifecycle.history import process_of

    project, settings = read_all(directory)
    return Opened(project, settings, process_of(project, settings.label.deals_of_account))


@stages_app.command()
def advance(
    as_of: AsOf,
    directory: ProjectFolder = HERE,
    scores: Annotated[
        Path | None, typer.Option(help="Parquet file of `ripelead score` as of the same time; default: score now")
    ] = None,
    memory: Annotated[str | None, typer.Option(help="memory to use at most, such as 2GB; default: no limit")] = None,
    threads: Annotated[int | None, typer.Option(help="threads to use; default: all cores", min=1)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be moved; write nothing")] = False,
) -> None:
    """Move leads on by rule and model as of a time; a second run of the same time adds nothing."""
    from serving.lifecycle.advance import Asked
    from serving.lifecycle.advance import advance as advance_stages

    opened = _opened(directory)
    moment, limits, clock = parse_as_of(as_of, opened.project), parse_limits(memory, threads), utc_now()
    if moment > clock + timedelta(days=1):  # the log cannot be taken back
        raise ProjectFileError(f"--as-of {as_of}: expected a time that has come, or comes within a day")
    with _scores(opened, scores, moment, memory, threads) as (path, bundle), progress_bar("reading") as reading:
        asked = Asked(opened.project, opened.process, moment, clock, limits, path, bundle, opened.untimed)
        done = advance_stages(asked, reading, write=not dry_run)
    account_for(opened.project, done.tables)
    _say_advanced(done, opened.process, dry_run=dry_run)
    raise typer.Exit(exit_code(done.tables))


@contextmanager
def _scores(
    opened: Opened, given: Path | None, as_of: datetime, memory: str | None, threads: int | None
) -> "Iterator[tuple[Path | None, Bundle | None]]":
    """The score file and the model behind it; scores are made where the model has a say and nobody gives them."""
    from serving.lifecycle.advance import needs_model

    if given is None and not needs_model(opened.process):
        yield None, None
        return
    bundle = _champion(opened.project)
    if given is not None:
        yield given, bundle
        return
    with TemporaryDirectory(prefix="ripelead-") as folder:
        path = Path(folder) / "scores.parquet"
        _score_into(path, opened, bundle, as_of, parse_limits(memory, threads))
        yield path, bundle


def _champion(project: Project) -> "Bundle":
    from serving.champion import champion_of

    try:
        return champion_of(project)
    except ModelRefusedError as error:
        raise ModelRefusedError(
            f'{error}; or let rules or people decide: [stages] sql = "rule" (see mql, sal and sql there)'
        ) from error


def _say_advanced(done: "Advanced", process: "Process", *, dry_run: bool) -> None:
    from serving.lifecycle.night import counted

    for move, number in counted(done.events).items():
        out.print(f"{number:>12,}  {move}", markup=False)
    what = "would be added to" if dry_run else "added to"
    out.print(f"{done.leads:,} leads looked at, {len(done.events):,} events {what} {process.folder}", markup=False)


def _score_into(path: Path, opened: Opened, bundle: "Bundle", as_of: datetime, limits: "Limits") -> None:
    """Write the scores of the open leads, without reasons."""
    from serving.batch.job import Around, Job, run_job
    from serving.batch.steps import steps_on
    from serving.sinks import FileTarget

    job = Job(opened.project, bundle, as_of, FileTarget(path, "iso"), limits, utc_now(), most=0, language="en",
              explain="none", untimed=opened.untimed)  # fmt: skip
    with steps_on(err) as steps:
        run_job(job, Around(steps, lambda: 0.0, lambda _tables: None))


@stages_app.command()
def show(lead_id: str, as_of: AsOf, directory: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Show one lead as of a time: its stage, since when, by when something must happen, and how it came there."""
    from serving.lifecycle.stage_words import stages_json, stages_text

    opened = _opened(directory)
    found = _lead(opened, lead_id, as_of)
    out.print(stages_json(found) if as_json else stages_text(found, dates_of(opened.project)), markup=False)


def _lead(opened: Opened, lead_id: str, as_of: str) -> "LeadStages":
    from serving.lifecycle.lead_stages import lead_stages
    from serving.lifecycle.service_levels import promise_of

    tables = _tables(opened)
    moment = parse_as_of(as_of, opened.project)
    return lead_stages(opened.process, tables, promise_of(opened.project), lead_id, moment)


def _tables(opened: Opened) -> "Tables":
    """The tables, without interactions where no deal needs them."""
    from serving.lifecycle.history import tables_of_history

    tables = tables_of_history(opened.project, opened.process, utc_now(), untimed=opened.untimed)
    if quarantined := sum(count.quarantined for count in tables.counts):
        err.print(f"note: {quarantined:,} rows cannot be used; `ripelead check` says which and why", markup=False)
    return tables


@stages_app.command()
def move(  # noqa: PLR0913, PLR0917  (one parameter per option)
    lead_id: str,
    to: Annotated[str, typer.Argument(help="a stage such as sql, or reject, recycle, disqualify, snooze, reassign, …")],
    by: Annotated[str, typer.Option("--by", help="who decides this")],
    reason: Annotated[str, typer.Option("--reason", help="why")],
    directory: ProjectFolder = HERE,
    until: Annotated[str | None, typer.Option(help="end of a snooze, of nurturing or of a rejection")] = None,
    owner: Annotated[str | None, typer.Option(help="of reassign: who works the lead from now on")] = None,
    into: Annotated[str | None, typer.Option(help="of merge: the lead that goes on")] = None,
    at: Annotated[str | None, typer.Option(help="when it was decided; default: now")] = None,
) -> None:
    """Move one lead by a person's decision, with a reason; what is not possible from its stage is refused."""
    from serving.language.plain_text import one_line
    from serving.lifecycle.by_hand import ByHand, move_lead
    from serving.lifecycle.moving import Wish

    opened = _opened(directory)
    clock = utc_now()
    moment = clock if at is None else _time("--at", at, opened.project)
    if moment > clock:
        raise ProjectFileError(f"--at {at}: expected a time that has come")
    pause = None if until is None else _time("--until", until, opened.project)
    wish = Wish(to, moment, _said("--by", by), _said("--reason", reason), pause, owner, into)
    hand = ByHand(opened.project, opened.process, _tables(opened), clock, opened.untimed)
    event = move_lead(hand, lead_id, wish)
    moved = f"{event.from_stage} → {event.to_stage}" if event.to_stage else f"{event.action} (stage {event.from_stage})"
    moved += f" to {one_line(event.owner)}" if event.owner else ""
    said = [one_line(text) for text in (event.lead_id, str(event.actor), str(event.reason))]
    out.print(f"lead {said[0]}: {moved}, by {said[1]}: {said[2]}", markup=False)


def _time(option: str, text: str, project: Project) -> datetime:
    try:
        return parse_as_of(text, project)
    except ProjectFileError as error:
        raise ProjectFileError(str(error).replace("--as-of", option, 1)) from error


def _said(option: str, text: str) -> str:
    if not text.strip():
        raise ProjectFileError(f"{option}: expected a text, got nothing")
    return text.strip()


@stages_app.command()
def overdue(
    as_of: AsOf,
    directory: ProjectFolder = HERE,
    out_file: Annotated[Path | None, typer.Option("--out", help="file to write, .parquet or .csv")] = None,
    show_most: Annotated[int, typer.Option("--show", help="leads to print", min=0)] = 20,
) -> None:
    """List the leads that have waited longer in their stage than [sla] allows, in business hours."""
    from serving.lifecycle.history import all_events
    from serving.lifecycle.overdue import overdue_leads, overdue_text, write_overdue
    from serving.lifecycle.service_levels import promise_of

    opened = _opened(directory)
    if out_file is not None and out_file.suffix.lower() not in (".parquet", ".csv"):
        raise ProjectFileError(f"--out {out_file}: expected a file ending in .parquet or .csv")
    promise, moment = promise_of(opened.project), parse_as_of(as_of, opened.project)
    tables = _tables(opened)
    found = overdue_leads(all_events(opened.process, tables), tables.leads, promise, moment)
    if out_file is not None:
        write_overdue(found, out_file)
    out.print(overdue_text(found, promise, show_most, dates_of(opened.project)), markup=False)
