"""Small projects on disk for tests: a project file and its tables as text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from features.project import Project, read_project
from features.tables import Tables, read_tables

CLOCK = datetime(2026, 7, 1, tzinfo=UTC)
LEADS = "lead_id,created_at\n1,2026-01-01T00:00:00Z\n2,2026-01-02T00:00:00Z\n"
EVENTS = "lead_id,occurred_at,kind\n1,2026-01-03T00:00:00Z,email_open\n2,2026-01-04T00:00:00Z,page_view\n"
Files = Mapping[str, str | bytes]


def write_project(
    directory: Path, tables: Files, settings: Mapping[str, str] | None = None, head: str = 'timezone = "UTC"'
) -> Project:
    """A project with one CSV file a table, the leads 1 and 2 unless given; `settings` are lines of `[tables.NAME]`."""
    lines = dict.fromkeys({"leads": LEADS, **tables}, "") | dict(settings or {})
    parts = [f'[project]\nname = "test"\n{head}']
    for name, own in lines.items():
        origin = "" if "sql =" in own or "file =" in own else f'file = "{name}.csv"\n'
        parts.append(f"[tables.{name}]\n{origin}{own}")
    for name, content in {"leads": LEADS, **tables}.items():
        data = content if isinstance(content, bytes) else content.encode()
        (directory / f"{name}.csv").write_bytes(data)
    (directory / "ripelead.toml").write_text("\n".join(parts), encoding="utf-8")
    return read_project(directory)


def read(
    directory: Path, tables: Files, settings: Mapping[str, str] | None = None, head: str = 'timezone = "UTC"'
) -> Tables:
    """The tables of such a project, as of `CLOCK`."""
    return read_tables(write_project(directory, tables, settings, head), clock=CLOCK)


def reasons(tables: Tables, name: str) -> dict[str, int]:
    """Reasons of quarantine of one table with their counts."""
    return next(dict(count.reasons) for count in tables.counts if count.table == name)
