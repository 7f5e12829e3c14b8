"""Training end to end on a small simulated world: what a run leaves behind, and whether it can be trusted."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from trained import command

from benchmarks.truth import true_propensity
from training.bundle import FILES
from training.evaluation import from_json
from training.judge import HOLDOUT_COLUMNS


@pytest.fixture(scope="module")
def holdout(run_folder):
    return pd.read_parquet(run_folder / "holdout.parquet")


def test_a_run_leaves_bundle_evaluation_holdout_report_and_pictures(run_folder):
    assert {path.name for path in run_folder.iterdir()} == {
        "accounts.json", "agreement.json", "audit.json", "bundle", "cohorts.json", "contact_window.json",
        "evaluation.json", "figures", "funnel.json", "gate.json", "holdout.parquet", "horizons.json", "judged",
        "learning_curve.json", "origin.json", "policy.json", "report.html", "seen_by_judged.npy",
        "seen_by_shipped.npy", "segments.json",
        "selection.json", "uncertainty.json", "walk_forward.json",
    }  # fmt: skip
    assert {path.name for path in (run_folder / "bundle").iterdir()} == {*FILES, "manifest.json"}


def test_holdout_has_the_promised_columns_and_no_gap(holdout):
    assert tuple(holdout.columns) == HOLDOUT_COLUMNS
    assert holdout.notna().all().all()
    assert not holdout.duplicated(["lead_id", "as_of"]).any()


def test_every_system_scores_the_same_holdout_rows(run_folder, holdout):
    evaluation = from_json((run_folder / "evaluation.json").read_text(encoding="utf-8"))
    assert {system.n for system in evaluation.systems.values()} == {len(holdout)}
    assert set(evaluation.systems) == {"model", "logistic", "bant", "points", "base_rate"}


def test_the_model_is_close_to_the_truth_and_above_the_rules(world, holdout):
    truth = true_propensity(world, holdout["lead_id"], holdout["as_of"])
    auc = {name: roc_auc_score(holdout["label"], holdout[name]) for name in ("propensity", "bant_met", "points")}
    # 3,000 leads; the exact bound of .015 is measured on 50,000 by `make soak`.
    assert auc["propensity"] > roc_auc_score(holdout["label"], truth) - 0.06
    assert auc["propensity"] > max(auc["bant_met"], auc["points"])


def test_probabilities_are_calibrated_on_average(holdout):
    expected, happened = holdout["propensity"].mean(), holdout["label"].mean()
    assert abs(expected - happened) < 4 * np.sqrt(happened / len(holdout))


def test_no_label_of_training_was_known_later_than_the_first_holdout_row(world, holdout):
    assert holdout["as_of"].min() >= pd.Timestamp("2025-06-01", tz="UTC")


def test_nothing_in_the_bundle_names_this_machine_or_a_lead(world, run_folder, tmp_path_factory):
    place = tmp_path_factory.getbasetemp().parent  # every world of every worker is in it
    lead_ids = set(pd.read_parquet(world / "leads.parquet", columns=["lead_id"])["lead_id"])
    for path in (run_folder / "bundle").iterdir():
        content = path.read_bytes()
        assert str(place).encode() not in content
        assert not any(lead.encode() in content for lead in list(lead_ids)[:200])


def test_evaluation_is_strict_json(run_folder):
    def refuse(constant):
        raise AssertionError(constant)

    json.loads((run_folder / "evaluation.json").read_text(encoding="utf-8"), parse_constant=refuse)


def test_report_stands_alone(run_folder):
    html = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "http://" not in html.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert html.count("<svg") >= 6


def test_evaluate_and_report_find_the_newest_run(world, capsys):
    assert command("evaluate", "-p", world) == 0
    assert command("report", "-p", world) == 0
    printed = capsys.readouterr().out
    assert "ROC-AUC" in printed
    assert "report.html" in printed
