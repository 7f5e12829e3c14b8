"""The commands `deliver` and `outbox`: messages to other systems are sent, looked at, and sent again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from features.cli import HERE, ProjectFolder, app, err, out, utc_now
from features.errors import ProjectFileError
from features.project import Project, read_project
from features.serve_settings import ServeSettings
from features.webhook_settings import WebhookSettings

if TYPE_CHECKING:
    from serving.store.connection import Store

outbox_app = typer.Typer(no_args_is_help=True, help="Messages to other systems: what waits, what is dead, replay.")
app.add_typer(outbox_app, name="outbox")


@app.command(name="deliver")
def deliver_command(
    directory: ProjectFolder = HERE,
    once: Annotated[bool, typer.Option("--once", help="send what is due now, then end")] = False,
) -> None:
    """Send webhooks that are due, signed, again and again; several workers may run at once."""
    from serving.delivery.process import run_deliveries
    from serving.delivery.worker import receivers_of

    project = read_project(directory)
    receivers = receivers_of(project.section("serve.webhooks", WebhookSettings))
    if not receivers:
        raise ProjectFileError("[serve.webhooks] names no endpoints: expected [[serve.webhooks.endpoints]] with a url")
    done = run_deliveries(project, receivers, _now, once=once)
    out.print(
        f"{done['delivered']:,} delivered, {done['pending']:,} failed attempts, {done['dead']:,} dead", markup=False
    )
    raise typer.Exit(int(done["dead"] > 0))


@outbox_app.command(name="show")
def show_command(
    directory: ProjectFolder = HERE,
    most: Annotated[int, typer.Option("--show", help="dead messages to print", min=0)] = 20,
) -> None:
    """Count messages by state, and name those that are dead, with what went wrong."""
    from serving.store.outbox import counts, listed

    with _store(read_project(directory)) as store, store.reading() as connection:
        found, dead = counts(connection), listed(connection, "dead", most)
    out.print(", ".join(f"{number:,} {state}" for state, number in found.items()), markup=False)
    for one in dead:
        made = datetime.fromtimestamp(one.created_at / 1e6, UTC)
        said = f"{one.id}  {made:%Y-%m-%dT%H:%M:%SZ}  {one.kind} to {one.endpoint}: {one.last_error}"
        out.print(f"{said} (after {one.attempts} attempts)", markup=False)


@outbox_app.command(name="replay")
def replay_command(
    ids: Annotated[list[str] | None, typer.Argument(help="ids of dead messages")] = None,
    directory: ProjectFolder = HERE,
    everything: Annotated[bool, typer.Option("--all", help="all dead messages")] = False,
) -> None:
    """Let dead messages be sent again, under the same ids."""
    from serving.store.outbox import replay

    if bool(ids) == everything:
        raise ProjectFileError("outbox replay: expected ids of dead messages, or --all")
    with _store(read_project(directory)) as store, store.writing() as connection:
        number = replay(connection, None if everything else ids, _now())
    out.print(f"{number:,} messages will be sent again", markup=False)
    if ids and number < len(set(ids)):
        err.print(f"note: {len(set(ids)) - number:,} of the ids are of no dead message", markup=False)


@contextmanager
def _store(project: Project) -> "Iterator[Store]":
    from serving.store.connection import open_store, store_url

    store = open_store(store_url(project.directory, project.section("serve", ServeSettings).store))
    try:
        yield store
    finally:
        store.close()


def _now() -> int:
    return int(utc_now().timestamp() * 1_000_000)
