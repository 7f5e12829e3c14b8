"""Reading from a database: one read-only statement, streamed into Arrow in batches; no message shows a password.

The only door to SQLAlchemy beside the sink of scores.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import parquet

from features.errors import InputContractError, ProjectFileError
from features.text_files import FileRows

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

BATCH_ROWS = 50_000
HIDDEN = "***"
_SECRET = re.compile(r"pass|pwd|secret|token|key", re.IGNORECASE)
# What is not code: comments, literals, quoted names, dollar-quoted texts.
_NOT_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|(\$\w*\$).*?\1", re.DOTALL)
_READS = ("select", "with", "values", "table")
_KEPT = (bool, int, float, str, Decimal, datetime, date, bytes)


def parsed_url(url: str, where: str) -> "URL":
    """The parts of a database URL; `where` names in messages what gave it.

    Raises:
        ProjectFileError: not a database URL; its text is not repeated, for it may hold a password.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ProjectFileError(
            f"{where}: not a database URL; expected such as postgresql+psycopg://user@host/database or sqlite:///crm.db"
        ) from error


def shown_url(url: str, where: str = "the database") -> str:
    """The URL without passwords.

    >>> shown_url("postgresql+psycopg://ann:secret@db/crm?sslpassword=x&sslmode=require")
    'postgresql+psycopg://ann:***@db/crm?sslmode=require&sslpassword=***'
    """
    parsed = parsed_url(url, where)
    query = {name: HIDDEN if _SECRET.search(name) else value for name, value in sorted(parsed.query.items())}
    return parsed.set(query=query).render_as_string(hide_password=True).replace("%2A%2A%2A", HIDDEN)


def said_without_password(error: Exception, url: str) -> str:
    """The first line of a database's message, without anything of the URL that is secret."""
    parsed = parsed_url(url, "the database")
    found = [parsed.password, *(value for name, value in parsed.query.items() if _SECRET.search(name))]
    text = " ".join(str(getattr(error, "orig", None) or error).strip().splitlines()[:2])
    for secret in [url, *(str(secret) for secret in found if secret)]:
        text = text.replace(secret, HIDDEN)
    return text


def open_engine(url: str, where: str) -> "Engine":
    """An engine whose connections end with their use.

    Raises:
        ProjectFileError: not a database URL, or its driver is not installed.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError
    from sqlalchemy.pool import NullPool

    parsed = parsed_url(url, where)
    try:
        return create_engine(parsed, poolclass=NullPool, hide_parameters=True)
    except (NoSuchModuleError, ModuleNotFoundError, ArgumentError) as error:
        raise ProjectFileError(
            f"{where}: the driver of {parsed.drivername} is not installed; "
            "for PostgreSQL: pip install 'ripelead[postgres]' and postgresql+psycopg://…"
        ) from error


def read_database(url: str, query: str, origin: str) -> FileRows:
    """All rows of one read-only statement.

    Raises:
        ProjectFileError: not a database URL, no driver, not one statement that reads.
        InputContractError: the database cannot be reached, or cannot run it.
    """
    batches = list(query_batches(url, query, origin))
    rows = _unified([batch.schema for batch in batches])
    whole = pa.concat_tables([batch.cast(rows) for batch in batches])
    return FileRows(origin, whole, lambda positions: positions + 1, unit="row")


def copy_from_database(url: str, query: str, path: Path, origin: str) -> None:
    """Write the rows of one read-only statement to a Parquet file, never holding them all.

    Raises:
        ProjectFileError: not a database URL, no driver, not one statement that reads.
        InputContractError: the database cannot be reached, or cannot run it.
    """
    spool = path.with_suffix(".spool")
    schemas = []
    with pa.OSFile(str(spool), "wb") as stream:
        for batch in query_batches(url, query, origin):
            schemas.append(batch.schema)
            with pa.ipc.new_stream(stream, batch.schema) as writer:
                writer.write_table(batch)
    with pa.memory_map(str(spool)) as stream, parquet.ParquetWriter(path, schema := _unified(schemas)) as writer:
        for _ in schemas:
            writer.write_table(pa.ipc.open_stream(stream).read_all().cast(schema))
    spool.unlink()


def _unified(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """A type per column that holds all batches: one with nothing but nulls says nothing of its type."""
    return pa.unify_schemas(schemas, promote_options="permissive")


def query_batches(url: str, query: str, origin: str, rows: int = BATCH_ROWS) -> Iterator[pa.Table]:
    """Rows of one read-only statement in batches, at least one (without rows if there are none).

    Raises:
        ProjectFileError: not a database URL, no driver, not one statement that reads.
        InputContractError: the database cannot be reached, or cannot run it.
    """
    from sqlalchemy.exc import SQLAlchemyError

    refuse_other_statements(query, origin)
    engine = open_engine(url, origin)
    try:
        with _reading(engine) as connection:
            result = connection.execution_options(stream_results=True, no_parameters=True).exec_driver_sql(query)
            names, nothing = list(result.keys()), True
            for batch in result.partitions(rows):
                nothing = False
                yield _as_table(names, [tuple(row) for row in batch])
            if nothing:
                yield _as_table(names, [])
    except (SQLAlchemyError, OSError) as error:
        raise InputContractError(
            f"{origin}: the database {shown_url(url)} cannot run it: {said_without_password(error, url)}"
        ) from None  # what it came from may show the password


@contextmanager
def _reading(engine: "Engine") -> Iterator["Connection"]:
    """A connection that cannot write, where the database knows such."""
    with engine.connect() as connection:
        name = engine.dialect.name
        if name == "postgresql":
            connection.execution_options(postgresql_readonly=True)
        elif name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
        elif name in ("mysql", "mariadb"):
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        yield connection


def refuse_other_statements(query: str, origin: str) -> None:
    """Refuse what is not one statement that reads.

    Raises:
        ProjectFileError: several statements, or one that writes.
    """
    code = _NOT_CODE.sub(" ", query).strip().rstrip(";").strip()
    first = re.match(r"[\s(]*(\w*)", code)
    word = first[1].lower() if first else ""
    if ";" in code or word not in _READS:
        got = "several statements" if ";" in code else (f"{word.upper()} …" if word else "nothing")
        raise ProjectFileError(f"{origin}: expected one SELECT, got {got}. A query reads; it may use WITH")


def _as_table(names: list[str], rows: list[tuple[object, ...]]) -> pa.Table:
    columns: list[Sequence[object]] = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    return pa.Table.from_arrays([_as_arrow(values) for values in columns], names)


def _as_arrow(values: Sequence[object]) -> pa.Array:
    kinds = {type(value) for value in values} - {type(None)}
    if datetime in kinds:
        return _as_times(values)
    if kinds <= {int, Decimal, float} and len(kinds) > 1:  # SQLite keeps a type per cell
        return pa.array([None if value is None else float(value) for value in values], pa.float64())  # type: ignore[arg-type]
    if all(issubclass(kind, _KEPT) for kind in kinds) and len(kinds) < 2:
        return pa.array(values)
    return pa.array([None if value is None else _as_text(value) for value in values], pa.string())


def _as_times(values: Sequence[object]) -> pa.Array:
    """Aware times as UTC; a column with any naive one stays naive, and the door asks for its time zone."""
    times = [value if isinstance(value, datetime) else None for value in values]
    if all(time is None or time.tzinfo is not None for time in times):
        return pa.array([None if time is None else time.astimezone(UTC) for time in times], pa.timestamp("us", "UTC"))
    return pa.array([None if time is None else time.replace(tzinfo=None) for time in times], pa.timestamp("us"))


def _as_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
