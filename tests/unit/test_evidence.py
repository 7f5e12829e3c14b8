"""Evidence of past leads, computed by hand; values as they are shown."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.build import FeatureTable
from features.catalog import AttributeCode, Catalog, FeatureDef
from features.snapshots import Snapshots
from training.evidence import (
    LEAST_LEADS,
    NO_EVIDENCE,
    bin_of,
    evidence_from_json,
    evidence_json,
    evidence_of,
    shown_values,
)

COUNT = FeatureDef("visits", "count", "Interest", "visits")
SOURCE = FeatureDef("source", "attribute", "Source", "source", of="source", type="category")
NAN = float("nan")


def measured(features, values, label, lead):
    values = np.array(values, float).reshape(len(label), len(features))
    catalog = Catalog(features, (AttributeCode("source", "category", ("web", "fair")),), (), (), ())
    table = FeatureTable(Snapshots(np.array(lead), np.zeros(len(lead), np.int64)), catalog.names, values)
    return evidence_of(table, np.array(label, np.int8), catalog)


def test_ratio_is_the_rate_of_a_bin_by_that_of_all():
    # 40 leads without visits, 4 of whom convert (10 %); 60 with visits, 26 of whom do; 30 % of all.
    values = [0] * 40 + [1] * 60
    label = [1] * 4 + [0] * 36 + [1] * 26 + [0] * 34
    evidence = measured((COUNT,), values, label, range(100))
    assert evidence.about("visits", 0.0) == (0.3333, 40)
    assert evidence.about("visits", 1.0) == (1.444, 60)
    assert evidence.about("visits", NAN) is None
    assert evidence.about("other", 0.0) is None


def test_bins_of_few_leads_are_not_kept_whatever_their_snapshots():
    lead = [*range(LEAST_LEADS), *np.repeat(np.arange(100, 100 + LEAST_LEADS - 1), 3)]
    values = [0] * LEAST_LEADS + [1] * 3 * (LEAST_LEADS - 1)
    evidence = measured((COUNT,), values, [1] * len(lead), lead)
    assert evidence.about("visits", 0.0) == (1.0, LEAST_LEADS)
    assert evidence.about("visits", 1.0) is None


def test_every_lead_counts_once():
    # Lead 0 has 70 snapshots with a win each; the 69 others have one each, two of them with a win.
    lead = [0] * 70 + list(range(1, 70))
    label = [1] * 70 + [1, 1] + [0] * 67
    evidence = measured((COUNT,), [0] * 70 + [0] * 35 + [1] * 34, label, lead)
    assert evidence.about("visits", 0.0) == (pytest.approx(3 / 36 / (3 / 70), rel=1e-3), 36)
    assert evidence.about("visits", 1.0) == (0.0, 34)


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(0)
    lead, values, label = rng.integers(0, 90, 400), rng.integers(0, 4, 400), rng.integers(0, 2, 400)
    mixed = rng.permutation(400)
    expected = measured((COUNT,), values, label, lead)
    assert measured((COUNT,), values[mixed], label[mixed], lead[mixed]) == expected
    assert len(expected.features["visits"].number) == 4


def test_positive_numbers_fall_between_their_quartiles():
    values = np.concatenate([np.arange(1, 201), np.zeros(40), np.full(40, -1), np.full(40, NAN)])
    label = (np.arange(320) % 2).tolist()
    evidence = measured((COUNT,), values, label, range(320))
    assert evidence.features["visits"].edges == (50.0, 100.0, 150.0)
    assert evidence.features["visits"].number == (-1, 0, 1, 2, 3, 4, 5)
    assert [evidence.about("visits", v)[1] for v in (NAN, -7.0, 0.0, 50.0, 50.1, 1e9)] == [40, 40, 40, 50, 50, 50]


def test_values_of_a_few_leads_are_not_in_the_bundle():
    evidence = measured((COUNT,), [0] * 40 + [98_765, 43_210], [1] * 42, range(42))
    assert "98765" not in json.dumps(evidence_json(evidence))
    assert evidence.features["visits"].edges == ()
    assert evidence.about("visits", 43_210.0) is None


def test_categories_are_their_own_bins():
    evidence = measured((SOURCE,), [0] * 30 + [1] * 30 + [2] * 30, [1] * 30 + [0] * 60, range(90))
    assert [evidence.about("source", code) for code in (0.0, 1.0, 2.0, 3.0)] == [(3.0, 30), (0.0, 30), (0.0, 30), None]


def test_without_conversions_there_is_no_evidence():
    assert measured((COUNT,), [0] * 50, [0] * 50, range(50)) == NO_EVIDENCE


def test_json_gives_the_same_evidence_back():
    values = np.stack([np.arange(200) % 7, np.arange(200) % 3], axis=1)
    evidence = measured((COUNT, SOURCE), values, (np.arange(200) % 5 == 0).tolist(), range(200))
    text = json.dumps(evidence_json(evidence), allow_nan=False)
    assert evidence_from_json(json.loads(text)) == evidence
    assert "NaN" not in text
    with pytest.raises(ValueError, match="evidence schema 99, expected 1"):
        evidence_from_json({"schema_version": 99})


@given(st.lists(st.floats(allow_infinity=False, width=32), min_size=1, max_size=20), st.booleans())
def test_one_value_falls_into_the_bin_of_its_column(values, is_code):
    from training.evidence import _bin_of_one

    column = np.array(values, float)
    column = np.where(np.isfinite(column), np.abs(np.rint(column)) % 300, column) if is_code else column
    edges = None if is_code else np.array([0.5, 3.0, 20.0])
    one = [_bin_of_one(v, None if edges is None else tuple(edges)) for v in column.tolist()]
    assert bin_of(column, edges).tolist() == one


@given(st.lists(st.floats(-1e9, 1e9), min_size=1) | st.lists(st.integers(-99_999, 99_999).map(lambda n: n / 1000)))
def test_values_are_those_that_the_catalog_shows(values):
    catalog = Catalog((), (), (), (), ())
    exact = [catalog.shown(COUNT, value + 0.0).replace("-0", "0", 1 if value == 0 else 0) for value in values]
    rounded = [catalog.shown(COUNT, value) for value in shown_values(np.array(values, float)).tolist()]
    assert [float(text) for text in rounded] == [float(text) for text in exact]


def test_infinite_values_are_not_known():
    assert np.isnan(shown_values(np.array([np.inf, -np.inf, NAN]))).all()
