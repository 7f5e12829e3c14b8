"""A connection whose server is gone is replaced before it is used; one that was just used is not asked."""

import selectors
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import text
from stores import fresh_database

from serving.store import liveness
from serving.store.connection import open_store

LONG_S = 5.0
SESSIONS = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


@pytest.fixture
def store(postgresql):
    opened = open_store(fresh_database(postgresql.url))
    yield opened
    opened.close()


@pytest.fixture
def pings(store, monkeypatch):
    """Connections that were asked whether their server is there."""
    asked, ping = [], store.engines.reading.dialect.do_ping
    monkeypatch.setattr(store.engines.reading.dialect, "do_ping", lambda one: (asked.append(one), ping(one))[1])
    return asked


def used(store, many):
    """Several connections that are back in the pool."""
    with ExitStack() as open_together:
        readers = [open_together.enter_context(store.reading()) for _ in range(many)]
        return [reader.connection.dbapi_connection for reader in readers]


def ended(store, connections):
    """Let the server end sessions, and wait until their clients could read it."""
    with elsewhere(store) as administrator:
        administrator.execute(text(f"select pg_terminate_backend(pid) from ({SESSIONS}) as others"))
    for one in connections:
        wait_until_readable(one)


@contextmanager
def elsewhere(store):
    """A transaction of another process."""
    other = open_store(store.url)
    with other.writing() as connection:
        yield connection
    other.close()


def wait_until_readable(connection):
    with selectors.DefaultSelector() as waiting:
        waiting.register(connection.fileno(), selectors.EVENT_READ)
        assert waiting.select(LONG_S)


def test_ended_sessions_are_replaced(store):
    before = used(store, 3)
    ended(store, before)
    after = used(store, 3)
    assert not set(map(id, before)) & set(map(id, after))
    with store.reading() as reader:
        assert reader.scalar(text("select 1")) == 1


def test_what_was_just_used_is_not_asked(store, pings):
    (first,) = used(store, 1)
    assert used(store, 1) == [first]
    assert pings == []


def test_what_rested_is_asked(store, pings, monkeypatch):
    (first,) = used(store, 1)
    monkeypatch.setattr(liveness, "RESTED_S", -1.0)
    assert used(store, 1) == [first] == pings


def test_what_rested_and_does_not_answer_is_replaced(store, monkeypatch):
    (first,) = used(store, 1)
    monkeypatch.setattr(liveness, "RESTED_S", -1.0)

    def lost(_connection):
        raise store.engines.reading.dialect.loaded_dbapi.OperationalError("connection timed out")

    monkeypatch.setattr(store.engines.reading.dialect, "do_ping", lost)
    assert used(store, 1) != [first]


def test_a_message_is_no_end(store, pings):
    (first,) = used(store, 1)
    first.execute("listen news")
    first.commit()
    with elsewhere(store) as speaker:
        speaker.execute(text("notify news"))
    wait_until_readable(first)
    assert used(store, 1) == [first] == pings
