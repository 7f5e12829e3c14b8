"""The parent of the workers: it accepts connections and passes them on in turn, and replaces workers that end.

Of workers with one listening socket in common the first that wakes takes all connections that wait, and the system's
own spreading (a socket for each) goes by chance: of twenty readers one worker may get fifteen, who are late.
"""

import os
import selectors
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType

from features.errors import SinkError

GRACE_S = 10
"""How long requests that go on may take when the server is stopped."""
MOST_CRASHES = 5
CRASH_WINDOW_S = 30.0
"""More crashes within this time and the server gives up: something is wrong that a restart does not mend."""
TELLS = (signal.SIGTERM, signal.SIGINT)
ACCEPTED_AT_ONCE = 64
TOO_MANY_S = 0.05
"""Pause where no more connections can be opened."""


class Workers:
    """Forked workers, and processes for what is done beside them: one that ends is replaced, all end with the parent.

    A worker has a socket through which its connections come (`take_connection`). The sockets are the parent's:
    connections that wait in one are there for the worker that replaces one that ended.
    """

    def __init__(
        self,
        answer: Callable[[socket.socket], None],
        number: int,
        listener: socket.socket,
        beside: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._listener = listener
        self._ways = [socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(number)]
        self._works: list[Callable[[], None]] = [*(partial(answer, takes) for _, takes in self._ways), *beside]
        self._running: dict[int, int] = {}
        self._crashes: list[float] = []
        self._stopping = False
        self._turn = 0
        self._reads, self._held = os.pipe()
        self._woken, self._wakes = os.pipe()

    def run(self) -> None:
        """Start the workers and watch them until a signal comes; raises `SinkError` when they end again and again."""
        self._listener.setblocking(False)
        os.set_blocking(self._wakes, False)
        for name in TELLS:
            signal.signal(name, self._stop)
        signal.signal(signal.SIGCHLD, _noted)
        signal.set_wakeup_fd(self._wakes)
        try:
            for place in range(len(self._works)):
                self._start(place)
            self._watch()
        finally:
            self._end_all()
            signal.set_wakeup_fd(-1)

    def _start(self, place: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        worker = os.fork()
        if worker:
            self._running[worker] = place
            return
        code = 1
        try:
            self._become_worker(place)
            self._works[place]()
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _become_worker(self, place: int) -> None:
        """Leave to the parent what is the parent's."""
        signal.set_wakeup_fd(-1)
        for name in (*TELLS, signal.SIGCHLD):
            signal.signal(name, signal.SIG_DFL)
        for pipe in (self._held, self._woken, self._wakes):
            os.close(pipe)
        self._listener.close()
        for number, (gives, takes) in enumerate(self._ways):
            gives.close()
            if number != place:
                takes.close()
        threading.Thread(target=_end_with_parent, args=(self._reads,), daemon=True).start()

    def _watch(self) -> None:
        """Pass connections on and replace workers, until a signal came and all have ended."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while self._running:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._woken in ready:
                    os.read(self._woken, 4096)
                    self._replace_ended()
                if self._listener in ready:
                    self._accept()
                if self._stopping and self._listener.fileno() >= 0:
                    selector.unregister(self._listener)
                    self._listener.close()
                    self._tell_all()

    def _replace_ended(self) -> None:
        """Another worker takes the place of each that ended, unless all are to end."""
        for worker in [one for one in self._running if os.waitpid(one, os.WNOHANG)[0]]:
            place = self._running.pop(worker)
            if not self._stopping:
                self._refuse_crashes()
                self._start(place)

    def _accept(self) -> None:
        """Pass on the connections that wait."""
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # too many are open
                time.sleep(TOO_MANY_S)
                return
            with connection:
                self._pass_on(connection)

    def _pass_on(self, connection: socket.socket) -> None:
        """Give a connection to the next worker, or to the one after where that takes none; else it is closed."""
        for _ in self._ways:
            gives, _takes = self._ways[self._turn]
            self._turn = (self._turn + 1) % len(self._ways)
            try:
                socket.send_fds(gives, [b"c"], [connection.fileno()], socket.MSG_DONTWAIT)
            except OSError:
                continue
            return

    def _refuse_crashes(self) -> None:
        now = time.monotonic()
        self._crashes = [at for at in self._crashes if now - at < CRASH_WINDOW_S] + [now]
        if len(self._crashes) > MOST_CRASHES:
            raise SinkError(f"{MOST_CRASHES} processes ended within {CRASH_WINDOW_S:.0f} s: their messages say why")

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Only remember it, and wake: a worker that is being forked right now must hear of it too."""
        self._stopping = True

    def _tell_all(self) -> None:
        for worker in self._running:
            os.kill(worker, signal.SIGTERM)

    def _end_all(self) -> None:
        self._tell_all()
        until = time.monotonic() + GRACE_S
        while self._running and time.monotonic() < until:
            for worker in [one for one in self._running if os.waitpid(one, os.WNOHANG)[0]]:
                del self._running[worker]
            time.sleep(0.05)
        for worker in self._running:
            os.kill(worker, signal.SIGKILL)


def take_connection(takes: socket.socket) -> socket.socket | None:
    """A connection that the parent passed on; None where none waits."""
    try:
        _, received, _, _ = socket.recv_fds(takes, 1, 1)
    except BlockingIOError:
        return None
    return socket.socket(fileno=received[0]) if received else None


def _noted(_signal: int, _frame: FrameType | None) -> None:
    """A handler, so that the signal wakes the parent."""


def _end_with_parent(reads: int) -> None:
    """Wait until the parent is gone, however it went, and end this process as a signal would."""
    os.read(reads, 1)
    os.kill(os.getpid(), signal.SIGTERM)
