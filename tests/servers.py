"""A PostgreSQL server of one's own for tests: made in a temporary folder, gone afterwards."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

NOBODY = "nobody"


@dataclass(frozen=True)
class Server:
    """A running server: its URL with a password, the password, and the URL of its administrator."""

    url: str
    password: str


def missing(reason: str) -> None:
    """Skip on a user's machine, fail on CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def binaries() -> Path | None:
    """Folder of the newest installed server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    return found[-1] if found else (Path(on_path).parent if on_path else None)


@contextmanager
def postgresql_server(settings: str = "-c fsync=off") -> Iterator[Server]:
    """A server on a free port with these settings; root starts it as another user, as initdb demands."""
    pytest.importorskip("psycopg")
    folder = binaries()
    if folder is None:
        missing("PostgreSQL's server is not installed")
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as scratch:
        data, password, port = Path(scratch) / "data", secrets.token_hex(8), _free_port()
        (Path(scratch) / "password").write_text(password)
        run = _runner(Path(scratch))
        run(folder / "initdb", "-D", data, "-U", "ripe", "-A", "scram-sha-256", "--pwfile", f"{scratch}/password", "-N")
        options = f"-p {port} -k {scratch} -c listen_addresses=127.0.0.1 -c timezone=America/New_York {settings}"
        run(folder / "pg_ctl", "-D", data, "-w", "-l", f"{scratch}/log", "-o", options, "start")
        try:
            yield Server(f"postgresql+psycopg://ripe:{password}@127.0.0.1:{port}/postgres", password)
        finally:
            run(folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _runner(scratch: Path):
    """Runs a program, as an unprivileged user where this process is root."""
    before: list[str] = []
    if os.geteuid() == 0:
        for path in (scratch, scratch / "password"):
            shutil.chown(path, NOBODY)
        before = ["runuser", "-u", NOBODY, "--"]

    def run(*arguments: object) -> None:
        subprocess.run([*before, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, cwd=scratch)

    return run


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
