"""Champion and challenger on the command line: the gate, promotion, retraining, rollback."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from trained import AS_OF, command, quick_training

from training.gate.decision import decision_from_json
from training.locks import held
from training.origin import read_origin, read_seen
from training.registry import Registry

ROOT = Path(__file__).parents[2]


def copied(world, directory, *, seed=5, more="", models=True):
    """The trained world in another folder, without MLflow; the next training has another seed."""
    left_out = ("runs", "ml*", "truth", *(() if models else ("models",)))
    shutil.copytree(world, directory, ignore=shutil.ignore_patterns(*left_out))
    toml = directory / "ripelead.toml"
    text = toml.read_text(encoding="utf-8").replace("threads = 1", f"threads = 1\nseed = {seed}")
    toml.write_text(text, encoding="utf-8")
    return quick_training(directory, f"[tracking]\nenabled = false\n{more}")


def summary_of(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.fixture(scope="module")
def retrained(world, tmp_path_factory):
    """A world whose champion was followed by an equal one; what the gate asks for suits so few rows."""
    project = copied(
        world, tmp_path_factory.mktemp("gate") / "acme", more="[gate]\nmargin = 0.08\nslope_margin = 0.3\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "serving.cli", "retrain", "-p", project], cwd=ROOT, capture_output=True, check=False
    )
    return project, done


def test_an_equal_challenger_is_trained_and_promoted_in_one_command(retrained):
    project, done = retrained
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, summary["outcome"], summary["exit_code"]) == (0, "promoted", 0), done.stdout.decode()
    assert Registry(project / "models").standing().champions == (summary["former"], summary["champion"])
    assert (Path(summary["run"]) / "report.html").exists()


def test_the_decision_stands_beside_the_bundle_with_every_check(retrained):
    folder = Registry(retrained[0] / "models").bundle_path("champion").parent
    decision = decision_from_json((folder / "gate.json").read_text(encoding="utf-8"))
    assert (decision.kind, decision.challenger) == ("challenger", folder.name)
    names = ("signal", "ranking", "log loss", "calibration slope", "mean prediction", "too good", "segments",
             "top of the list", "time", "size", "suspects")  # fmt: skip
    assert tuple(check.name for check in decision.checks) == names
    assert decision.rows > decision.leads > decision.winning_leads > 40


def test_the_rows_that_judge_are_new_to_both_models(retrained):
    registry = Registry(retrained[0] / "models")
    holdout = pd.read_parquet(next((retrained[0] / "runs").iterdir()) / "holdout.parquet")
    keys = pd.util.hash_array(holdout["lead_id"].to_numpy(object), categorize=False)
    for version in registry.standing().champions:
        origin = read_origin(registry.directory / version)
        seen = read_seen(registry.directory / version / "seen_by_judged.npy", origin.seen_by_judged)
        assert not np.isin(keys, seen).any()
        assert int(holdout["as_of"].min().value) // 1000 >= origin.split


def test_nothing_new_is_no_training(retrained, capsys):
    before = list((retrained[0] / "runs").iterdir())
    assert command("retrain", "-p", retrained[0]) == 99
    assert summary_of(capsys)["outcome"] == "nothing_new"
    assert list((retrained[0] / "runs").iterdir()) == before


def test_two_retrainings_at_once_are_one(retrained, capsys):
    with held(retrained[0] / "models" / ".retrain.lock", "retraining", 0):
        assert command("retrain", "-p", retrained[0]) == 99
    assert summary_of(capsys)["outcome"] == "busy"


def test_tables_that_cannot_be_used_end_in_the_summary_too(retrained, tmp_path, capsys):
    project = tmp_path / "acme"
    shutil.copytree(retrained[0], project)
    (project / "deals.parquet").unlink()
    assert command("retrain", "-p", project) in (2, 3)
    summary = summary_of(capsys)
    assert (summary["outcome"], "deals" in summary["reasons"][0]) == ("failed", True)


def rolled_back(retrained, tmp_path, more):
    """The retrained world with its first champion back, and a gate that asks for more than the challenger shows."""
    project = tmp_path / "acme"
    shutil.copytree(retrained[0], project)
    toml = project / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("[gate]", f"[gate]\n{more}"), encoding="utf-8")
    assert command("rollback", "-p", project) == 0
    return project


def test_other_settings_of_the_gate_need_no_training_and_force_is_logged(retrained, tmp_path, capsys):
    project = rolled_back(retrained, tmp_path, "least_overlap = 1.0")
    assert command("gate", "-p", project) == 4
    assert "✗ top of the list: Of the champion" in capsys.readouterr().out
    assert command("promote", "-p", project) == 4
    assert "the challenger is not promoted" in capsys.readouterr().err
    assert command("promote", "-p", project, "--force") == 2
    assert command("promote", "-p", project, "--force", "--reason", "new CRM since May") == 0
    registry = Registry(project / "models")
    assert [event["event"] for event in registry.log()[-3:]] == ["rolled back", "refused", "promoted"]
    assert registry.log()[-1]["forced"] == "new CRM since May"
    assert command("promote", "-p", project) == 0
    assert "already" in capsys.readouterr().out


def test_too_few_later_rows_keep_the_champion(retrained, tmp_path, capsys):
    project = rolled_back(retrained, tmp_path, "least_wins = 5000")
    assert command("gate", "-p", project) == 4
    said = capsys.readouterr().out
    assert "5000 of each are needed. The champion stays" in said


def test_shuffled_outcomes_are_not_promoted_and_it_is_said_why(world, tmp_path, capsys):
    project = copied(world, tmp_path / "acme", more="[gate]\nleast_wins = 10\n")
    leads, deals = (pd.read_parquet(project / f"{name}.parquet") for name in ("leads", "deals"))
    deals["lead_id"] = np.random.default_rng(3).permutation(leads["lead_id"])[: len(deals)]
    deals.to_parquet(project / "deals.parquet", index=False)
    assert command("retrain", "-p", project) == 4
    summary = summary_of(capsys)
    assert summary["champion"] == Registry(world / "models").aliases()["champion"]
    assert any("No usable signal" in reason for reason in summary["reasons"])


SCORE = "import sys; from serving.cli import main; sys.argv[0] = 'ripelead'; main()"


def test_a_rollback_while_leads_are_scored_loses_nothing(retrained, tmp_path):
    project, out = tmp_path / "acme", tmp_path / "scores.parquet"
    shutil.copytree(retrained[0], project)
    loaded = Registry(project / "models").aliases()["champion"]
    command_line = [sys.executable, "-c", SCORE, "score", "-p", project, "--as-of", AS_OF, "--out", out]
    job = subprocess.Popen(command_line, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    job.stderr.readline()  # it reads: the bundle is loaded
    assert command("rollback", "-p", project) == 0
    said = job.communicate()[1].decode()
    assert job.returncode == 0, said
    scored = pd.read_parquet(out)
    assert set(scored["model_version"]) == {loaded[:12]}
    assert scored["lead_id"].is_unique
    assert Registry(project / "models").aliases()["champion"] != loaded


def test_a_tracking_server_that_is_away_costs_no_rollback_and_is_mended_later(retrained, tmp_path, capsys):
    project = tmp_path / "acme"
    shutil.copytree(retrained[0], project)
    toml = project / "ripelead.toml"
    away = toml.read_text(encoding="utf-8").replace("enabled = false", 'uri = "http://127.0.0.1:9"')
    toml.write_text(away, encoding="utf-8")
    assert command("rollback", "-p", project) == 0
    printed = capsys.readouterr()
    assert "(rolled back)" in printed.out
    assert "the promotion log counts" in printed.err
