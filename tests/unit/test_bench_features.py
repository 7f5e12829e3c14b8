"""The benchmark of features: its world, its list of features, and that its systems agree."""

import hashlib

import pandas as pd
import pytest

from benchmarks.features import duckdb_packed, duckdb_prefix, duckdb_sql, pandas_peer, spec, variants
from benchmarks.features.catalog import catalog
from benchmarks.features.command import Job
from benchmarks.features.equality import differences
from benchmarks.features.report import report_text, table_text
from benchmarks.features.results import machine
from benchmarks.features.world import write_world

EVENTS = 3_000


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, EVENTS)
    return folder


@pytest.fixture(scope="module")
def packed(world):
    return written(duckdb_packed, world)


def written(system, world):
    out = world / f"{system.__name__}.parquet"
    system.write_features(Job(world, world / "training.parquet", out, threads=1, memory=None))
    return out


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_world_is_the_same_for_the_same_seed(world, tmp_path):
    write_world(tmp_path, EVENTS)
    assert {path.name: digest(path) for path in tmp_path.iterdir()}.items() <= {
        path.name: digest(path) for path in world.iterdir()
    }.items()


def test_a_world_has_the_events_asked_for_after_their_leads_were_created(world):
    events = pd.read_parquet(world / "interactions.parquet").merge(pd.read_parquet(world / "leads.parquet"))
    assert len(events) == EVENTS
    assert (events["occurred_at"] >= events["created_at"]).all()


def test_the_features_are_77_in_every_list():
    assert len(set(spec.NAMES)) == 77
    assert catalog().names == spec.NAMES
    assert tuple(sorted(spec.KINDS)) == spec.KINDS


@pytest.mark.parametrize("system", [duckdb_sql, duckdb_prefix, pandas_peer])
def test_systems_agree_on_every_column(system, world, packed):
    found = differences(packed, written(system, world))
    assert found["equal"], found
    assert found["columns"] == 77


@pytest.mark.parametrize("write", [variants.write_with_string_ids, variants.write_unsorted])
def test_other_forms_of_the_data_give_the_same_features(write, world, packed, tmp_path):
    write(world, tmp_path)
    columns = list(spec.NAMES)
    one, other = (
        pd.read_parquet(path).sort_values(columns)[columns] for path in (packed, written(duckdb_packed, tmp_path))
    )
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True), rtol=1e-12)


def test_a_difference_is_found(packed, tmp_path):
    frame = pd.read_parquet(packed)
    frame.loc[5, "n_all_7"] += 1
    frame.loc[6, "gap_mean"] = 3.0
    frame.to_parquet(tmp_path / "changed.parquet")
    found = differences(packed, tmp_path / "changed.parquet")
    assert found["differing"] == {"n_all_7": 1, "gap_mean": 1}
    assert not found["equal"]


def test_the_newest_events_come_apart(world, tmp_path):
    old, new = tmp_path / "old.parquet", tmp_path / "new.parquet"
    variants.split_newest(world, old, new)
    before, after = (pd.read_parquet(path)["occurred_at"] for path in (old, new))
    assert (len(before), len(after)) == (EVENTS * 99 // 100, EVENTS // 100)
    assert before.max() <= after.min()


def test_the_page_shows_ratios_within_rounds():
    times = {"scan_arrow": (1.0, 2.0), "ripelead_engine": (2.0, 4.0), "duckdb_packed": (20.0,)}
    runs = [
        {"system": name, "round": turn, "inside_s": s, "wall_s": s, "cpu_s": s, "peak_mb": 1024.0, "error": ""}
        for name, seconds in times.items()
        for turn, s in enumerate(seconds)
    ]
    same = [{"one": "ripelead_engine", "other": "duckdb_packed", "columns": 77, "equal": True, "differing": {}}]
    table = {"title": "A world", "snapshots": "training", "rows": 10, "threads": 2, "runs": runs, "equality": same}
    text = table_text(table)
    assert "| **Ripelead** | 2 | 3.00 | 3.00 | 3.00 | 1.00 GB | 3e+05 | 2 | 1 | 1 | the first |" in text
    assert "| 1 | 20.0 | 20.0 | 20.0 | 1.00 GB | 2e+06 | 20 | 10 | 10 | 77 of 77 columns |" in text
    assert "A world" in report_text({"machine": machine(), "parts": {"peers-1m": [table]}})
