"""`ripelead features`: the table the engine writes is the one training would build in memory."""

import numpy as np
import pandas as pd
import pytest
from project_world import CLOCK
from trained import command

from features.build import build_features
from features.engines.event_logs import Limits
from features.project import read_project
from features.tables import read_tables
from training.dataset import load_dataset
from training.feature_table import Job, write_feature_table
from training.model import learn_catalog
from training.settings import read_all


def written(folder, path, memory):
    project, settings = read_all(folder)
    job = Job(project, settings, path, Limits(memory, 2), CLOCK)
    return write_feature_table(job, lambda _a, _b: None, lambda _a, _b: None)


def test_the_engine_writes_what_training_builds(world, tmp_path):
    project, settings = read_all(world)
    tables = read_tables(project, clock=CLOCK)
    dataset = load_dataset(project, settings, tables)
    catalog, _ = learn_catalog(project, settings.model, dataset, np.arange(len(dataset.snapshots)))
    expected = build_features(dataset.histories, tables, dataset.snapshots, catalog)
    result = written(world, tmp_path / "f.parquet", 300_000_000)
    frame = pd.read_parquet(tmp_path / "f.parquet")
    assert (len(frame), result.features) == expected.values.shape
    assert result.tables.data_end == tables.data_end
    assert {c.table: c.used for c in result.tables.counts} == {c.table: c.used for c in tables.counts}
    for column, feature in enumerate(catalog.features):
        values = expected.values[:, column]
        if feature.type == "category":
            assert frame[feature.name].isna().tolist() == np.isnan(values).tolist()
        else:
            np.testing.assert_array_equal(frame[feature.name].to_numpy(np.float64), values)


def test_outcomes_stand_beside_the_features_and_are_null_until_known(world, tmp_path):
    written(world, tmp_path / "f.parquet", None)
    frame = pd.read_parquet(tmp_path / "f.parquet")
    assert list(frame.columns[:4]) == ["lead_id", "as_of", "label", "matured"]
    assert frame["label"].isna().tolist() == (~frame["matured"]).tolist()


def test_a_project_without_interactions(tmp_path):
    pd.DataFrame({"lead_id": ["a", "b", "c"], "size": [1, 2, 3], "won": [1, 0, None]}).to_csv(
        tmp_path / "leads.csv", index=False
    )
    toml = '[project]\nname = "flat"\n[tables.leads]\nfile = "leads.csv"\n[label]\ncolumn = "won"\n'
    (tmp_path / "ripelead.toml").write_text(toml, encoding="utf-8")
    assert command("features", "-p", tmp_path, "--out", tmp_path / "f.parquet") == 0
    assert pd.read_parquet(tmp_path / "f.parquet")["size"].tolist() == [1, 2, 3]
    assert read_project(tmp_path).project.name == "flat"


@pytest.mark.parametrize(
    ("memory", "message"), [("much", "expected an amount such as 2GB"), ("1MB", "expected at least 256MiB")]
)
def test_amounts_of_memory_that_are_none(tmp_path, capsys, memory, message):
    assert command("features", "-p", tmp_path, "--out", tmp_path / "f.parquet", "--memory", memory) == 2
    assert message in capsys.readouterr().err
