"""A process that delivers webhooks: of the command `deliver`, or beside the workers of the server."""

import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from numpy.random import default_rng

from features.project import Project
from features.serve_settings import ServeSettings
from features.webhook_settings import WebhookSettings
from serving.delivery.allowed import rules_of
from serving.delivery.outgoing import Way
from serving.delivery.worker import Desk, Outcome, Receiver, Until, deliver, forget
from serving.store.connection import open_store, store_url

LOOK_S, HOUR_S = 1.0, 3600.0
Receivers = Mapping[str, Receiver]


def run_deliveries(project: Project, receivers: Receivers, now: Callable[[], int], *, once: bool) -> Counter[Outcome]:
    """Send what is due until SIGTERM or SIGINT comes, or only what is due now; gives what came of the attempts.

    Raises:
        SinkError: the store cannot be reached, or is gone.
    """
    settings = project.section("serve.webhooks", WebhookSettings)
    store = open_store(store_url(project.directory, project.section("serve", ServeSettings).store))
    try:
        with _stopped_by_signals() as stop:
            worker = f"{socket.gethostname()}-{os.getpid()}"
            desk = Desk(store, receivers, Way(rules_of(project), settings.timeout_s), worker, now, default_rng())
            tidy = _hourly(lambda: forget(desk, settings.keep_days))
            tidy()
            return deliver(desk, Until(stop.is_set, lambda: once or _rested(stop, tidy)))
    finally:
        store.close()


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
