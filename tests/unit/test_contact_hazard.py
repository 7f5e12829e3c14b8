"""M23: chances by waiting time: hand-made tables, open deals, leads that look hot are called sooner."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from training.contact_window import found as shapes
from training.contact_window.contacts import Waiting
from training.contact_window.half_life import best_half_life, clustered_rate, losses
from training.contact_window.hazard import chances, fit_hazard
from training.contact_window.run import contact_window, contacted_by
from training.followed import Followed

DAYS = np.array([30.0, 60.0])
PAGE = Path(__file__).parents[2] / "docs" / "contact-window.md"


def test_m23_contacted_by_a_time_is_kaplan_meier_by_hand():
    # 5 leads: contacted after 1 h; last seen after 2 h; contacted after 3 h and again 3 h; closed after 9 h.
    found = Waiting(np.array([1.0, 2, 3, 3, 9]), np.array([1, 0, 1, 1, 0]) > 0, np.array([0, 0, 0, 0, 1]) > 0)
    assert contacted_by(found, 1) == 0
    assert contacted_by(found, 3) == pytest.approx(1 / 5)
    assert contacted_by(found, 4) == pytest.approx(1 - 4 / 5 * (1 - 2 / 3))


def test_without_looks_the_chance_is_about_the_share_that_won_and_open_deals_are_not_lost():
    # Waiting time 0: 400 of 2,000 won; 1: 100 of 1,000 followed to the end won, 1,000 more are too new to tell.
    won_after = np.concatenate([np.full(400, 10.0), np.full(1600, np.inf), np.full(100, 40.0), np.full(1900, np.inf)])
    days = np.concatenate([np.full(2000, 90.0), np.full(1000, 90.0), np.full(1000, 20.0)])
    waited = np.repeat([0, 1], 2000)
    fitted = fit_hazard(Followed(days, won_after), waited, np.zeros((4000, 0)), np.arange(4000), DAYS)
    early, late = chances(fitted)
    assert early.value == pytest.approx(0.2, abs=0.01)
    assert late.value == pytest.approx(0.1, abs=0.02)
    assert early.low < 0.2 < early.high
    assert early.high - early.low == pytest.approx(2 * 1.645 * np.sqrt(0.2 * 0.8 / 2000), rel=0.15)


def test_m23_hot_leads_called_sooner_look_like_a_gain_that_making_them_alike_takes_away():
    rng = np.random.default_rng(3)
    heat = rng.normal(size=6000)
    waited = (rng.random(6000) > expit(1.5 * heat)).astype(np.int64)  # hot leads are called at once, mostly
    after = np.where(rng.random(6000) < expit(heat - 2), 20.0, np.inf)  # and win whenever they are called
    rows = Followed(np.full(6000, 90.0), after)
    seen = chances(fit_hazard(rows, waited, np.zeros((6000, 0)), np.arange(6000), DAYS))
    alike = chances(fit_hazard(rows, waited, heat[:, None], np.arange(6000), DAYS))
    assert seen[0].value > 1.8 * seen[1].value
    assert alike[0].value == pytest.approx(alike[1].value, abs=0.03)


def test_many_contacts_of_one_lead_tell_less():
    rng = np.random.default_rng(0)
    won = np.where(rng.random(200) < 0.3, 5.0, np.inf)
    rows = Followed(np.full(2000, 90.0), np.repeat(won, 10))
    args = (rows, np.zeros(2000, np.int64), np.zeros((2000, 0)))
    (apart,), (together,) = (
        chances(fit_hazard(*args, lead, DAYS)) for lead in (np.arange(2000), np.repeat(np.arange(200), 10))
    )
    assert together.high - together.low > 2.5 * (apart.high - apart.low)
    rate = clustered_rate(np.repeat(np.isfinite(won), 10).astype(np.int64), np.repeat(np.arange(200), 10))
    assert rate.high - rate.low == pytest.approx(together.high - together.low, rel=0.15)


def test_the_half_life_with_which_wins_were_made_is_learned():
    rng = np.random.default_rng(1)
    age = rng.uniform(0, 60, 8000)
    label = (rng.random(8000) < expit(3 * np.log1p(2 ** (-age / 7) * 3) - 4)).astype(np.int64)
    loss = {days: losses(2 ** (-age / days) * 3, label) for days in (3, 7, 14, 30, 90)}
    best, gain, tried = best_half_life(loss, 90, np.arange(8000))
    assert best == 7
    assert gain.low > 0
    assert [one.days for one in tried] == [3, 7, 14, 30, 90]
    assert best_half_life(loss, 7, np.arange(8000))[1].value == 0


def test_rates_of_nobody_and_everybody_have_an_interval():
    assert clustered_rate(np.zeros(10, np.int64), np.arange(10)).high == pytest.approx(0.213, abs=0.001)
    assert clustered_rate(np.ones(10, np.int64), np.arange(10)).low == pytest.approx(0.787, abs=0.001)


def test_m23_a_training_says_what_flags_are_worth_and_what_came_of_waiting(examined):
    finding = contact_window(examined)
    found = finding.section.content.found
    rates = {flag.flag: flag.won.value for flag in found.flags}
    assert rates["too_early"] < rates["now"]
    assert sum(flag.rows for flag in found.flags) == examined.dataset.matured.sum()
    creation, interest = found.clocks
    assert sum(wait.contacts for wait in creation.waits) == creation.contacts
    assert interest.waiting is None
    assert set(finding.section.pictures) == {clock.since for clock in found.clocks if clock.waits}


def test_the_document_names_every_key():
    _, keys = PAGE.read_text(encoding="utf-8").split("## contact_window.json")
    named = set(re.findall(r"^\| `(\w+)` \|", keys, re.MULTILINE))
    classes = (shapes.ContactWindow, shapes.HalfLife, shapes.FlagRate, shapes.Clock, shapes.Wait)
    assert named == {field.name for one in classes for field in fields(one)}
