"""Expected against observed by horizon, on a holdout made by hand; the documents name every key."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from training import cohorts, horizons
from training.bootstrap import resamples
from training.followed import Followed
from training.horizons import Held, _check, _rates  # what the examination is made of

DAYS = (30, 60)
PAGE = Path(__file__).parents[2] / "docs" / "closing-times.md"


def held(chance, days, won_after):
    n = len(days)
    rows = Followed(np.array(days, float), np.array(won_after, float))
    return Held(DAYS, np.tile(chance, (n, 1)), rows, resamples(np.arange(n), np.random.default_rng(0), 20))


def test_observed_rates_count_rows_for_as_long_as_they_were_followed():
    # 200 rows for 30 days, 20 win; 90 of the rest for 60 days, 9 win: 1 − .9 · .9.
    found = held((0.1, 0.19), [60] * 20 + [60] * 90 + [40] * 90, [10] * 20 + [50] * 9 + [np.inf] * 171)
    predicted, observed = _rates(found)
    assert observed[0] == pytest.approx([0.1, 0.19])
    assert predicted[0] == pytest.approx([0.1, 0.19])
    check = _check(found, 1, predicted, observed)
    assert (check.days, check.followed, check.difference.value) == (60, 110, 0.0)
    assert check.observed.low < 0.19 < check.observed.high


def test_a_horizon_that_nobody_was_followed_for_is_not_known():
    found = held((0.1, 0.2), [40] * 200, [10] * 20 + [np.inf] * 180)
    check = _check(found, 1, *_rates(found))
    assert (check.followed, check.observed.value, check.roc_auc) == (0, None, None)


def test_the_document_names_every_key():
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    classes = (horizons.Horizons, horizons.HorizonCheck, cohorts.Cohorts, cohorts.Cohort)
    assert named == {field.name for one in classes for field in fields(one)}
