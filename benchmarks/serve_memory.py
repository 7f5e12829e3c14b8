"""Memory of the server over ten minutes in which people read and programs write: docs/benchmarks/serve-memory.md.

Run: `python -m benchmarks.serve_memory PROJECT [MINUTES]` (a published project).
"""

import asyncio
import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.pages_load import paths_of, request, session_and_leads
from benchmarks.serve_load import Connection, new_key, post, requests_of
from benchmarks.served import AS_OF, HOST, ROOT, STORES, Served, resident, served
from features.files import write_text

PAGE = ROOT / "docs" / "benchmarks" / "serve-memory.md"
MINUTES = 10
READERS, SCORERS, WRITERS = 6, 1, 1
WRITES = 30_000


@dataclass(frozen=True, slots=True)
class Watched:
    """Memory at the end of each minute in MiB (first: before the load), and the answers by status."""

    memory: Sequence[float]
    statuses: Counter[int]


def main() -> None:
    """Watch a server on each store, both at once, and write the page."""
    project, minutes = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else MINUTES
    with ThreadPoolExecutor() as pool:
        found = dict(zip(STORES, pool.map(partial(watched, project, minutes), STORES), strict=True))
    write_text(PAGE, page(found, minutes))
    print(page(found, minutes))


def watched(project: Path, minutes: int, store: str) -> Watched:
    """Serve the project on a store, and watch the server."""
    with served(project, store) as server:
        return asyncio.run(watch(server, bodies_of(server), minutes))


def bodies_of(server: Served) -> list[list[bytes]]:
    """What each connection sends, in its order: worklists and leads, histories to score, events and notes."""
    token, leads, _ = session_and_leads(server.project)
    key = new_key(server.project, "score", "interactions.write", "leads.all", "leads.act")
    paths = paths_of(leads)
    chance = np.random.default_rng(3)
    read = [request(server.port, token, path) for path in (*paths["worklist, filters and orders"] * 40, *paths["lead"])]
    readers = [[read[n] for n in chance.permutation(len(read)).tolist()] for _ in range(READERS)]
    scored = requests_of(server.port, key)
    return [*readers, *[scored] * SCORERS, *[writes(server.port, key, leads, chance) for _ in range(WRITERS)]]


def writes(port: int, key: str, leads: Sequence[str], chance: np.random.Generator) -> list[bytes]:
    """Posts of interactions and, one in four, notes; each with a key of its own."""
    found, run = [], f"{datetime.now(UTC):%H%M%S}"
    for number, lead in enumerate(chance.choice(leads, WRITES).tolist()):
        once, name = f"Idempotency-Key: {run}-{number}", f"{run}-{number}"
        row = {"interaction_id": name, "lead_id": lead, "kind": "page_view", "occurred_at": AS_OF}
        if number % 4:
            path, body = "/v1/interactions", {"interactions": [row]}
        else:
            path, body = f"/v1/leads/{lead}/decisions", {"kind": "note", "note": name}
        found.append(post(port, key, path, json.dumps(body).encode(), once))
    return found


async def watch(server: Served, bodies: Sequence[list[bytes]], minutes: int) -> Watched:
    """Keep the connections busy, and look at the memory every minute."""
    seen: list[tuple[float, float, int]] = []
    loop, opened, memory, statuses = asyncio.get_running_loop(), [], [resident(server.process)], Counter[int]()
    for own in bodies:
        opened.append((await loop.create_connection(lambda own=own: Connection(own, seen), HOST, server.port))[1])
    for _ in range(minutes):
        await asyncio.sleep(60)
        memory.append(resident(server.process))
        statuses.update(status for *_, status in seen)
        seen.clear()
    for connection in opened:
        connection.stop()
    return Watched(memory, statuses)


def page(found: Mapping[str, Watched], minutes: int) -> str:
    """The page."""
    heads = " | ".join(["before", *(str(minute + 1) for minute in range(minutes))])
    rows = [
        f"| {store} | {' | '.join(f'{mib:,.0f}' for mib in one.memory)} | {_said(one.statuses)} |"
        for store, one in found.items()
    ]
    return f"""# Memory of the server

<!-- Made by `python -m benchmarks.serve_memory`; do not edit. -->

Two workers and their parent, MiB after each minute (what processes share counts once), both stores at the same time on
{os.cpu_count()} cores. Meanwhile {READERS} readers ask for worklists and leads, {SCORERS} program scores histories and
{WRITERS} writes interactions and notes, each as fast as it is answered. Caches are filled in the first minutes:
lines of lists, phrases, looks of the last ten minutes.
Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}.

| store | {heads} | answers by status |
|---|{"--:|" * (minutes + 1)}---|
{chr(10).join(rows)}
"""


def _said(statuses: Counter[int]) -> str:
    return ", ".join(f"{status}: {n:,}" for status, n in sorted(statuses.items()))


if __name__ == "__main__":
    main()
