"""Load on the API: `POST /v1/score` with histories of 50 events, over loopback, the generator on the same cores.

Writes `docs/benchmarks/serve-load.md`. Run: `python -m benchmarks.serve_load PROJECT` (published).
"""

import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httptools
import numpy as np

from benchmarks.one_lead_requests import Mix, requests
from benchmarks.served import HOST, ROOT, STORES, Served, cpu_seconds, served
from features.files import write_text

PAGE = ROOT / "docs" / "benchmarks" / "serve-load.md"
SECONDS, WARM_UP_S, EVENTS, BODIES = 30.0, 3.0, 50, 400
CONNECTIONS = (1, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one number of connections: requests a second, milliseconds, and answers that were none.

    `cpu` is what the workers' processors spent on one request, which other work on the machine disturbs less.
    """

    connections: int
    answers: int
    per_second: float
    p50: float
    p95: float
    p99: float
    cpu: float
    failed: int


class Connection(asyncio.Protocol):
    """One kept-alive connection that sends a request as soon as the last one was answered."""

    def __init__(self, bodies: list[bytes], seen: list[tuple[float, float, int]]) -> None:
        self._bodies, self._seen, self._number = bodies, seen, 0
        self._parser = httptools.HttpResponseParser(self)
        self._begun = 0.0
        self.running = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, _error: Exception | None) -> None:
        if self.running:
            self._seen.append((time.perf_counter(), 0.0, 0))

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        self._seen.append((now, now - self._begun, self._parser.get_status_code()))
        self._parser = httptools.HttpResponseParser(self)
        if self.running:
            asyncio.get_running_loop().call_soon(self._send)

    def stop(self) -> None:
        self.running = False
        self._transport.close()

    def _send(self) -> None:
        if self.running:
            self._begun = time.perf_counter()
            self._transport.write(self._bodies[self._number % len(self._bodies)])
            self._number += 1


def main() -> None:
    """Serve a project on each store, measure, write the page."""
    project = Path(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    found: dict[str, list[Load]] = {}
    for store in STORES:
        with served(project, store) as server:
            bodies = requests_of(server.port, new_key(server.project, "score"))
            found[store] = [asyncio.run(measure(server, bodies, number, seconds)) for number in CONNECTIONS]
    write_text(PAGE, page(found))
    print(page(found))


def new_key(project: Path, *scopes: str) -> str:
    """A key with these scopes, written into the project's store."""
    from serving.identity.tokens import new_key as make
    from serving.store.keys import NewKey, add_key
    from serving.web.site import open_site

    site = open_site(project, lambda: datetime.now(UTC))
    key = make()
    with site.store.writing() as connection:
        add_key(connection, key, NewKey(f"load-{key.prefix}", scopes), "benchmark", site.now)
    site.store.close()
    return str(key.shown)


def requests_of(port: int, key: str) -> list[bytes]:
    """Whole requests as they are written to the socket."""
    drawn = requests(BODIES, Mix("own", EVENTS, 0, 0), np.random.default_rng(7))
    return [
        post(port, key, "/v1/score", json.dumps({"as_of": "2026-01-01T00:00:00Z", **one}).encode()) for one in drawn
    ]


def post(port: int, key: str, path: str, body: bytes, *headers: str) -> bytes:
    """A request of a program as it is written to the socket."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {HOST}:{port}",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def measure(server: Served, bodies: list[bytes], connections: int, seconds: float) -> Load:
    """Load of some connections for some seconds, after a warm-up that does not count."""
    seen: list[tuple[float, float, int]] = []
    loop = asyncio.get_running_loop()
    opened = []
    for number in range(connections):
        begin = number * len(bodies) // connections  # nobody reads what another one just read
        ordered = bodies[begin:] + bodies[:begin]
        opened.append((await loop.create_connection(lambda own=ordered: Connection(own, seen), HOST, server.port))[1])
    await asyncio.sleep(WARM_UP_S)
    begun, spent = time.perf_counter(), cpu_seconds(server.process)
    await asyncio.sleep(seconds)
    ended, spent = time.perf_counter(), cpu_seconds(server.process) - spent
    for connection in opened:
        connection.stop()
    counted = [one for one in seen if begun <= one[0] < ended]
    times = np.array([took for _, took, _ in counted]) * 1000
    failed = sum(not 200 <= status < 300 for *_, status in counted)
    cpu = round(spent / max(len(counted), 1) * 1000, 2)
    p50, p95, p99 = np.percentile(times, [50, 95, 99]).round(1).tolist()
    return Load(connections, len(counted), round(len(counted) / (ended - begun), 1), p50, p95, p99, cpu, failed)


def page(found: Mapping[str, Sequence[Load]]) -> str:
    """The page as Markdown."""
    rows = "\n".join(
        f"| {store} | {one.connections} | {one.answers:,} | {one.per_second:,.0f} | {one.p50:.1f} | {one.p95:.1f} | "
        f"{one.p99:.1f} | {one.cpu:.2f} | {one.failed} |"
        for store, loads in found.items()
        for one in loads
    )
    return f"""# Load on the API

<!-- Made by `python -m benchmarks.serve_load`; do not edit. -->

`POST /v1/score` with one history of {EVENTS} events and eight reasons (about 11 kB), over loopback with kept-alive
connections; two workers, and the load generator on the same {os.cpu_count()} cores. Every request is authenticated by a
key, and spends from its budget. Milliseconds from the first byte sent to the last one received; CPU:
milliseconds that the workers' processors spent on one request, which other work on the machine disturbs less.
Mean load of the last minute {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}.

| store | connections | answers | requests/s | p50 | p95 | p99 | CPU | failed |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
{rows}
"""


if __name__ == "__main__":
    main()
