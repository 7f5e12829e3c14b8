"""The server's processes: one that answers, or a parent that accepts and watches, and workers, forked from it.

All code is loaded and the app is made once, before the first fork: workers start in milliseconds and share that memory.
Nothing that starts threads or holds a connection may be there before; models are loaded by the workers.
"""

import gc
import os
import socket
from collections.abc import Callable, Sequence
from functools import partial

import uvicorn
from fastapi import FastAPI

from serving.web.measuring import shared_metrics
from serving.web.passed import PassedConnections
from serving.web.site import Site
from serving.web.workers import GRACE_S, Workers

BACKLOG = 2048


def run_server(app: FastAPI, address: tuple[str, int], workers: int, beside: Sequence[Callable[[], None]] = ()) -> None:
    """Listen and answer until a signal ends it; each worker has the app as it is now, and no connection to the store.

    What is done `beside` has a process each, which is watched and replaced as workers are.

    Raises:
        OSError: the address cannot be had.
        SinkError: processes end again and again.
    """
    with listen(address) as listener:
        if workers == 1 and not beside:
            answer(app, listener)
            return
        site: Site = app.state.site
        site.store.close()
        gc.freeze()  # what no collection of a worker touches stays shared by all
        with shared_metrics():
            Workers(partial(answer_passed, app), workers, listener, beside).run()


def listen(address: tuple[str, int]) -> socket.socket:
    """A socket that listens on an address, port 0 for any that is free; raises `OSError`."""
    listener = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    listener.listen(BACKLOG)
    return listener


def answer(app: FastAPI, listener: socket.socket) -> None:
    """Answer requests in this process until a signal ends it."""
    uvicorn.Server(_config(app)).run([listener])


def answer_passed(app: FastAPI, takes: socket.socket) -> None:
    """Answer the connections that a parent passes on, until a signal ends it."""
    PassedConnections(_config(app), takes).run([])


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop" if os.name != "nt" else "asyncio",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        log_level="warning",
    )
