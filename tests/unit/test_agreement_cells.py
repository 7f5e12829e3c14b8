"""Model class against framework verdict: cells and picks counted by hand, the three-valued verdict, tiny data."""

import json
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from holdouts import synthetic_holdout
from hypothesis import given
from hypothesis import strategies as st
from test_report import EVIL, evaluated, facts

from features.errors import ProjectFileError
from features.frameworks.definition import parse_framework
from training.agreement import found as schema
from training.agreement.found import AGREEMENT_SCHEMA, Agreement, Compared
from training.agreement.measure import Judged, measured
from training.agreement.run import compared_frameworks, examine_agreement, outcomes_on, section_of
from training.agreement.words import sentences
from training.bootstrap import resamples
from training.examine import strict_json
from training.report import render_report
from training.settings import ReportSettings

PAGE = (Path(__file__).parents[2] / "docs" / "agreement.md").read_text(encoding="utf-8")
MET, OPEN, NOT_MET = 1, 0, -1


def judged(label, probability, threshold=0.5, groups=None):
    groups = np.arange(len(label)) if groups is None else groups
    drawn = resamples(groups, np.random.default_rng(1), 200)
    return Judged(np.array(label), np.array(probability, np.float64), threshold, drawn)


def cells(label, probability, outcome, threshold=0.5):
    found = measured(judged(label, probability, threshold), np.array(outcome))
    return {(one.model, one.framework): (one.n, one.wins, one.win_rate.value) for one in found.cells}


def test_six_cells_by_hand():
    found = cells(
        label=[1, 1, 0, 1, 0, 0, 1, 0, 0, 0],
        probability=[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1],
        outcome=[MET, MET, MET, OPEN, NOT_MET, MET, MET, OPEN, NOT_MET, NOT_MET],
    )
    assert found == {
        (True, "met"): (3, 2, 0.666667),
        (True, "open"): (1, 1, 1.0),
        (True, "not_met"): (1, 0, 0.0),
        (False, "met"): (2, 1, 0.5),
        (False, "open"): (1, 0, 0.0),
        (False, "not_met"): (2, 0, 0.0),
    }


def test_the_same_volume_by_hand():
    # The framework picks rows 0, 3 and 4; the model's highest three are 0, 1 and 2: two each alone.
    found = measured(judged([1, 1, 1, 0, 1], [0.9, 0.8, 0.7, 0.2, 0.1]), np.array([MET, OPEN, NOT_MET, MET, MET]))
    same = found.same_volume
    assert (same.count, same.apart) == (3, 2)
    assert (same.model_alone.value, same.framework_alone.value, same.difference.value) == (1.0, 0.5, 0.5)
    assert same.ahead == "too_few"


def test_equal_probabilities_at_the_cut_share_what_is_left():
    # One place for three equal rows: the model takes a third of each, also of the one that the framework picks.
    same = measured(judged([1, 0, 1], [0.4, 0.4, 0.4]), np.array([MET, NOT_MET, OPEN])).same_volume
    assert same.apart == pytest.approx(2 / 3)
    assert (same.framework_alone.value, same.model_alone.value) == (1.0, 0.5)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(-1, 1)), min_size=1, max_size=25))
def test_cells_hold_every_row_once_and_both_sides_pick_as_many(rows):
    label, height, outcome = (np.array(column) for column in zip(*rows, strict=True))
    found = measured(judged(label.astype(int), height / 3), outcome)
    assert sum(one.n for one in found.cells) == len(rows)
    assert sum(one.wins for one in found.cells) == label.sum()
    assert (found.same_volume is None) == (not (outcome == MET).any())
    if found.same_volume is not None:
        assert 0 <= found.same_volume.apart <= min(found.same_volume.count, (outcome != MET).sum()) + 1e-9


def apart(model_wins, framework_wins, n=200):
    """Two groups of n rows: one only the model picks, one only the framework, with so many wins each."""
    label = np.zeros(2 * n, int)
    label[:model_wins] = 1
    label[n : n + framework_wins] = 1
    return measured(judged(label, np.repeat([0.9, 0.1], n)), np.repeat([NOT_MET, MET], n))


def test_who_is_right_more_often_is_said_beyond_chance_only():
    assert apart(60, 20).same_volume.ahead == "model"
    assert apart(20, 60).same_volume.ahead == "framework"
    assert apart(30, 31).same_volume.ahead == "neither"
    assert apart(4, 4).same_volume.ahead == "too_few"
    assert apart(20, 0, n=20).same_volume.ahead == "too_few"


def test_where_the_rules_win_it_is_said_plainly():
    said = " ".join(sentences(apart(20, 60)))
    assert "the rules' picks win more often: go by the rules there" in said
    assert "the model's picks win more often" not in said
    assert "those that meet it win in" not in said  # nobody below the threshold misses it


