"""Opening the store: SQLite in the project's folder (write-ahead log) or PostgreSQL by URL, at the newest schema."""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from features.database import parsed_url, said_without_password
from features.errors import ProjectFileError, SinkError
from features.project import expand_environment
from serving.store.liveness import notices_the_dead

WAIT_MS = 15_000
"""How long a writer of SQLite waits for another one."""
_PAUSE_S = 0.005
POOL, OVERFLOW = 8, 32
_ONE_VIEW: Mapping[str, Mapping[str, Any]] = {
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
}
"""What a reader asks of a database whose usual transactions see what others commit meanwhile."""
_NO_TRANSACTION: Mapping[str, Mapping[str, Any]] = {"postgresql": {"isolation_level": "AUTOCOMMIT"}}
Transaction = Connection
"""What `Store.reading` and `Store.writing` give."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. `reading` and `writing` give connections inside one transaction each."""

    engine: Engine
    url: str

    def reading(self) -> AbstractContextManager[Connection]:
        """One consistent view; nothing can be written.

        Raises:
            SinkError: the database is gone.
        """
        return self._transaction(_ONE_VIEW.get(self.engine.dialect.name, {}))

    def looking_up(self) -> AbstractContextManager[Connection]:
        """For one statement that reads: no round trips to begin and to end a transaction where they would cost any.

        Raises:
            SinkError: the database is gone.
        """
        return self._transaction(_NO_TRANSACTION.get(self.engine.dialect.name, {}))

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that is committed at the end, and undone when an error leaves it.

        Raises:
            SinkError: the database is gone or refuses.
        """
        return self._transaction({"ripelead_writes": True})

    @contextmanager
    def _transaction(self, options: Mapping[str, Any]) -> Iterator[Connection]:
        with self._told(), self.engine.connect() as plain:
            connection = plain.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise SinkError(f"the store: {said_without_password(error, self.url)}") from error

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_store(url: str) -> Store:
    """The store at a database URL, brought to the newest schema.

    Raises:
        ProjectFileError: no URL of SQLite or PostgreSQL, no driver, or the store is of a newer release.
        SinkError: the database cannot be reached.
    """
    from serving.store.upgrade import upgrade

    store = Store(_engine(url), url)
    try:
        upgrade(store)
    except BaseException:
        store.close()
        raise
    return store


def _engine(url: str) -> Engine:
    parsed = parsed_url(url, "[serve] store")
    kind = parsed.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise ProjectFileError(f"[serve] store: expected SQLite or PostgreSQL, got {kind}: leave it out for SQLite")
    options: Mapping[str, Any] = {"timeout": WAIT_MS / 1000} if kind == "sqlite" else {}
    if kind == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = create_engine(
            parsed,
            poolclass=QueuePool,
            pool_size=POOL,
            max_overflow=OVERFLOW,
            pool_use_lifo=True,  # the one used last has its statements prepared and its pages at hand
            hide_parameters=True,
            connect_args={**options, **({"check_same_thread": False} if kind == "sqlite" else {})},
        )
    except (NoSuchModuleError, ModuleNotFoundError, ArgumentError) as error:
        raise ProjectFileError(
            "[serve] store: the driver is not installed; for PostgreSQL: pip install 'ripelead[postgres]' and "
            "postgresql+psycopg://…"
        ) from error
    if kind == "sqlite":
        _of_sqlite(engine)
    else:
        notices_the_dead(engine)
    return engine


def _of_sqlite(engine: Engine) -> None:
    """Readers never wait; a writer has the lock from its first moment, so that it cannot fail half-way."""

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


def store_url(directory: Path, store: str) -> str:
    """The URL of `[serve] store`: variables filled in, the path of an SQLite file from the project's folder on.

    Raises:
        ProjectFileError: a variable is not set, or it is no URL.
    """
    parsed = parsed_url(expand_environment(store), "[serve] store")
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        parsed = parsed.set(database=str((directory / parsed.database).absolute()))
    return parsed.render_as_string(hide_password=False)
