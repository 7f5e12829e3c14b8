"""Same data, settings and lock: the same bundle, whatever else differs between two machines or two days."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from trained import small_world

ROOT = Path(__file__).parents[2]


def ids_of(run):
    """Ids of the shipped and the judged bundle of a training."""
    return [json.loads((run / name / "manifest.json").read_text())["id"] for name in ("bundle", "judged")]


def trained_ids(project, run, cwd, **environment):
    """The same of a training in a process of its own."""
    command = [sys.executable, "-m", "serving.cli", "train", "-p", project, "--out", run]
    path = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **path, **environment}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return ids_of(run)


@pytest.fixture
def elsewhere(tmp_path):
    """The world of all tests made again in another place, its training without a track and on two threads."""
    project = small_world(tmp_path / "else" / "where")
    toml = project / "ripelead.toml"
    text = toml.read_text(encoding="utf-8").replace("threads = 1", "threads = 2")
    toml.write_text(text + "[tracking]\nenabled = false\n", encoding="utf-8")
    return project


def test_threads_place_home_hash_seed_zone_and_order_of_rows_change_nothing(run_folder, elsewhere, tmp_path):
    for path in elsewhere.glob("*.parquet"):
        pd.read_parquet(path).sample(frac=1, random_state=3).to_parquet(path, index=False)
    (home := tmp_path / "home").mkdir()
    another = {"HOME": str(home), "PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo"}
    assert trained_ids(elsewhere, tmp_path / "run", tmp_path, **another) == ids_of(run_folder)
