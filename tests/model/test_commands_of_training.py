"""Commands of the training layer when something around them is not as it should be."""

import pytest
from trained import command, quick_training, small_world


def test_a_tracking_store_that_is_away_does_not_cost_the_run(tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    away = f'[tracking]\nuri = "sqlite:///{tmp_path}/file/mlflow.db"\n'
    project = quick_training(small_world(tmp_path / "acme", leads=1500), away)
    assert command("train", "-p", project, "--out", tmp_path / "run") == 2
    assert "[tracking]" in capsys.readouterr().err
    assert (tmp_path / "run" / "report.html").exists()
    assert command("promote", "-p", project) in (0, 2)
    assert (project / "models" / "aliases.json").exists()


@pytest.mark.parametrize("verb", ["evaluate", "report"])
def test_a_run_folder_that_is_none_is_said(world, tmp_path, capsys, verb):
    assert command(verb, "-p", world, "--run", tmp_path / "nowhere") == 2
    assert "no training run there" in capsys.readouterr().err


def test_the_feature_table_is_parquet_only(world, tmp_path, capsys):
    assert command("features", "-p", world, "--out", tmp_path / "x.txt") == 2
    assert "ending in .parquet" in capsys.readouterr().err
