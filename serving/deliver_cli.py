"""The commands `deliver` and `outbox`: messages to other systems are sent, looked at, and sent again."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from features.cli import HERE, ProjectFolder, app, err, out, utc_now
from features.errors import ProjectFileError
from features.project import Project, read_project
from features.serve_settings import ServeSettings
from features.webhook_settings import WebhookSettings

if TYPE_CHECKING:
    from serving.store.connection import Store

LOOK_S, HOUR_S = 1.0, 3600.0
outbox_app = typer.Typer(no_args_is_help=True, help="Messages to other systems: what waits, what is dead, replay.")
app.add_typer(outbox_app, name="outbox")


@app.command(name="deliver")
def deliver_command(
    directory: ProjectFolder = HERE,
    once: Annotated[bool, typer.Option("--once", help="send what is due now, then end")] = False,
) -> None:
    """Send webhooks that are due, signed, again and again; several workers may run at once."""
    from numpy.random import default_rng

    from serving.delivery.allowed import rules_of
    from serving.delivery.outgoing import Way
    from serving.delivery.worker import Desk, Until, deliver, forget, receivers_of

    project = read_project(directory)
    settings = project.section("serve.webhooks", WebhookSettings)
    receivers = receivers_of(settings)
    if not receivers:
        raise ProjectFileError("[serve.webhooks] names no endpoints: expected [[serve.webhooks.endpoints]] with a url")
    with _store(project) as store, _stopped_by_signals() as stop:
        worker = f"{socket.gethostname()}-{os.getpid()}"
        way = Way(rules_of(project), settings.timeout_s)
        desk = Desk(store, receivers, way, worker, _now, default_rng())
        tidy = _hourly(lambda: forget(desk, settings.keep_days))
        tidy()
        done = deliver(desk, Until(stop.is_set, lambda: once or _rested(stop, tidy)))
    out.print(
        f"{done['delivered']:,} delivered, {done['pending']:,} failed attempts, {done['dead']:,} dead", markup=False
    )
    raise typer.Exit(int(done["dead"] > 0))


def _rested(stop: threading.Event, tidy: Callable[[], None]) -> bool:
    """Wait a moment; whether somebody stopped the worker."""
    tidy()
    return stop.wait(LOOK_S)


def _hourly(do: Callable[[], None]) -> Callable[[], None]:
    """`do`, but not twice within an hour."""
    done: list[float] = []

    def now_and_then() -> None:
        if not done or time.monotonic() - done[-1] >= HOUR_S:
            done[:] = [time.monotonic()]
            do()

    return now_and_then


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


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set: what is in flight is still noted."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _now() -> int:
    return int(utc_now().timestamp() * 1_000_000)
