import json
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from holdouts import synthetic_holdout

from features.errors import InputContractError
from training import evaluation as schema
from training import metrics
from training.evaluate import evaluate, top_share
from training.evaluation import Estimate, from_json, to_json
from training.verdict import promotable
from training.wording import number_range, percent, percent_range, percentage_points

DOCS = Path(__file__).parents[2] / "docs" / "evaluation.md"


def evaluated(holdout, *, groups=None, capacity=0.2, base_rate=0.14):
    return evaluate(
        holdout,
        groups=groups,
        train_base_rate=base_rate,
        capacity_share=capacity,
        rng=np.random.default_rng(0),
    )


@pytest.fixture(scope="module")
def holdout():
    return synthetic_holdout(2000)


@pytest.fixture(scope="module")
def found(holdout):
    return evaluated(holdout)


def test_values_are_those_of_the_metrics(holdout, found):
    label, p = holdout["label"].to_numpy(), holdout["propensity"].to_numpy()
    model = found.systems["model"]
    assert model.roc_auc.value == pytest.approx(metrics.roc_auc(label, p), abs=1e-6)
    assert model.lift_at_10.value == pytest.approx(metrics.lift_at(label, p, 0.1), abs=1e-6)
    assert model.precision_at_capacity.value == pytest.approx(metrics.precision_at(label, p, 0.2), abs=1e-6)
    assert model.ece.value == pytest.approx(metrics.expected_calibration_error(label, p), abs=1e-6)


def test_gain_curves_are_those_of_the_ranking(holdout, found):
    assert list(found.gain) == ["model", "logistic", "bant", "points"]
    worked, wins = metrics.gain_curve(holdout["label"].to_numpy(), holdout["propensity"].to_numpy())
    model, bant = found.gain["model"], found.gain["bant"]
    assert model.worked == tuple(i / 100 for i in range(101))
    assert model.found == pytest.approx(np.interp(model.worked, worked, wins), abs=1e-6)
    assert model.found[10] == pytest.approx(found.systems["model"].lift_at_10.value / 10, abs=1e-5)
    assert len(bant.worked) == holdout["bant_met"].nunique() + 1


def test_without_wins_there_is_no_gain():
    assert evaluated(synthetic_holdout(200).assign(label=0)).gain == {}


def test_evaluations_written_without_gain_are_read(found):
    older = {key: value for key, value in json.loads(to_json(found)).items() if key != "gain"}
    assert from_json(json.dumps(older)) == replace(found, gain={})


def test_every_interval_holds_its_value(found):
    for system in found.systems.values():
        estimates = [getattr(system, f.name) for f in fields(system)]
        known = [e for e in estimates if isinstance(e, Estimate) and e.low is not None]
        assert known
        assert all(e.low <= e.value <= e.high for e in known)


def test_probability_metrics_belong_to_probabilities_only(found):
    assert found.systems["points"].brier == Estimate(None, None, None)
    assert found.systems["logistic"].brier.value is not None
    assert found.systems["base_rate"].mean_prediction == pytest.approx(0.14)


def test_base_rate_is_chance(found):
    base = found.systems["base_rate"]
    assert base.roc_auc == Estimate(0.5, 0.5, 0.5)
    assert base.lift_at_10 == Estimate(1, 1, 1)


def test_equal_volume_compares_the_picks_of_bant_with_as_many_of_the_model(holdout, found):
    label, q = holdout["label"].to_numpy(), holdout["bant_qualified"].to_numpy()
    row = found.equal_volume[0]
    assert (row.at, row.rule, row.count) == ("bant_volume", "bant", q.sum())
    assert row.rule_precision.value == pytest.approx(label[q].mean(), abs=1e-6)
    top = np.argsort(-holdout["propensity"].to_numpy())[: q.sum()]
    assert row.model_precision.value == pytest.approx(label[top].mean(), abs=1e-6)
    assert row.difference.value == pytest.approx(row.model_precision.value - row.rule_precision.value, abs=2e-6)


def test_quadrants_count_every_row_once(holdout, found):
    assert sum(q.n for q in found.quadrants) == len(holdout)
    assert sum(q.wins for q in found.quadrants) == holdout["label"].sum()
    both = found.quadrants[0]
    assert (both.model, both.bant) == (True, True)
    assert both.win_rate.value == pytest.approx(both.wins / both.n, abs=1e-6)


