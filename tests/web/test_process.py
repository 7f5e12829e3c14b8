"""A real server: several workers, one that is killed is replaced, none outlives the parent."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from test_app import PROJECT

ROOT = Path(__file__).parents[2]


def until(holds, seconds=60):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError("did not happen in time")


@contextmanager
def serving(folder, port):
    command = [sys.executable, "-m", "serving.cli", "serve", "-p", str(folder), "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until(lambda: alive(port))
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def alive(port):
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/health/live", timeout=2).status_code == 200
    except httpx2.HTTPError:
        return False


def children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ripelead.toml").write_text(PROJECT)
    return tmp_path


@pytest.fixture
def port():
    import socket

    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_are_replaced_and_end_with_the_parent(folder, port):
    with serving(folder, port) as process:
        first = until(lambda: len(children(process.pid)) == 2 and children(process.pid))
        os.kill(first[0], signal.SIGKILL)
        workers = until(lambda: len(now := children(process.pid)) == 2 and first[0] not in now and now)
        assert alive(port)
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def test_a_taken_port_is_said_and_a_signal_ends_the_server_in_order(folder, port):
    with serving(folder, port) as process:
        command = [sys.executable, "-m", "serving.cli", "serve", "-p", str(folder), "--port", str(port)]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (second.returncode, "cannot listen on 127.0.0.1 port" in second.stderr) == (5, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "stopped" in process.stdout.read()
