"""One command, three ways to the same table: a file, a store brought up to date, a Spark cluster."""

import pandas as pd
import pytest
from on_spark import OPTIONS
from trained import command

from features.engines.store.reader import read_store
from features.simulate import WorldSettings, simulate

pytestmark = pytest.mark.xdist_group(name="spark")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agree") / "acme"
    simulate(folder, WorldSettings(leads=200, seed=3))
    return folder


@pytest.fixture(scope="module")
def written(project):
    path = project / "features.parquet"
    assert command("features", "-p", project, "--out", path) == 0
    return in_order(pd.read_parquet(path))


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    words = frame.select_dtypes("category").columns
    plain = frame.astype(dict.fromkeys(words, "str")).assign(lead_id=frame["lead_id"].astype("str"))
    return plain.sort_values(["lead_id", "as_of"], ignore_index=True)


def test_a_store_holds_the_table_and_reuses_it(project, written, capsys):
    store = project / "store"
    assert command("features", "-p", project, "--out", store) == 0
    assert command("features", "-p", project, "--out", store) == 0
    assert f"0 rows computed, {len(written):,} reused" in capsys.readouterr().err
    found = in_order(read_store(store).whole().to_pandas())
    pd.testing.assert_frame_equal(found, written, check_dtype=False)


def test_a_file_that_changed_is_read_anew_and_said(project, written, capsys):
    store, path = project / "changing", project / "interactions.parquet"
    assert command("features", "-p", project, "--out", store) == 0
    events = pd.read_parquet(path)
    events.iloc[20:].to_parquet(path, index=False)
    assert command("features", "-p", project, "--out", store) == 0
    events.to_parquet(path, index=False)
    assert "is written from scratch" in capsys.readouterr().err


@pytest.fixture
def defaults(java, monkeypatch, tmp_path):
    """Spark's own defaults on this machine, as few rows want them."""
    lines = [f"{name} {value}\n" for name, value in OPTIONS.items()]
    (tmp_path / "spark-defaults.conf").write_text("".join(lines))
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))


@pytest.mark.usefixtures("defaults")
def test_spark_writes_the_same_table(project, written):
    out = project / "spark"
    assert command("features", "-p", project, "--out", out, "--engine", "spark", "--master", "local[2]") == 0
    found = in_order(pd.read_parquet(out))[list(written.columns)]
    pd.testing.assert_frame_equal(found, written, check_dtype=False)
