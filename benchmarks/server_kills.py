"""The server killed at random moments while programs write: what was accepted is there, and there once.

`python -m benchmarks.server_kills` writes docs/benchmarks/server-kills.md. Each kill (SIGKILL) hits a worker or, one
time in four, the parent, which is then started again. Clients repeat a request with its Idempotency-Key until somebody
answers it. Afterwards every accepted interaction and decision, and the webhook of every decision, is looked for.
"""

import argparse
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from sqlalchemy import create_engine, text

from features.files import write_text
from features.simulate import WorldSettings, simulate

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "server-kills.md"
AS_OF = "2026-01-01T00:00:00Z"
LEADS, SEED, CLIENTS = 3000, 5, 4
DEFECT = 500
"""Status of an answer that no kill excuses."""
SETTINGS = """
[model]
max_trees = 40
threads = 1
[tracking]
enabled = false
[serve]
{store}
workers = 2
[serve.webhooks]
endpoints = [{{ name = "crm", url = "https://hooks.example.com/x", secret = "${{HOOK}}", events = ["lead.decided"] }}]
"""
TOLD = re.compile(r'"reason": ?"(note [^"]+)"')
ENVIRONMENT = {**os.environ, "HOOK": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "OMP_NUM_THREADS": "1"}


@dataclass
class Accepted:
    """What clients were told is kept, and how often they had to ask again."""

    interactions: set[str] = field(default_factory=set)
    decisions: set[str] = field(default_factory=set)
    requests: int = 0
    repeated: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


def ripelead(*arguments: object) -> str:
    """Run a command and give what it printed."""
    command = [sys.executable, "-m", "serving.cli", *map(str, arguments)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def project(folder: Path, store: str) -> str:
    """A trained and published world; gives a key that may do everything a program can."""
    simulate(folder, WorldSettings(leads=LEADS, seed=SEED))
    toml = folder / "ripelead.toml"
    write_text(toml, toml.read_text(encoding="utf-8") + SETTINGS.format(store=store))
    ripelead("train", "-p", folder)
    ripelead("promote", "-p", folder, "--force", "--reason", "a small world for a test")
    ripelead("publish", "-p", folder, "--as-of", AS_OF)
    said = ripelead("user", "key", "add", "load", "-p", folder, "--scope", "interactions.write", "--scope", "leads.all",
                    "--scope", "leads.act")  # fmt: skip
    return next(word for word in said.split() if word.startswith("rl_"))


class Server:
    """The server of a project, killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as asked:
            asked.bind(("127.0.0.1", 0))
            self.port: int = asked.getsockname()[1]
        self._folder = folder
        self.log = folder / "server.log"
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "serving.cli", "serve", "-p", str(self._folder), "--port", str(self.port)]
        command.append("--no-deliver")  # messages are counted where they wait
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=log)
        end = time.monotonic() + 60
        while time.monotonic() < end and not self.answers():
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether somebody answers."""
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/health/live", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False

    def kill(self, chance: random.Random) -> str:
        """Kill a worker, or the parent with all of them."""
        workers = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if workers and chance.random() < 0.75:
            os.kill(int(chance.choice(workers)), signal.SIGKILL)
            return "worker"
        self.process.kill()
        self.process.wait()
        self.start()
        return "parent"

    def stop(self) -> None:
        """End it in order."""
        self.process.terminate()
        self.process.wait(30)


def client(number: int, server: Server, key: str, leads: list[str], accepted: Accepted, done: threading.Event) -> None:
    """Write interactions and decisions, each request until it is answered."""
    chance, count = random.Random(number), 0
    with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}", headers={"authorization": f"Bearer {key}"}) as http:
        while not done.is_set():
            count += 1
            name, lead = f"{number}-{count}", chance.choice(leads)
            if chance.random() < 0.5:
                ids = [f"{name}-{one}" for one in range(chance.randint(1, 4))]
                rows = [{"interaction_id": i, "lead_id": lead, "kind": "page_view", "occurred_at": AS_OF} for i in ids]
                answer = _until_answered(http, "/v1/interactions", {"interactions": rows}, name, accepted, done)
                kept = accepted.interactions
                stored = ids if answer is not None and answer["refused"] == 0 else []
            else:
                path, body = (
                    f"/v1/leads/{lead}/decisions",
                    {"kind": "note", "note": f"note {name}", "reason": f"note {name}"},
                )
                answer = _until_answered(http, path, body, name, accepted, done)
                kept, stored = accepted.decisions, [f"note {name}"] if answer is not None else []
            with accepted.lock:
                kept.update(stored)


