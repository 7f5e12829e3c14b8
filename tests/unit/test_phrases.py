"""Reasons as people read them: many at once as one by one, with evidence where it fits."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import AttributeCode, Catalog, FeatureDef
from serving.language.phrases import FEW, Phrases, by_group
from training.evidence import NO_EVIDENCE, Bins, Evidence

NAN = float("nan")
CATALOG = Catalog(
    (
        FeatureDef("webinars_30d", "count", "Interest", "", of="kind:0", days=30),
        FeatureDef("source", "attribute", "Source", "", of="source", type="category"),
        FeatureDef("interest_7d", "interest", "Interest", "", days=7),
    ),
    (AttributeCode("source", "category", ("web",)),),
    ("webinar_attended",),
    (),
    (),
)
EVIDENCE = Evidence({"webinars_30d": Bins((1.0,), (1, 2, 3), (2000, 312, 31), (0.178, 2.41, 1.05)),
                     "source": Bins(None, (-1, 0), (40, 50), (0.0, 0.997))})  # fmt: skip


def said(column, value, points, language="en", evidence=EVIDENCE):
    return Phrases(CATALOG, evidence, language).reason(column, value, points)[1]


def test_evidence_follows_in_brackets():
    assert said(0, 1, 3) == (
        "Attended 1 webinar in the last 30 days (such leads converted 2.4 times as often as average, n = 312)"
    )
    assert said(0, 0, -3, "de") == (
        "Keine Webinarteilnahme in den letzten 30 Tagen "
        "(solche Leads konvertierten 82\u00a0% seltener als der Durchschnitt, n = 2.000)"
    )
    assert said(1, NAN, -1, "da") == "Kilde: ikke kendt (ingen af sådanne leads konverterede, n = 40)"


@pytest.mark.parametrize(("column", "value", "points"), [(0, 1, -3), (0, 0, 3), (0, 2, 3), (1, 0, 3), (1, 1, 3)])
def test_evidence_that_points_the_other_way_or_nowhere_is_not_told(column, value, points):
    assert "such leads" not in said(column, value, points)


@pytest.mark.parametrize("language", ["en", "de", "da"])
@pytest.mark.parametrize("n", [5, FEW + 200])
def test_many_at_once_are_as_one_by_one(n, language):
    rng = np.random.default_rng(n)
    column, points = rng.integers(0, 3, n), rng.integers(-3, 4, n)
    value = rng.choice([NAN, 0.0, 1.0, 2.0, 0.12345, 17.25], n)
    value[column == 1] = np.rint(value[column == 1]) % 3
    phrases = Phrases(CATALOG, EVIDENCE, language)
    texts, sentences = phrases.reasons(column, value, points)
    one_by_one = [Phrases(CATALOG, EVIDENCE, language).reason(*row) for row in zip(column, value, points, strict=True)]
    assert list(zip(texts.to_pylist(), sentences.to_pylist(), strict=True)) == one_by_one


@given(st.lists(st.floats(-1e6, 1e6) | st.just(NAN), max_size=30))
def test_the_value_is_what_the_catalog_shows_in_every_language(values):
    value = np.array(values, float) + 0.0
    column = np.full(len(value), 2)
    shown = [CATALOG.shown(CATALOG.features[2], v) for v in value.tolist()]
    for language in ("en", "de", "da"):
        texts, _ = Phrases(CATALOG, NO_EVIDENCE, language).reasons(column, value, column)
        assert [t and float(t) for t in texts.to_pylist()] == [t and float(t) for t in shown]


def test_kept_sentences_do_not_pile_up(monkeypatch):
    monkeypatch.setattr("serving.language.phrases.MOST_KEPT", 10)
    phrases = Phrases(CATALOG, NO_EVIDENCE, "en")
    texts, sentences = phrases.reasons(np.zeros(500, int), np.arange(500.0), np.ones(500, int))
    assert sentences[499].as_py() == "Attended 499 webinars in the last 30 days"
    assert texts[77].as_py() == "77"
    assert len(phrases._pairs) <= 10


def test_the_other_rows_of_an_explanation():
    phrases = Phrases(CATALOG, NO_EVIDENCE, "de")
    assert (phrases.start, phrases.end_of_scale) == ("Hier beginnt jeder Lead", "Hier endet die Skala")
    assert phrases.everything_else(np.array([2, 1, 2])).to_pylist() == [
        "Alles Übrige (2 weitere Merkmale)",
        "Alles Übrige (1 weiteres Merkmal)",
        "Alles Übrige (2 weitere Merkmale)",
    ]
    assert phrases.feature_names().to_pylist() == ["webinars_30d", "source", "interest_7d"]


def test_groups_keep_their_key_and_have_a_label():
    phrases = Phrases(CATALOG, NO_EVIDENCE, "da")
    assert phrases.groups().to_pylist() == ["Interest", "Source", "Interest"]
    labels = [phrases.group_label(group) for group in ("Source", "Start", "Nonsense")]
    assert labels == ["Kilde", "Udgangspunkt", "Nonsense"]


@dataclass
class Row:
    group: str
    points: int


def test_reasons_by_group_sum_exactly():
    rows = [Row("Start", 50), Row("Interest", 9), Row("Fit", -12), Row("Interest", -2), Row("Other", 1)]
    found = by_group(rows, Phrases(CATALOG, NO_EVIDENCE, "de"))
    assert [(group.label, group.points, len(group.reasons)) for group in found] == [
        ("Ausgangspunkt", 50, 1), ("Passung", -12, 1), ("Interesse", 7, 2), ("Alles Übrige", 1, 1),
    ]  # fmt: skip
    assert sum(group.points for group in found) == sum(row.points for row in rows)


def test_nothing_to_phrase():
    texts, sentences = Phrases(CATALOG, NO_EVIDENCE, "en").reasons(np.array([], int), np.array([]), np.array([], int))
    assert (len(texts), len(sentences)) == (0, 0)
