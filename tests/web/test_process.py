"""A real server: several workers, one that is killed is replaced, none outlives the parent."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from hooks import hooks
from test_app import PROJECT
from trained import command

from serving.store.connection import open_store
from serving.store.outbox import Message, enqueue
from serving.web.process import listen

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


SECRET = "whsec_" + "A" * 32


@pytest.fixture
def told(tmp_path, monkeypatch):
    """A project whose webhooks go to a receiver on this machine."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with hooks() as server:
        endpoint = f'name = "crm"\nurl = "{server.url}/hook"\nsecret = "${{HOOK_SECRET}}"\n'
        settings = f'[serve]\nallow_private_hosts = ["127.0.0.1"]\n[[serve.webhooks.endpoints]]\n{endpoint}'
        (tmp_path / "ripelead.toml").write_text(PROJECT + settings)
        yield tmp_path, server


def tell(folder, name):
    """Let a message wait in the store."""
    store = open_store(f"sqlite:///{folder}/.ripelead/store.db")
    with store.writing() as connection:
        enqueue(connection, [Message(name, "lead.sales_qualified", "crm", "{}")], 0)
    store.close()


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


def connections_of(worker, port):
    """How many connections to a port a process holds."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    there = {row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"}
    links = [str(one.readlink()) for one in Path(f"/proc/{worker}/fd").iterdir()]
    return sum(link[8:-1] in there for link in links if link.startswith("socket:"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_connections_come_to_the_workers_in_turn_also_after_a_kill(folder, port):
    with serving(folder, port) as process, ExitStack() as opened:
        workers = until(lambda: len(children(process.pid)) == 2 and children(process.pid))
        until(lambda: [connections_of(worker, port) for worker in workers] == [0, 0])
        for _ in range(8):
            client = opened.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{port}"))
            assert client.get("/health/live").status_code == 200
        assert [connections_of(worker, port) for worker in workers] == [4, 4]
        os.kill(workers[0], signal.SIGKILL)
        assert all(alive(port) for _ in range(4))


def test_a_taken_port_is_said_and_a_signal_ends_the_server_in_order(folder, port):
    with serving(folder, port) as process:
        command = [sys.executable, "-m", "serving.cli", "serve", "-p", str(folder), "--port", str(port)]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (second.returncode, "cannot listen on 127.0.0.1 port" in second.stderr) == (5, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "stopped" in process.stdout.read()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_webhooks_are_sent_beside_the_workers_also_after_a_kill(told, port):
    folder, server = told
    with serving(folder, port) as process:
        tell(folder, "msg_1")
        until(lambda: server.ids() == ["msg_1"])
        before = until(lambda: len(children(process.pid)) == 3 and children(process.pid))
        for one in before:
            os.kill(one, signal.SIGKILL)
        tell(folder, "msg_2")
        until(lambda: "msg_2" in server.ids())
        after = until(lambda: len(now := children(process.pid)) == 3 and not {*before} & {*now} and now)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert not any(Path(f"/proc/{one}").exists() for one in after)
        assert "sending webhooks to crm" in process.stdout.read()


@pytest.mark.parametrize(
    ("more", "secret", "code", "said"),
    [
        (["--no-deliver"], SECRET, 5, "webhooks are not sent from here: ripelead deliver"),
        ([], "", 5, "webhooks are not sent from here ("),
        (["--deliver"], "", 2, "HOOK_SECRET"),
    ],
)
def test_who_sends_no_webhooks_says_so(told, port, monkeypatch, capsys, more, secret, code, said):
    monkeypatch.setenv("HOOK_SECRET", secret)
    with listen(("127.0.0.1", port)):  # so that nothing is served
        assert command("serve", "-p", told[0], "--port", port, *more) == code
    assert said in " ".join(capsys.readouterr().err.split())


def test_delivering_nothing_is_refused(folder, port, capsys):
    assert command("serve", "-p", folder, "--port", port, "--deliver") == 2
    assert "there is none" in " ".join(capsys.readouterr().err.split())
