"""The example projects on the public data: floors reached, not below the peer by hand, leaks out, no false signal."""

import importlib.util
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.real import CASES, CLOCK, EXAMPLES
from features.cli import run
from features.project import read_project
from features.tables import read_tables
from serving.commands import command_line
from training.dataset import load_dataset
from training.model import learn_catalog
from training.registry import registry_of
from training.settings import read_training_settings
from training.train import train

pytestmark = pytest.mark.real
ASYMMETRIQUE = [f"Asymmetrique {of} {what}" for of in ("Activity", "Profile") for what in ("Index", "Score")]
LEAKS = {
    "complete_journey": ["window_end", "first_redemption", "n_redemptions", "converted"],
    "x_education": ["Tags", "Lead Quality", "Lead Profile", *ASYMMETRIQUE, "Converted", "Lead Number"],
    "salvirt": ["Status"],
    "olist": ["won_date", "business_segment", "lead_type", "lead_behaviour_profile", "sdr_id", "sr_id", "seller_id"],
    "bank_marketing": ["duration", "y", "call_number"],
    "online_shoppers": ["PageValues", "Revenue", "session_number"],
    "maven": ["outcome", "deal_stage", "close_value", "close_date"],
}


@pytest.mark.parametrize("case", [case for case in CASES if case.floors], ids=lambda case: case.name)
def test_model_reaches_its_floors_and_is_not_below_a_plain_lightgbm(measured, case):
    result = measured(case.name)
    found = {metric: getattr(result.evaluation.systems["model"], metric).value for metric in case.floors}
    assert all(found[metric] >= least for metric, least in case.floors.items()), found
    assert result.difference.high >= 0


@pytest.mark.parametrize("example", LEAKS)
def test_no_leak_is_a_feature(data, example):
    project = read_project(EXAMPLES / example)
    settings = read_training_settings(project)
    tables = read_tables(project, clock=CLOCK, untimed=settings.label.column is not None)
    dataset = load_dataset(project, settings, tables)
    catalog, _ = learn_catalog(project, settings.model, dataset, np.arange(len(dataset.snapshots)))
    leaks = set(LEAKS[example])
    assert catalog.names
    assert not leaks & ({feature.of for feature in catalog.features} | set(catalog.names))


def test_probabilities_keep_their_level_where_the_base_rate_changed_in_training(measured):
    frame = measured("olist").judged.frame
    assert 0.5 < frame["propensity"].mean() / frame["label"].mean() < 1.5


def test_campaigns_that_outlast_the_data_neither_train_nor_judge(measured):
    result = measured("complete_journey")
    campaigns = set(result.judged.frame["lead_id"].str.split("-").str[1].astype(int))
    assert campaigns == {14, 16, 17, 18, 19}
    assert result.train_rows == 3_927


def test_salvirt_judges_every_row_once_and_identical_rows_never_meet(measured):
    judged = measured("salvirt").judged
    assert judged.frame["lead_id"].is_unique
    assert len(judged.frame) == 448
    assert len(judged.folds) == 10
    assert len(np.unique(judged.groups)) < 448


def test_maven_has_no_signal_and_the_verdict_says_so(measured):
    verdict = measured("maven").evaluation.verdict
    assert verdict.kind == "no_signal"
    assert "No usable signal" in verdict.headline


def test_maven_is_refused_by_promote(data, tmp_path, monkeypatch, capsys):
    project = replace(read_project(EXAMPLES / "maven"), directory=tmp_path)
    (tmp_path / "ripelead.toml").write_bytes((EXAMPLES / "maven" / "ripelead.toml").read_bytes())
    tables = read_tables(project, clock=CLOCK, untimed=True)
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    train(project, read_training_settings(project), tables, folder, lambda _: None)
    registry_of(project).register(folder, CLOCK)
    monkeypatch.setattr("sys.argv", ["ripelead", "promote", "-p", str(tmp_path)])
    assert run(command_line()) == 4
    assert "No usable signal" in capsys.readouterr().err


def test_complete_journey_is_the_same_from_its_package(data, tmp_path, monkeypatch):
    project = read_project(EXAMPLES / "complete_journey")
    of_folder = read_tables(project, clock=CLOCK, untimed=False)
    assert _script("complete_journey/from_package.py").main([str(tmp_path)]) == 0
    monkeypatch.setenv("RIPELEAD_REAL_DATA", str(tmp_path))
    of_package = read_tables(project, clock=CLOCK, untimed=False)
    for name in ("leads", "interactions", "deals", "accounts"):
        pd.testing.assert_frame_equal(_ordered(getattr(of_package, name)), _ordered(getattr(of_folder, name)))


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in EXAMPLES.glob("*/ripelead.toml")))
def test_every_example_says_source_licence_citation_and_what_leaks(folder):
    text = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
    for word in ("| source |", "| licence |", "| citation |", "## Get the data and run", "leak"):
        assert word in text


def _script(name):
    spec = importlib.util.spec_from_file_location("script", EXAMPLES / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _ordered(frame):
    return frame.sort_values(list(frame.columns), ignore_index=True)
