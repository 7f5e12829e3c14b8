"""A project that lacks what the model was trained with is refused, never scored in silence."""

import shutil

import pandas as pd
import pytest
from trained import AS_OF, command, quick_training, small_world


@pytest.fixture
def project(world, tmp_path):
    copy = tmp_path / "acme"
    shutil.copytree(world, copy, ignore=shutil.ignore_patterns("runs", "ml*", "truth"))
    return copy


def score(project):
    return command("score", "-p", project, "--as-of", AS_OF, "--out", project / "s.csv")


@pytest.mark.parametrize("table", ["interactions", "deals", "accounts", "assessments", "lead_changes"])
def test_a_table_that_went_missing_is_refused(project, capsys, table):
    toml = project / "ripelead.toml"
    text = toml.read_text(encoding="utf-8")
    before, after = text.split(f"[tables.{table}]")
    toml.write_text(before + after[after.index("\n[") :], encoding="utf-8")
    assert score(project) == 3
    assert f"[tables.{table}]" in capsys.readouterr().err
    assert not (project / "s.csv").exists()


def test_an_attribute_that_went_missing_is_refused(project, capsys):
    leads = pd.read_parquet(project / "leads.parquet")
    leads.drop(columns="seniority").to_parquet(project / "leads.parquet")
    assert score(project) == 3
    assert "seniority" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ('exclude = ["senority"]', 2, "did you mean 'seniority'?"),
        ("monotone = { nothing_like = 1 }", 2, "nothing is named 'nothing_like'"),
    ],
)
def test_names_that_nothing_has_are_refused_at_training(project, capsys, line, code, message):
    toml = project / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("[model]\n", f"[model]\n{line}\n"), encoding="utf-8")
    assert command("train", "-p", project) == code
    assert message in capsys.readouterr().err


def test_a_project_without_any_feature_is_refused(project, capsys):
    toml = project / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + '[features]\nexclude = ["*"]\n', encoding="utf-8")
    assert command("train", "-p", project) == 3
    assert "no feature varies" in capsys.readouterr().err


def test_a_pattern_for_all_features_may_be_monotone(tmp_path):
    project = quick_training(small_world(tmp_path / "acme", leads=800), "[tracking]\nenabled = false\n")
    toml = project / "ripelead.toml"
    text = toml.read_text(encoding="utf-8").replace("[model]\n", '[model]\nmonotone = { "*" = 1 }\n')
    toml.write_text(text, encoding="utf-8")
    assert command("train", "-p", project) == 0