def test_rows_of_one_lead_are_drawn_together():
    every = judged([1, 0] * 40, [0.9] * 80)
    pairs = judged([1, 0] * 40, [0.9] * 80, groups=np.repeat(np.arange(40), 2))
    by_row, by_lead = (measured(one, np.full(80, MET)).cells[0].win_rate for one in (every, pairs))
    assert by_row.low < by_row.value == 0.5
    assert by_lead.low == by_lead.high == 0.5  # each lead has one win in two rows


def test_without_any_evidence_all_is_open_and_nobody_is_compared():
    found = measured(judged([1, 0, 0], [0.9, 0.5, 0.1]), np.full(3, OPEN))
    assert found.same_volume is None
    assert [cell.n for cell in found.cells] == [0, 2, 0, 0, 1, 0]
    assert sentences(found) == ("Nothing is known on any row of what it asks about: there is no evidence for it.",)


def test_where_all_or_none_won_resampling_knows_no_interval():
    found = measured(judged([0] * 20 + [1] * 20, [0.9] * 40), np.repeat([MET, NOT_MET], 20)).cells
    assert [(one.win_rate.value, one.win_rate.low) for one in found if one.n] == [(0.0, None), (1.0, None)]


def test_too_few_leads_give_values_without_intervals():
    found = measured(judged([1, 0, 1], [0.9, 0.8, 0.1]), np.array([MET, NOT_MET, MET]))
    assert found.cells[0].win_rate.value == 1.0
    assert found.cells[0].win_rate.low is None
    assert found.same_volume.ahead == "too_few"


def agreement_of(found, name="own", title="Own"):
    one = Compared(name, title, found.cells, found.same_volume, sentences(found))
    return Agreement(AGREEMENT_SCHEMA, 0.5, 400, 400, 0.9, 200, (one,))


def test_the_section_shows_open_as_its_own_column_and_hostile_titles_as_text():
    section = section_of(agreement_of(apart(60, 20), EVIL, EVIL))
    page = render_report(evaluated(synthetic_holdout(300)), {}, facts(), [section])
    shown = page[page.index('id="agreement"') :]
    assert "<th>open: rows</th>" in shown
    assert "picks win more often" in shown
    assert "<script" not in page


def test_json_is_strict_and_every_key_is_documented():
    assert json.loads(strict_json(agreement_of(apart(0, 0))))["frameworks"][0]["same_volume"]["ahead"] == "too_few"
    parts = re.split(r"^### ", PAGE, flags=re.M)[1:]
    documented = {re.match(r"`(\w+)`", p)[1]: re.findall(r"^\| `(\w+)` \|", p, flags=re.M) for p in parts}
    classes = [c for c in vars(schema).values() if is_dataclass(c) and c.__module__ == schema.__name__]
    assert documented == {c.__name__: [f.name for f in fields(c)] for c in classes}


def test_a_world_is_compared_and_bant_agrees_with_the_baseline(examined):
    finding = examine_agreement(examined)
    found = json.loads(finding.json)
    assert [one["framework"] for one in found["frameworks"]] == list(examined.project.rules.frameworks)
    by_cell = {(one["model"], one["framework"]): one["n"] for one in found["frameworks"][0]["cells"]}
    frame, threshold = examined.judged.frame, examined.classes.threshold
    both = frame["bant_qualified"] & (frame["propensity"] >= threshold)
    assert by_cell[True, "met"] == both.sum()
    assert by_cell[True, "met"] + by_cell[False, "met"] == frame["bant_qualified"].sum()
    assert finding.metrics["agreement.bant.apart"] > 0


def test_outcomes_are_in_the_order_that_was_asked_for(examined):
    frameworks = compared_frameworks(examined.project, ReportSettings(frameworks=("sal",)))
    rows = np.random.default_rng(2).permutation(len(examined.dataset.snapshots))[:300]
    once = outcomes_on(examined.project, examined.dataset, rows, frameworks)["sal"]
    again = outcomes_on(examined.project, examined.dataset, np.sort(rows), frameworks)["sal"]
    assert (once == again[np.argsort(np.argsort(rows))]).all()


def test_frameworks_to_compare_are_configuration(examined):
    assert examine_agreement(_asking(examined, ())) is None
    with pytest.raises(ProjectFileError, match=r"\[report\] frameworks: 'bnat' is not among .*bant, minimum"):
        compared_frameworks(examined.project, ReportSettings(frameworks=("bnat",)))


def _asking(examined, frameworks):
    report = examined.settings.report.model_copy(update={"frameworks": frameworks})
    return replace(examined, settings=replace(examined.settings, report=report))


def test_a_framework_nobody_has_evidence_for_is_open_on_every_row(examined):
    asked = parse_framework('title = "Own"\n[criteria.iso27001]\n', "own")
    rows = np.arange(50)
    assert (outcomes_on(examined.project, examined.dataset, rows, {"own": asked})["own"] == OPEN).all()
