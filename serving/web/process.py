"""The server's processes: a parent that listens and watches, and workers, forked from it, that answer.

All code is loaded and the app is made once, before the first fork: workers start in milliseconds and share that memory.
Nothing that starts threads or holds a connection may be there before; models are loaded by the workers.
"""

import gc
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI

from features.errors import SinkError
from serving.web.measuring import shared_metrics
from serving.web.site import Site

BACKLOG = 2048
GRACE_S = 10
"""How long requests that go on may take when the server is stopped."""
MOST_CRASHES = 5
CRASH_WINDOW_S = 30.0
"""More crashes within this time and the server gives up: something is wrong that a restart does not mend."""
TELLS = (signal.SIGTERM, signal.SIGINT)


def run_server(app: FastAPI, address: tuple[str, int], workers: int, beside: Sequence[Callable[[], None]] = ()) -> None:
    """Listen and answer until a signal ends it; each worker has the app as it is now, and no connection to the store.

    What is done `beside` has a process each, which is watched and replaced as workers are.

    Raises:
        OSError: the address cannot be had.
        SinkError: processes end again and again.
    """
    if workers == 1 and not beside:
        with listen(address) as listener:
            answer(app, listener)
        return
    listeners = listen_apart(address, workers)
    site: Site = app.state.site
    site.store.close()
    gc.freeze()  # what no collection of a worker touches stays shared by all
    try:
        with shared_metrics():
            Workers([*(partial(answer, app, one) for one in listeners), *beside]).run()
    finally:
        for listener in set(listeners):
            listener.close()


def listen(address: tuple[str, int]) -> socket.socket:
    """A socket that listens on an address, port 0 for any that is free; raises `OSError`."""
    listener = _bound(address)
    listener.listen(BACKLOG)
    return listener


def listen_apart(address: tuple[str, int], number: int) -> list[socket.socket]:
    """A socket for each worker on one address, so that the system spreads connections among them.

    Of workers with one socket in common the first that wakes takes all that come while the others are idle. The
    sockets are the parent's: connections that wait are there for the worker that replaces one that ended.

    Raises:
        OSError: somebody listens there.
    """
    if sys.platform != "linux":
        return [listen(address)] * number
    if address[1]:
        _bound(address).close()  # a server that runs already: sockets that share an address would not tell
    first = _bound(address, share=True)
    others = [_bound((address[0], first.getsockname()[1]), share=True) for _ in range(number - 1)]
    for listener in (first, *others):
        listener.listen(BACKLOG)
    return [first, *others]


def _bound(address: tuple[str, int], *, share: bool = False) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if share:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def answer(app: FastAPI, listener: socket.socket) -> None:
    """Answer requests in this process until a signal ends it."""
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
    """Forked workers, one for each work: one that ends is replaced, all end with the parent."""

    def __init__(self, works: Sequence[Callable[[], None]]) -> None:
        self._works = works
        self._running: dict[int, int] = {}
        self._crashes: list[float] = []
        self._stopping = False
        self._reads, self._held = os.pipe()

    def run(self) -> None:
        """Start the workers and watch them until a signal comes; raises `SinkError` when they end again and again."""
        for name in TELLS:
            signal.signal(name, self._stop)
        try:
            for place in range(len(self._works)):
                self._running[self._start(place)] = place
            while self._running:
                self._watch()
        finally:
            self._end_all()

    def _start(self, place: int) -> int:
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
            self._works[place]()
            code = 0
        except Exception:
            traceback.print_exc()
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
        place = self._running.pop(ended, None)
        if place is not None and not self._stopping:
            self._refuse_crashes()
            self._running[self._start(place)] = place

    def _refuse_crashes(self) -> None:
        now = time.monotonic()
        self._crashes = [at for at in self._crashes if now - at < CRASH_WINDOW_S] + [now]
        if len(self._crashes) > MOST_CRASHES:
            raise SinkError(f"{MOST_CRASHES} processes ended within {CRASH_WINDOW_S:.0f} s: their messages say why")

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True
        for worker in self._running:
            os.kill(worker, signal.SIGTERM)

    def _end_all(self) -> None:
        for worker in self._running:
            os.kill(worker, signal.SIGTERM)
        until = time.monotonic() + GRACE_S
        while self._running and time.monotonic() < until:
            for worker in [one for one in self._running if os.waitpid(one, os.WNOHANG)[0]]:
                del self._running[worker]
            time.sleep(0.05)
        for worker in self._running:
            os.kill(worker, signal.SIGKILL)


def _end_with_parent(reads: int) -> None:
    """Wait until the parent is gone, however it went, and end this process as a signal would."""
    os.read(reads, 1)
    os.kill(os.getpid(), signal.SIGTERM)