def test_months_count_every_row_once_and_show_expected_beside_observed(holdout, found):
    may = holdout["as_of"].dt.month == 5
    row = next(m for m in found.months if m.name == "2026-05")
    assert sum(m.n for m in found.months) == len(holdout)
    assert row.predicted.value == pytest.approx(holdout.loc[may, "propensity"].mean(), abs=1e-6)
    assert row.observed.value == pytest.approx(holdout.loc[may, "label"].mean(), abs=1e-6)


def test_rows_in_another_order_give_the_same_evaluation(holdout, found):
    again = evaluated(holdout.sample(frac=1, random_state=1).reset_index(drop=True))
    assert again.systems["points"].pr_auc == found.systems["points"].pr_auc
    assert again.verdict == found.verdict


def test_groups_widen_the_intervals_when_rows_repeat(holdout):
    twice = pd.concat([holdout[:800], holdout[:800].assign(lead_id=lambda t: t["lead_id"] + "x")])
    apart = evaluated(twice).systems["model"].roc_auc
    together = evaluated(twice, groups=np.tile(np.arange(800), 2)).systems["model"].roc_auc
    assert together.value == apart.value
    assert together.high - together.low > 1.2 * (apart.high - apart.low)


def test_a_good_model_wins_and_may_be_promoted(found):
    assert found.verdict.kind == "model"
    assert re.match(r"The model finds \d\.\d times as many wins in its top 10 % as chance \(", found.verdict.headline)
    assert any("that BANT qualifies" in sentence for sentence in found.verdict.sentences)
    assert found.verdict.warnings == ()
    assert promotable(found) == (True, ())


def test_noise_has_no_signal_and_is_refused():
    h = synthetic_holdout(1000, evidence=False)
    noise = np.random.default_rng(1).uniform(0.1, 0.2, 1000)
    found = evaluated(h.assign(propensity=noise, points=0.0))
    assert found.verdict.kind == "no_signal"
    assert found.verdict.headline.startswith("No usable signal")
    assert not promotable(found)[0]


def test_better_rules_win_and_the_model_is_refused():
    h = synthetic_holdout(2000, rule_noise=0.1)
    z = np.log(h["propensity"] / (1 - h["propensity"])) + 2 * np.random.default_rng(1).normal(size=2000)
    found = evaluated(h.assign(propensity=1 / (1 + np.exp(-z))))
    assert found.verdict.kind == "rules"
    assert "work by them" in found.verdict.headline
    assert promotable(found) == (False, (found.verdict.headline,))


def test_the_same_ranking_is_a_tie():
    h = synthetic_holdout(1000)
    found = evaluated(h.assign(points=100 * h["propensity"]))
    assert found.verdict.kind == "tie"
    assert promotable(found)[0]


def test_few_wins_may_be_judged_but_not_promoted():
    h = synthetic_holdout(1000, base=-4, skill=1.5)
    found = evaluated(h)
    assert 20 <= found.positive_leads < 40
    assert found.verdict.kind in ("model", "tie")
    assert any("holdout leads won" in reason for reason in promotable(found)[1])


def test_a_drifted_world_is_said_in_words():
    found = evaluated(synthetic_holdout(3000, drift=-0.8))
    assert found.calibration.moved
    said = r"Calibration moved: the model expects 1\d %, [89]\.\d % happened \(slope \d\.\d\d \("
    assert re.match(said, found.verdict.warnings[0])


def test_predictions_too_extreme_are_said_in_words():
    h = synthetic_holdout(3000, base=0.0)
    p = h["propensity"] ** 2 / (h["propensity"] ** 2 + (1 - h["propensity"]) ** 2)
    found = evaluated(h.assign(propensity=p))
    assert "too extreme (slope 0.5" in found.verdict.warnings[0]


def test_months_that_moved_are_named():
    h, later = synthetic_holdout(6000), synthetic_holdout(6000, drift=-1.5)
    may = h["as_of"].dt.month == 5
    found = evaluated(h.assign(label=h["label"].where(~may, later["label"])))
    assert found.calibration.months_moved == ("2026-05",)
    assert "Months that differ beyond chance: 2026-05" in found.verdict.warnings[-1]


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"label": 0}, ("model", "no row is a win")),
        ({"label": 1}, ("model", "every row is a win")),
        ({"bant_met": 0, "bant_qualified": False}, ("bant", "there is no BANT evidence")),
        ({"points": 5.0}, ("points", "every row has the same points")),
        ({"logistic": np.nan}, ("logistic", "200 of 200 rows have no score")),
        ({"propensity": 0.1}, ("model", "every row has the same prediction")),
        ({"as_of": pd.NaT}, ("months", "no as-of time")),
        ({"lead_id": "one"}, ("intervals", "1 leads; at least 10")),
    ],
)
def test_degenerate_holdouts_give_nulls_with_reasons(change, missing):
    found = evaluated(synthetic_holdout(200).assign(**change))
    where, reason = missing
    assert any(gap.where == where and reason in gap.reason for gap in found.gaps)
    assert from_json(to_json(found)) == found


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_few_rows_are_too_few_to_judge(n):
    found = evaluated(synthetic_holdout(n))
    assert found.verdict.kind == "too_small"
    assert promotable(found)[1][0].startswith("Too little to judge")


def test_unknown_bant_counts_as_not_met():
    h = synthetic_holdout(300)
    unknown = h["bant_met"].mask(h["bant_met"] == 0)
    assert evaluated(h.assign(bant_met=unknown)) == evaluated(h)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="points"), "missing: points"),
        (lambda t: t[:0], "no rows: set folds.holdout_from"),
        (lambda t: t.assign(label=2), "label must be 0 or 1"),
        (lambda t: t.assign(propensity=np.nan), "50 rows have no propensity"),
    ],
)
def test_a_wrong_holdout_is_refused_in_words(change, message):
    with pytest.raises(InputContractError, match=message):
        evaluated(change(synthetic_holdout(50)))


def test_json_is_strict_and_comes_back_equal(found):
    text = to_json(found)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"not strict: {name}"))
    assert from_json(text) == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c | {"schema_version": 1}, "expected schema_version 2, got 1"),
        (lambda c: {k: v for k, v in c.items() if k != "verdict"}, "verdict"),
        (lambda c: c | {"n": "many"}, r"evaluation.json: n: .*integer"),
        (lambda c: [c], "got None"),
    ],
)
def test_another_evaluation_json_is_refused_in_words(found, change, message):
    content = json.dumps(change(json.loads(to_json(found))))
    with pytest.raises(ValueError, match=message):
        from_json(content)


def test_no_json_is_refused_in_words():
    with pytest.raises(ValueError, match="not JSON"):
        from_json("{")


def documented():
    """Keys per object in docs/evaluation.md: '### `Name`' and the table below it."""
    sections = [s.split("\n## ")[0] for s in re.split(r"^### ", DOCS.read_text(encoding="utf-8"), flags=re.M)[1:]]
    return {re.match(r"`(\w+)`", s)[1]: re.findall(r"^\| `(\w+)` \|", s, flags=re.M) for s in sections}


def test_the_documented_schema_is_that_of_the_code():
    classes = [c for c in vars(schema).values() if is_dataclass(c) and isinstance(c, type) and c is not schema.Measured]
    assert documented() == {c.__name__: [f.name for f in fields(c)] for c in classes}


def test_the_documented_kinds_of_verdict_are_those_of_the_code():
    text = DOCS.read_text(encoding="utf-8")
    assert set(re.findall(r'^\| `"(\w+)"` \|', text, flags=re.M)) == set(get_args(schema.VerdictKind))
    assert f"schema version {schema.SCHEMA_VERSION}" in text


def test_top_share_takes_all_of_a_tie():
    assert top_share(np.array([3.0, 2, 2, 1]), 0.5).tolist() == [1, 1, 1, 0]
    assert top_share(np.array([3.0, 2, 2, 1]), 0.01).tolist() == [1, 0, 0, 0]


def test_numbers_are_worded_for_people(found):
    assert [percent(p) for p in (0.0004, 0.0912, 0.0999, 0.231)] == ["< 0.1 %", "9.1 %", "10 %", "23 %"]
    assert percent_range(Estimate(0.231, 0.21, 0.25)) == "23 % (21–25)"
    assert number_range(Estimate(-0.1, -0.3, 0.1)) == "−0.10 (−0.30 to 0.10)"
    assert percentage_points(-0.042) == "−4.2"
    assert number_range(replace(found.systems["model"].ece, low=None), 1).endswith("0.0")
