"""Closing curve: hand-computed tables, censoring, monotony, and the level of the newest months."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from worlds import DAY, World, day, deal, lead, snapshots

from features.deals import deals_by_lead
from training.closing import ClosingCurve, curve_from_json, curve_json
from training.closing_fit import Newest, closing_curve, curve_days, fitted_shifts, level_of_newest, periods
from training.followed import Followed
from training.labels import follow, label_snapshots, won_times

DAYS = np.array([30.0, 60.0, 90.0])
CURVE = ClosingCurve((30, 60, 90), (-1.0, -0.4, 0.0), (30, 60, 90), 90)


def followed(*pairs):
    """Of (days followed, won after or None)."""
    won = [np.inf if after is None else after for _, after in pairs]
    return Followed(np.array([float(days) for days, _ in pairs]), np.array(won))


def test_kaplan_meier_by_hand():
    # 10 rows for 30 days: 2 win. 5 for 30 more, as 3 are too new: 1 wins. 4 to the end: 1 wins.
    rows = followed(*[(90, 10), (90, 20), (90, 40), (90, 70)], *[(90, None)] * 3, *[(45, None)] * 3)
    seen = periods(rows, DAYS)
    shifts = fitted_shifts(np.zeros(10), seen, 3)
    assert expit(shifts) == pytest.approx([0.2, 1 - 0.8 * 0.8, 1 - 0.8 * 0.8 * 0.75])


def test_a_win_counts_only_with_those_that_were_followed_as_long():
    # Followed for 45 days and won on day 40: nobody knows how many others of that age will win by day 60.
    seen = periods(followed((45, 40)), DAYS)
    assert list(zip(seen.number, seen.won, strict=True)) == [(0, False)]


def test_without_censoring_the_curve_is_the_share_that_won():
    after = np.array([5.0, 35, 50, 75, *[np.inf] * 16])
    shifts = fitted_shifts(np.zeros(20), periods(Followed(np.full(20, 90.0), after), DAYS), 3)
    assert expit(shifts) == pytest.approx([1 / 20, 3 / 20, 4 / 20])


@given(st.lists(st.tuples(st.floats(0, 120), st.one_of(st.none(), st.floats(0, 120))), min_size=3, max_size=40))
def test_a_chance_never_falls_with_time(pairs):
    log_odds = np.linspace(-3, 3, len(pairs))
    seen = periods(followed(*pairs), DAYS)
    count = int(seen.number.max(initial=-1)) + 1
    shifts = fitted_shifts(log_odds, seen, count)
    assert np.isfinite(shifts).all()
    assert (np.diff(shifts) >= 0).all()


@given(st.lists(st.floats(0, 400), min_size=1, max_size=5), st.floats(1, 300), st.floats(-2, 300))
def test_wins_after_the_cut_change_nothing(wins, cut, later):
    world = [World((lead(),), deals=tuple(deal("won", at) for at in days)) for days in (
        [at for at in wins if at < cut], [*wins, cut + max(later, 0)])]  # fmt: skip
    found = []
    for one in world:
        histories = one.histories()
        won = won_times(histories, deals_by_lead(one.tables(), "all"))
        found.append(follow(won, snapshots(histories, [("L1", day(0))]), day(cut)))
    assert found[0].won_after.tolist() == found[1].won_after.tolist()
    assert found[0].days.tolist() == found[1].days.tolist()


@given(st.lists(st.floats(0, 100), max_size=4), st.integers(0, 60))
def test_following_agrees_with_labels_once_the_horizon_is_over(wins, at):
    world = World((lead(),), deals=tuple(deal("won", days) for days in wins))
    histories = world.histories()
    won = won_times(histories, deals_by_lead(world.tables(), "all"))
    seen = snapshots(histories, [("L1", day(at))])
    label = label_snapshots(won, seen, seen.as_of + 30 * DAY, day(100)).label[0]
    assert (follow(won, seen, day(100)).won_after[0] < 30) == bool(label)


def world_of(n, rate, seed=0, days=360.0, faster=1.0):
    """Rows taken over `days`, each won within 90 days by chance `rate` (on time, evenly); `faster` from day 270 on."""
    rng = np.random.default_rng(seed)
    as_of = rng.uniform(0, days, n)
    hazard = -np.log(1 - rate) / 90
    steps = rng.exponential(1, n) / hazard
    change = np.maximum(270.0 - as_of, 0)
    after = np.where(steps < change, steps, change + (steps - change) / faster)
    left = days - as_of
    return as_of, Followed(left, np.where(after < left, after, np.inf))


def test_curve_of_a_censored_world_is_the_true_one():
    _, rows = world_of(20_000, 0.2)
    curve = closing_curve(np.full(20_000, logit(0.2)), rows, 90)
    chance = [float(curve.within(np.array([logit(0.2)]), h)[0]) for h in (30, 60, 90, 180)]
    assert chance == pytest.approx([1 - 0.8 ** (h / 90) for h in (30, 60, 90, 180)], abs=0.01)


@pytest.mark.parametrize(("faster", "expected", "off"), [(1.0, 0.2, 0.006), (0.5, 1 - 0.8**0.5, 0.015)])
def test_level_follows_the_newest_wins_and_stays_where_nothing_changed(faster, expected, off):
    as_of, rows = world_of(20_000, 0.2, faster=faster)
    z = np.full(20_000, logit(0.2))
    curve = ClosingCurve((30, 60, 90), tuple(logit(1 - 0.8 ** (h / 90)) - logit(0.2) for h in (30, 60, 90)), (90,), 90)
    newest = Newest(z, rows, (as_of * DAY).astype(np.int64), np.arange(20_000))
    level = level_of_newest(newest, curve, 360 * DAY)
    assert float(expit(z[0] + level)) == pytest.approx(expected, abs=off)


def test_level_of_few_wins_is_left_alone():
    newest = Newest(np.zeros(3), followed((90, 5), (90, None), (90, None)), np.zeros(3, np.int64), np.arange(3))
    assert level_of_newest(newest, CURVE, 90 * DAY) == 0.0


def test_more_wins_than_any_level_explains_leave_it_alone():
    # All stretches seen are late ones, in which the curve lets next to nobody win, and most of the leads do.
    flat = ClosingCurve((30, 60, 90), (-0.02, -0.01, 0.0), (30, 60, 90), 90)
    rows = followed(*[(90, 70)] * 150, *[(90, None)] * 50)
    newest = Newest(np.zeros(200), rows, np.full(200, -60 * DAY), np.arange(200))
    assert level_of_newest(newest, flat, 90 * DAY) == 0.0


def test_days_reach_as_far_as_enough_rows_were_followed():
    assert curve_days(followed(*[(100, None)] * 150), 90) == (15, 30, 45, 60, 75, 90)
    assert closing_curve(np.zeros(50), followed(*[(100, None)] * 50), 90) is None
    assert closing_curve(np.zeros(150), followed(*[(80, None)] * 150), 90) is None


def test_median_closing_day_lies_between_the_days_of_the_curve():
    # 10 % by day 30, 20 % by day 60, 40 % by day 90: half of 40 % is reached on day 60.
    shift = tuple(float(logit(p) - logit(0.4)) for p in (0.1, 0.2, 0.4))
    curve = ClosingCurve((30, 60, 90), shift, (30, 60, 90), 90)
    assert curve.median_days(logit(np.array([0.4]))) == pytest.approx([60])
    assert ClosingCurve((30, 60, 90), shift, (30,), 90).median_days(logit(np.array([0.4]))).tolist() == [np.inf]


def test_curve_survives_its_file_and_a_falling_one_is_refused():
    assert curve_from_json(curve_json(CURVE)) == CURVE
    assert curve_from_json(curve_json(None)) is None
    with pytest.raises(ValueError, match="ascending"):
        curve_from_json({"days": [30, 60], "shift": [0.5, 0.0], "horizons": [30], "learned": 60})


def test_time_of_a_snapshot_without_events_is_not_needed():
    histories = World((lead(), lead("L2"))).histories()
    won = won_times(histories, pd.DataFrame({"lead_id": [], "closed_at": pd.to_datetime([], utc=True), "status": []}))
    assert follow(won, snapshots(histories, [("L1", day(0))]), day(10)).won_after.tolist() == [np.inf]
