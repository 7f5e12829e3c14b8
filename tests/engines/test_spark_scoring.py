"""Scores made on a cluster are those of one machine: same rows, same bits, same sentences."""

import json
import shutil
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from on_spark import read_scores
from scoring_table import CLOCK, SCORED_AT, feature_frame, scoring_table
from trained import command

from features.errors import InputContractError, ModelRefusedError
from features.project import read_project
from serving.engines.spark import SparkJob, score_on_spark, score_table_on_spark
from serving.engines.spark_scorer import _loaded
from serving.language.phrases import phrases_of
from serving.render import render
from serving.scoring import score_rows
from serving.scoring_rows import scoring_rows
from training.bundle import load_bundle
from training.bundle_files import pack, read_contents
from training.registry import Registry

pytestmark = pytest.mark.xdist_group("spark")
on = pytest.mark.parametrize("cluster", ["local[2]"], indirect=True)


@pytest.fixture(scope="module")
def bundle_dir(world):
    return Registry(world / "models").bundle_path("champion")


@pytest.fixture(scope="module")
def bundle(bundle_dir):
    return load_bundle(bundle_dir)


@pytest.fixture(scope="module")
def table(world, bundle, tmp_path_factory):
    return scoring_table(world, bundle, tmp_path_factory.mktemp("rows") / "rows.parquet")


@on
def test_a_feature_table_as_on_one_machine(cluster, bundle_dir, bundle, table, tmp_path):
    (tmp_path / "rows").mkdir()
    pq.write_table(table.slice(0, 300), tmp_path / "rows" / "a.parquet")
    pq.write_table(table.slice(300), tmp_path / "rows" / "b.parquet")
    out = str(tmp_path / "s")
    done = score_table_on_spark(SparkJob(bundle_dir, out, 3, "de"), str(tmp_path / "rows"), cluster.session)
    scores = score_rows(bundle, scoring_rows(table, bundle.catalog), 3)
    expected = render(bundle, scores, phrases_of(bundle, "de"))
    assert read_scores(tmp_path / "s") == expected.sort_by("lead_id").to_pylist()
    assert done.rows_in == done.scored == len(table)


@on
def test_rows_of_a_feature_table_that_cannot_be_scored_are_told(cluster, bundle_dir, bundle, table, tmp_path):
    number = next(name for name in bundle.catalog.names if table[name].type == pa.float64())
    rows = table.slice(0, 20).to_pandas()
    bad = rows.iloc[:4].assign(lead_id=[None, " ", "x", "y"])
    bad.loc[bad.index[2], "as_of"] = pd.NaT
    bad.loc[bad.index[3], number] = np.inf
    whole = pd.concat([rows, bad, rows.iloc[5:7]], ignore_index=True)
    whole.to_parquet(tmp_path / "rows.parquet", index=False)
    out = str(tmp_path / "s")
    done = score_table_on_spark(SparkJob(bundle_dir, out, 0, "en"), str(tmp_path / "rows.parquet"), cluster.session)
    assert (done.rows_in, done.scored, done.quarantined) == (26, 20, 6)
    assert [row["lead_id"] for row in read_scores(tmp_path / "s")] == sorted(rows["lead_id"])
    reasons = Counter(pd.read_parquet(tmp_path / "s.quarantine")["fault"])
    assert reasons == {"lead_id is missing": 2, "repeats another row": 2, "as_of is missing": 1,
                       "a value is infinite": 1}  # fmt: skip


@on
def test_a_feature_table_without_a_feature_is_refused(cluster, bundle_dir, bundle, table, tmp_path):
    pq.write_table(table.drop_columns(bundle.catalog.names[0]), tmp_path / "rows.parquet")
    job = SparkJob(bundle_dir, str(tmp_path / "s"), 0, "en")
    with pytest.raises(InputContractError, match=f"lacks 1 of the .*{bundle.catalog.names[0]}"):
        score_table_on_spark(job, str(tmp_path / "rows.parquet"), cluster.session)
    with pytest.raises(InputContractError, match="Spark cannot read it"):
        score_table_on_spark(job, str(tmp_path / "none"), cluster.session)
    assert not list(tmp_path.glob("*s*.part"))


@on
@pytest.mark.filterwarnings("ignore")
def test_mlflow_scores_inside_spark(cluster, world, bundle, table):
    import mlflow
    from pyspark.sql.functions import struct

    mlflow.set_tracking_uri(f"sqlite:///{world / 'mlflow.db'}")
    mlflow.set_registry_uri(f"sqlite:///{world / 'mlflow.db'}")
    params = {"explain": "top:2", "language": "en"}
    score = mlflow.pyfunc.spark_udf(cluster.session, "models:/simulated@champion", env_manager="local", params=params)
    frame = feature_frame(table.slice(0, 200)).assign(lead_id=table["lead_id"].slice(0, 200).to_pandas())
    rows = cluster.session.createDataFrame(frame)
    found = rows.select("lead_id", score(struct(*bundle.catalog.names)).alias("s")).select("lead_id", "s.*").toPandas()
    expected = score_rows(bundle, scoring_rows(table.slice(0, 200), bundle.catalog), 2)
    np.testing.assert_allclose(found["propensity"], expected.propensity, rtol=0, atol=1e-12)
    assert [sum(reason["points"] for reason in json.loads(text)) for text in found["reasons"]] == list(expected.score)


def test_a_damaged_bundle_is_refused_before_a_cluster_is_asked(world, bundle_dir, tmp_path):
    shutil.copytree(bundle_dir, tmp_path / "b")
    (tmp_path / "b" / "model.txt").write_text("tree")
    with pytest.raises(ModelRefusedError, match=r"model\.txt was changed"):
        score_on_spark(
            SparkJob(tmp_path / "b", str(tmp_path / "s"), 0, "en"),
            read_project(world),
            SCORED_AT,
            "spark://nowhere:1",
            CLOCK,
        )


def test_an_executor_refuses_another_bundle_than_the_drivers(bundle_dir, tmp_path):
    contents = read_contents(bundle_dir)
    (tmp_path / "b").write_bytes(pack(contents))
    assert _loaded(str(tmp_path / "b"), contents.version, "en")[0].version == contents.version
    with pytest.raises(ModelRefusedError, match="of the driver"):
        _loaded(str(tmp_path / "b"), "0" * 64, "en")


@on
def test_on_the_command_line_a_session_of_somebody_else_is_refused(cluster, world, tmp_path, capsys):
    arguments = ("--as-of", "2026-01-01T00:00:00Z", "--engine", "spark", "--out", tmp_path / "s")
    assert command("score", "-p", world, *arguments) == 2
    assert "runs in this process already" in capsys.readouterr().err
