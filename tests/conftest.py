"""Settings for all tests: property tests draw the same examples in every run."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

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
    """A small simulated project after `train` and `promote`."""
    from trained import command, small_world

    directory = small_world(tmp_path_factory.mktemp("world") / "acme")
    assert command("train", "-p", directory) == 0
    assert command("promote", "-p", directory) == 0
    return directory


@pytest.fixture(scope="session")
def published(world, tmp_path_factory):
    """SQLite file of a store with the world as of 2026; tests that write make a copy of it."""
    from published_worlds import publish_world

    path = tmp_path_factory.mktemp("published") / "store.db"
    publish_world(world, path)
    return path


@pytest.fixture(scope="session")
def run_folder(world):
    """The world's only training run."""
    return next((world / "runs").iterdir())


@pytest.fixture(scope="session")
def examined(tmp_path_factory):
    """A finished training of 1,500 simulated leads, in memory."""
    from examined_world import examined_of, world_tables

    return examined_of(*world_tables(tmp_path_factory.mktemp("examined")))
