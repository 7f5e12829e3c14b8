"""Databases for the tests of this folder."""

import pytest
from servers import postgresql_server


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server."""
    with postgresql_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/crm.db"
    server = request.getfixturevalue("server")
    _emptied(server.url)
    return server.url


def _emptied(url):
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("drop schema public cascade"))
        connection.execute(sa.text("create schema public"))
    engine.dispose()
