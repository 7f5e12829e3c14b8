import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from audit_worlds import END, FLAT, TIMED, flat_leads, loaded, timed_tables, wins
from hypothesis import given
from hypothesis import strategies as st

from features.tables import tables_from_frames
from training.examine import Examined
from training.folds import outer_folds
from training.handed_over import HandedOver, handed_over
from training.judge import judge_holdout
from training.rep_activity import RepActivity
from training.selection import Selection, Third, examine_selection, selection
from training.weighted import SelectedMetrics, plain_metrics, weighted_metrics

WON = wins(600)


def rows(label, probability, score=None):
    n = len(label)
    score = np.linspace(0.1, 0.4, n) if score is None else np.array(score)
    return HandedOver(np.arange(n), score, np.array(label, np.int8), np.array(probability), np.array(probability) < 1)


def test_each_row_counts_for_as_many_as_its_probability_says(rng):
    found = weighted_metrics(rows([1, 0, 0], [1.0, 0.5, 0.25], [0.3, 0.2, 0.1]), rng)
    assert found.win_rate.value == pytest.approx(1 / 7, abs=1e-6)
    assert found.predicted.value == pytest.approx((0.3 + 2 * 0.2 + 4 * 0.1) / 7, abs=1e-6)
    assert found.effective_rows == round(49 / 21, 1)
    assert (found.rows, found.wins, found.clipped) == (3, 1, 0)


def test_no_row_counts_for_more_than_a_hundred_and_the_cut_is_told(rng):
    found = weighted_metrics(rows([1, 0], [1.0, 0.0001]), rng)
    assert found.win_rate.value == pytest.approx(1 / 101, abs=1e-6)
    assert found.clipped == 1


@given(st.lists(st.integers(0, 1), min_size=2, max_size=30))
def test_with_certainty_weights_change_nothing(label):
    known = rows(label, [1.0] * len(label))
    assert weighted_metrics(known, np.random.default_rng(1)) == plain_metrics(known, np.random.default_rng(1))


def test_over_many_draws_the_weighted_win_rate_is_that_of_all_leads():
    rng, interest = np.random.default_rng(4), np.random.default_rng(5).random(4000)
    probability = np.where(interest > 0.8, 1.0, 0.2)
    found = []
    for _ in range(200):
        won, worked = rng.random(4000) < interest / 2, rng.random(4000) < probability
        weight = 1 / probability[worked]
        found.append(float(weight @ won[worked] / weight.sum()))
    assert np.mean(found) == pytest.approx(interest.mean() / 2, abs=0.003)
    assert np.mean(won[worked]) > interest.mean() / 2 + 0.05


def events(rows, days, **columns):
    """An event of some leads so long after their creation."""
    leads = timed_tables(WON).leads[rows]
    return pd.DataFrame(
        {"lead_id": leads["lead_id"], "occurred_at": leads["created_at"] + pd.Timedelta(days=days), **columns}
    )


VISITS = events(np.random.default_rng(3).random(len(WON)) < 0.5, 1, kind="read")


def decisions(hours=1, **columns):
    """Sales decides on every lead so long after its creation."""
    leads = timed_tables(WON).leads
    given = {"exploration": 1.0, "worked_probability": 0.1, "decision": "accept", **columns}
    return pd.DataFrame(
        {"lead_id": leads["lead_id"], "decided_at": leads["created_at"] + pd.Timedelta(hours=hours), **given}
    )


def examined(directory, toml=TIMED, tables=None, **frames):
    """A training on leads that win by a coin, as far as the examination looks at it."""
    more = "[model]\nmax_trees = 10\nthreads = 1\n"
    frames["interactions"] = pd.concat([VISITS, frames.pop("interactions", VISITS[:0])], ignore_index=True)
    project, settings, dataset = loaded(directory, toml + more, tables or timed_tables(WON, **frames))
    folds = outer_folds(dataset.rows, settings.folds, dataset.matured, np.random.default_rng(1))
    judged = judge_holdout(project, settings, dataset, folds, lambda _: None)
    return Examined(project, settings, dataset, judged, judged.fitted[0], None, None)


def test_hand_overs_of_the_holdout_are_counted_once_a_period(tmp_path):
    twice = pd.concat([decisions(), decisions(hours=1.01), decisions(hours=24 * 35)], ignore_index=True)
    made = examined(tmp_path, decisions=twice)
    found = handed_over(made.project, made.settings, made.dataset, made.judged)
    leads, times = np.unique(found.lead, return_counts=True)
    assert set(times) == {1, 2}
    learned = made.dataset.snapshots.lead[made.judged.folds[0].train]
    assert not np.isin(leads, learned).any()
    won = made.dataset.won.start[leads + 1] > made.dataset.won.start[leads]
    assert (found.label[np.searchsorted(found.lead, leads)] == won).all()


def test_with_drawn_leads_all_leads_are_known(tmp_path):
    made = selection(examined(tmp_path, decisions=decisions()))
    assert made.weighted.win_rate.value == made.exploration.win_rate.value
    assert "were drawn and worked whatever their score" in made.sentences[0]
    assert [third.worked.value for third in made.thirds] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ({}, "cannot be known from these data; [exploration] share = 0.05"),
        ({"decisions": decisions().drop(columns=["exploration", "worked_probability"])}, "cannot be known"),
        ({"decisions": decisions(exploration=0.0, worked_probability=1.0)}, "0 drawn leads with 0 wins are too few"),
        ({"decisions": decisions().head(3)}, "cannot be known"),
    ],
)
def test_without_drawn_leads_it_says_what_cannot_be_known(tmp_path, frames, said):
    made = selection(examined(tmp_path, **frames))
    assert made.weighted is None
    assert said in made.sentences[0]


def test_every_key_of_the_file_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "selection.md").read_text(encoding="utf-8")
    parts = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    documented = {re.match(r"`(\w+)`", part)[1]: re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) for part in parts}
    kinds = (Selection, SelectedMetrics, Third, RepActivity)
    assert documented == {kind.__name__: [field.name for field in fields(kind)] for kind in kinds}


def test_a_flat_table_has_nothing_to_say(tmp_path, rng):
    leads = flat_leads(WON, size=rng.normal(0, 1, len(WON)))
    made = examined(tmp_path, FLAT, tables_from_frames(END, leads=leads))
    assert examine_selection(made) is None


def test_what_sales_did_is_taken_away_to_see_what_it_is_worth(tmp_path):
    calls = events(WON, 2, kind="call", direction="outbound")
    kept = selection(examined(tmp_path, interactions=calls)).reps
    assert (kept.excluded, kept.interactions) == (False, len(calls))
    assert kept.mean_points > 1
    gone = selection(examined(tmp_path, f'{TIMED}[hygiene]\nrep_activities = "exclude"\n', interactions=calls)).reps
    assert (gone.excluded, gone.interactions, gone.mean_points) == (True, len(calls), None)
    off = selection(examined(tmp_path, f"{TIMED}[hygiene]\nenabled = false\n", interactions=calls)).reps
    assert off.mean_points == pytest.approx(kept.mean_points)
