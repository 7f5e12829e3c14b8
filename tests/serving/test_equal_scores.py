"""The same row has the same numbers in training, in a batch, and alone."""

import numpy as np
import pyarrow as pa
import pytest

from features.engines.feature_rows import arrow_column
from features.feature_values import values_of
from serving.language.phrases import phrases_of
from serving.one_lead import score_one
from serving.reasons import NONE
from serving.render import render
from serving.scoring import NUMBERS, score_rows
from serving.scoring_rows import ScoringRows, arrow_schema, rule_columns, scoring_rows
from training.bundle import load_bundle, write_bundle
from training.range_fit import with_uncertainty
from training.settings import ModelSettings


@pytest.fixture(scope="module")
def judged(examined, run_folder, tmp_path_factory):
    """The model that was judged on the holdout, as a bundle, and a sample of the holdout's rows."""
    folder = tmp_path_factory.mktemp("judged") / "bundle"
    policy = load_bundle(run_folder / "bundle").policy
    fitted = with_uncertainty(examined.judged.fitted[-1], ModelSettings(threads=1))
    write_bundle(folder, fitted.trained, fitted.table, policy, "card")
    return load_bundle(folder), examined.judged.sample


def rows_of(table, n=None):
    values = table.values[:n]
    lead_id = pa.array([str(i) for i in range(len(values))], pa.large_string())
    nothing = rule_columns(pa.table({"lead_id": lead_id}))
    return ScoringRows(lead_id, table.snapshots.as_of[:n], values, nothing)


def test_the_holdouts_propensity_is_that_of_a_batch_and_of_one_lead(examined, judged):
    bundle, sample = judged
    held = examined.judged.frame["propensity"].to_numpy()
    chosen = np.linspace(0, len(held) - 1, len(sample.values)).astype(np.int64)
    batch = score_rows(bundle, rows_of(sample), 8).propensity
    np.testing.assert_allclose(batch, held[chosen], rtol=0, atol=1e-12)
    alone = [score_one(bundle, row, 8).propensity for row in sample.values]
    np.testing.assert_array_equal(alone, batch)


def test_propensities_have_the_bits_of_the_boosters_own_scores(judged):
    bundle, sample = judged
    exact = bundle.scale.calibration.probability(bundle.raw(sample.values, 1))
    found = [score_rows(bundle, rows_of(sample), most) for most in (0, 1, 8)]
    for scores in found:
        np.testing.assert_array_equal(scores.propensity, exact)
        for name in ("low", "high", "familiar"):
            np.testing.assert_array_equal(getattr(scores, name), getattr(found[0], name))


@pytest.mark.parametrize("language", ["en", "de"])
def test_one_lead_says_what_the_batch_says(judged, language):
    bundle, sample = judged
    phrases = phrases_of(bundle, language)
    table = render(bundle, score_rows(bundle, rows_of(sample, 200), 8), phrases).to_pylist()
    for row, values in zip(table, sample.values, strict=False):
        one = score_one(bundle, values, 8, phrases)
        assert (one.propensity, one.score, one.band) == (row["propensity"], row["score"], row["band"])
        limits = (row["propensity_low"], row["propensity_high"], row["familiar"])
        assert (one.low, one.high, one.familiar) == limits
        assert one.qualified == row["sales_qualified"]
        names = ("group", "feature", "value", "points", "sentence")
        assert [{name: getattr(reason, name) for name in names} for reason in one.reasons] == row["reasons"]


def test_one_lead_without_phrases_has_the_same_points(judged):
    bundle, sample = judged
    scores = score_rows(bundle, rows_of(sample, 50), 4)
    for i, values in enumerate(sample.values[:50]):
        one = score_one(bundle, values, 4)
        named = scores.points[i][scores.column[i] != NONE].tolist()
        assert [reason.points for reason in one.reasons if reason.group not in ("Start", "Other")] == named
        assert sum(reason.points for reason in one.reasons) == one.score == scores.score[i]
    assert score_one(bundle, sample.values[0], 0).reasons == ()


def test_neither_threads_nor_neighbours_change_a_row(judged, monkeypatch):
    bundle, sample = judged
    whole = score_rows(bundle, rows_of(sample), 8, threads=1)
    monkeypatch.setattr("serving.scoring.BLOCK", 37)
    for found in (score_rows(bundle, rows_of(sample), 8, threads=3), score_rows(bundle, rows_of(sample, 50), 8)):
        for name in NUMBERS:
            np.testing.assert_array_equal(getattr(found, name), getattr(whole, name)[: len(found)])


def test_without_path_tables_scores_are_the_same_and_reasons_as_good(judged):
    from dataclasses import replace

    bundle, sample = judged
    fast, slow = (score_rows(one, rows_of(sample, 200), 8) for one in (bundle, replace(bundle, tables=None)))
    for name in ("propensity", "low", "high", "familiar", "score", "qualified", "cut"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name))
    np.testing.assert_array_equal(slow.start + slow.points.sum(axis=1) + slow.cut + slow.rest, slow.score)
    assert np.abs(fast.points - slow.points).max() <= 1


def test_a_feature_table_in_arrow_is_scored_like_its_numbers(judged):
    bundle, sample = judged
    catalog = bundle.catalog
    values = values_of(sample.values, catalog.features)
    columns = {f.name: arrow_column(catalog, f, values.of(i, f)) for i, f in enumerate(catalog.features)}
    table = pa.table({"lead_id": [str(i) for i in range(len(sample.values))]} | columns)
    assert set(arrow_schema(catalog).names) >= set(table.column_names)
    found = score_rows(bundle, scoring_rows(table, catalog), 8)
    expected = score_rows(bundle, rows_of(sample), 8)
    for name in ("propensity", "column", "points", "value"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_a_row_of_another_length_is_refused(judged):
    bundle, _ = judged
    with pytest.raises(ValueError, match="features of the model"):
        score_one(bundle, np.zeros(3), 8)


def test_every_range_holds_its_propensity_and_ranges_differ(judged):
    bundle, sample = judged
    scores = score_rows(bundle, rows_of(sample), 0)
    assert (scores.low > 0).all()
    assert (scores.high < 1).all()
    assert (scores.low <= scores.propensity).all()
    assert (scores.propensity <= scores.high).all()
    assert len(np.unique(np.round(scores.high - scores.low, 4))) > 20
    assert 0.9 < scores.familiar.mean() <= 1
