"""Webhooks while their workers are killed: nothing that was accepted is lost, and what comes twice has the same id.

`python -m benchmarks.deliveries` writes docs/benchmarks/deliveries.md: on SQLite and on a PostgreSQL server of its own.
"""

import argparse
import http.server
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from features.files import write_text
from serving.delivery.outgoing import Way
from serving.delivery.schedule import SECOND
from serving.delivery.signing import secret_of, verified_id
from serving.delivery.targets import Rules
from serving.delivery.worker import MARGIN_S, Desk, Receiver, Until, deliver
from serving.store.connection import Store, open_store
from serving.store.outbox import Message, enqueue
from serving.store.schema import OUTBOX

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "deliveries.md"
SECRET = secret_of("whsec_" + "A" * 32, "S")
KILLS, WORKERS, TIMEOUT_S = 100, 2, 2.0
BURST = 5
FAULTS = 0.05
"""Share of messages that the receiver answers with 500, and the same share that it hangs up on after it took them."""


class Receiver_(http.server.ThreadingHTTPServer):  # noqa: N801
    """Keeps the ids and bodies that arrive."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.lock, self.got, self.unsigned = threading.Lock(), Counter[tuple[str, bytes]](), 0
        self.torn = 0
        self.rng, self.calm = np.random.default_rng(5), False


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes a message after a moment; now and then it fails."""

    server: Receiver_

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        body = self.rfile.read(length)
        with self.server.lock:
            chance, moment = self.server.rng.uniform(), self.server.rng.uniform(0, 0.03)
        time.sleep(moment)
        if chance < FAULTS and not self.server.calm:
            self.send_error(500)
            return
        if len(body) < length:  # its sender was killed while it wrote
            self.server.torn += 1
            return
        self._keep(body)
        if chance < 2 * FAULTS and not self.server.calm:
            return  # taken, but the sender never hears of it
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def _keep(self, body: bytes) -> None:
        with self.server.lock:
            try:
                message = verified_id(dict(self.headers.items()), body, [SECRET], int(time.time()), 10**9)
                self.server.got[message, body] += 1
            except ValueError:
                self.server.unsigned += 1

    def log_message(self, *_arguments: object) -> None:
        """Nothing is printed."""


def work(url: str, address: str, ahead_s: float = 0.0, once: bool = False) -> None:
    """A worker, as `ripelead deliver` is one; its clock is `ahead_s` seconds ahead."""
    desk = Desk(open_store(url), {"crm": Receiver(address, (SECRET,))}, Way(Rules(frozenset({"127.0.0.1"})), TIMEOUT_S),
                f"w{os.getpid()}", lambda: int((time.time() + ahead_s) * SECOND), np.random.default_rng())  # fmt: skip
    deliver(desk, Until(lambda: False, (lambda: True) if once else lambda: bool(time.sleep(0.05))))


@dataclass(frozen=True)
class Run:
    """What came of a run."""

    database: str
    accepted: int
    kills: int
    in_flight: int
    arrived: int
    lost: int
    unknown: int
    unsigned: int
    torn: int
    twice: int
    most: int
    changed: int
    dead: int
    seconds: float


def killed_often(url: str, kills: int, rng: np.random.Generator) -> Run:
    """Enqueue while workers are killed at random moments; then let everything that is left be sent."""
    store, server, began = open_store(url), Receiver_(), time.perf_counter()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/hook"
    accepted: dict[str, bytes] = {}
    stop = threading.Event()
    producer = threading.Thread(target=_produce, args=(store, accepted, stop))
    producer.start()
    in_flight = _kill(url, address, kills, rng)
    stop.set()
    producer.join()
    server.calm = True
    time.sleep(TIMEOUT_S + MARGIN_S)  # until the last leases are over
    for days in range(5):
        work(url, address, ahead_s=days * 86_400.0, once=True)
    with store.reading() as connection:
        dead = connection.scalar(select(func.count()).select_from(OUTBOX).where(OUTBOX.c.state != "delivered"))
    server.shutdown()
    ids = Counter[str]()
    for (message, _), number in server.got.items():
        ids[message] += number
    return Run(
        database=url.partition(":")[0].partition("+")[0],
        accepted=len(accepted),
        kills=kills,
        in_flight=in_flight,
        arrived=sum(ids.values()),
        lost=len(accepted.keys() - ids.keys()),
        unknown=len(ids.keys() - accepted.keys()),
        unsigned=server.unsigned,
        torn=server.torn,
        twice=sum(number > 1 for number in ids.values()),
        most=max(ids.values()),
        changed=sum(accepted.get(message) != body for message, body in server.got),
        dead=int(dead or 0),
        seconds=time.perf_counter() - began,
    )


