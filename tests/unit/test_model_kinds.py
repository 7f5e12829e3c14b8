from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from holdouts import synthetic_holdout
from hypothesis import given
from hypothesis import strategies as st
from test_evaluate import evaluated

from features.build import FeatureTable
from features.catalog import Catalog, FeatureDef
from features.errors import ProjectFileError
from features.snapshots import Snapshots
from training.boosting import booster_parameters, train_booster
from training.evaluation import Learned
from training.model_kinds import direction, fit_to_kind, kind_for, sentence
from training.settings import ModelSettings
from training.verdict import judge, promotable

FEATURES = (
    FeatureDef("interest_half_life_30d", "interest", "Interest", "interest", days=30),
    FeatureDef("days_since_interactions", "days_since_last", "Timing", "days since"),
    FeatureDef("unsubscribe_ever", "count", "Interest", "unsubscribed", of="kind:unsubscribe"),
    FeatureDef("source", "attribute", "Source", "source", of="source", type="category"),
)
CATALOG = Catalog(FEATURES, (), (), (), ())
WITHOUT_POINTS = CATALOG.keep(frozenset(CATALOG.names[1:]))


def leads(wins, others, rows_each=3):
    """Rows of so many winning and other leads."""
    label = np.repeat(np.append(np.ones(wins), np.zeros(others)), rows_each).astype(np.int8)
    return label, np.repeat(np.arange(wins + others), rows_each)


def found(wins, others=1000, catalog=CATALOG, **settings):
    return kind_for(ModelSettings(**settings), *leads(wins, others), catalog)


@pytest.mark.parametrize(
    ("wins", "kind"), [(1, "points"), (19, "points"), (20, "additive"), (79, "additive"), (80, "boosted")]
)
def test_the_kind_follows_the_number_of_winning_leads_not_of_rows(wins, kind):
    assert found(wins).kind == kind
    assert (found(wins).wins, found(wins).others, found(wins).enough) == (wins, 1000, True)


def test_few_leads_that_did_not_win_count_as_few_wins_do():
    assert found(1000, 15).kind == "points"
    assert sentence(found(1000, 15)).startswith("This is a points model, because only 15 leads had not won;")


def test_without_points_the_additive_model_is_the_least():
    assert found(5, catalog=WITHOUT_POINTS).kind == "additive"
    with pytest.raises(ProjectFileError, match="no feature is made of interest points"):
        found(5, catalog=WITHOUT_POINTS, kind="points")


def test_a_kind_that_is_asked_for_is_learned_and_said_to_be_too_much():
    learned = found(25, kind="boosted")
    assert (learned.kind, learned.enough) == ("boosted", False)
    assert sentence(learned) == "This is a boosted model, although only 25 leads had won; a boosted model needs 80."
    assert (
        sentence(found(500, kind="additive"))
        == 'This is an additive model, because [model] kind = "additive" asks for it.'
    )
    assert sentence(found(500)) == ""


def test_a_model_that_needs_more_wins_is_not_promoted():
    fine = evaluated(synthetic_holdout(2000))
    assert promotable(fine)[0]
    hungry = replace(fine, learned=Learned("boosted", 25, 900, "only 25 leads had won", enough=False))
    passed, reasons = promotable(hungry)
    assert not passed
    assert "although only 25 leads had won" in reasons[0]
    assert judge(hungry).sentences[0].startswith("Judged here is a boosted model, although only 25")


def test_directions_are_those_that_hold_for_every_product():
    assert [direction(feature) for feature in FEATURES] == [1, -1, 0, 0]


def test_the_points_model_reads_points_alone():
    table = FeatureTable(Snapshots(np.zeros(5, np.int64), np.arange(5)), CATALOG.names, np.zeros((5, 4)))
    parameters = booster_parameters(ModelSettings(), CATALOG, 100, 20)
    table, catalog, changed = fit_to_kind("points", table, CATALOG, parameters)
    assert catalog.names == table.names == ("interest_half_life_30d",)
    assert (changed["max_depth"], changed["num_leaves"], changed["monotone_constraints"]) == (1, 2, [1])


def test_what_the_project_says_of_a_direction_goes_first():
    parameters = booster_parameters(ModelSettings(monotone={"unsubscribe_*": -1}), CATALOG, 100, 20)
    assert fit_to_kind("additive", None, CATALOG, parameters)[2]["monotone_constraints"] == [1, -1, -1, 0]


@given(st.integers(0, 2**32 - 1))
def test_an_additive_model_adds_up_and_never_falls_with_interest(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(300, 4))
    values[:, 3] = rng.integers(0, 3, 300)
    label = (rng.random(300) < 1 / (1 + np.exp(values[:, 0]))).astype(np.int8)  # interest speaks against it here
    parameters = booster_parameters(ModelSettings(threads=1), CATALOG, 300, int(label.sum()))
    booster = train_booster(values, label, fit_to_kind("additive", None, CATALOG, parameters)[2], 30, CATALOG)
    base = np.zeros(4)
    raw = {
        (a, b): booster.predict(np.array([[a, b, *base[2:]]]), raw_score=True)[0] for a, b in product((-1, 2), (-2, 1))
    }
    assert raw[2, 1] - raw[-1, 1] == pytest.approx(raw[2, -2] - raw[-1, -2], abs=1e-9)
    assert raw[2, 1] >= raw[-1, 1]
    assert raw[2, 1] <= raw[2, -2]
