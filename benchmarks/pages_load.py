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
from urllib.parse import quote

import numpy as np
from sqlalchemy import func, select

from benchmarks.serve_load import Load, measure
from benchmarks.served import HOST, NOW, ROOT, STORES, resident, served
from features.files import write_text

PAGE = ROOT / "docs" / "benchmarks" / "pages-load.md"
SECONDS, CONCURRENT, PAGES = 20.0, 20, 2_000
FILTERS = ("", "?band=A", "?sort=score", "?qualified=yes", "?tab=open&contact=now", "?search=an", "?stage=mql")


def main() -> None:
    """Serve a project on each store, measure, write the page."""
    project, seconds = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    found: dict[tuple[str, str], list[Load]] = {}
    memory, total = {}, 0
    for store in STORES:
        with served(project, store) as server:
            token, leads, total = session_and_leads(server.project)
            for name, paths in paths_of(leads).items():
                bodies = [request(server.port, token, path) for path in paths]
                found[store, name] = [asyncio.run(measure(server, bodies, n, seconds)) for n in (1, CONCURRENT)]
            memory[store] = resident(server.process)
    text = page(found, total, memory)
    write_text(PAGE, text)
    print(text)


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


def page(found: Mapping[tuple[str, str], Sequence[Load]], total: int, memory: Mapping[str, float]) -> str:
    """The page."""
    rows = [
        f"| {store} | {name} | {one.connections} | {one.per_second:.0f} | {one.p50} | {one.p95} | {one.p99} | "
        f"{one.cpu:.2f} | {one.failed} |"
        for (store, name), loads in found.items()
        for one in loads
    ]
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
            f"Mean load of the last minute {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, "
            f"{datetime.now(UTC):%Y-%m-%d}. Memory of the server's processes afterwards: "
            + ", ".join(f"{mib:,.0f} MiB ({store})" for store, mib in memory.items())
            + ".",
            "",
            "| store | page | readers | pages/s | p50 | p95 | p99 | CPU | failed |",
            "|---|---|--:|--:|--:|--:|--:|--:|--:|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