def _until_answered(
    http: httpx2.Client, path: str, body: object, key: str, accepted: Accepted, done: threading.Event
) -> dict[str, int] | None:
    """The answer to a request that is sent with the same key until it comes; None when the time is up."""
    while not done.is_set():
        with accepted.lock:
            accepted.requests += 1
        try:
            answer = http.post(path, json=body, headers={"Idempotency-Key": key}, timeout=10)
        except httpx2.HTTPError:
            with accepted.lock:
                accepted.repeated += 1
            time.sleep(0.05)
            continue
        if answer.status_code in (200, 201, 202):
            found: dict[str, int] = answer.json()
            return found
        with accepted.lock:
            accepted.refused[answer.status_code] += 1
        time.sleep(0.05)
    return None


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    store: str
    kills: Counter[str]
    accepted: Accepted
    lost: dict[str, int]
    doubled: dict[str, int]


def run(store_name: str, url: str, kills: int, folder: Path) -> Result:
    """Kill the server of a project so many times under load, and look for everything that was accepted."""
    key = project(folder, "" if not url else f'store = "{url}"')
    engine = create_engine(url or f"sqlite:///{folder}/.ripelead/store.db")
    with engine.connect() as connection:
        leads = list(connection.scalars(text("select lead_id from lead where is_open")))
    server, accepted, done, chance = Server(folder), Accepted(), threading.Event(), random.Random(1)
    threads = [threading.Thread(target=client, args=(n, server, key, leads, accepted, done)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    hit: Counter[str] = Counter()
    for _ in range(kills):
        time.sleep(chance.uniform(0.1, 1.2))
        hit[server.kill(chance)] += 1
    time.sleep(2)
    done.set()
    for thread in threads:
        thread.join()
    server.stop()
    if DEFECT in accepted.refused:
        print(server.log.read_text(encoding="utf-8"), file=sys.stderr)
    with engine.connect() as connection:
        there = {
            "interactions": Counter(connection.scalars(text("select interaction_id from interaction"))),
            "decisions": Counter(connection.scalars(text("select note from lead_action"))),
        }
        payloads = connection.scalars(text("select payload from outbox")).all()
    webhooks = Counter(found[1] for payload in payloads if (found := TOLD.search(payload)))
    wanted = {"interactions": accepted.interactions, "decisions": accepted.decisions, "webhooks": accepted.decisions}
    there["webhooks"] = webhooks
    lost = {what: sum(one not in there[what] for one in ids) for what, ids in wanted.items()}
    doubled = {what: sum(count > 1 for count in counts.values()) for what, counts in there.items()}
    return Result(store_name, hit, accepted, lost, doubled)


def main() -> None:
    """Run on SQLite and, where a server is installed, on PostgreSQL; write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    asked = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        if asked.only != "postgresql":
            results.append(run("SQLite", "", asked.kills, Path(scratch) / "one"))
        if asked.only != "sqlite":
            sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
            from servers import postgresql_server

            with postgresql_server() as server:
                results.append(run("PostgreSQL", server.url, asked.kills, Path(scratch) / "two"))
        shutil.rmtree(scratch, ignore_errors=True)
    page = page_of(results)
    write_text(PAGE, page)
    print(page)
    if any(any(one.lost.values()) or any(one.doubled.values()) or DEFECT in one.accepted.refused for one in results):
        raise SystemExit("something was lost or doubled, or the server had a defect")


def page_of(results: list[Result]) -> str:
    """The page."""
    lines = [
        "# The server killed while programs write",
        "",
        f"`make soak` runs it: {CLIENTS} programs send interactions and decisions, each with an Idempotency-Key",
        "until it is answered; meanwhile processes of the server are killed (SIGKILL). What was answered as",
        "kept is looked for afterwards, and the webhook that each decision owes.",
        "",
        "| store | workers killed | parents killed | requests | sent again | interactions kept | decisions kept "
        "| lost | doubled |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(one) for one in results]
    refused = sum((one.accepted.refused for one in results), Counter())
    lines += ["", f"Answers that were neither kept nor lost, by status: {dict(sorted(refused.items())) or 'none'}."]
    return "\n".join(lines) + "\n"


def _line(one: Result) -> str:
    done = one.accepted
    counts = [one.kills["worker"], one.kills["parent"], done.requests, done.repeated]
    kept = [len(done.interactions), len(done.decisions)]
    cells = [one.store, *(f"{n:,}" for n in (*counts, *kept)), _said(one.lost), _said(one.doubled)]
    return f"| {' | '.join(cells)} |"


def _said(counts: dict[str, int]) -> str:
    return "none" if not any(counts.values()) else ", ".join(f"{n} {what}" for what, n in counts.items() if n)


if __name__ == "__main__":
    main()
