"""The command `serve`: the page and the API."""

import os
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer

from features.cli import HERE, ProjectFolder, app, err, out, parse_as_of, utc_now
from features.errors import SinkError
from features.serve_settings import ServeSettings
from serving.web.app import create_app
from serving.web.process import run_server
from serving.web.site import open_site
from training.settings import read_all

MOST_BY_DEFAULT = 2


@app.command()
def serve(
    directory: ProjectFolder = HERE,
    host: Annotated[str | None, typer.Option(help="address to listen on; default: [serve] host")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on; default: [serve] port", min=0)] = None,
    workers: Annotated[int | None, typer.Option(help="processes; default: [serve] workers", min=1)] = None,
    now: Annotated[str | None, typer.Option("--now", help="for demos: begin as if it were this time")] = None,
) -> None:
    """Serve the page and the API of a project."""
    project, _ = read_all(directory)
    clock = utc_now if now is None else _clock_from(parse_as_of(now, project))
    site = open_site(directory, clock)  # a wrong project or store is said here, once, and not by every process
    processes = workers or site.settings.workers or min(os.cpu_count() or 1, MOST_BY_DEFAULT)
    address = host or site.settings.host, site.settings.port if port is None else port
    out.print(f"serving {project.project.name} on {shown(site.settings, address)}", markup=False)
    try:
        run_server(create_app(site), address, processes)
    except OSError as error:
        raise SinkError(f"cannot listen on {address[0]} port {address[1]}: {error.strerror or error}") from error
    err.print("stopped")


def _clock_from(begin: datetime) -> Callable[[], datetime]:
    """A clock that goes on from another time than the present one."""
    ahead = begin - utc_now()
    return lambda: utc_now() + ahead


def shown(settings: ServeSettings, address: tuple[str, int]) -> str:
    """The address that people type."""
    return settings.public_url or f"http://{address[0]}:{address[1]}"
