"""Load on the API: `POST /v1/score` with histories of 50 events, over loopback, the generator on the same cores.

Writes `docs/benchmarks/serve-load.md`. Run: `python -m benchmarks.serve_load PROJECT` (a promoted model is needed).
"""

import asyncio
import json
import os
import platform
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import httptools
import numpy as np

from benchmarks.one_lead_requests import Mix, requests

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "serve-load.md"
SECONDS, WARM_UP_S, EVENTS, BODIES = 30.0, 3.0, 50, 400
CONNECTIONS = (1, 4, 8, 16)
HOST = "127.0.0.1"


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
    """Serve a project, measure, write the page."""
    project = Path(sys.argv[1]).absolute()
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    port, key = free_port(), new_key(project)
    command = [sys.executable, "-m", "serving.cli", "serve", "-p", str(project), "--port", str(port), "--workers", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            wait_until_ready(port)
            bodies = requests_of(port, key)
            found = [asyncio.run(measure(port, bodies, number, seconds, server.pid)) for number in CONNECTIONS]
        finally:
            server.terminate()
    PAGE.write_text(page(found), encoding="utf-8")
    print(page(found))


def new_key(project: Path) -> str:
    """A key that may score, written into the project's store."""
    from serving.identity.tokens import new_key as make
    from serving.store.keys import NewKey, add_key
    from serving.web.site import open_site

    site = open_site(project, lambda: datetime.now(UTC))
    key = make()
    with site.store.writing() as connection:
        add_key(connection, key, NewKey("load", ("score",)), "benchmark", site.now)
    site.store.close()
    return str(key.shown)


def requests_of(port: int, key: str) -> list[bytes]:
    """Whole requests as they are written to the socket."""
    drawn = requests(BODIES, Mix("own", EVENTS, 0, 0), np.random.default_rng(7))
    return [_request(port, key, json.dumps({"as_of": "2026-01-01T00:00:00Z", **one}).encode()) for one in drawn]


def _request(port: int, key: str, body: bytes) -> bytes:
    head = (
        f"POST /v1/score HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def measure(port: int, bodies: list[bytes], connections: int, seconds: float, server: int) -> Load:
    """Load of some connections for some seconds, after a warm-up that does not count."""
    seen: list[tuple[float, float, int]] = []
    loop = asyncio.get_running_loop()
    opened = []
    for number in range(connections):
        ordered = bodies[number * 17 % len(bodies) :] + bodies[: number * 17 % len(bodies)]
        opened.append((await loop.create_connection(lambda own=ordered: Connection(own, seen), HOST, port))[1])
    await asyncio.sleep(WARM_UP_S)
    begun, spent = time.perf_counter(), cpu_seconds(server)
    await asyncio.sleep(seconds)
    ended, spent = time.perf_counter(), cpu_seconds(server) - spent
    for connection in opened:
        connection.stop()
    counted = [one for one in seen if begun <= one[0] < ended]
    times = np.array([took for _, took, _ in counted]) * 1000
    failed = sum(status != 200 for *_, status in counted)
    cpu = round(spent / max(len(counted), 1) * 1000, 2)
    p50, p95, p99 = np.percentile(times, [50, 95, 99]).round(1).tolist()
    return Load(connections, len(counted), round(len(counted) / (ended - begun), 1), p50, p95, p99, cpu, failed)


def cpu_seconds(server: int) -> float:
    """Processor time of the workers so far."""
    workers = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii").split()
    stats = [Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(")")[2].split() for one in workers]
    return sum(int(one[11]) + int(one[12]) for one in stats) / os.sysconf("SC_CLK_TCK")


def wait_until_ready(port: int) -> None:
    """Return when the server scores."""
    for _ in range(600):
        try:
            with urlopen(f"http://{HOST}:{port}/health/ready", timeout=2) as answer:
                if json.load(answer)["model"] == "ok":
                    time.sleep(2)  # the other worker as well
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server did not become ready")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as asked:
        asked.bind((HOST, 0))
        return int(asked.getsockname()[1])


def page(found: list[Load]) -> str:
    """The page as Markdown."""
    rows = "\n".join(
        f"| {one.connections} | {one.answers:,} | {one.per_second:,.0f} | {one.p50:.1f} | {one.p95:.1f} | "
        f"{one.p99:.1f} | {one.cpu:.2f} | {one.failed} |"
        for one in found
    )
    return f"""# Load on the API

<!-- Made by `python -m benchmarks.serve_load`; do not edit. -->

`POST /v1/score` with one history of {EVENTS} events and eight reasons (about 11 kB), over loopback with kept-alive
connections; two workers, and the load generator on the same {os.cpu_count()} cores. Every request is authenticated by a
key, and spends from its budget. Milliseconds from the first byte sent to the last one received; CPU:
milliseconds that the workers' processors spent on one request, which other work on the machine disturbs less.
Mean load of the last minute {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}.

| connections | answers | requests/s | p50 | p95 | p99 | CPU | failed |
|--:|--:|--:|--:|--:|--:|--:|--:|
{rows}
"""


if __name__ == "__main__":
    main()
