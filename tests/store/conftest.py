"""Stores for tests: every test of a store runs on SQLite and on PostgreSQL."""

import pytest
from servers import postgresql_server


@pytest.fixture(scope="session")
def postgresql():
    """One PostgreSQL server for all tests of a worker."""
    with postgresql_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """An empty store at the newest schema."""
    from stores import fresh_store

    with fresh_store(request, tmp_path) as opened:
        yield opened
