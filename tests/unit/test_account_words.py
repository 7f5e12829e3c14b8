"""What is said of accounts: only what the intervals allow (row M24)."""

from dataclasses import replace

import pytest

from training.accounts.found import AccountGroup, Accounts, AccountSystem
from training.accounts.words import headline, sentences
from training.evaluation import NOTHING, Band, Estimate

AUC = Estimate(0.8, 0.7, 0.9)


def system(name, predicted=0.1):
    return AccountSystem(name, AUC, AUC, AUC, NOTHING, predicted, NOTHING)


def group(gain=NOTHING, points=NOTHING):
    names = ("account", "best_lead", "noisy_or", "points", "leads")
    return AccountGroup(100, 90, 20, Estimate(0.2, 0.1, 0.3), tuple(map(system, names)), gain, points)


def found(gain=NOTHING, points=NOTHING, roles=()):
    groups = group(gain, points)
    return Accounts(1, 0.9, 200, ("2026-01-01",), 3, 0.5, 0.4, 0.6, groups, groups, ("management",), roles, "", ())


@pytest.mark.parametrize(("gain", "said"), [
    (Estimate(0.01, 0.001, 0.02), "ranks better than its ripest lead alone"),
    (Estimate(0.01, -0.001, 0.02), "ranks no better"),
    (NOTHING, "ranks no better"),
    (Estimate(-0.02, -0.03, -0.01), "the ripest lead alone ranks better"),
])  # fmt: skip
def test_the_headline_says_no_more_than_the_interval(gain, said):
    assert said in headline(found(gain))


def test_points_that_rank_better_are_said_to():
    assert "points are better by 0.050" in " ".join(sentences(found(points=Estimate(-0.05, -0.07, -0.03))))


def band(name, difference):
    return Band(name, 100, 20, Estimate(0.2, 0.1, 0.3), Estimate(0.2, 0.15, 0.25), difference)


def test_roles_that_differ_by_chance_are_not_called_off():
    small = (band("0", Estimate(0.03, 0.002, 0.058)), band("1", Estimate(0.0, -0.02, 0.02)))
    assert "expects as much" in sentences(found(roles=small))[-1]
    large = (replace(small[0], difference=Estimate(0.15, 0.12, 0.18)), small[1])
    assert "does not fit where 0 are covered" in sentences(found(roles=large))[-1]
    assert "Too few accounts" in sentences(found(roles=small[:1]))[-1]
