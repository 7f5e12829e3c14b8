"""Scores of rows: numbers that depend on nothing else, a lossless table of them, and what is rendered."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from additive import BANDS, bundle_of, phrases_for, rows_of_values
from hypothesis import given
from hypothesis import strategies as st

from serving.lifecycle.standings import UNKNOWN, read_standing, stages_with
from serving.render import band_of, render
from serving.scoring import NUMBERS, from_arrow, ranked, score_rows, to_arrow
from serving.sinks import SCHEMA


def random_bundle(n, features=6):
    rng = np.random.default_rng(5)
    bundle = bundle_of(rng.normal(0, 0.7, (n, features + 1)))
    values = np.where(rng.random((n, features)) < 0.2, np.nan, rng.integers(0, 4, (n, features)))
    return bundle, rows_of_values(values)


def assert_same(a, b):
    assert a.lead_id.to_pylist() == b.lead_id.to_pylist()
    assert a.rules.equals(b.rules)
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), strict=True)


@pytest.mark.parametrize("n", [0, 1, 50])
@pytest.mark.parametrize("most", [0, 1, 8])
def test_scores_go_through_a_table_without_loss(tmp_path, n, most):
    bundle, rows = random_bundle(n)
    scores = score_rows(bundle, rows, most) if most else made_without_reasons(bundle, rows)
    assert_same(from_arrow(to_arrow(scores)), scores)
    assert_same(from_arrow(pa.concat_tables([to_arrow(scores)] * 2)).slice(n, 2 * n), scores)
    pq.write_table(to_arrow(scores), tmp_path / "s.parquet")
    assert_same(from_arrow(pq.read_table(tmp_path / "s.parquet")), scores)


def made_without_reasons(bundle, rows):
    bundle.raw = lambda values, threads=0: bundle.tables.contributions.sum(axis=1)
    return score_rows(bundle, rows, 0)


def test_points_and_what_is_cut_sum_to_the_shown_score():
    bundle, rows = random_bundle(5_000)
    scores = score_rows(bundle, rows, 3)
    np.testing.assert_array_equal(scores.start + scores.points.sum(axis=1) + scores.cut + scores.rest, scores.score)
    assert ((scores.column >= 0).sum(axis=1) + scores.others == 6).all()
    assert set(np.unique(scores.score)) <= set(range(101))
    assert (scores.cut != 0).any()


def test_without_reasons_the_other_numbers_are_the_same():
    bundle, rows = random_bundle(100)
    without, scores = made_without_reasons(bundle, rows), score_rows(bundle, rows, 8)
    for name in ("propensity", "score", "qualified", "cut"):
        np.testing.assert_array_equal(getattr(without, name), getattr(scores, name))
    assert set(map(len, render(bundle, without, phrases_for(bundle))["reasons"].to_pylist())) == {0}


def test_chosen_leads_come_in_the_chosen_order():
    bundle, rows = random_bundle(20)
    scores = score_rows(bundle, rows, 4)
    order = ranked(scores)
    taken = scores.take(order)
    assert taken.lead_id.to_pylist() == [f"L{i}" for i in order]
    assert (np.diff(taken.propensity) <= 0).all()
    assert_same(taken.slice(5, 9), scores.take(order[5:9]))


def test_equal_propensities_are_ranked_by_lead_id():
    bundle = bundle_of(np.zeros((12, 3)))
    ids = score_rows(bundle, rows_of_values(np.zeros((12, 2))), 2)
    assert ids.take(ranked(ids)).lead_id.to_pylist() == sorted(f"L{i}" for i in range(12))


def test_a_rendered_table_has_the_columns_of_the_contract():
    bundle, rows = random_bundle(40)
    table = render(bundle, score_rows(bundle, rows, 2), phrases_for(bundle))
    assert table.schema == SCHEMA
    assert table["as_of"].null_count == table["points"].null_count == table["stage"].null_count == 40
    for score, reasons in zip(table["score"].to_pylist(), table["reasons"].to_pylist(), strict=True):
        assert sum(reason["points"] for reason in reasons) == score
    table.validate(full=True)


def test_rendering_in_blocks_changes_nothing(monkeypatch):
    bundle, rows = random_bundle(40)
    scores, phrases = score_rows(bundle, rows, 3), phrases_for(bundle)
    whole = render(bundle, scores, phrases)
    monkeypatch.setattr("serving.render.BLOCK", 7)
    assert render(bundle, scores, phrases).equals(whole)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30))
def test_the_band_is_the_highest_whose_least_score_is_reached(scores):
    ranks = sorted(BANDS, key=BANDS.get, reverse=True)
    expected = [next((band for band in ranks if score >= BANDS[band]), "D") for score in scores]
    assert band_of(np.array(scores), BANDS).to_pylist() == expected


@pytest.mark.parametrize(
    ("standing", "points", "qualified", "stage"),
    [
        ("opportunity", True, True, "opportunity"),
        ("sal,sql,sal,sql", False, True, "sql"),
        ("sal,sql,sal,sql", True, False, "sal"),
        (UNKNOWN, True, False, "mql"),
        (UNKNOWN, False, True, "lead"),
    ],
)
def test_m02_the_stage_follows_from_standing_points_and_class(standing, points, qualified, stage):
    known = pa.array([standing], pa.string())
    assert stages_with(known, np.array([points]), np.array([qualified]), np.array([99.0])).to_pylist() == [stage]


@pytest.mark.parametrize(("score", "stage"), [(69, "mql"), (70, "sql")])
def test_m03_a_standing_can_ask_for_a_score(score, stage):
    known = pa.array(["70:lead,lead,lead,lead,mql,sql,mql,sql"])
    assert stages_with(known, np.array([True]), np.array([False]), np.array([float(score)])).to_pylist() == [stage]


@pytest.mark.parametrize(
    "text", ["", "accepted", "lead,mql", "70:lead,lead,mql,mql", "lead,lead,lead,lead,sal,sal,sal,sal"]
)
def test_what_is_no_standing_is_refused(text):
    with pytest.raises(ValueError, match="expected a stage, or four stages"):
        read_standing(text)
