"""What a worker counts: requests by route and status, how long they took, leads that were scored."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


@contextmanager
def shared_metrics() -> Iterator[None]:
    """Inside, workers that are forked count into one folder, which is gone afterwards."""
    before = os.environ.get(FOLDER)
    with TemporaryDirectory(prefix="ripelead-metrics-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            os.environ.pop(FOLDER) if before is None else os.environ.update({FOLDER: before})


class Metrics:
    """What a worker counts: requests by route and status, how long they took, leads that were scored."""

    def __init__(self) -> None:
        # Where the numbers are kept is decided when the library is loaded: by then the folder must be known.
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._own = CollectorRegistry()
        self.requests = Counter(
            "ripelead_requests", "Requests answered", ("method", "route", "status"), registry=self._own
        )
        self.seconds = Histogram(
            "ripelead_request_seconds",
            "Time from request to the answer's end",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self._own,
        )
        self.scored = Counter("ripelead_scored_leads", "Leads scored", ("by",), registry=self._own)

    def all_workers(self) -> "CollectorRegistry":
        """The numbers of all workers together."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        if FOLDER not in os.environ:
            return self._own
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry


class Measured:
    """Counts every request and how long it took, by the route that answered it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun, status = time.perf_counter(), 500

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            return await self._app(scope, receive, seen)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(method, route).observe(time.perf_counter() - begun)
