"""A served project without a model, a clock that stands still, and clients that are signed in."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import anyio
from starlette.testclient import TestClient

from serving.identity.tokens import hash_of, new_key, new_token
from serving.store.keys import NewKey, add_key
from serving.store.sessions import start_session
from serving.store.users import NewUser, add_user
from serving.web.credentials import cookie_name
from serving.web.site import open_site

PROJECT = '[project]\nname = "acme"\n[tables.leads]\nfile = "leads.csv"\n[label]\nhorizon_days = 90\n'
PAGE = {"accept": "text/html,*/*;q=0.8"}
OWN = {"sec-fetch-site": "same-origin"}
DAY_US = 86_400_000_000


class Clock:
    """Stands still until a test lets time pass."""

    def __init__(self):
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.now

    def passes(self, **time):
        self.now += timedelta(**time)


def site_in(folder, serve="", clock=None):
    """The site of a new project with these lines of `[serve]`."""
    (folder / "ripelead.toml").write_text(f"{PROJECT}[serve]\n{serve}\n", encoding="utf-8")
    return open_site(folder, clock or Clock())


def client_of(app, address="http://localhost", **options):
    """A client that follows no redirect; answers say what a defect was."""
    return TestClient(app, address, follow_redirects=False, headers=OWN, **options)


def new_session(site, role, owner=None, name=None):
    """The token of a session of a new user."""
    token = new_token()
    with site.store.writing() as connection:
        user = add_user(connection, NewUser(name or f"{role}-{hash_of(token)[:8]}", role, owner), site.now)
        start_session(connection, hash_of(token), user, site.now, DAY_US)
    return token


def sign_in(client, site, role, owner=None, name=None):
    """Give a client the session of a new user; the client itself."""
    token = new_session(site, role, owner, name)
    client.cookies.clear()
    client.cookies.set(cookie_name(site), token)
    return client


def world_site(world, published, folder):
    """A copy of a trained and published world as it is served, its model loaded."""
    shutil.copytree(world, folder, ignore=shutil.ignore_patterns("mlartifacts", "mlflow.db", "runs"))
    (folder / ".ripelead").mkdir(exist_ok=True)
    shutil.copy(published, folder / ".ripelead" / "store.db")
    opened = open_site(folder, lambda: datetime(2026, 1, 1, 6, tzinfo=UTC))
    opened.model.refresh()
    return opened


def key_of(site, *scopes, owner=None):
    """The headers of a program with a new key."""
    key = new_key()
    with site.store.writing() as connection:
        add_key(connection, key, NewKey(f"key-{key.prefix}", scopes, owner), "test", site.now)
    return {"authorization": f"Bearer {key.shown}"}


def run_alone(function, *arguments):
    """Run an asynchronous function in a thread of its own: in that of the tests another loop may be running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, function, *arguments).result()
