"""Load on the pages: worklist and lead pages of 100,000 leads at 20 concurrent readers, the readers on the same cores.

Writes `docs/benchmarks/pages-load.md`. Run: `python -m benchmarks.pages_load PROJECT` (a published project).
"""

import asyncio
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from urllib.parse import quote

import numpy as np
from sqlalchemy import func, select

from benchmarks.serve_load import Load, measure
from benchmarks.served import HOST, NOW, ROOT, STORES, Served, resident, served
from features.files import write_text

PAGE = ROOT / "docs" / "benchmarks" / "pages-load.md"
ROUNDS, CONCURRENT, PAGES = 5, 20, 2_000
SECONDS = {1: 4.0, CONCURRENT: 8.0}
"""How long each number of readers asks in a round."""
FILTERS = ("", "?band=A", "?sort=score", "?qualified=yes", "?tab=open&contact=now", "?search=an", "?stage=mql")


Found = Mapping[tuple[str, str, int], Sequence[Load]]
"""Loads by store, page and number of readers, one for each round."""


def main() -> None:
    """Serve a project on both stores, measure in rounds, write the page."""
    with served(Path(sys.argv[1]), "SQLite") as on_sqlite, served(Path(sys.argv[1]), "PostgreSQL") as on_postgresql:
        servers = dict(zip(STORES, (on_sqlite, on_postgresql), strict=True))
        found, total = measured(servers)
        memory = {store: resident(server.process) for store, server in servers.items()}
    text = page(found, total, memory)
    write_text(PAGE, text)
    print(text)


def measured(servers: Mapping[str, Served]) -> tuple[Found, int]:
    """Every page on every store in each round, so that a slow minute of the machine is a round of all; leads."""
    found: dict[tuple[str, str, int], list[Load]] = {}
    asked, total = {}, 0
    for store, server in servers.items():
        token, leads, total = session_and_leads(server.project)
        for name, paths in paths_of(leads).items():
            asked[store, name] = [request(server.port, token, path) for path in paths]
    for _ in range(ROUNDS):
        for (store, name), bodies in asked.items():
            for readers, seconds in SECONDS.items():
                load = asyncio.run(measure(servers[store], bodies, readers, seconds))
                found.setdefault((store, name, readers), []).append(load)
    return found, total


def session_and_leads(project: Path) -> tuple[str, list[str], int]:
    """A manager's session, ids of open leads by chance, and how many leads there are."""
    from serving.identity.tokens import hash_of, new_token
    from serving.store.schema import LEAD
    from serving.store.sessions import start_session
    from serving.store.users import NewUser, add_user
    from serving.web.credentials import cookie_name
    from serving.web.site import open_site

    site = open_site(project, lambda: datetime.fromisoformat(NOW).astimezone(UTC))
    token = new_token()
    with site.store.writing() as connection:
        user = add_user(connection, NewUser(f"load-{token[:6]}", "manager", None), site.now)
        start_session(connection, hash_of(token), user, site.now, 86_400_000_000)
        ids = connection.scalars(select(LEAD.c.lead_id).where(LEAD.c.is_open).order_by(LEAD.c.lead_id)).all()
        total = connection.scalar(select(func.count()).select_from(LEAD))
    chosen = np.random.default_rng(7).choice(len(ids), min(PAGES, len(ids)), replace=False)
    name = cookie_name(site)
    site.store.close()
    return f"{name}={token}", [ids[n] for n in chosen.tolist()], int(total or 0)


def paths_of(leads: list[str]) -> dict[str, list[str]]:
    """Paths by kind of page, each in the order in which they are asked for."""
    return {
        "worklist, first page": ["/leads"],
        "worklist, filters and orders": [f"/leads{one}" for one in FILTERS],
        "lead": [f"/leads/{quote(one, safe='')}" for one in leads],
        "lead as JSON": [f"/leads/{quote(one, safe='')}?format=json" for one in leads],
    }


def request(port: int, token: str, path: str) -> bytes:
    """A request as a browser writes it."""
    head = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nCookie: {token}\r\nAccept: text/html\r\n\r\n"
    return head.encode()


def page(found: Found, total: int, memory: Mapping[str, float]) -> str:
    """The page."""
    rows = [f"| {store} | {name} | {row(loads)} |" for (store, name, _), loads in found.items()]
    return "\n".join(
        [
            "# Load on the pages",
            "",
            "<!-- Made by `python -m benchmarks.pages_load`; do not edit. -->",
            "",
            f"{total:,} leads, two workers, readers on the same {os.cpu_count()} cores over loopback, each",
            "asking for the next page as soon as it has the last. Milliseconds from the first byte sent to the last",
            f"received; lead pages are those of {PAGES:,} open leads by chance, each with its whole history read and",
            "phrased anew. CPU: milliseconds that the workers' processors spent on one page.",
            f"Medians of {ROUNDS} rounds in which everything is asked in turn; beside p95 its least and most.",
            f"Mean load of the last minute {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, "
            f"{datetime.now(UTC):%Y-%m-%d}. Memory of the server's processes afterwards: "
            + ", ".join(f"{mib:,.0f} MiB ({store})" for store, mib in memory.items())
            + ".",
            "",
            "| store | page | readers | pages/s | p50 | p95 | p95 of rounds | p99 | CPU | failed |",
            "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
            *rows,
            "",
        ]
    )


def row(loads: Sequence[Load]) -> str:
    """Medians over the rounds, and all failures."""
    p95 = [one.p95 for one in loads]
    cells = [
        f"{loads[0].connections}",
        f"{median(one.per_second for one in loads):.0f}",
        f"{median(one.p50 for one in loads):.1f}",
        f"{median(p95):.1f}",
        f"{min(p95):.1f}–{max(p95):.1f}",
        f"{median(one.p99 for one in loads):.1f}",
        f"{median(one.cpu for one in loads):.2f}",
        f"{sum(one.failed for one in loads)}",
    ]
    return " | ".join(cells)


if __name__ == "__main__":
    main()
