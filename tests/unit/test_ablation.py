import numpy as np
import pytest

from benchmarks.ablation import FULL, Row, Size, family
from benchmarks.ablation_fit import divergence
from benchmarks.ablation_report import page
from features.catalog import FeatureDef
from features.lean import earns_its_place
from training.bootstrap import Interval

WINDOWS = (7, 30, 90)


def feature(family_, of=None, days=None, owner="lead"):
    return FeatureDef("x", family_, "Interest", "", owner, of, days)


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (feature("count", "kind:3", 7), "counts of kinds"),
        (feature("count", "topic:0"), "topics"),
        (feature("count", "direction:inbound"), "counts in total"),
        (feature("days_since_last", "kind:3"), "recency of kinds"),
        (feature("days_since_last"), "recency in total"),
        (feature("count", "kind:3", 7, "account"), "account roll-up"),
        (feature("criterion_met", "budget"), "qualification"),
    ],
)
def test_every_feature_has_a_family(one, name):
    assert family(one) == name


def test_the_lean_catalog_keeps_each_kind_in_the_middle_window_and_ever():
    kept = [days for days in (*WINDOWS, None) if earns_its_place(feature("count", "kind:3", days), WINDOWS, "lead")]
    assert kept == [30, None]
    assert not earns_its_place(feature("count", "kind:3", 30, "account"), WINDOWS, "lead")
    assert earns_its_place(feature("count", None, 30, "account"), WINDOWS, "lead")
    assert [days for days in WINDOWS if earns_its_place(feature("trend_ratio", None, days), WINDOWS, "lead")] == [30]
    assert earns_its_place(feature("attribute", "industry"), WINDOWS, "lead")


def test_the_divergence_from_the_truth_is_none_where_the_truth_is_predicted():
    truth = np.array([0.0, 0.2, 1.0])
    assert divergence(truth, truth) == pytest.approx(0, abs=1e-6)
    assert (divergence(truth, np.full(3, 0.5)) > 0).all()


def test_the_page_shows_values_once_and_then_differences_in_thousandths():
    size = Size("olist", 5, 4, 1, 9)
    rows = [
        Row("olist", "families", name, 7, 60, 0.1, {"roc_auc": Interval(value, value - 0.001, value + 0.001)})
        for name, value in ((FULL, 0.7), ("without trend", -0.002))
    ]
    text = page([size, *rows])
    assert "| all columns | 7 | 10.0 % | 60 | 0.7000 |" in text
    assert "| −2.0 (−3.0 to −1.0) |" in text
