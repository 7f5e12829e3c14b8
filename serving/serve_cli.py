"""The command `serve`: the page and the API."""

import os
from pathlib import Path
from typing import Annotated

import typer

from features.cli import ProjectFolder, app, err, out, utc_now
from features.errors import SinkError
from features.serve_settings import ServeSettings
from training.cli import HERE, read_all

MOST_BY_DEFAULT = 2


@app.command()
def serve(
    directory: ProjectFolder = HERE,
    host: Annotated[str | None, typer.Option(help="address to listen on; default: [serve] host")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on; default: [serve] port", min=0)] = None,
    workers: Annotated[int | None, typer.Option(help="processes; default: [serve] workers", min=1)] = None,
) -> None:
    """Serve the page and the API of a project."""
    from serving.store.users import anybody
    from serving.web.process import run_server
    from serving.web.site import open_site

    project, _ = read_all(directory)
    settings = project.section("serve", ServeSettings)
    site = open_site(directory, utc_now)  # a wrong project or store is said here, once, and not by every process
    try:
        with site.store.reading() as connection:
            nobody = site.provider is None and not anybody(connection)
    finally:
        site.store.close()
    processes = workers or settings.workers or min(os.cpu_count() or 1, MOST_BY_DEFAULT)
    address = host or settings.host, settings.port if port is None else port
    out.print(f"serving {project.project.name} on {shown(settings, address)}", markup=False)
    if nobody:
        err.print("note: nobody may sign in yet: run `ripelead user add NAME --role admin`", markup=False)
    try:
        run_server(Path(directory).absolute(), address, processes)
    except OSError as error:
        raise SinkError(f"cannot listen on {address[0]} port {address[1]}: {error.strerror or error}") from error
    err.print("stopped")


def shown(settings: ServeSettings, address: tuple[str, int]) -> str:
    """The address that people type."""
    return settings.public_url or f"http://{address[0]}:{address[1]}"
