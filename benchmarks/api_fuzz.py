"""Hundreds of requests per operation and role, made from the API's description, with everything schemathesis checks.

Writes `docs/benchmarks/api-fuzz.md`. Run: `python -m benchmarks.api_fuzz PROJECT` (with a promoted model).
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from api_fuzzing import fuzz, operations_of, schema_of  # noqa: E402
from sites import Clock, key_of, sign_in  # noqa: E402
from stores import fresh_database  # noqa: E402

from features.tables import read_tables  # noqa: E402
from serving.identity.roles import PERMISSIONS  # noqa: E402
from serving.lifecycle.history import process_of  # noqa: E402
from serving.publish.gathered import Asked  # noqa: E402
from serving.publish.publish import publish  # noqa: E402
from serving.store import publications  # noqa: E402
from serving.store.connection import open_store  # noqa: E402
from serving.store.lead_keys import Scope, Wanted  # noqa: E402
from serving.store.leads import leads_page  # noqa: E402
from serving.web.app import create_app  # noqa: E402
from serving.web.site import Site, open_site  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks" / "api-fuzz.md"
EXAMPLES = 200
ROLES = ("rep", "manager", "marketing", "data_scientist", "admin")
KEY = "program with a key for everything"


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one operation for one role."""

    database: str
    role: str
    operation: str
    statuses: dict[int, int]
    failure: str


def main() -> None:
    """Ask, and write the page."""
    project = Path(sys.argv[1]).absolute()
    examples = int(sys.argv[2]) if len(sys.argv) > 2 else EXAMPLES
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "project"
        shutil.copytree(project, folder, ignore=shutil.ignore_patterns("mlartifacts", "runs", ".ripelead"))
        site = published(open_site(folder, Clock()))
        rows = [*of_site(site, "SQLite", (*ROLES, KEY), examples)]
        with on_postgresql(site) as other:
            rows += of_site(other, "PostgreSQL", (KEY,), examples)
    text = page(rows, examples, time.perf_counter() - began)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    if any(row.failure for row in rows):
        raise SystemExit(1)


def published(site: Site) -> Site:
    """The site with its model and a publication as of its clock."""
    site.model.refresh()
    process = process_of(site.project, site.training.label.deals_of_account)
    asked = Asked(site.project, site.model.required().bundle, process, site.clock(), site.clock())
    publish(asked, read_tables(site.project, clock=site.clock()), site.store)
    return site


@contextmanager
def on_postgresql(site: Site) -> Iterator[Site]:
    """The same site on a PostgreSQL server of its own."""
    from servers import postgresql_server

    with postgresql_server() as server:
        store = open_store(fresh_database(server.url))
        yield published(replace(site, store=store))
        store.close()


def of_site(site: Site, database: str, roles: tuple[str, ...], examples: int) -> Iterator[Row]:
    """Every operation for every role."""
    lead_id, owner = some_lead(site)
    app = create_app(site)
    for role in roles:
        headers = headers_of(site, role, owner)
        for name, operation in operations_of(schema_of(app, headers)).items():
            statuses, failure = {}, ""
            try:
                statuses = fuzz(operation, headers, examples, lead_id)
            except (Exception, BaseExceptionGroup) as error:
                failure = str(error).splitlines()[0] if str(error) else type(error).__name__
                print(f"{database} {role} {name}: {error}", file=sys.stderr)
            yield Row(database, role, name, statuses, failure)


def some_lead(site: Site) -> tuple[str, str | None]:
    """The first lead of the worklist that somebody owns."""
    with site.store.reading() as connection:
        current = publications.current(connection)
        assert current is not None
        rows, _ = leads_page(connection, Scope(current.id, None, site.now), Wanted(), None, 200)
    return next((row.lead_id, row.owner) for row in rows if row.owner)


def headers_of(site: Site, role: str, owner: str | None) -> dict[str, str]:
    """What somebody of a role sends along."""
    if role == KEY:
        return key_of(site, *PERMISSIONS)
    jar = _Jar()
    sign_in(jar, site, role, owner)
    return {"Cookie": jar.text, "Sec-Fetch-Site": "same-origin"}


class _Jar:
    """Takes the cookie that a browser would keep."""

    def __init__(self) -> None:
        self.text = ""
        self.cookies = self

    def clear(self) -> None:
        """Keep none."""
        self.text = ""

    def set(self, name: str, value: str) -> None:
        """Keep a cookie."""
        self.text = f"{name}={value}"


def page(rows: list[Row], examples: int, seconds: float) -> str:
    """The page as Markdown."""
    total = sum(sum(row.statuses.values()) for row in rows)
    lines = "\n".join(
        f"| {row.database} | {row.role} | `{row.operation}` | {sum(row.statuses.values()):,} | "
        f"{', '.join(f'{n:,} × {status}' for status, n in sorted(row.statuses.items()))} | {row.failure or 'none'} |"
        for row in rows
    )
    failed = sum(bool(row.failure) for row in rows)
    return f"""# Random requests to the API

<!-- Made by `python -m benchmarks.api_fuzz`; do not edit. -->

For every operation and role: up to {examples} requests that fit the description at `/v1/openapi.json` and up to
{examples} that do not, made by schemathesis, with all its checks on (no 5xx; statuses, media types, headers and bodies
as described; what does not fit is refused; what fits is not, apart from rules between several values; no answer without
a key). Operations that take nothing can only be asked in one way. {total:,} requests in {seconds / 60:.0f} minutes,
{datetime.now(UTC):%Y-%m-%d}; operations with a failure: {failed}.

| database | role | operation | requests | answers | failure |
|---|---|---|--:|---|---|
{lines}
"""


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
