"""Commands of the feature layer, and what all commands share: reading a project, printing, exit codes."""

import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from typer.exceptions import TyperException

from features.errors import ProjectFileError, RefusedError

if TYPE_CHECKING:
    from features.engines.event_logs import Limits
    from features.project import Project
    from features.tables import Tables

# Every layer adds its commands to it.
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
# No emoji codes: an id such as crm:100:b must be printed as it is.
out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
ProjectFolder = Annotated[Path, typer.Option("--project", "-p", help="folder with ripelead.toml")]
HERE = Path()
INTERRUPTED = 130
DEFECT = 70
# More quarantined rows than this share and the exit code is 1, so that a scheduler can warn.
WARN_QUARANTINED = 0.01
# The years that tables may hold.
FIRST_YEAR, LAST_YEAR = 1900, 2199


def run(application: Callable[..., object]) -> int:
    """Run the command line and give its exit code; a refusal is one message on stderr, never a traceback."""
    # Read when LightGBM's OpenMP library is loaded: waiting threads that spin make training ten times slower on a
    # machine that has other work to do.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _print_whatever_the_terminal_can()
    try:
        code = application(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except RefusedError as error:
        err.print(f"ripelead: {error}", markup=False)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        err.print("ripelead: interrupted")
        return INTERRUPTED
    except TyperException as error:
        err.print(f"ripelead: {error.format_message()} (see `ripelead --help`)", markup=False)
        return ProjectFileError.exit_code
    except Exception:
        err.print(traceback.format_exc(), markup=False)
        err.print("ripelead: this is a defect of ripelead, please report it with the lines above", markup=False)
        return DEFECT


def _print_whatever_the_terminal_can() -> None:
    """A terminal or log that is not UTF-8 gets `?` for a sign it lacks, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def utc_now() -> datetime:
    """The command's clock; nothing below a command reads the time."""
    return datetime.now(UTC)


def parse_as_of(text: str, project: "Project") -> datetime:
    """As-of date of a command line, UTC.

    Raises:
        ProjectFileError: not ISO 8601, outside 1900 to 2199, or without a time zone in a project that names none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ProjectFileError(f"--as-of {text}: expected a time such as 2026-06-30T00:00:00Z") from error
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ProjectFileError(f"--as-of {text}: expected a year from {FIRST_YEAR} to {LAST_YEAR}")
    if moment.tzinfo is None:
        if project.timezone is None:
            written = f"{moment:%Y-%m-%dT%H:%M:%S}Z"
            raise ProjectFileError(f"--as-of {text}: has no time zone: write {written}, or set [project] timezone")
        moment = moment.replace(tzinfo=project.timezone)
    return moment.astimezone(UTC)


def print_left_out(counts: Mapping[str, int]) -> None:
    """Say how many interactions hygiene left out, if any."""
    from features.hygiene import left_out_text

    if text := left_out_text(counts):
        err.print(f"note: {text}", markup=False)


MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
LEAST_MEMORY = 256 * 2**20


def parse_limits(memory: str | None, threads: int | None) -> "Limits":
    """What a run may use, from the command line: memory such as 2GB or 512MiB, threads (all cores).

    Raises:
        ProjectFileError: not an amount of memory, or too little to start with.
    """
    from features.engines.event_logs import Limits

    cores = threads or os.cpu_count() or 1
    if memory is None:
        return Limits(None, cores)
    found = MEMORY.fullmatch(memory.strip())
    if found is None:
        raise ProjectFileError(f"--memory {memory}: expected an amount such as 2GB or 512MB")
    number, unit, binary = found.groups()
    amount = int(float(number) * (1024 if binary else 1000) ** " KMGT".index(unit.upper() or " "))
    if amount < LEAST_MEMORY:
        raise ProjectFileError(f"--memory {memory}: expected at least 256MiB: the libraries alone take that much")
    return Limits(amount, cores)


def read_checked(project: "Project", *, untimed: bool) -> "Tables":
    """Tables through the door; bad rows are written to `quarantine/`, and the row accounting is printed."""
    from features.tables import read_tables

    with status("reading and checking the tables"):
        tables = read_tables(project, clock=utc_now(), untimed=untimed)
    account_for(project, tables)
    return tables


def account_for(project: "Project", tables: "Tables") -> None:
    """Write the bad rows to `quarantine/`, print the row accounting and what people should know."""
    from features.quarantine import write_quarantine
    from features.tables import counts_text

    write_quarantine(project.directory, tables)
    out.print(counts_text(tables), markup=False)
    for note in tables.notes:
        err.print(f"note: {note}", markup=False)


def exit_code(tables: "Tables") -> int:
    """0, or 1 when more rows than the warn level were quarantined."""
    read = sum(count.read for count in tables.counts)
    return int(sum(count.quarantined for count in tables.counts) > WARN_QUARANTINED * max(read, 1))


@contextmanager
def status(what: str) -> Iterator[None]:
    """Show on a terminal what is being done; print it as a line elsewhere."""
    if err.is_terminal:
        with err.status(what):
            yield
    else:
        err.print(what, markup=False)
        yield


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; silent elsewhere."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


@app.command()
def simulate(
    directory: Annotated[Path, typer.Argument(help="folder to write the world into")],
    leads: Annotated[int, typer.Option(help="number of leads", min=100, max=2_000_000)] = 20_000,
    seed: Annotated[int, typer.Option(help="same seed, same world")] = 7,
    drift: Annotated[bool, typer.Option("--drift", help="sales policy changes in the last months")] = False,
) -> None:
    """Simulate a B2B world with known true propensity, in the canonical tables."""
    from features.simulate import WorldSettings
    from features.simulate import simulate as write_world

    with status(f"simulating {leads:,} leads"):
        write_world(directory, WorldSettings(leads=leads, seed=seed, drift=drift))
    out.print(f"wrote a simulated world of {leads:,} leads to {directory}", markup=False)
