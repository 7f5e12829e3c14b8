"""Spark for tests: a session on each kind of cluster, one after the other; without Java or pyspark they skip."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from on_spark import OPTIONS
from project_world import Case, bad_events, case_of, heavy_account, many_worlds

from benchmarks.standalone import standalone_cluster
from features.engines.spark.java import java_home
from features.engines.spark.session import Cluster, spark_cluster
from features.errors import ProjectFileError


def missing(reason: str) -> None:
    """Skip on a user's machine, fail on CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def java() -> Path:
    try:
        import pyspark  # noqa: F401

        return java_home()
    except (ImportError, ProjectFileError) as error:
        missing(str(error))
        raise


@pytest.fixture(scope="module")
def cluster(request, java) -> Iterator[Cluster]:
    """A session on the master that the test asks for by `indirect`; a process can hold one at a time."""
    with spark_cluster(request.param, OPTIONS) as found:
        yield found


@pytest.fixture(scope="module")
def executors(java, tmp_path_factory) -> Iterator[Cluster]:
    """A session on a cluster of a master and two workers, which have another version of the package.

    What the driver ships must come first there.
    """
    folder = tmp_path_factory.mktemp("standalone")
    (folder / "old" / "features").mkdir(parents=True)
    (folder / "old" / "features" / "__init__.py").write_text("raise RuntimeError('an old version')\n")
    options = {**OPTIONS, "spark.executorEnv.PYTHONPATH": str(folder / "old")}
    with standalone_cluster(folder, java, memory="512m") as running, spark_cluster(running.master, options) as found:
        yield found


@pytest.fixture(scope="session")
def case(tmp_path_factory) -> Case:
    """A world with bad rows in a CSV file, half of its events in one account, and what one machine makes of it."""
    world = heavy_account(many_worlds(8), "0-A")
    return case_of(tmp_path_factory.mktemp("case"), world, bad_events(world.tables().interactions), "interactions.csv")
