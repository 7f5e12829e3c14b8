"""Commands about the rules: `points`, the log of one lead's points, and `qualify`, what frameworks say of one lead."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

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
from features.dates import Dates, dates_of, moment_of
from features.errors import ProjectFileError
from features.project import Project, read_project
from features.tables import Tables

if TYPE_CHECKING:
    from features.engines.event_logs import Limits
    from features.frameworks.definition import Framework
    from features.frameworks.statement import Statement
    from features.histories import Histories
    from features.points_log import PointsLog
    from features.snapshots import Snapshots

LOG = "log"
AsOf = Annotated[str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object instead of text")]


class _LogByDefault(TyperGroup):
    """`ripelead points LEAD_ID …` is `ripelead points log LEAD_ID …`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        named = args[:1] and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named or not args else [LOG, *args])


points_app = typer.Typer(cls=_LogByDefault, no_args_is_help=True, help="The log of a lead's points, and fitted points.")
app.add_typer(points_app, name="points")


@dataclass(frozen=True, slots=True)
class OneLead:
    """One lead of a project as of a time, with the tables it was read from."""

    project: Project
    tables: Tables
    histories: "Histories"
    snapshot: "Snapshots"
    tracked: tuple[str, ...]
    lead_id: str
    as_of: datetime


@points_app.command(LOG)
def log(lead_id: str, as_of: AsOf, directory: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Print what a lead's points are made of, entry by entry, as of a time."""
    from features.points_log import points_log

    one = one_lead(directory, lead_id, as_of)
    found = points_log(one.histories, one.tables, one.snapshot, one.project.points, one.tracked)
    out.print(_as_json(one, found) if as_json else _as_text(one, found), markup=False)


def one_lead(directory: Path, lead_id: str, as_of: str) -> OneLead:
    """The lead that a command asks for.

    Raises:
        ProjectFileError: the project has no such lead, or the lead was not created by then.
    """
    import numpy as np
    import pandas as pd

    from features.attribute_points import tracked_fields
    from features.cells import instant
    from features.histories import build_histories, restrict
    from features.snapshots import Snapshots
    from features.some_leads import Wanted, read_some

    project = read_project(directory)
    moment = parse_as_of(as_of, project)
    tables = read_some(project, Wanted(lambda *_: [lead_id]), clock=utc_now(), untimed=_untimed(project)).tables
    if quarantined := sum(count.quarantined for count in tables.counts):
        err.print(f"note: {quarantined:,} rows cannot be used; `ripelead check` says which and why", markup=False)
    tracked = tracked_fields(tables.lead_changes)
    alone = restrict(tables, pd.Index([lead_id]))
    if not (alone.leads["lead_id"] == lead_id).any():
        raise ProjectFileError(f"no lead {lead_id!r} in the project's leads: check the id (it is case-sensitive)")
    histories = build_histories(alone, project.hygiene)
    number = np.flatnonzero(histories.lead_ids == lead_id)
    if histories.created[number[0]] > instant(moment):
        raise ProjectFileError(f"--as-of {as_of}: lead {lead_id!r} was created later: expected a time after that")
    snapshot = Snapshots(number, np.array([instant(moment)]))
    return OneLead(project, alone, histories, snapshot, tracked, lead_id, moment)


def _as_text(one: OneLead, found: "PointsLog") -> str:
    dates, settings = dates_of(one.project), one.project.points
    worth = f"{_number(found.total)} points, grade {found.grade}"
    head = f"Lead {one.lead_id} as of {dates.minute(one.as_of)}: {worth}"
    times = [_listed(dates, line.at, "") for line in found.entries]
    lines = [
        f"{_number(line.points, signed=True):>9}  {time:16}  {line.what}"
        for line, time in zip(found.entries, times, strict=True)
    ]
    reached = found.total / 1000 >= settings.threshold
    last = f"threshold {settings.threshold:g}: {'reached' if reached else 'not reached'}"
    sums = f"{_number(found.total):>9}  = {_number(found.engagement)} of interactions"
    sums += f" + {_number(found.fit)} of attributes"
    cut = found.total - found.engagement - found.fit
    return "\n".join([head, *lines, sums + (f" − {_number(-cut)} cut at the cap" if cut else ""), last])


def _listed(dates: Dates, at: int | None, without: str) -> str:
    """Time of an entry (microseconds) in the project's time zone, which the head names."""
    return without if at is None else dates.listed(moment_of(at))


def _instant(at: int | None) -> str | None:
    return None if at is None else f"{moment_of(at):%Y-%m-%dT%H:%M:%SZ}"


def _number(thousandths: int, *, signed: bool = False) -> str:
    """Points as decimal text, exactly."""
    sign = "-" if thousandths < 0 else "+" if signed else ""
    whole, rest = divmod(abs(thousandths), 1000)
    return f"{sign}{whole}" + (f".{rest:03}".rstrip("0") if rest else "")


def _as_json(one: OneLead, found: "PointsLog") -> str:
    said = {
        "lead_id": one.lead_id,
        "as_of": f"{one.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "points": found.total / 1000,
        "engagement": found.engagement / 1000,
        "fit": found.fit / 1000,
        "grade": found.grade,
        "threshold": one.project.points.threshold,
        "entries": [
            {"at": _instant(entry.at), "axis": entry.axis, "what": entry.what, "points": entry.points / 1000}
            for entry in found.entries
        ],
    }
    return json.dumps(said, ensure_ascii=False, indent=1)


class Tongue(StrEnum):
    """Languages of the questions."""

    en = "en"
    de = "de"
    da = "da"


@app.command()
def qualify(  # noqa: PLR0913, PLR0917  (one parameter per option)
    as_of: AsOf,
    lead_id: Annotated[str | None, typer.Argument(help="one lead; without it all of them, with --out")] = None,
    directory: ProjectFolder = HERE,
    out_file: Annotated[Path | None, typer.Option("--out", help="Parquet file with the verdicts of all leads")] = None,
    memory: Annotated[str | None, typer.Option(help="memory to use at most, such as 2GB; default: no limit")] = None,
    threads: Annotated[int | None, typer.Option(help="threads to use; default: all cores", min=1)] = None,
    language: Annotated[Tongue, typer.Option(help="language of names and questions")] = Tongue.en,
    as_json: AsJson = False,
) -> None:
    """Say what each qualification framework makes of a lead: evidence with dates, what is missing, what to ask."""
    from features.frameworks.definition import read_frameworks
    from features.frameworks.facts import facts_of
    from features.frameworks.statement import statements

    frameworks = read_frameworks(read_project(directory).rules, directory)
    if lead_id is None and out_file is not None:
        _qualify_all(directory, frameworks, as_of, out_file, parse_limits(memory, threads))
        return
    if lead_id is None or out_file is not None:
        raise ProjectFileError("expected either a LEAD_ID, or --out FILE.parquet for all leads")
    one = one_lead(directory, lead_id, as_of)
    facts = facts_of(one.histories.leads, one.tables, frameworks, one.project.points, one.tracked)
    found = statements(one.histories, facts, one.snapshot, frameworks, one.project.points, language.value)
    out.print(_statements_json(one, found) if as_json else _statements_text(one, found), markup=False)


def _qualify_all(
    directory: Path, frameworks: Mapping[str, "Framework"], as_of: str, path: Path, limits: "Limits"
) -> None:
    from features.files import replaced_file
    from features.frameworks.table import Judging, write_verdicts

    project = read_project(directory)
    if path.suffix.lower() != ".parquet":
        raise ProjectFileError(f"--out {path}: expected a file ending in .parquet")
    judging = Judging(project, frameworks, parse_as_of(as_of, project), utc_now(), limits, _untimed(project))
    with progress_bar("reading") as reading, replaced_file(path) as temporary:
        rows, tables = write_verdicts(judging, temporary, reading)
    account_for(project, tables)
    out.print(f"wrote the verdicts of {len(frameworks)} frameworks on {rows:,} leads to {path}", markup=False)
    raise typer.Exit(exit_code(tables))


def _untimed(project: Project) -> bool:
    """Whether leads and assessments need no times: a flat table with an outcome column."""
    label = project.raw.get("label")
    return isinstance(label, dict) and "column" in label


def _statements_text(one: OneLead, found: "tuple[Statement, ...]") -> str:
    dates = dates_of(one.project)
    lines = [f"Lead {one.lead_id} as of {dates.minute(one.as_of)}"]
    for statement in found:
        lines += ["", *_statement_lines(statement, dates)]
    return "\n".join(lines)


def _statement_lines(statement: "Statement", dates: Dates) -> Iterator[str]:
    words = {"met": "met", "open": "open", "not_met": "not met", "unknown": "not known"}
    count = f"{statement.met} of {len(statement.criteria)} criteria met, {statement.needed} needed"
    yield f"{statement.title}: {words[statement.outcome]} ({count})"
    for one in statement.criteria:
        grade = "" if one.grade is None else f", grade {one.grade:.2f}"
        yield f"  {one.label}: {words[one.state]}{grade}{', required' if one.required else ''}"
        for piece in one.evidence:
            note = f" ({piece.note})" if piece.note else ""
            yield f"      {_listed(dates, piece.at, 'not dated'):16}  {piece.what}: {piece.grade:.2f}{note}"
        if one.question:
            yield f"      ask: {one.question}"


def _statements_json(one: OneLead, found: "tuple[Statement, ...]") -> str:
    said = [asdict(statement) for statement in found]
    for statement in said:
        for criterion in statement["criteria"]:
            for piece in criterion["evidence"]:
                piece["at"] = _instant(piece["at"])
    head = {"lead_id": one.lead_id, "as_of": f"{one.as_of:%Y-%m-%dT%H:%M:%SZ}"}
    return json.dumps({**head, "frameworks": said}, ensure_ascii=False, indent=1, allow_nan=False)
