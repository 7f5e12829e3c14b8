"""The command `serve`: the page and the API."""

import os
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from features.cells import instant
from features.cli import HERE, ProjectFolder, app, err, out, parse_as_of, utc_now
from features.errors import ProjectFileError, SinkError
from features.project import Project
from features.serve_settings import ServeSettings
from features.webhook_settings import WebhookSettings
from serving.web.app import create_app
from serving.web.process import run_server
from serving.web.site import open_site
from training.settings import read_all

if TYPE_CHECKING:
    from serving.delivery.process import Receivers

MOST_BY_DEFAULT = 2
PAUSE_S = 5.0


@app.command()
def serve(
    directory: ProjectFolder = HERE,
    host: Annotated[str | None, typer.Option(help="address to listen on; default: [serve] host")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on; default: [serve] port", min=0)] = None,
    workers: Annotated[int | None, typer.Option(help="processes; default: [serve] workers", min=1)] = None,
    now: Annotated[str | None, typer.Option("--now", help="for demos: begin as if it were this time")] = None,
    deliver: Annotated[
        bool | None, typer.Option("--deliver/--no-deliver", help="send webhooks too; default: where any are configured")
    ] = None,
) -> None:
    """Serve the page and the API of a project, and send its webhooks."""
    project, _ = read_all(directory)
    clock = utc_now if now is None else _clock_from(parse_as_of(now, project))
    site = open_site(directory, clock)  # a wrong project or store is said here, once, and not by every process
    processes = workers or site.settings.workers or min(os.cpu_count() or 1, MOST_BY_DEFAULT)
    address = host or site.settings.host, site.settings.port if port is None else port
    beside = _deliveries(project, clock, deliver)
    out.print(f"serving {project.project.name} on {shown(site.settings, address)}", markup=False)
    try:
        run_server(create_app(site), address, processes, beside)
    except OSError as error:
        raise SinkError(f"cannot listen on {address[0]} port {address[1]}: {error.strerror or error}") from error
    err.print("stopped")


def _deliveries(project: Project, clock: Callable[[], datetime], asked: bool | None) -> list[Callable[[], None]]:
    """What sends webhooks beside the server; nothing where none are configured, or somebody else is to send them.

    Raises:
        ProjectFileError: it was asked for, and no endpoint is configured or a secret is not set.
    """
    settings = project.section("serve.webhooks", WebhookSettings)
    if not settings.endpoints or asked is False:
        if asked:
            raise ProjectFileError("--deliver: expected [[serve.webhooks.endpoints]] with a url, there is none")
        if settings.endpoints:
            err.print("note: webhooks are not sent from here: ripelead deliver sends them")
        return []
    from serving.delivery.worker import receivers_of

    try:
        receivers = receivers_of(settings)
    except ProjectFileError as error:
        if asked:
            raise
        err.print(f"note: webhooks are not sent from here ({error}): ripelead deliver sends them", markup=False)
        return []
    out.print(f"sending webhooks to {', '.join(receivers)}", markup=False)
    return [partial(_deliver, project, receivers, clock)]


def _deliver(project: Project, receivers: "Receivers", clock: Callable[[], datetime]) -> None:
    """Send webhooks until a signal comes; a store that is gone is waited for, as the workers wait for it."""
    from serving.delivery.process import run_deliveries

    while True:
        try:
            run_deliveries(project, receivers, lambda: instant(clock()), once=False)
        except SinkError as error:
            err.print(f"webhooks wait for the store: {error}", markup=False)
            time.sleep(PAUSE_S)
        else:
            return


def _clock_from(begin: datetime) -> Callable[[], datetime]:
    """A clock that goes on from another time than the present one."""
    ahead = begin - utc_now()
    return lambda: utc_now() + ahead


def shown(settings: ServeSettings, address: tuple[str, int]) -> str:
    """The address that people type."""
    return settings.public_url or f"http://{address[0]}:{address[1]}"
