"""Empty stores on both databases."""

import secrets
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text

from serving.store.connection import open_store


@contextmanager
def fresh_store(request, folder):
    """A store of its own for the database `request.param`."""
    if request.param == "sqlite":
        opened = open_store(f"sqlite:///{folder}/store.db")
    else:
        opened = open_store(fresh_database(request.getfixturevalue("postgresql").url))
    yield opened
    opened.close()


def fresh_database(url):
    """URL of a new database of a PostgreSQL server."""
    name = f"store_{secrets.token_hex(6)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    engine.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)
