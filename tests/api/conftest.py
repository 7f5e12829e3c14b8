"""A served copy of the small world with its promoted model, and keys to it."""

import shutil
from dataclasses import replace

import pytest
from sites import Clock, client_of, key_of
from sqlalchemy import delete, insert
from stores import fresh_store

from serving.identity.roles import PERMISSIONS
from serving.store.schema import METADATA
from serving.web import background
from serving.web.app import create_app
from serving.web.site import open_site


@pytest.fixture(scope="session")
def served_folder(world, tmp_path_factory):
    """A copy of the world: what is served changes nothing for other tests."""
    folder = tmp_path_factory.mktemp("served") / "acme"
    shutil.copytree(world, folder, ignore=shutil.ignore_patterns("mlartifacts", "runs"))
    return folder


@pytest.fixture(scope="session")
def site(served_folder):
    opened = open_site(served_folder, Clock())
    opened.model.refresh()
    return opened


@pytest.fixture(scope="session")
def client(site):
    with client_of(create_app(site)) as opened:
        yield opened


@pytest.fixture(scope="session")
def may_score(site):
    return key_of(site, "score")


@pytest.fixture(scope="session")
def published(site):
    """The world as it was published at the start of 2026: the first leads of the worklist, by id."""
    from sqlalchemy import select

    from features.tables import read_tables
    from serving.lifecycle.history import process_of
    from serving.publish.gathered import Asked
    from serving.publish.publish import publish
    from serving.store.schema import LEAD

    process = process_of(site.project, site.training.label.deals_of_account)
    asked = Asked(site.project, site.model.required().bundle, process, site.clock(), site.clock())
    publish(asked, read_tables(site.project, clock=site.clock()), site.store)
    with site.store.reading() as connection:
        rows = connection.execute(select(LEAD).order_by(LEAD.c.priority.desc())).mappings().all()
    return {row["lead_id"]: dict(row) for row in rows}


@pytest.fixture(scope="session")
def some_rows(site, published):
    """Rows of a publication with the leads of eight accounts: of table by name."""
    from sqlalchemy import select

    from serving.store.schema import ACCOUNT, PUBLICATION

    is_open = [row for row in published.values() if row["is_open"] and row["account_id"]]
    keys = list(dict.fromkeys(row["account_key"] for row in is_open))[:8]
    with site.store.reading() as connection:
        accounts = connection.execute(select(ACCOUNT).where(ACCOUNT.c.account_key.in_(keys))).mappings().all()
        head = connection.execute(select(PUBLICATION)).mappings().one()
    leads = [row for row in published.values() if row["account_key"] in keys]
    return {"publication": [dict(head)], "lead": leads, "account": [dict(row) for row in accounts]}


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def one_store(request, tmp_path_factory):
    """One store on each database for all tests: to make one costs more than most tests."""
    with fresh_store(request, tmp_path_factory.mktemp("small")) as opened:
        yield opened


@pytest.fixture
def store(one_store):
    """The store, empty."""
    with one_store.writing() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))
    return one_store


@pytest.fixture
def small(site, some_rows, store):
    """A site of a few accounts, on both databases, with a clock of its own."""
    with store.writing() as connection:
        for name, rows in some_rows.items():
            connection.execute(insert(METADATA.tables[name]), rows)
    clock = Clock()
    clock.passes(hours=9)
    return replace(site, store=store, clock=clock)


@pytest.fixture
def ask(small, monkeypatch):
    """A client of the small site with a key that may everything.

    Its worker does not look for leads that wait: it would at times score those that a request is just scoring.
    """
    monkeypatch.setattr(background, "_catch_up", lambda *_: None)
    with client_of(create_app(small)) as opened:
        opened.headers |= key_of(small, *PERMISSIONS)
        yield opened
