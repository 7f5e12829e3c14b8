"""The command `publish`: everything that the page needs, from the project's tables into the store, every night."""

import time
from typing import Annotated

import typer

from features.cli import (
    HERE,
    ProjectFolder,
    app,
    err,
    exit_code,
    out,
    parse_as_of,
    progress_bar,
    read_checked,
    utc_now,
)
from features.serve_settings import ServeSettings
from training.settings import read_all

MOST_NAMED = 5


@app.command()
def publish(
    as_of: Annotated[
        str, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")
    ],
    directory: ProjectFolder = HERE,
) -> None:
    """Bring the page up to date: scores, reasons, stages and histories as of a time, into the server's store."""
    from features.cells import instant
    from serving.champion import champion_of
    from serving.lifecycle.history import process_of
    from serving.publish.carried import carry_events
    from serving.publish.gathered import Asked
    from serving.publish.publish import publish as publish_all
    from serving.store.connection import open_store, store_url
    from serving.store.upkeep import forget_expired

    began, clock = time.perf_counter(), utc_now()
    project, settings = read_all(directory)
    moment = parse_as_of(as_of, project)
    process = process_of(project, settings.label.deals_of_account)
    bundle = champion_of(project)
    serve = project.section("serve", ServeSettings)
    store = open_store(store_url(project.directory, serve.store))
    try:
        if carried := carry_events(store, process, instant(clock)):
            err.print(f"{carried:,} events of people were added to {process.folder}", markup=False)
        tables = read_checked(project, untimed=settings.label.column is not None)
        with progress_bar("features") as progress:
            done = publish_all(Asked(project, bundle, process, moment, clock), tables, store, progress)
        with store.writing() as connection:
            forget_expired(connection, instant(clock), serve.audit_days)
    finally:
        store.close()
    seconds = time.perf_counter() - began
    out.print(
        f"published {done.leads:,} leads ({done.open:,} open) of {done.accounts:,} accounts as of "
        f"{moment:%Y-%m-%d %H:%M} UTC in {seconds:.1f} s",
        markup=False,
    )
    if done.moved:
        named = ", ".join(done.moved[:MOST_NAMED]) + (", …" if len(done.moved) > MOST_NAMED else "")
        err.print(f"note: leads of the last 30 days are unlike those of training in {named}: see /model", markup=False)
    raise typer.Exit(exit_code(tables))
