"""Our features equal independent SQL (packed sums of a join in DuckDB), also where events lie on window borders."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.features import duckdb_packed, ripelead_memory
from benchmarks.features.command import Job
from benchmarks.features.equality import differences
from benchmarks.features.world import write_world

AT_BORDERS = (0, 7, 14, 28, 30, 90, 365)


def on_borders(folder):
    """Events at noon, midnight or half-hours, many of them ties, and snapshots when one enters or leaves a window."""
    for name, column, step in (("interactions", "occurred_at", "30min"), ("leads", "created_at", "12h")):
        frame = pd.read_parquet(folder / f"{name}.parquet")
        even = np.arange(len(frame)) % 2 == 0
        frame[column] = frame[column].dt.floor(step).where(even, frame[column].dt.floor("12h"))
        frame.to_parquet(folder / f"{name}.parquet")
    events = pd.read_parquet(folder / "interactions.parquet").sample(300, random_state=0)
    days = np.random.default_rng(0).choice(AT_BORDERS, len(events)) * np.timedelta64(24, "h")
    snapshots = pd.DataFrame({"lead_id": events["lead_id"], "as_of": events["occurred_at"] + days}).drop_duplicates()
    snapshots.assign(snapshot_id=np.arange(len(snapshots))).to_parquet(folder / "training.parquet")


@pytest.mark.parametrize("change", [lambda folder: None, on_borders], ids=["as it is", "on borders"])
def test_features_equal_sql(change, tmp_path):
    write_world(tmp_path, 5_000)
    change(tmp_path)
    outputs = []
    for system in (duckdb_packed, ripelead_memory):
        outputs.append(tmp_path / f"{system.__name__}.parquet")
        system.write_features(Job(tmp_path, tmp_path / "training.parquet", outputs[-1], threads=1, memory=None))
    found = differences(*outputs)
    assert found["equal"], found
    assert found["columns"] == 77
