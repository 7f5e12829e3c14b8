"""What is said about periods, from hand-made ones."""

from dataclasses import replace

import pytest

from training.evaluation import NOTHING, Difference, Estimate
from training.walk_forward.periods import Period, Scores, Span, Spread
from training.walk_forward.stability import heterogeneity, level_moved, spreads
from training.walk_forward.words import headline, sentences


def around(value, half=0.02):
    return Estimate(value, round(value - half, 6), round(value + half, 6))


def period(name="fold 1", lead=0.1, auc=0.8, predicted=0.1, observed=0.1, rule="points", n=2000):
    span = Span("2024-01-01", "2024-03-01", "2024-06-01", "2024-06-01", "2024-08-01", 900, 90, 50, 10, 0)
    scores = Scores(around(auc), around(0.4), around(4.0), around(0.2), around(1.0))
    differences = () if lead is None else (Difference("pr_auc", rule, around(lead)),)
    level = {"predicted": around(predicted, 0.005), "observed": around(observed, 0.01)}
    measured = {"n": n, "leads": n, "positives": round(n * observed), "differences": differences} | level
    difference = around(predicted - observed, 0.01)
    return Period(name=name, summary="", span=span, systems={"model": scores}, difference=difference, **measured)


@pytest.mark.parametrize(
    ("leads", "said"),
    [
        ((0.1, 0.1), "in all 2 the model ranks better"),
        ((0.1, 0.0), "In 1 of 2 periods the model ranks better than the rules beyond chance; in none"),
        ((0.0, 0.01), "In none of the 2 periods can model and rules be told apart"),
        ((0.1, -0.1), "The result depends on the period: in 1 of 2 the rules rank better"),
        ((None, None), "In all 2 periods the model ranks better than chance; there were no rules"),
        ((0.1,), "cannot be said"),
    ],
)
def test_the_headline_says_whether_the_lead_over_the_rules_holds(leads, said):
    assert said in headline([period(lead=lead) for lead in leads])


def test_ranking_that_differs_beyond_chance_is_called_so():
    apart = [period(auc=0.7), period(auc=0.9), period(auc=0.8)]
    (ranking, _) = spreads(apart)
    assert (ranking.lowest, ranking.highest, ranking.beyond_chance) == (0.7, 0.9, True)
    assert any(
        "depends on the period, beyond chance: ROC-AUC 0.70 to 0.90" in s for s in sentences(apart, [ranking], ())
    )


def test_ranking_that_differs_by_chance_is_not():
    assert not spreads([period(auc=0.79), period(auc=0.81)])[0].beyond_chance


def test_a_sure_but_small_difference_of_ranking_is_no_dependence():
    scores = [Scores(around(auc, 0.001), *[NOTHING] * 4) for auc in (0.80, 0.82)]
    narrow = [replace(period(), systems={"model": found}) for found in scores]
    (ranking, _) = spreads(narrow)
    assert ranking.p_value < 0.01
    assert not ranking.beyond_chance


def test_a_period_whose_level_is_off_is_named():
    some = [period("fold 1"), period("fold 2", predicted=0.2)]
    assert level_moved(some) == ("fold 2",)
    said = sentences(some, spreads(some), ("fold 2",))
    assert "2024-06-01 to 2024-08-01: 20 % expected, 10 % happened" in said[-1]


def test_spread_by_hand():
    assert heterogeneity([1.0, 1.0, 4.0], [1.0, 1.0, 1.0]) == pytest.approx(0.0498, abs=1e-4)
    assert heterogeneity([0.5, 0.5], [0.1, 0.2]) == pytest.approx(1)


def test_level_that_fits_is_said_to_fit():
    fits = [period(), period()]
    assert sentences(fits, [Spread("level", 0, 0, 1, False)], ())[-1].startswith("What happened agrees")
