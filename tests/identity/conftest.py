"""A store for a whole module of tests, on both databases, and a transaction on it that leaves nothing behind."""

import pytest
from stores import fresh_store


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_store(request, tmp_path_factory):
    """A store that the tests of a module share."""
    with fresh_store(request, tmp_path_factory.mktemp("store")) as opened:
        yield opened


@pytest.fixture
def connection(shared_store):
    """A writing transaction that is undone."""
    with shared_store.engine.connect() as plain:
        opened = plain.execution_options(ripelead_writes=True)
        transaction = opened.begin()
        yield opened
        transaction.rollback()
