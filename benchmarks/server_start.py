"""Seconds from the start of `ripelead serve` to its first pages, and until it is ready to score; two workers.

Writes `docs/benchmarks/server-start.md`. Run: `python -m benchmarks.server_start PROJECT` (published, with a model).
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from benchmarks.pages_load import session_and_leads
from benchmarks.served import HOST, NOW, ROOT, free_port, workers_of
from features.files import write_text

PAGE = ROOT / "docs" / "benchmarks" / "server-start.md"
STARTS, WORKERS = 7, 2
PATIENCE_S, LOOKS_EVERY_S = 120.0, 0.01
IN_A_ROW = 20
"""So many answers on connections of their own say that all workers are ready, not only one."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds since the command was started; `cpu` is what all its processes had spent when they were ready."""

    sign_in: float
    worklist: float
    ready: float
    cpu: float


def main() -> None:
    """Start a project's server again and again, write the page."""
    project = Path(sys.argv[1]).absolute()
    cookie, _, leads = session_and_leads(project)
    with tempfile.TemporaryDirectory() as kept:
        start(project, cookie, kept)  # writes the bytecode
        warm = [start(project, cookie, kept) for _ in range(STARTS)]
    cold = []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as new:
            cold.append(start(project, cookie, new))
    text = page({"cached": warm, "none yet": cold}, leads)
    write_text(PAGE, text)
    print(text)


def start(project: Path, cookie: str, bytecode: str) -> Start:
    """One start, its bytecode read from and written to a folder."""
    port = free_port()
    command = [sys.executable, "-m", "serving.cli", "serve", "-p", str(project), "--port", str(port), "--workers",
               str(WORKERS), "--now", NOW]  # fmt: skip
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env={**own, "PYTHONPYCACHEPREFIX": bytecode}, stdout=subprocess.DEVNULL
    ) as server:
        try:
            sign_in = answered(port, "/sign-in", "", 1) - begun
            worklist = answered(port, "/leads", cookie, 1) - begun
            ready = answered(port, "/health/ready", "", IN_A_ROW) - begun
            return Start(sign_in, worklist, ready, processor_s(server.pid))
        finally:
            server.terminate()


def answered(port: int, path: str, cookie: str, in_a_row: int) -> float:
    """When the first of so many answers in a row came that say 200."""
    end, first, row = time.perf_counter() + PATIENCE_S, 0.0, 0
    while row < in_a_row:
        if status_of(port, path, cookie) == 200:
            first, row = first if row else time.perf_counter(), row + 1
            continue
        row = 0
        if time.perf_counter() > end:
            raise TimeoutError(f"{path} was not answered within {PATIENCE_S:.0f} s")
        time.sleep(LOOKS_EVERY_S)
    return first


def status_of(port: int, path: str, cookie: str) -> int | None:
    """The status of an answer on a connection of its own; None when nobody listens yet."""
    connection = HTTPConnection(HOST, port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path, headers={"accept": "text/html", "cookie": cookie})
        return connection.getresponse().status
    except ConnectionError:
        return None
    finally:
        connection.close()


def processor_s(parent: int) -> float:
    """Seconds that the processors worked for the parent and its workers, user and system."""
    processes = (parent, *workers_of(parent))
    stats = [Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(")")[2].split() for one in processes]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS


def page(found: dict[str, list[Start]], leads: int) -> str:
    """The page."""
    rows = [
        f"| {name} | {len(starts)} | " + " | ".join(_cell([astuple(one)[n] for one in starts]) for n in range(4)) + " |"
        for name, starts in found.items()
    ]
    return "\n".join(
        [
            "# How soon the server answers",
            "",
            "<!-- Made by `python -m benchmarks.server_start`; do not edit. -->",
            "",
            f"`ripelead serve` with {WORKERS} workers, {leads:,} published leads in SQLite, a promoted model. Seconds",
            "from the start of the command until the sign-in page was answered, then a manager's worklist, and",
            "until all workers were ready to score (`/health/ready`): median, and least – most. Processor: seconds of",
            "all processes until then. Cached bytecode was written by an earlier start; where there is none, Python",
            "compiles every library first, which happens once after an installation.",
            f"{os.cpu_count()} cores, mean load of the last minute {os.getloadavg()[0]:.1f}, "
            f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}.",
            "",
            "| bytecode | starts | sign-in page | worklist | ready | processor |",
            "|---|--:|--:|--:|--:|--:|",
            *rows,
            "",
        ]
    )


def _cell(values: list[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} – {max(values):.2f})"


if __name__ == "__main__":
    main()
