"""Opening the store: SQLite in the project's folder (write-ahead log) or PostgreSQL by URL, at the newest schema."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from features.database import parsed_url, said_without_password
from features.errors import SinkError
from features.project import expand_environment
from serving.store.engines import Engines, engines_of

Transaction = Connection
"""What `Store.reading` and `Store.writing` give."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. `reading` and `writing` give connections inside one transaction each."""

    engines: Engines
    url: str

    @property
    def engine(self) -> Engine:
        """What writes."""
        return self.engines.writing

    def reading(self) -> AbstractContextManager[Connection]:
        """One consistent view; nothing can be written.

        Raises:
            SinkError: the database is gone.
        """
        return self._transaction(self.engines.reading)

    def looking_up(self) -> AbstractContextManager[Connection]:
        """For one statement that reads: no round trips to begin and to end a transaction where they would cost any.

        Raises:
            SinkError: the database is gone.
        """
        return self._transaction(self.engines.single)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that is committed at the end, and undone when an error leaves it.

        Raises:
            SinkError: the database is gone or refuses.
        """
        return self._transaction(self.engines.writing, ripelead_writes=True)

    def at_once(self) -> AbstractContextManager[Connection]:
        """As `writing`, for one statement that is all there is to write: again without those round trips.

        Raises:
            SinkError: the database is gone or refuses.
        """
        return self._transaction(self.engines.single, ripelead_writes=True)

    @contextmanager
    def _transaction(self, engine: Engine, **options: bool) -> Iterator[Connection]:
        with self._told(), engine.connect() as plain:
            connection = plain.execution_options(**options) if options else plain
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
        self.engines.close()


def open_store(url: str) -> Store:
    """The store at a database URL, brought to the newest schema.

    Raises:
        ProjectFileError: no URL of SQLite or PostgreSQL, no driver, or the store is of a newer release.
        SinkError: the database cannot be reached.
    """
    from serving.store.upgrade import upgrade

    store = Store(engines_of(url), url)
    try:
        upgrade(store)
    except BaseException:
        store.close()
        raise
    return store


def store_url(directory: Path, store: str) -> str:
    """The URL of `[serve] store`: variables filled in, the path of an SQLite file from the project's folder on.

    Raises:
        ProjectFileError: a variable is not set, or it is no URL.
    """
    parsed = parsed_url(expand_environment(store), "[serve] store")
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        parsed = parsed.set(database=str((directory / parsed.database).absolute()))
    return parsed.render_as_string(hide_password=False)
