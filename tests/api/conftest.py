"""A served copy of the small world with its promoted model, and keys to it."""

import shutil

import pytest
from sites import Clock, client_of, key_of

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
