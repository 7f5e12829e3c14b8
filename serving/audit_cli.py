"""The command `audit`: the log of access, read for a stated purpose only, and that reading is in it too."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from features.cells import instant
from features.cli import HERE, ProjectFolder, app, err, out, parse_as_of, utc_now
from features.errors import ProjectFileError
from features.project import read_project
from features.serve_settings import ServeSettings
from serving.identity.audit import READINGS, Purpose, Reading
from serving.user_cli import at_desk, operator


@app.command()
def audit(
    since: Annotated[str, typer.Option("--since", help="time such as 2026-06-30T00:00:00Z; lines from then on")],
    directory: ProjectFolder = HERE,
    until: Annotated[str | None, typer.Option("--until", help="lines before this time; default: now")] = None,
    purpose: Annotated[str | None, typer.Option(help=f"what it is read for: {', '.join(READINGS)}")] = None,
    lead: Annotated[str | None, typer.Option(help="lines about this lead only")] = None,
) -> None:
    """Print who saw and changed what, one JSON object a line; for a purpose, which is written down."""
    from serving.store.audit import Line, lines, log
    from serving.store.upkeep import forget_expired

    why, reading = _reading(purpose, lead)
    project, now = read_project(directory), utc_now()
    first, last = parse_as_of(since, project), now if until is None else parse_as_of(until, project)
    with at_desk(directory) as desk:
        forget_expired(desk.connection, desk.now, project.section("serve", ServeSettings).audit_days)
        found = lines(desk.connection, instant(first), instant(last), reading.actions, lead)
        told = {"since": f"{first:%Y-%m-%dT%H:%M:%SZ}", "until": f"{last:%Y-%m-%dT%H:%M:%SZ}", "lines": len(found)}
        log(desk.connection, Line(desk.now, operator(), "audit_read", lead, told, why))
    for line in found:
        at = datetime.fromtimestamp(line.at / 1e6, UTC)
        shown = {"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "who": line.who, "action": line.action, "object": line.object}
        out.print(json.dumps({**shown, "purpose": line.purpose, **line.details}), markup=False)
    err.print(f"{len(found):,} lines; that they were read for {why} is in the log", markup=False)


def _reading(purpose: str | None, lead: str | None) -> tuple[Purpose, Reading]:
    why = next((name for name in READINGS if name == purpose), None)
    if why is None:
        known = "\n".join(f"  {name:<22} {reading.meaning}" for name, reading in READINGS.items())
        raise ProjectFileError(f"the log is read for a purpose: expected --purpose and one of\n{known}")
    if READINGS[why].one_object and lead is None:
        raise ProjectFileError(f"--purpose {why} shows one lead's lines: name it with --lead")
    return why, READINGS[why]
