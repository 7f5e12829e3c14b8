"""The server's processes: one parent that listens, workers that answer, and how each makes its app."""

import os
import socket
from pathlib import Path

from fastapi import FastAPI

from features.cli import utc_now
from serving.serve_cli import FOLDER
from serving.web.app import create_app
from serving.web.site import open_site

BACKLOG = 2048
PATIENCE_S = 60
"""A worker that says nothing for so long is replaced: reading a large model on a busy machine takes its time."""
GRACE_S = 10
"""How long requests that go on may take when the server is stopped."""


def make_app() -> FastAPI:
    """The app of a worker process."""
    return create_app(open_site(Path(os.environ[FOLDER]), utc_now))


def run_server(directory: Path, address: tuple[str, int], workers: int) -> None:
    """Listen and answer until a signal ends it; raises `OSError` when the address cannot be had."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    os.environ[FOLDER] = str(directory)
    listener = _listener(address)
    config = uvicorn.Config(
        "serving.web.process:make_app",
        factory=True,
        workers=workers,
        loop="uvloop" if os.name != "nt" else "asyncio",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_worker_healthcheck=PATIENCE_S,
        backlog=BACKLOG,
        log_level="info",
    )
    if workers == 1:
        uvicorn.Server(config).run([listener])
    else:
        Multiprocess(config, sockets=[listener]).run()


def _listener(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener
