"""The checks of the gate on probabilities whose truth is known."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from features.catalog import Catalog, FeatureDef
from training.bootstrap import resamples
from training.gate.checks import checks_of_pair, smallest_margin
from training.gate.decide import overlap
from training.gate.decision import Check, GateDecision, decision_from_json, decision_to_json
from training.gate.other_checks import overlap_check, segments_check, size_check, time_check
from training.gate.paired import compare, pr_auc_difference
from training.gate.segments import Segment, large_segments, worst_segment
from training.gate.settings import GateSettings
from training.gate.suspects import Named, Reliance, columns_of, suspects_check
from training.metrics import log_loss, pr_auc

SETTINGS = GateSettings()
ROWS = 8_000


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(1)
    z = rng.normal(-2.5, 1.4, ROWS)
    return z, (rng.random(ROWS) < expit(z)).astype(np.int64), rng


def noisy(z, rng, amount=0.05):
    return expit(z + rng.normal(0, amount, len(z)))


def outcomes(truth, challenger, champion=None, replicates=150):
    z, label, rng = truth
    drawn = resamples(np.arange(len(z)) // 2, np.random.default_rng(2), replicates)
    paired = compare(label, noisy(z, rng) if champion is None else champion, challenger, drawn, 0.9)
    return {check.name: check.outcome for check in checks_of_pair(paired, SETTINGS)}


def test_an_equal_challenger_passes(truth):
    z, _, rng = truth
    assert set(outcomes(truth, noisy(z, rng)).values()) == {"passed"}


@pytest.mark.parametrize(
    ("worse", "refused"),
    [
        (lambda z, rng: noisy(z, rng, 1.0), {"ranking", "log loss", "calibration slope"}),
        (lambda z, rng: expit(1.25 * z + 0.55), {"calibration slope"}),
        (lambda z, rng: expit(0.8 * z - 0.4), {"calibration slope"}),
        (lambda z, rng: expit(z + 0.3), {"log loss", "mean prediction"}),
        (lambda z, rng: rng.uniform(0.05, 0.2, len(z)), {"signal", "ranking", "log loss", "calibration slope"}),
    ],
    ids=["noisier", "too timid", "too extreme", "too high", "noise"],
)
def test_a_worse_challenger_is_refused_for_its_reason(truth, worse, refused):
    z, _, rng = truth
    found = outcomes(truth, worse(z, rng))
    assert refused <= {name for name, outcome in found.items() if outcome == "refused"}


def test_a_challenger_that_knows_the_outcome_is_too_good(truth):
    z, label, _ = truth
    assert outcomes(truth, expit(z + 3 * label - 0.5))["too good"] == "refused"


def test_the_drift_of_both_is_held_against_neither(truth):
    z, _, _ = truth
    off = expit(0.7 * z + 0.4)
    assert set(outcomes(truth, off, champion=off).values()) == {"passed"}


def test_few_rows_show_little_and_the_sentence_says_from_which_margin_on(truth):
    z, label, rng = (part[:600] if isinstance(part, np.ndarray) else part for part in truth)
    drawn = resamples(np.arange(600), np.random.default_rng(2), 150)
    paired = compare(label, noisy(z, rng, 0.3), noisy(z, rng, 0.3), drawn, 0.9)
    ranking = checks_of_pair(paired, SETTINGS)[1]
    assert ranking.outcome == "refused"
    assert f"a margin of {smallest_margin(paired):.3f} or more" in ranking.sentence


def test_values_are_those_of_the_metrics(truth):
    z, label, rng = truth
    old, new = noisy(z, rng), noisy(z, rng, 0.5)
    paired = compare(label, old, new, resamples(np.arange(ROWS), np.random.default_rng(2), 20), 0.9)
    assert paired.difference("pr_auc").value == pytest.approx(pr_auc(label, new) - pr_auc(label, old))
    assert paired.added_log_loss().value == pytest.approx(log_loss(label, new) / log_loss(label, old) - 1)
    assert paired.challenger.value["surplus"] == pytest.approx(new.mean() - label.mean())


def test_rows_of_one_lead_do_not_count_as_independent(truth):
    z, label, rng = truth
    old, new, once = noisy(z, rng, 0.5), noisy(z, rng, 0.5), np.arange(ROWS)
    few = pr_auc_difference(label, old, new, resamples(once, np.random.default_rng(2), 100))
    four = [np.tile(part, 4) for part in (label, old, new, once)]
    copied = pr_auc_difference(*four[:3], resamples(four[3], np.random.default_rng(2), 100))
    assert copied.high - copied.value == pytest.approx(few.high - few.value, rel=0.3)


def test_a_segment_that_got_worse_is_named_and_chance_is_not(truth):
    z, label, rng = truth
    champion, half = noisy(z, rng), rng.random(ROWS) < 0.5
    drawn = resamples(np.arange(ROWS), np.random.default_rng(2), 50)
    segments = [Segment("country = DE", half), Segment("country = DK", ~half)]
    spoilt = np.where(half, rng.permutation(champion), champion)
    found = segments_check(worst_segment(segments, label, champion, spoilt, drawn), SETTINGS)
    assert (found.outcome, "country = DE" in found.sentence) == ("refused", True)
    assert segments_check(worst_segment(segments, label, champion, noisy(z, rng), drawn), SETTINGS).outcome == "passed"
    assert segments_check(worst_segment([], label, champion, spoilt, drawn), SETTINGS).outcome == "passed"


def test_large_segments_are_values_of_attributes_with_fifty_of_each_outcome():
    catalog = catalog_of(FeatureDef("country", "attribute", "Fit", "", of="country", type="category"))
    values = np.array([[0.0]] * 200 + [[1.0]] * 100 + [[np.nan]] * 100)
    label = np.tile([0, 1], 200)
    assert [segment.name for segment in large_segments(catalog, values, label)] == ["country = DE", "country = DK"]
    assert [s.name for s in large_segments(catalog, values[:250], label[:250])] == ["country = DE"]


def catalog_of(*features):
    from features.catalog import AttributeCode

    codes = (AttributeCode("country", "category", ("DE", "DK")), AttributeCode("account_size", "number"))
    return Catalog(tuple(features), codes, ("call", "login"), (), ("need",))


@pytest.mark.parametrize(
    ("table", "column", "features"),
    [
        ("leads", "country", [0]),
        ("accounts", "account_size", [1]),
        ("interactions", "login", [2]),
        ("assessments", "need", [3]),
        ("features", "login_30d", [2]),
        ("leads", "nothing", []),
    ],
)
def test_a_suspect_is_found_in_the_features_made_of_it(table, column, features):
    catalog = catalog_of(
        FeatureDef("country", "attribute", "Fit", "", of="country", type="category"),
        FeatureDef("account_size", "attribute", "Fit", "", of="account_size"),
        FeatureDef("login_30d", "count", "Interest", "", of="kind:1", days=30),
        FeatureDef("need_met", "criterion_met", "Qualification", "", of="Need"),
    )
    assert list(columns_of(Named("x", table, column, ""), catalog)) == features


TAGS = Named("single column", "leads", "Tags", '[tables.leads] exclude = ["Tags"]')


def test_a_model_that_rests_on_a_suspect_is_refused_with_both_lines():
    found = suspects_check([TAGS], Reliance({"leads.Tags": 0.3}, 0.3), Reliance({}), SETTINGS)
    assert found.outcome == "refused"
    assert '[tables.leads] exclude = ["Tags"]' in found.sentence
    assert 'accepted_suspects = ["leads.Tags"]' in found.sentence


@pytest.mark.parametrize(
    ("new", "old", "accepted", "outcome"),
    [
        (Reliance({"leads.Tags": 0.3}, 0.3), Reliance({"leads.Tags": 0.28}, 0.28), (), "warning"),
        (Reliance({"leads.Tags": 0.003}, 0.003), Reliance({}), (), "passed"),
        (Reliance({}), Reliance({}), (), "passed"),
        (Reliance({}), Reliance({}), ("leads.Tags",), "passed"),
    ],
    ids=["the champion rests on it too", "hardly", "not read", "accepted"],
)
def test_a_suspect_that_is_nothing_new_or_hardly_read_does_not_refuse(new, old, accepted, outcome):
    assert suspects_check([TAGS], new, old, GateSettings(accepted_suspects=accepted)).outcome == outcome


def test_suspected_rows_are_a_warning():
    rows = Named("duplicates", "leads", "identical rows", "")
    assert suspects_check([rows], Reliance({}), Reliance({}), SETTINGS).outcome == "warning"


def test_the_top_of_the_list_warns_and_refuses_only_where_a_limit_is_set():
    old, new = np.arange(100.0), np.concatenate([np.arange(95.0), np.zeros(5)])
    assert overlap(old, new, 0.1) == 0.5
    assert overlap_check(0.4, 0.1, SETTINGS).outcome == "warning"
    assert overlap_check(0.4, 0.1, GateSettings(least_overlap=0.6)).outcome == "refused"
    assert overlap_check(0.7, 0.1, GateSettings(least_overlap=0.6)).outcome == "passed"


def test_slower_larger_and_beyond_the_explanation_budget_are_refused():
    assert [time_check(ratio, False, SETTINGS).outcome for ratio in (1.0, 3.1)] == ["passed", "refused"]
    assert "explanation budget" in time_check(1.0, True, SETTINGS).sentence
    assert [size_check(ratio, SETTINGS).outcome for ratio in (1.0, 4.1)] == ["passed", "refused"]


def test_a_decision_is_read_back_as_it_was_written():
    check = Check("ranking", "refused", -0.02, None, 0.0, -0.01, "worse")
    decision = GateDecision(1, "challenger", "a", "b", False, "both", 9, 8, 7, 0.03, (check,), {"margin": 0.01})
    assert decision_from_json(decision_to_json(decision)) == decision
    assert decision.reasons == ("worse",)
    with pytest.raises(ValueError, match="gate schema 2"):
        decision_from_json(decision_to_json(decision).replace('"schema_version": 1', '"schema_version": 2'))
    with pytest.raises(ValueError, match="no gate decision"):
        decision_from_json('{"schema_version": 1}')


@pytest.mark.parametrize("kind", [GateDecision, Check])
def test_the_document_names_every_key(kind):
    text = (Path(__file__).parents[2] / "docs" / "promotion.md").read_text(encoding="utf-8")
    table = text.split(f"### `{kind.__name__}`")[1].split("\n### ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [field.name for field in fields(kind)]


def test_the_document_names_every_setting():
    text = (Path(__file__).parents[2] / "docs" / "promotion.md").read_text(encoding="utf-8")
    assert [name for name in GateSettings.model_fields if f"`{name}`" not in text and name not in text] == []
