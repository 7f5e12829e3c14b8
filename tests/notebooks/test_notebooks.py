import ast
import shutil
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from trained import command

import notebooks.run
from notebooks.run import FOLDER, make_world, run

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def cells(path, kind="code"):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


@pytest.fixture(scope="module")
def ready(world, tmp_path_factory):
    """The trained world with every third row of its feature table."""
    folder = tmp_path_factory.mktemp("notebooks") / "acme"
    shutil.copytree(world, folder, ignore=shutil.ignore_patterns("ml*"))
    table = folder / "features.parquet"
    assert command("features", "-p", folder, "--out", table) == 0
    pd.read_parquet(table).query("matured").iloc[::3].to_parquet(table, index=False)
    return folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_on_a_small_world(path, ready):
    done = run(path, ready)
    streams = [output for cell in done.cells for output in cell.get("outputs", ()) if output.get("name") == "stderr"]
    assert streams == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_kept_and_name_no_place_of_a_machine(path):
    assert all(cell.execution_count for cell in cells(path))
    assert any("image/png" in output.get("data", {}) for cell in cells(path) for output in cell.outputs)
    text = path.read_text(encoding="utf-8")
    assert not any(place in text for place in ("/home/", "/tmp/", "site-packages", str(Path.home()) + "/"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_use_the_product_and_define_nothing(path):
    nodes = [node for cell in cells(path) for node in ast.walk(ast.parse(cell.source))]
    assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda) for node in nodes)


def test_their_own_world_is_simulated_trained_promoted_and_has_its_table(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(notebooks.run.subprocess, "run", lambda words, **_: asked.append(words[3:]))
    project = make_world(tmp_path / "acme", 120)
    simulated, *model, table = asked
    assert model == [[verb, "-p", str(project)] for verb in ("train", "promote")]
    assert [command(*simulated), command(*table)] == [0, 0]
    assert (project / "features.parquet").exists()


def test_tests_of_a_group_stay_on_one_worker(request):
    """Some releases of pytest and pytest-xdist do not: then every worker trains the same worlds again."""
    if request.config.getoption("loadgroup", default=False):
        assert request.node.nodeid.endswith("@test_notebooks")


def test_there_are_five_notebooks_in_order():
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05"]
