"""Nobody is certain to win or to be lost: no probability is 0 or 1, and none is shown as 0 % or 100 %."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.language.translations import translation_to
from serving.lead.explain_words import chance
from training.calibration import Calibration
from training.wording import percent

PROBABILITIES = st.floats(0, 1, exclude_min=True, exclude_max=True)


@given(st.floats(-1e4, 1e4), st.floats(0.05, 5), st.floats(-30, 30))
def test_no_raw_score_gives_0_or_1(raw, slope, intercept):
    probability = Calibration(slope, intercept).probability(np.array([raw]))[0]
    assert 0 < probability < 1


@given(PROBABILITIES, st.sampled_from(["en", "de", "da"]))
def test_no_probability_is_shown_as_0_or_100_percent(probability, language):
    for shown in (chance(translation_to(language), probability), percent(probability)):
        number = shown.replace("\N{NO-BREAK SPACE}", " ").removesuffix("%").strip()
        assert number.strip("0,.") != ""
        assert number not in ("100", "100,0", "100.0")


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(1e-9, "< 0.01%"), (0.00004, "< 0.01%"), (0.0004, "0.04%"), (0.0912, "9.1%"), (0.9996, "> 99.9%")],
)
def test_ends_are_shown_as_bounds(probability, shown):
    assert chance(translation_to("en"), probability) == shown
