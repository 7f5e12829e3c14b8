"""The learning curve of a small simulated world, and power laws whose parameters are known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation import NOTHING, Estimate
from training.learning_curve.found import Growth
from training.learning_curve.growth import Measured, fit_power_law, growth
from training.learning_curve.run import _leads, learn_curve, learning_curve
from training.learning_curve.words import headline

SHARES = np.array([0.125, 0.125, 0.125, 0.25, 0.25, 0.5, 0.5, 1.0])


@pytest.fixture(scope="module")
def found(examined):
    return learn_curve(examined)


@given(st.floats(0.2, 0.9), st.floats(0.001, 0.2), st.sampled_from([0.25, 0.5, 1.0]))
def test_a_power_law_is_found_again(limit, b, exponent):
    law = fit_power_law(SHARES, limit - b * SHARES**-exponent)
    assert law.gain(2) == pytest.approx(b * (1 - 2**-exponent), rel=0.05, abs=1e-6)
    assert law.limit == pytest.approx(limit, abs=0.05)


def test_a_curve_that_falls_promises_nothing():
    assert fit_power_law(SHARES, 0.5 - 0.1 * SHARES).gain(2) == 0


def test_the_gain_of_a_loss_is_what_it_falls_by():
    loss = 0.2 + 0.02 * SHARES**-0.5
    measured = Measured(SHARES, loss, np.repeat(loss[:, None], 50, axis=1))
    found = growth("log_loss", measured, np.random.default_rng(0))
    assert found.gain_of_twice.value == pytest.approx(0.02 * (1 - 2**-0.5), abs=1e-4)
    assert found.limit == pytest.approx(0.2, abs=1e-3)


def test_luck_of_the_drawn_leads_widens_the_interval():
    score = 0.5 - 0.05 * SHARES**-0.5
    shaken = score + np.array([0.02, -0.02, 0, 0.01, -0.01, 0.005, -0.005, 0])
    widths = []
    for value in (score, shaken):
        gain = growth(
            "pr_auc", Measured(SHARES, value, np.repeat(value[:, None], 200, axis=1)), np.random.default_rng(0)
        )
        widths.append(gain.gain_of_twice.high - gain.gain_of_twice.low)
    assert widths[1] > widths[0] + 0.005


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (Estimate(0.02, 0.01, 0.03), "More data would help: twice the leads would bring about +0.020 PR-AUC"),
        (Estimate(0.002, 0.0, 0.006), "More data of this kind would hardly help"),
        (Estimate(0.002, 0.001, 0.012), "More data of this kind would probably help little"),
        (Estimate(0.01, 0.0, 0.03), "Whether more data would help is open"),
        (NOTHING, "cannot be told"),
    ],
)
def test_the_headline_says_what_twice_the_data_would_bring(gain, said):
    assert said in headline(Growth("pr_auc", 0.5, 0.5, gain))


def test_the_whole_is_the_judged_model_itself(examined, found):
    whole = found.sizes[-1]
    assert (whole.share, whole.rows) == (1.0, examined.judged.fitted[0].rows)
    assert whole.pr_auc.value == examined.evaluation.systems["model"].pr_auc.value


def test_shares_are_of_leads_and_pieces_of_one_share_are_disjoint(examined):
    fold, group = examined.judged.folds[0], examined.dataset.rows.group
    pieces = [set(group[fold.train[_leads(examined, fold, 0.25, repeat)]]) for repeat in range(2)]
    rest = [set(np.delete(group[fold.train], _leads(examined, fold, 0.25, repeat))) for repeat in range(2)]
    assert not pieces[0] & pieces[1]
    assert not any(piece & other for piece, other in zip(pieces, rest, strict=True))
    assert len(pieces[0]) == round(len(set(group[fold.train])) / 4)


def test_the_newest_half_is_of_the_leads_that_came_last(examined):
    fold, rows = examined.judged.folds[0], examined.dataset.rows
    chosen = np.zeros(len(fold.train), bool)
    chosen[_leads(examined, fold, 0.5, None)] = True
    first = {lead: rows.as_of[fold.train][rows.group[fold.train] == lead].min() for lead in set(rows.group[fold.train])}
    newest = set(rows.group[fold.train][chosen])
    assert min(first[lead] for lead in newest) >= max(first[lead] for lead in first.keys() - newest)


def test_too_little_data_is_said_to_be_too_little(examined):
    poor = replace(examined.judged.fitted[0], positives=30)
    found = learning_curve(replace(examined, judged=replace(examined.judged, fitted=(poor,))))
    assert "cannot be told yet: 30 training rows won" in found.json
    assert not found.section.pictures


def test_it_can_be_switched_off(examined):
    report = examined.settings.report.model_copy(update={"learning_curve": False})
    assert learning_curve(replace(examined, settings=replace(examined.settings, report=report))) is None


def test_the_same_training_gives_the_same_bytes(examined):
    assert learning_curve(examined).json == learning_curve(examined).json
