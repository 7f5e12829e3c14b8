"""On a cluster of a master and two workers features and scores are those of one machine, bit for bit."""

import json
from collections import Counter

import pandas as pd
import pyarrow as pa
import pytest
from on_spark import counts_of, place, read_scores
from project_world import CATALOG, CLOCK, assert_same_bits, case_of, many_worlds, read_rows
from scoring_table import SCORED_AT
from trained import small_world

from features.cli import read_checked
from features.engines.spark.engine import Request, spark_run, write_features
from features.project import read_project
from serving.engines.spark import SparkJob, score_on_spark
from serving.score import score_leads
from training.bundle import load_bundle
from training.registry import Registry

pytestmark = pytest.mark.xdist_group("spark")
LEADS = 600


def test_everything_as_on_one_machine(executors, case, tmp_path):
    leading = pa.table({"matured": case.snapshots.lead % 2 == 0, "label": case.snapshots.lead % 3})
    with spark_run(executors, case.project, case.small, str(tmp_path / "out"), CLOCK) as run:
        written = write_features(run, Request(case.small, case.snapshots, CATALOG, leading, block_weight=300))
    assert run.events.count == counts_of(case.local)
    assert written.blocks > 3
    assert Counter(written.left_out) == Counter(case.histories.left_out)
    assert sum(written.left_out.values()) > 0
    rows = read_rows(written.folder)
    assert_same_bits(rows.drop(columns=["matured", "label"]), case.expected)
    numbers = {name: number for number, name in enumerate(case.histories.lead_ids)}
    assert list(rows["label"]) == [numbers[lead_id] % 3 for lead_id in rows["lead_id"]]
    bad = pd.read_parquet(place(written.quarantine))
    assert Counter(bad["reason"]) == dict(counts_of(case.local).reasons)
    assert json.loads(bad.loc[bad["value"] == "yesterday", "row"].iloc[0])["occurred_at"] == "yesterday"
    # Nothing but the two folders is left behind.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.quarantine"]
    assert (tmp_path / "out" / "_SUCCESS").exists()


def test_parquet_as_on_one_machine(executors, tmp_path):
    world = many_worlds(3)
    case = case_of(tmp_path, world, world.tables().interactions.drop(columns="interaction_id"), "interactions.parquet")
    with spark_run(executors, case.project, case.small, str(tmp_path / "out"), CLOCK) as run:
        written = write_features(run, Request(case.small, case.snapshots, CATALOG, block_weight=100))
    assert run.events.count == counts_of(case.local)
    assert_same_bits(read_rows(written.folder), case.expected)


@pytest.fixture(scope="module")
def bundle_dir(world):
    return Registry(world / "models").bundle_path("champion")


@pytest.fixture(scope="module")
def bundle(bundle_dir):
    return load_bundle(bundle_dir)


def with_bad_rows(folder):
    """A project with a few interactions and leads that cannot be used."""
    small_world(folder, LEADS, seed=6)
    for name, column in (("interactions", "kind"), ("leads", "created_at")):
        rows = pd.read_parquet(folder / f"{name}.parquet")
        rows.loc[rows.index[:3], column] = None
        rows.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def test_every_open_lead_is_scored_as_on_one_machine(executors, bundle_dir, bundle, tmp_path):
    project = read_project(with_bad_rows(tmp_path / "acme"))
    done = score_on_spark(
        SparkJob(bundle_dir, str(tmp_path / "s"), 8, "en"), project, SCORED_AT, executors.session, CLOCK
    )
    local = score_leads(bundle, read_checked(project, untimed=False), SCORED_AT)
    assert read_scores(tmp_path / "s") == local.frame.sort_values("lead_id").to_dict("records")
    assert (done.scored, done.closed) == (len(local.frame), local.closed)
    assert done.rows_in == LEADS == done.scored + done.closed + done.quarantined
    assert done.quarantined == 3
    assert done.quarantined_rows > 6
    assert done.sales_qualified == int(local.frame["sales_qualified"].sum())
    # Events of accounts without an open lead are not looked at.
    assert all(0 <= count <= local.left_out[rule] for rule, count in done.left_out.items())
    assert sum(done.left_out.values()) > 0
    assert len(pd.read_parquet(tmp_path / "s.quarantine")) == done.quarantined_rows - small_bad(done)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acme", "s", "s.quarantine"]


def small_bad(done):
    return sum(count.quarantined for count in done.tables.counts if count.table != "interactions")
