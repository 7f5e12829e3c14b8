"""The class policy of a trained run: what it froze, against lists made week by week, and what it refuses."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from trained import command

from features.build import build_features
from features.histories import build_histories
from features.project import read_project
from features.tables import read_tables
from serving.open_leads import open_snapshots
from serving.score import project_rows
from serving.scoring import score_rows
from training.bundle import load_bundle

CLOCK = pd.Timestamp("2026-06-01", tz="UTC").to_pydatetime()


@pytest.fixture(scope="module")
def policy(run_folder):
    return json.loads((run_folder / "policy.json").read_text(encoding="utf-8"))


def test_the_chosen_option_is_frozen_in_the_bundle(run_folder, policy):
    frozen = load_bundle(run_folder / "bundle").policy
    assert frozen.threshold == policy["threshold"] == frozen.expected.threshold
    assert asdict(frozen.expected) == next(o for o in policy["options"] if o["name"] == policy["chosen"])


def test_volume_and_list_are_those_of_lists_made_week_by_week(world, run_folder, policy):
    project, bundle = read_project(world), load_bundle(run_folder / "bundle")
    tables = read_tables(project, clock=CLOCK)
    histories = build_histories(tables, project.hygiene)
    qualified, listed, newly = set(), [], 0
    for week in range(-20, 1):
        as_of = tables.data_end + pd.Timedelta(days=7 * week)
        snapshots = open_snapshots(histories, tables, as_of, bundle.policy)
        table = build_features(histories, tables, snapshots, bundle.catalog)
        scores = score_rows(bundle, project_rows(bundle, histories, tables, table), most=0)
        now = set(scores.lead_id.filter(scores.qualified).to_pylist())
        if week > -13:
            newly += len(now - qualified)
            listed.append(len(now))
        qualified |= now
    assert bundle.policy.expected.leads.value == pytest.approx(newly / 13, abs=1e-6)
    assert bundle.policy.expected.listed == pytest.approx(np.mean(listed), abs=1e-6)
    assert np.mean(listed) == pytest.approx(0.1 * policy["open_leads"], abs=1)


def test_the_report_says_who_is_sales_qualified(run_folder):
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    section = page[page.index('id="policy"') :]
    assert "A lead is sales qualified from a probability of" in section
    assert section.count("<svg") >= 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("leads_per_week = 5", "needs dated leads"),
        ('choose = "value"', "give cost_of_contact"),
        ('choose = "bant_volume"', "BANT qualifies no lead"),
    ],
)
def test_a_choice_that_cannot_be_worked_out_is_refused(tmp_path, capsys, line, said):
    rng = np.random.default_rng(0)
    size = rng.normal(size=400)
    won = np.where(rng.random(400) < 1 / (1 + np.exp(-2 * size)), "yes", "no")
    frame = pd.DataFrame({"lead_id": np.arange(400), "size": size, "nr": np.arange(400), "Converted": won})
    frame.to_csv(tmp_path / "leads.csv", index=False)
    text = '[project]\nname = "flat"\n[tables.leads]\nfile = "leads.csv"\n[label]\ncolumn = "Converted"\n'
    folds = '[folds]\nkind = "rows"\norder_by = "nr"\n[tracking]\nenabled = false\n[policy]\n'
    (tmp_path / "ripelead.toml").write_text(text + folds + line, encoding="utf-8")
    assert command("train", "-p", tmp_path) == 2
    assert said in capsys.readouterr().err
