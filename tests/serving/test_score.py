"""Batch scores: every open lead once, reasons that sum, files that are whole."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from trained import AS_OF, command

from features.cli import read_checked
from features.project import read_project
from serving.score import COLUMNS, score_leads
from training.bundle import load_bundle
from training.registry import Registry

END = pd.Timestamp(AS_OF).to_pydatetime()


@pytest.fixture(scope="module")
def tables(world):
    return read_checked(read_project(world), untimed=False)


@pytest.fixture(scope="module")
def bundle(world):
    return load_bundle(Registry(world / "models").bundle_path("champion"))


@pytest.fixture(scope="module")
def scored(bundle, tables):
    return score_leads(bundle, tables, END).frame


def test_every_open_lead_is_scored_once(scored, tables):
    closed = set(tables.deals.loc[(tables.deals["status"] != "open") & (tables.deals["closed_at"] < END), "lead_id"])
    assert sorted(scored["lead_id"]) == sorted(set(tables.leads["lead_id"]) - closed)
    assert tuple(scored.columns) == COLUMNS


def test_points_sum_to_the_score_on_every_lead(scored):
    sums = scored["reasons"].map(lambda rows: sum(row["points"] for row in rows))
    assert (sums == scored["score"]).all()
    assert scored["score"].between(0, 100).all()


def test_starting_point_first_everything_else_last_at_most_eight_between(scored):
    for rows in scored["reasons"]:
        named = [row["feature"] for row in rows]
        assert named[0] == "starting point"
        assert named[-1] == "everything else"
        assert len([name for name in named if name not in ("starting point", "end of scale", "everything else")]) <= 8


def test_score_is_the_scorecard_scale_of_the_propensity(scored, bundle):
    odds = np.log(scored["propensity"] / (1 - scored["propensity"]))
    expected = 50 + 10 * (odds - bundle.scale.reference) / np.log(2)
    np.testing.assert_allclose(scored["score"], np.clip(np.rint(expected), 0, 100), atol=0)


def test_ripest_first(scored):
    assert scored["propensity"].is_monotonic_decreasing


def test_one_lead_alone_is_the_same_as_in_the_batch(scored, bundle, tables):
    from features.histories import restrict

    for lead in scored["lead_id"].iloc[[0, 7, -1]]:
        wanted = pd.Index([lead])
        alone = score_leads(bundle, restrict(tables, wanted), END, only=wanted).frame
        pd.testing.assert_frame_equal(alone, scored[scored["lead_id"] == lead].reset_index(drop=True))


def test_the_past_is_scored_as_it_was(bundle, tables, world):
    """Scores as of a date do not change when later rows are not there yet."""
    from dataclasses import replace

    past = pd.Timestamp("2025-09-01", tz="UTC")
    seen = replace(
        tables,
        interactions=tables.interactions[tables.interactions["occurred_at"] < past],
        lead_changes=tables.lead_changes[tables.lead_changes["changed_at"] < past],
        assessments=tables.assessments[tables.assessments["assessed_at"] < past],
        decisions=tables.decisions[tables.decisions["decided_at"] < past],
    )
    then = score_leads(bundle, seen, past.to_pydatetime()).frame
    pd.testing.assert_frame_equal(then, score_leads(bundle, tables, past.to_pydatetime()).frame)


def test_csv_and_parquet_say_the_same(world, tmp_path, capsys):
    for name in ("s.csv", "s.parquet"):
        assert command("score", "-p", world, "--as-of", AS_OF, "--out", tmp_path / name, "--show", "2") == 0
    parquet = pd.read_parquet(tmp_path / "s.parquet")
    with (tmp_path / "s.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["lead_id"] for row in rows] == parquet["lead_id"].tolist()
    assert json.loads(rows[0]["reasons"]) == list(parquet["reasons"][0])
    assert float(rows[0]["propensity"]) == parquet["propensity"][0]
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["scored"] == len(parquet)
    assert not list(tmp_path.glob(".*"))


def test_the_same_job_twice_writes_the_same_bytes(world, tmp_path):
    for name in ("a.parquet", "b.parquet"):
        command("score", "-p", world, "--as-of", AS_OF, "--out", tmp_path / name, "--show", "0")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_explain_says_what_adds_up_and_what_is_missing(world, scored, capsys):
    lead = scored["lead_id"].iloc[3]
    assert command("explain", lead, "-p", world, "--as-of", AS_OF) == 0
    printed = capsys.readouterr().out
    assert f"Score {scored['score'].iloc[3]} of 100" in printed
    assert "Rules: 3 of 4 are wanted." in printed
    assert "budget" in printed


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--as-of", "yesterday", "--out", "x.csv"), 2, "expected a time such as"),
        (("--as-of", "2026-01-01", "--out", "x.csv"), 2, "has no time zone"),
        (("--as-of", AS_OF, "--out", "x.doc"), 2, "ending in .parquet or .csv"),
        (("--out", "x.csv"), 2, "Missing option '--as-of'"),
        (("--as-of", AS_OF, "--out", "file/x.csv"), 5, "cannot write"),
        (("--as-of", "2020-01-01T00:00:00Z", "--out", "x.csv"), 99, ""),
    ],
)
def test_wrong_use_is_one_message_and_one_code(world, tmp_path, monkeypatch, capsys, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    assert command("score", "-p", world, *arguments) == code
    assert message in capsys.readouterr().err


def test_unknown_lead_is_said(world, capsys):
    assert command("explain", "nobody", "-p", world, "--as-of", AS_OF) == 2
    assert "no lead 'nobody'" in capsys.readouterr().err


def test_scoring_imports_neither_mlflow_nor_shap_nor_sklearn(world, tmp_path):
    code = (
        "import sys; from trained import command; "
        f"assert command('score','-p',{str(world)!r},'--as-of',{AS_OF!r},'--out',{str(tmp_path / 'x.csv')!r}) == 0; "
        "found = {'mlflow', 'shap', 'sklearn'} & set(sys.modules); assert not found, found"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
