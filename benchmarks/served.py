"""A published project that is served while something is measured: on its SQLite file, or on a PostgreSQL server."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from features.files import write_text

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
AS_OF, NOW = "2026-01-01T00:00:00Z", "2026-01-01T08:00:00Z"
STORES = "SQLite", "PostgreSQL"
CACHE = "-c fsync=on -c shared_buffers=512MB"
"""Settings of the server: it writes as safely as one in use; tests switch that off."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: the folder of its project, its port, and the process of the parent."""

    project: Path
    port: int
    process: int


@contextmanager
def served(project: Path, store: str) -> Iterator[Served]:
    """Serve a project by two workers on its own SQLite file, or published anew into a PostgreSQL server."""
    if store == "SQLite":
        with _running(project.absolute()) as running:
            yield running
        return
    sys.path.insert(0, str(ROOT / "tests"))
    from servers import postgresql_server

    with tempfile.TemporaryDirectory() as scratch, postgresql_server(CACHE) as server:
        folder = beside(project.absolute(), Path(scratch), server.url)
        subprocess.run([*_ripelead("publish"), "-p", str(folder), "--as-of", AS_OF], cwd=ROOT, check=True)
        with _running(folder) as running:
            yield running


def beside(project: Path, folder: Path, url: str) -> Path:
    """A project with the same tables and models, and another store."""
    for one in project.iterdir():
        if one.name not in ("ripelead.toml", ".ripelead"):
            (folder / one.name).symlink_to(one)
    text = (project / "ripelead.toml").read_text(encoding="utf-8")
    write_text(folder / "ripelead.toml", f'{text}\n[serve]\nstore = "{url}"\n')
    return folder


@contextmanager
def _running(project: Path) -> Iterator[Served]:
    port = free_port()
    command = [*_ripelead("serve"), "-p", str(project), "--port", str(port), "--workers", "2", "--now", NOW]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            wait_until_ready(port)
            yield Served(project, port, server.pid)
        finally:
            server.terminate()


def _ripelead(command: str) -> list[str]:
    return [sys.executable, "-m", "serving.cli", command]


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


def workers_of(process: int) -> list[int]:
    """Processes of the workers."""
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]


def cpu_seconds(process: int) -> float:
    """Processor time of the workers so far."""
    stats = [
        Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(")")[2].split() for one in workers_of(process)
    ]
    return sum(int(one[11]) + int(one[12]) for one in stats) / os.sysconf("SC_CLK_TCK")


def resident(process: int) -> float:
    """Memory of the parent and its workers, MiB; what they share counts once (proportional set size)."""
    kib = 0
    for one in (process, *workers_of(process)):
        lines = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii").splitlines()
        kib += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kib / 1024
