"""How the range of a lead and what is strange about it are said."""

from types import SimpleNamespace

import pytest
from linear import VISITS, linear_bundle

from serving.language.phrases import phrases_of
from serving.language.translations import LANGUAGES, translation_to
from serving.lead.explain_words import of_hundred, range_sentence, unusual_sentences
from serving.lead.explanation import Unusual


def lead(*unusual):
    return SimpleNamespace(propensity_low=0.0912, propensity_high=0.1578, unusual=unusual)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "between 9 and 16"), ("de", "bei 9 bis 16"), ("da", "mellem 9 og 16")]
)
def test_a_range_is_said_as_leads_of_a_hundred(language, said):
    assert said in range_sentence(translation_to(language), lead())


@pytest.mark.parametrize("share", [1e-9, 1 - 1e-9])
def test_a_range_never_says_none_or_all(share):
    assert of_hundred(translation_to("en"), share) in ("0.1", "99.9")


def test_what_is_outside_is_said_with_the_nearest_of_training():
    phrases = phrases_of(linear_bundle({VISITS: 1.0}), "en")
    assert unusual_sentences(phrases, lead(Unusual(0, 42.0, 9.0))) == [
        "“visit”: 42 so far (the most in training: “visit”: 9 so far)"
    ]
    assert unusual_sentences(phrases, lead(Unusual(0, 1.0, 2.0))) == [
        "“visit”: 1 so far (the least in training: “visit”: 2 so far)"
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_combination_and_a_gap_are_said_in_every_language(language):
    phrases = phrases_of(linear_bundle({VISITS: 1.0}), language)
    (combined,), (gap,) = (
        unusual_sentences(phrases, lead()),
        unusual_sentences(phrases, lead(Unusual(0, float("nan"), None))),
    )
    assert combined
    assert gap.endswith(")")
