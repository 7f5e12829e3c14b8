"""Engines of the store: one of SQLite, or a pool of PostgreSQL for each way in which it is used.

A connection that changes its isolation level pays for that whenever it is taken and given back, a tenth of a
millisecond each time; those of a pool of their own are set up once.
"""

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from features.database import parsed_url
from features.errors import ProjectFileError
from serving.store.liveness import notices_the_dead

WAIT_MS = 15_000
"""How long a writer of SQLite waits for another one."""
POOL, OVERFLOW = 8, 24
"""Connections that a pool keeps, and how many more it may open: two workers of 40 threads stay within the usual 100."""
_PAUSE_S = 0.005


@dataclass(frozen=True, slots=True)
class Engines:
    """What transactions that write, views that stay as they are, and single statements are begun with."""

    writing: Engine
    reading: Engine
    single: Engine

    def close(self) -> None:
        """Give all connections back."""
        for engine in (self.writing, self.reading, self.single):
            engine.dispose()


def engines_of(url: str) -> Engines:
    """The engines of a database.

    Raises:
        ProjectFileError: no URL of SQLite or PostgreSQL, or no driver.
    """
    parsed = parsed_url(url, "[serve] store")
    kind = parsed.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise ProjectFileError(f"[serve] store: expected SQLite or PostgreSQL, got {kind}: leave it out for SQLite")
    try:
        return _of_sqlite(parsed) if kind == "sqlite" else _of_postgresql(parsed)
    except (NoSuchModuleError, ModuleNotFoundError, ArgumentError) as error:
        raise ProjectFileError(
            "[serve] store: the driver is not installed; for PostgreSQL: pip install 'ripelead[postgres]' and "
            "postgresql+psycopg://…"
        ) from error


def _of_postgresql(url: URL) -> Engines:
    # Given back without a rollback: each of its statements was a transaction of its own.
    each_alone = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None, "skip_autocommit_rollback": True}
    engines = Engines(_engine(url), _engine(url, isolation_level="REPEATABLE READ"), _engine(url, **each_alone))
    event.listen(engines.reading, "connect", _read_only)
    for engine in (engines.writing, engines.reading, engines.single):
        notices_the_dead(engine)
    return engines


def _engine(url: URL, **options: Any) -> Engine:  # noqa: ANN401  (what an engine is made with)
    return create_engine(
        url,
        poolclass=QueuePool,
        pool_size=POOL,
        max_overflow=OVERFLOW,
        pool_use_lifo=True,  # the one used last has its statements prepared and its pages at hand
        hide_parameters=True,
        **options,
    )


def _read_only(connection: Any, _record: object) -> None:  # noqa: ANN401  (a psycopg connection)
    connection.read_only = True


def _of_sqlite(url: URL) -> Engines:
    """Readers never wait; a writer has the lock from its first moment, so that it cannot fail half-way."""
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    options: Mapping[str, Any] = {"timeout": WAIT_MS / 1000, "check_same_thread": False}
    engine = _engine(url, connect_args=options)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  (a DBAPI connection)
        connection.isolation_level = None  # SQLAlchemy's events say when a transaction begins
        cursor = connection.cursor()
        _write_ahead(cursor)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={WAIT_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("ripelead_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return Engines(engine, engine, engine)


def _write_ahead(cursor: Any) -> None:  # noqa: ANN401  (a DBAPI cursor)
    """Change a new file to a write-ahead log; SQLite does not wait itself when another process is about to write."""
    until = time.monotonic() + WAIT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
