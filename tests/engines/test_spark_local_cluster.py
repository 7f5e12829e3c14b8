"""Spark's own cluster on one machine, two executors, gives the bits of one machine."""

import pytest
from on_spark import counts_of
from project_world import CATALOG, CLOCK, assert_same_bits, case_of, many_worlds, read_rows

from features.engines.spark.engine import Request, spark_run, write_features

pytestmark = pytest.mark.xdist_group("spark")


@pytest.mark.parametrize("cluster", ["local-cluster[2,1,1024]"], indirect=True)
def test_parquet_on_two_executors_as_on_one_machine(cluster, tmp_path):
    case = case_of(tmp_path, many_worlds(2), many_worlds(2).tables().interactions, "interactions.parquet")
    with spark_run(cluster, case.project, case.small, str(tmp_path / "out"), CLOCK) as run:
        written = write_features(run, Request(case.small, case.snapshots, CATALOG, block_weight=100))
    assert run.events.count == counts_of(case.local)
    assert_same_bits(read_rows(written.folder), case.expected)