def _produce(store: Store, accepted: dict[str, bytes], stop: threading.Event) -> None:
    number = 0
    while not stop.wait(0.1):
        some = [
            Message(f"msg_{number + n}", "lead.sales_qualified", "crm", f'{{"n":{number + n}}}') for n in range(BURST)
        ]
        with store.writing() as connection:
            enqueue(connection, some, int(time.time() * SECOND))
        accepted.update({one.id: one.payload.encode() for one in some})  # the transaction is over: accepted
        number += BURST


def _kill(url: str, address: str, kills: int, rng: np.random.Generator) -> int:
    """Keep workers alive and kill one after the other; gives how many held messages when they died."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["serving.delivery.worker", "sqlalchemy", "alembic.command"])
    store, in_flight = open_store(url), 0

    def started() -> BaseProcess:
        process = context.Process(target=work, args=(url, address), daemon=True)
        process.start()
        return process

    workers = [started() for _ in range(WORKERS)]
    for number in range(kills):
        place = int(rng.integers(WORKERS))
        while not _holds(store, workers[place]):
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.2))
        workers[place].kill()
        workers[place].join()
        in_flight += _holds(store, workers[place])
        workers[place] = started()
        print(f"{number + 1} of {kills} kills, {in_flight} held messages", file=sys.stderr)
    for process in workers:
        process.kill()
        process.join()
    return in_flight


def _holds(store: Store, worker: BaseProcess) -> bool:
    with store.reading() as connection:
        mine = (OUTBOX.c.leased_by == f"w{worker.pid}") & (OUTBOX.c.state == "pending")
        return bool(connection.scalar(select(func.count()).select_from(OUTBOX).where(mine)))


def page(runs: list[Run]) -> str:
    """The page of the benchmark."""
    rows = [
        ("messages accepted", lambda run: f"{run.accepted:,}"),
        ("kills of workers", lambda run: f"{run.kills}"),
        ("… that held messages", lambda run: f"{run.in_flight}"),
        ("**lost**", lambda run: f"**{run.lost}**"),
        ("messages that nobody accepted", lambda run: f"{run.unknown}"),
        ("with a wrong signature", lambda run: f"{run.unsigned}"),
        ("torn on the way by a kill (refused, came again)", lambda run: f"{run.torn}"),
        ("with another body than was accepted", lambda run: f"{run.changed}"),
        ("came more than once (same id)", lambda run: f"{run.twice:,} ({run.twice / run.accepted:.1%})"),
        ("… at most", lambda run: f"{run.most} times"),
        ("not delivered in the end", lambda run: f"{run.dead}"),
        ("seconds", lambda run: f"{run.seconds:.0f}"),
    ]
    head = ["| | " + " | ".join(run.database for run in runs) + " |", "|---|" + "---|" * len(runs)]
    lines = [f"| {name} | {' | '.join(cell(run) for run in runs)} |" for name, cell in rows]
    return "\n".join([TEXT, *head, *lines, ""])


TEXT = f"""\
# Webhooks while their workers are killed

Made by `python -m benchmarks.deliveries`. A producer writes messages to the outbox, {BURST} in a transaction, while
{WORKERS} workers send them; again and again one that is at work gets SIGKILL, and another one is started. The receiver
answers {FAULTS:.0%} with 500, and hangs up on {FAULTS:.0%} after it took them. A message counts as accepted when its
transaction is over. In the end the leases of the killed run out, and a worker whose clock is days ahead sends the rest.

What comes more than once is what a worker held when it was killed, or what the receiver took without saying so; all
come under the id that they had.
"""


def main() -> None:
    """Run on SQLite, and on a PostgreSQL server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS)
    chosen = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from servers import postgresql_server

    with tempfile.TemporaryDirectory(prefix="deliveries-") as folder, postgresql_server() as server:
        urls = f"sqlite:///{folder}/store.db", server.url
        runs = [killed_often(url, chosen.kills, np.random.default_rng(7)) for url in urls]
    write_text(PAGE, page(runs))
    print(page(runs))
    if any(run.lost or run.unknown or run.changed or run.unsigned or run.dead for run in runs):
        raise SystemExit("a message was lost, changed or made up")


if __name__ == "__main__":
    main()
