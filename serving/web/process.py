"""The server's processes: a parent that listens and watches, and workers, forked from it, that answer.

All code is loaded once, before the first fork: workers start in milliseconds and share its memory. Nothing that starts
threads may run in the parent before that; models are loaded by the workers.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from fastapi import FastAPI

from features.errors import SinkError
from serving.web.measuring import shared_metrics

BACKLOG = 2048
GRACE_S = 10
"""How long requests that go on may take when the server is stopped."""
MOST_CRASHES = 5
CRASH_WINDOW_S = 30.0
"""More crashes within this time and the server gives up: something is wrong that a restart does not mend."""
TELLS = (signal.SIGTERM, signal.SIGINT)


def run_server(open_app: Callable[[], FastAPI], address: tuple[str, int], workers: int) -> None:
    """Listen and answer until a signal ends it; each worker opens an app of its own.

    Raises:
        OSError: the address cannot be had.
        SinkError: workers end again and again.
    """
    listener = listen(address)
    try:
        if workers == 1:
            answer(open_app(), listener)
        else:
            with shared_metrics():
                Workers(lambda: answer(open_app(), listener), workers).run()
    finally:
        listener.close()


def listen(address: tuple[str, int]) -> socket.socket:
    """A socket that listens on an address, port 0 for any that is free; raises `OSError`."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def answer(app: FastAPI, listener: socket.socket) -> None:
    """Answer requests in this process until a signal ends it."""
    import uvicorn

    config = uvicorn.Config(
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
    uvicorn.Server(config).run([listener])


class Workers:
    """Forked workers: one that ends is replaced, all end with the parent."""

    def __init__(self, work: Callable[[], None], number: int) -> None:
        self._work, self._number = work, number
        self._running: set[int] = set()
        self._crashes: list[float] = []
        self._stopping = False
        self._reads, self._held = os.pipe()

    def run(self) -> None:
        """Start the workers and watch them until a signal comes; raises `SinkError` when they end again and again."""
        for name in TELLS:
            signal.signal(name, self._stop)
        try:
            self._running = {self._start() for _ in range(self._number)}
            while self._running:
                self._watch()
        finally:
            self._end_all()

    def _start(self) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        worker = os.fork()
        if worker:
            return worker
        code = 1
        try:
            for name in TELLS:
                signal.signal(name, signal.SIG_DFL)
            os.close(self._held)
            threading.Thread(target=_end_with_parent, args=(self._reads,), daemon=True).start()
            self._work()
            code = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _watch(self) -> None:
        """Wait for a worker to end; another takes its place unless all are to end."""
        try:
            ended, _ = os.waitpid(-1, 0)
        except ChildProcessError:
            self._running.clear()
            return
        self._running.discard(ended)
        if not self._stopping:
            self._refuse_crashes()
            self._running.add(self._start())

    def _refuse_crashes(self) -> None:
        now = time.monotonic()
        self._crashes = [at for at in self._crashes if now - at < CRASH_WINDOW_S] + [now]
        if len(self._crashes) > MOST_CRASHES:
            raise SinkError(f"{MOST_CRASHES} workers ended within {CRASH_WINDOW_S:.0f} s: their messages say why")

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True
        for worker in self._running:
            os.kill(worker, signal.SIGTERM)

    def _end_all(self) -> None:
        for worker in self._running:
            os.kill(worker, signal.SIGTERM)
        until = time.monotonic() + GRACE_S
        while self._running and time.monotonic() < until:
            self._running -= {worker for worker in self._running if os.waitpid(worker, os.WNOHANG)[0]}
            time.sleep(0.05)
        for worker in self._running:
            os.kill(worker, signal.SIGKILL)


def _end_with_parent(reads: int) -> None:
    """Wait until the parent is gone, however it went, and end this process as a signal would."""
    os.read(reads, 1)
    os.kill(os.getpid(), signal.SIGTERM)
