"""`ripelead tune` as a process: killed, interrupted, run twice, asked for nonsense."""

import json
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from features.cli import run
from serving.commands import command_line

HEAD = """
[label]
column = "won"
[folds]
kind = "random"
[model]
threads = 1
max_trees = 20
[tracking]
enabled = false
"""


@pytest.fixture
def project(tmp_path):
    """A flat table of 300 leads."""
    return written(tmp_path, lambda _: None)


def written(folder, change):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(3)
    visits = rng.normal(size=300)
    won = (rng.random(300) < 1 / (1 + np.exp(-visits))).astype(int)
    change(won)
    rows = [f"{i},{visits[i]:.3f},{rng.integers(3)},{won[i]}" for i in range(300)]
    (folder / "leads.csv").write_text("lead_id,visits,channel,won\n" + "\n".join(rows) + "\n")
    text = f'[project]\nname = "flat"\n[tables.leads]\nfile = "leads.csv"\n{HEAD}'
    (folder / "ripelead.toml").write_text(text)
    return folder


def tune(monkeypatch, folder, *arguments):
    monkeypatch.setattr("sys.argv", ["ripelead", "tune", "-p", str(folder), *map(str, arguments)])
    return run(command_line())


@contextmanager
def process(folder, *arguments):
    command = [sys.executable, "-m", "serving.cli", "tune", "-p", str(folder), *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def wait_for(told, word):
    lines = []
    for line in told:
        lines.append(line)
        if word in line:
            return lines
    raise AssertionError("".join(lines))


def result(folder):
    return json.loads((folder / "tuning" / "tuning.json").read_text())


def test_what_a_killed_process_had_finished_is_kept_and_the_rest_is_as_without_the_kill(
    project, tmp_path, monkeypatch, capsys
):
    other = written(tmp_path / "other", lambda _: None)
    with process(project, "--trials", 1000) as killed:
        wait_for(killed.stderr, "trial 2 of")
    assert killed.returncode == -signal.SIGKILL
    assert tune(monkeypatch, project, "--trials", 6) == 0
    assert re.search(r"Going on after ([3-9]|\d\d) trials", capsys.readouterr().err)
    assert tune(monkeypatch, other, "--trials", 6) == 0
    found, expected = ([(one["values"], one["objective"]) for one in result(at)["trials"]] for at in (project, other))
    assert found[:6] == expected


def test_ctrl_c_shows_what_was_found_and_exits_with_130(project):
    with process(project, "--trials", 1000) as stopped:
        wait_for(stopped.stderr, "trial 1 of")
        stopped.send_signal(signal.SIGINT)
        shown, told = stopped.communicate(timeout=300)
    assert stopped.returncode == 130, told
    assert "goes on from here" in told
    assert len(result(project)["trials"]) >= 2
    assert "trials" in shown


def test_a_second_process_does_nothing(project, monkeypatch, capsys):
    with process(project, "--trials", 1000) as first:
        wait_for(first.stderr, "trial 1 of")
        assert tune(monkeypatch, project, "--trials", 1) == 99
        assert "another process is tuning this project" in capsys.readouterr().err


def test_changed_data_begin_anew_and_it_is_said(project, monkeypatch, capsys):
    assert tune(monkeypatch, project, "--trials", 2) == 0
    written(project, lambda won: np.put(won, range(20), 1))
    assert tune(monkeypatch, project, "--trials", 2) == 0
    assert "begins anew" in capsys.readouterr().err


def test_a_finished_study_is_shown_again_and_the_project_file_is_left_alone(project, monkeypatch, capsys):
    before = (project / "ripelead.toml").read_bytes()
    assert tune(monkeypatch, project, "--trials", 3) == 0
    first = capsys.readouterr().out
    assert tune(monkeypatch, project, "--trials", 3) == 0
    assert capsys.readouterr().out == first
    assert (project / "ripelead.toml").read_bytes() == before


@pytest.mark.parametrize("arguments", [("--trials", 0), ("--minutes", -1), ("--trials", "many")])
def test_nonsense_is_refused(project, monkeypatch, capsys, arguments):
    assert tune(monkeypatch, project, *arguments) == 2
    assert not (project / "tuning").exists()
    assert arguments[0] in capsys.readouterr().err


def test_an_unknown_objective_is_refused(project, monkeypatch, capsys):
    toml = project / "ripelead.toml"
    toml.write_text(toml.read_text() + '[tune]\nobjective = "f1"\n')
    assert tune(monkeypatch, project) == 2
    assert "[tune] objective" in capsys.readouterr().err


@pytest.mark.parametrize(("outcome", "said"), [(0, "no value counts as a conversion"), (1, "nothing to tell apart")])
def test_one_outcome_only_is_refused_in_words(project, monkeypatch, capsys, outcome, said):
    written(project, lambda won: won.fill(outcome))
    assert tune(monkeypatch, project) == 3
    assert said in capsys.readouterr().err


def test_too_few_wins_for_a_boosted_model_are_said(project, monkeypatch, capsys):
    written(project, lambda won: np.put(won, range(40, 300), 0))
    assert tune(monkeypatch, project) == 3
    assert "nothing to tune yet" in capsys.readouterr().err
