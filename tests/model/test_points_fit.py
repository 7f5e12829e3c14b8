"""Points proposed from the data of a simulated world."""

import re
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from trained import AS_OF, command, small_world

from features.cli import utc_now
from features.errors import InputContractError
from features.project import read_project
from features.rule_settings import PointSettings
from features.tables import read_tables
from training.dataset import load_dataset
from training.folds import outer_folds
from training.judge import usable_rows
from training.points_fit import propose_points, toml_lines
from training.settings import read_training_settings


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A world that is not trained: proposing points needs no model."""
    return small_world(tmp_path_factory.mktemp("points"), leads=1200)


@pytest.fixture(scope="module")
def material(fresh):

    project = read_project(fresh)
    settings = read_training_settings(project)
    return project, settings, load_dataset(project, settings, read_tables(project, clock=utc_now()))


def test_lines_to_paste_are_whole_numbers_and_settings(material):
    proposed = propose_points(*material)
    given = tomllib.loads("\n".join(toml_lines(proposed)))["points"]
    found = PointSettings(**given)
    assert found.half_life_days == proposed.half_life_days
    assert all(isinstance(worth, int) and worth for worth in given["kinds"].values())
    assert found.kinds["demo_requested"] > found.kinds.get("page_view", 0)


def test_the_outcomes_of_the_holdout_change_no_point(material):

    project, settings, dataset = material
    rng = np.random.default_rng(settings.model.seed)
    fold = outer_folds(dataset.rows, settings.folds, dataset.matured, rng)[0]
    label = dataset.label.copy()
    label[usable_rows(dataset, fold)[1]] ^= 1
    turned = propose_points(project, settings, replace(dataset, label=label))
    proposed = propose_points(*material)
    assert (turned.points, turned.half_life_days) == (proposed.points, proposed.half_life_days)
    assert turned.auc["proposed"].value == pytest.approx(1 - proposed.auc["proposed"].value)


def test_points_need_outcomes_of_both_kinds(material):

    project, settings, dataset = material
    none = replace(dataset, label=np.zeros_like(dataset.label), won=None)
    with pytest.raises(InputContractError, match="too few conversions"):
        propose_points(project, settings, none)


def test_the_log_of_a_lead_is_printed_and_adds_up(fresh, capsys):
    assert command("points", "lead-0000007", "-p", fresh, "--as-of", AS_OF) == 0
    shown = capsys.readouterr().out
    lines = [float(line.split()[0]) for line in shown.splitlines() if re.match(r"\s+[+-]\d", line)]
    total = float(re.search(r": (-?[\d.]+) points", shown)[1])
    assert lines
    assert sum(lines) == pytest.approx(total)


def test_a_lead_that_is_not_there_is_said(fresh, capsys):
    assert command("points", "nobody", "-p", fresh, "--as-of", AS_OF) == 2
    assert "no lead 'nobody'" in capsys.readouterr().err
