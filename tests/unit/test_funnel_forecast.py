"""Forecasts of open leads: places by hand, nothing that came later, a spread that is learned from misses."""

import numpy as np
import pytest
from worlds import day

from training.funnel.forecast import Standing, forecasts, interval, level_spread, past_dates, rates, standing
from training.funnel.reached import LEAD, MQL, NOT_YET, SQL, STAGES, Reached


def batches(number=16, size=40, share=0.5, as_of=480):
    """A batch of leads a day before every thirtieth day; a share of each reaches SQL after ten more days."""
    rows = []
    for batch in range(1, number + 1):
        created = 30 * batch - 1
        for one in range(size):
            sql = day(created + 11) if one < share * size else NOT_YET
            rows.append([day(created), sql, sql, sql, NOT_YET, NOT_YET])
    time = np.array(rows, np.int64)
    return Reached(np.arange(len(rows)), np.where(time < day(as_of), time, NOT_YET), day(as_of), (0,) * len(STAGES))


def everybody(found):
    return lambda _: np.ones(len(found.lead), np.bool_)


def test_m27_leads_are_expected_to_do_what_became_of_leads_that_stood_where_they_stand():
    found = batches()
    (sql, *_) = forecasts(found, everybody(found))
    assert (sql.stage, sql.days, sql.by, sql.open_leads) == ("sql", 30, "stages", 40 + 15 * 20)
    assert sql.number.value == pytest.approx(20, abs=1.5)  # of the newest 40, none of the old ones
    assert sql.number.low < 20 < sql.number.high


def test_closed_leads_are_not_expected_to_come():
    found = batches()
    newest = found.time[:, LEAD] >= day(450)
    (sql, *_) = forecasts(found, lambda moment: np.full(len(found.lead), True) if moment < day(480) else ~newest)
    assert sql.number.value < 2


def test_places_are_the_stage_reached_and_for_how_long():
    time = np.full((2, len(STAGES)), NOT_YET, np.int64)
    time[:, LEAD] = day(0)
    time[1, MQL] = day(95)
    found = Reached(np.arange(2), time, day(200), (0,) * len(STAGES))
    place = standing(found, everybody(found), SQL, day(100), 30).place
    assert place.tolist() == [8 * LEAD + 5, 8 * MQL + 0]  # a lead for 90 to 180 days; an MQL for less than 7


def test_past_dates_are_over_before_the_as_of_date_and_had_leads_before():
    found = batches(as_of=480)
    dates = past_dates(found, 30)
    assert dates[0] == day(450)
    assert dates[-1] >= day(29 + 30)
    assert len(dates) == 6
    assert past_dates(batches(number=1, as_of=40), 30) == []


def test_a_rare_place_is_pulled_towards_its_stage():
    place = np.array([0] * 90 + [1] * 10)
    one = Standing(place, np.array([True] * 45 + [False] * 45 + [True] * 10))
    rate = rates([one])
    stage = (55 + 10 * 0.55) / 110
    assert rate[:2].tolist() == pytest.approx([(45 + 10 * stage) / 100, (10 + 10 * stage) / 20])


def test_steady_times_have_no_spread_and_times_that_differ_have_one():
    rng = np.random.default_rng(2)

    def dates(shares):
        return [Standing(np.zeros(1000, np.int64), rng.random(1000) < share) for share in shares]

    assert level_spread(dates([0.2] * 12)) < 0.06
    assert level_spread(dates([0.1, 0.3] * 6)) == pytest.approx(0.5, abs=0.1)
    assert interval(100.0, 75.0, 0.5, 12).high > interval(100.0, 75.0, 0.0, 12).high
    assert interval(2.0, 2.0, 0.5, 12).low == 0
