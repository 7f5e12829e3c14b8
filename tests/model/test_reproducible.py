"""Same data, settings and lock: the same bundle, whatever else differs between two machines or two days."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from trained import small_world

ROOT = Path(__file__).parents[2]
SETTINGS = (
    "[tracking]\nenabled = false\n[report]\nsegments = []\nlearning_curve = false\n"
    "[model]\nmax_trees = 40\nthreads = {}\n"
)
pytestmark = pytest.mark.xdist_group("reproducible")  # one first training for all


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    project = small_world(tmp_path_factory.mktemp("small") / "acme", leads=1500)
    toml = project / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8").split("[model]")[0] + SETTINGS.format(1), encoding="utf-8")
    return project


def trained_ids(project, run, cwd=ROOT, **environment):
    """Ids of the shipped and the judged bundle of a training in a process of its own."""
    command = [sys.executable, "-m", "serving.cli", "train", "-p", project, "--out", run]
    path = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **path, **environment}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads((run / name / "manifest.json").read_text())["id"] for name in ("bundle", "judged")]


@pytest.fixture(scope="module")
def expected(small, tmp_path_factory):
    return trained_ids(small, tmp_path_factory.mktemp("run") / "first")


def moved(small, directory, threads=1):
    shutil.copytree(small, directory, ignore=shutil.ignore_patterns("models", "truth"))
    toml = directory / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("threads = 1", f"threads = {threads}"), encoding="utf-8")
    return directory


def test_two_threads_another_place_home_and_hash_seed_change_nothing(small, expected, tmp_path):
    (home := tmp_path / "home").mkdir()
    project = moved(small, tmp_path / "else" / "where", threads=2)
    again = trained_ids(
        project, tmp_path / "run", cwd=tmp_path, HOME=str(home), PYTHONHASHSEED="12345", TZ="Asia/Tokyo"
    )
    assert again == expected


def test_the_order_of_the_rows_changes_nothing(small, expected, tmp_path):
    project = moved(small, tmp_path / "acme")
    for path in project.glob("*.parquet"):
        pd.read_parquet(path).sample(frac=1, random_state=3).to_parquet(path, index=False)
    assert trained_ids(project, tmp_path / "run") == expected
