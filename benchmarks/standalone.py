"""A Spark standalone cluster on this machine: a master and workers as processes of their own, on free ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@dataclass(frozen=True, slots=True)
class Standalone:
    """A running cluster: the address of its master, and its worker processes."""

    master: str
    workers: tuple[subprocess.Popen[bytes], ...]

    def kill_worker(self, number: int) -> None:
        """End a worker and its executor at once, as a machine that is lost."""
        _kill(self.workers[number])


@contextmanager
def standalone_cluster(
    folder: Path, java_home: Path, workers: int = 2, memory: str = "1g", *, pinned: bool = False
) -> Iterator[Standalone]:
    """A master and workers of one core each; logs and work folders in `folder`; all are ended at the end.

    `pinned`: each worker, with its executor and Python, runs on one core of the machine and nowhere else.
    """
    port, page = _free_port(), _free_port()
    master = f"spark://{HOST}:{port}"
    started: list[subprocess.Popen[bytes]] = []
    try:
        arguments = ["--host", HOST, "--port", str(port), "--webui-port", str(page)]
        started.append(_daemon("master.Master", arguments, folder / "master.log", java_home))
        _wait_for(lambda: _alive_workers(page) is not None, started, folder)
        for number in range(workers):
            own = ["--host", HOST, "-c", "1", "-m", memory, "--webui-port", "0", "--work-dir", str(folder / "work")]
            log = folder / f"worker-{number}.log"
            started.append(_daemon("worker.Worker", [*own, master], log, java_home))
            if pinned:
                # At once, while the script has started nothing yet: what it starts inherits it.
                os.sched_setaffinity(started[-1].pid, {number % (os.cpu_count() or 1)})
        _wait_for(lambda: _alive_workers(page) == workers, started, folder)
        yield Standalone(master, tuple(started[1:]))
    finally:
        for process in reversed(started):
            _kill(process)


def _daemon(name: str, arguments: list[str], log: Path, java_home: Path) -> subprocess.Popen[bytes]:
    import pyspark

    home = Path(pyspark.__file__).parent
    environment = {
        **os.environ,
        "JAVA_HOME": str(java_home),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": QUICK_START,
        "PYSPARK_PYTHON": sys.executable,
    }
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", *arguments]
    with log.open("wb") as stream:
        return subprocess.Popen(
            command, stdout=stream, stderr=stream, env=environment, cwd=log.parent, start_new_session=True
        )


def _alive_workers(page: int) -> int | None:
    """Number of workers that the master knows; None while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{page}/json/", timeout=5) as answer:
            state: Mapping[str, int] = json.load(answer)
    except (OSError, ValueError):
        return None
    return state["aliveworkers"]


def _wait_for(ready, started: list[subprocess.Popen[bytes]], folder: Path, seconds: float = 120) -> None:  # noqa: ANN001
    deadline = time.monotonic() + seconds
    while not ready():
        ended = [process for process in started if process.poll() is not None]
        if ended or time.monotonic() > deadline:
            logs = "\n".join(log.read_text(errors="replace")[-2000:] for log in sorted(folder.glob("*.log")))
            raise RuntimeError(f"the Spark cluster did not start:\n{logs}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole process group: a worker's executor belongs to it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
