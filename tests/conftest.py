"""Settings for all tests: property tests draw the same examples in every run."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from features.engines import account_ranges

settings.register_profile(
    "ripelead",
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("ripelead")

# Waiting threads that spin slow everybody down on a machine with two cores and two test workers.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


FIRST = ("browser", "engines", "notebooks", "model", "real", "api", "serving", "web", "point_in_time")
"""Folders of the longest groups: what is started last must be short, or one worker waits for the other."""


def group_of(item):
    """Tests that share what is costly stay on one worker: those of a file, and of all files with one such fixture."""
    if "examined" in item.fixturenames:
        return "examined"
    folder = item.path.parent.name
    return folder if folder in ("api", "browser") else item.path.stem


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items):
    """Every test gets a group, and the long ones come first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group_of(item)))
    rank = {folder: number for number, folder in enumerate(FIRST)}
    items.sort(key=lambda item: rank.get(item.path.parent.name, len(FIRST)))


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory):
    """Bundles of tests leave no marks in the user's cache; the pictures' list of fonts stays where it is."""
    with pytest.MonkeyPatch.context() as patch:
        if "MPLCONFIGDIR" not in os.environ:
            patch.setenv(
                "MPLCONFIGDIR", str(Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "matplotlib")
            )
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _partitions():
    """Small worlds are read in several partitions like large ones; commands of their own process are as they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account_ranges, "FEW", 1)
        yield


@pytest.fixture
def rng():
    """Chance of a test's own: the same whichever tests ran before it in the same process."""
    return np.random.default_rng(9)


@pytest.fixture(scope="session")
def postgresql():
    """One PostgreSQL server for all tests of a worker."""
    from servers import postgresql_server

    with postgresql_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """An empty store at the newest schema: every test of a store runs on SQLite and on PostgreSQL."""
    from stores import fresh_store

    with fresh_store(request, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A small simulated project after `train` and `promote`: each worker has a copy."""
    from once import made_once
    from trained import trained_world

    made = made_once(tmp_path_factory, "world", trained_world)
    return shutil.copytree(made, tmp_path_factory.mktemp("world") / "acme")


@pytest.fixture(scope="session")
def published(world, tmp_path_factory):
    """SQLite file of a store with the world as of 2026; tests that write make a copy of it."""
    from once import made_once
    from published_worlds import publish_world

    made = made_once(tmp_path_factory, "published", lambda folder: publish_world(world, folder / "store.db"))
    return shutil.copy(made / "store.db", tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def run_folder(world):
    """The world's only training run."""
    return next((world / "runs").iterdir())


@pytest.fixture(scope="session")
def examined(tmp_path_factory):
    """A finished training of 1,500 simulated leads, in memory."""
    from examined_world import examined_of, world_tables

    return examined_of(*world_tables(tmp_path_factory.mktemp("examined")))
