"""The command `route`: leads that sales should work go to reps, by rules, with the reason on record."""

from typing import Annotated

import typer

from features.cli import HERE, ProjectFolder, app, err, exit_code, out, parse_as_of, utc_now
from features.errors import ProjectFileError
from features.routing_settings import RoutingSettings
from training.settings import read_all


@app.command(name="route")
def route_command(
    as_of: Annotated[
        str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")
    ],
    directory: ProjectFolder = HERE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say who would get what; write nothing")] = False,
    show: Annotated[int, typer.Option(help="leads to print", min=0)] = 20,
) -> None:
    """Give each lead that waits for sales to a rep, by territory, skill, load and turn; a second run adds nothing."""
    from serving.lead.explain_words import shown_id
    from serving.lifecycle.history import process_of, tables_of_history
    from serving.routing.run import Night, route_leads

    project, settings = read_all(directory)
    moment, clock, own = parse_as_of(as_of, project), utc_now(), project.section("routing", RoutingSettings)
    if not own.reps:
        raise ProjectFileError('[routing] names no reps: expected such as reps = ["anna", "ben"]')
    process = process_of(project, settings.label.deals_of_account)
    tables = tables_of_history(project, process, clock, untimed=settings.label.column is not None)
    found = route_leads(Night(process, own, moment, clock), tables, write=not dry_run)
    for one in found.given[:show]:
        out.print(f"{shown_id(one.lead_id)} → {one.rep}: {one.reason}", markup=False)
    for lead_id, why in list(found.waiting.items())[:show]:
        err.print(f"note: {shown_id(lead_id)} waits: {why}", markup=False)
    what = "would get a rep" if dry_run else "got a rep"
    out.print(f"{len(found.given):,} leads {what}, {len(found.waiting):,} wait", markup=False)
    raise typer.Exit(exit_code(tables))
