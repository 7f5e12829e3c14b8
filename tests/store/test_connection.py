"""The store opens at the newest schema on both databases, and writers wait for one another."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, insert, select, text

from features.errors import ProjectFileError, SinkError
from serving.store import engines
from serving.store.connection import open_store
from serving.store.schema import AUDIT, METADATA
from serving.store.upgrade import MIGRATIONS, newest

LINE = {"at": 1, "who": "ann", "action": "read", "purpose": "test", "details": "{}"}


INDEXES = {
    "sqlite": "select name, replace(sql, char(10), '') from sqlite_master where type = 'index' and sql is not null",
    "postgresql": "select indexname, indexdef from pg_indexes where schemaname = 'public'",
}


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_make_the_schema(store):
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_migrations_make_the_indexes_of_the_schema(store):
    """Alembic compares no index of an expression."""
    with store.writing() as connection:
        indexes = text(INDEXES[connection.dialect.name])
        migrated = {tuple(row) for row in connection.execute(indexes)}
        for table in METADATA.tables.values():
            for index in table.indexes:
                index.drop(connection, checkfirst=False)
                index.create(connection, checkfirst=False)
        assert {tuple(row) for row in connection.execute(indexes)} == migrated
        connection.rollback()


def test_the_newest_revision_is_known_without_alembic():
    assert newest() == ScriptDirectory(str(MIGRATIONS)).get_current_head()


def test_opening_again_changes_nothing(store):
    with store.writing() as connection:
        connection.execute(insert(AUDIT), LINE)
    again = open_store(store.url)
    with again.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(AUDIT)) == 1
    again.close()


def test_processes_that_start_together_migrate_once(tmp_path):
    url = f"sqlite:///{tmp_path}/new/store.db"
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_store(url), range(4)))
    with stores[0].reading() as connection:
        assert connection.scalar(text("select count(*) from alembic_version")) == 1


def test_a_new_file_in_which_another_process_is_about_to_write_is_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "store.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    # Only where the store waits: threads of other libraries sleep too.
    pause = SimpleNamespace(sleep=lambda _: other.in_transaction and other.execute("commit"), monotonic=time.monotonic)
    monkeypatch.setattr(engines, "time", pause)
    open_store(f"sqlite:///{path}").close()
    assert not other.in_transaction
    other.close()


def test_a_reader_sees_one_moment_however_long_it_reads(store):
    lines = select(func.count()).select_from(AUDIT)
    with store.reading() as reader:
        before = reader.scalar(lines)
        with store.writing() as writer:
            writer.execute(insert(AUDIT), LINE)
        assert reader.scalar(lines) == before
    with store.reading() as reader:
        assert reader.scalar(lines) == before + 1


def test_writers_wait_for_one_another(store):
    def write(number):
        with store.writing() as connection:
            seen = connection.scalar(select(func.count()).select_from(AUDIT).where(AUDIT.c.who == "x"))
            if store.engine.dialect.name == "sqlite" or number:
                connection.execute(insert(AUDIT), {**LINE, "details": str(seen)})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(1, 41)))
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(AUDIT)) == 40


def test_an_error_undoes_the_transaction(store):
    def write():
        with store.writing() as connection:
            connection.execute(insert(AUDIT), LINE)
            raise KeyError

    with pytest.raises(KeyError):
        write()
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(AUDIT)) == 0


def test_a_newer_store_is_refused(store):
    with store.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(ProjectFileError, match="newer release"):
        open_store(store.url)


@pytest.mark.parametrize("url", ["mysql://a@b/c", "nonsense", "postgresql+nodriver://a@b/c"])
def test_other_databases_are_refused(url):
    with pytest.raises(ProjectFileError, match=r"\[serve\] store"):
        open_store(url)


def test_a_database_that_is_gone_is_said_without_its_password():
    with pytest.raises(SinkError) as error:
        open_store("postgresql+psycopg://ripe:s3cret@127.0.0.1:1/x?connect_timeout=2")
    assert "s3cret" not in str(error.value)
