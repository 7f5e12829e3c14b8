"""Evidence travels in the bundle, and every feature of a trained model has sentences in three languages."""

import json

import numpy as np
import pytest

from serving.language.phrases import phrases_of
from serving.language.translations import LANGUAGES
from serving.sanity import sanity_rules
from training.bundle import load_bundle
from training.evidence import LEAST_LEADS, evidence_json


@pytest.fixture(scope="module")
def bundle(run_folder):
    return load_bundle(run_folder / "bundle")


def test_evidence_is_in_the_bundle_and_about_groups_only(bundle, run_folder):
    written = json.loads((run_folder / "bundle" / "evidence.json").read_text(encoding="utf-8"))
    assert evidence_json(bundle.evidence) == written
    assert set(written["features"]) <= set(bundle.catalog.names)
    bins = [one for feature in written["features"].values() for one in feature["bins"]]
    assert len(bins) > 100
    assert min(one["leads"] for one in bins) >= LEAST_LEADS


def test_evidence_tells_ripe_from_unripe(bundle):
    # 30 days without a word against a lively week, in a world where interest decays.
    (quiet, _), (lively, _) = (bundle.evidence.about("interest_half_life_7d", points) for points in (0.001, 60.0))
    assert quiet < 0.6
    assert lively > 1.5


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", [np.nan, 0.0, 1.0, 3.0])
def test_every_feature_has_a_sentence(bundle, language, value):
    n = len(bundle.catalog.features)
    _, sentences = phrases_of(bundle, language).reasons(np.arange(n), np.full(n, value), np.ones(n, int))
    said = sentences.to_pylist()
    assert all(text and text.replace("\u00a0", " ").isprintable() and not {"{", "}"} & set(text) for text in said)
    assert len(set(said)) > 0.7 * n


def test_every_feature_has_a_sanity_rule(bundle):
    rules = sanity_rules(bundle.catalog)
    assert len(rules) == len(bundle.catalog.features)
    assert set(rules.tolist()) == {0, 1, 2, 3, 4}
