"""How many open leads will reach a stage: what became of leads that stood where these stand, at past dates.

A *place* is the last stage that a lead has reached and for how long it has been there. At every thirtieth day back from
where the horizon is over, leads are put in their places and followed for the horizon: nothing that came after the as-of
date is needed, and nobody who is still open is taken for lost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from features.windows import DAY_US, Bools, Floats, Ints
from training.bootstrap import LEVEL
from training.evaluation import Estimate
from training.funnel.found import Forecast
from training.funnel.reached import LEAD, NOT_YET, SQL, STAGES, WON, Reached

STEP_DAYS = 30
MOST_DATES, LEAST_DATES = 6, 3
SOJOURNS_DAYS = (7, 14, 30, 60, 90, 180, 365)
HORIZONS_DAYS = (30, 90)
TARGETS = (SQL, WON)
PULL = 10.0
"""A place is pulled towards its stage as by so many leads, so that a rare place is not taken at its word."""
IsOpen = Callable[[int], Bools]
"""Which leads of the funnel are open at a time (microseconds)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Open leads at a date that have not reached the target: their places, and which reached it within the horizon."""

    place: Ints
    reached: Bools


class Miss(NamedTuple):
    """How many came at a past date, how many were expected, and the binomial variance of that."""

    came: float
    expected: float
    binomial: float


def forecasts(found: Reached, is_open: IsOpen) -> tuple[Forecast, ...]:
    """SQLs and wins of the open leads within each horizon, from places."""
    return tuple(_forecast(found, is_open, target, days) for target in TARGETS for days in HORIZONS_DAYS)


def _forecast(found: Reached, is_open: IsOpen, target: int, days: int) -> Forecast:
    now = standing(found, is_open, target, found.as_of, days)
    known = past_standings(found, is_open, target, days)
    number, note = Estimate(None, None, None), None
    if len(known) < LEAST_DATES:
        note = f"{len(known)} past dates with open leads have been followed for {days} days: {LEAST_DATES} are needed"
    else:
        number = _number(now.place, known)
    return Forecast(STAGES[target], days, "stages", len(now.place), number, note)


def past_dates(found: Reached, days: int) -> list[int]:
    """Every thirtieth day back from the last date whose horizon is over, while leads were there a horizon before."""
    created = found.time[:, LEAD]
    first = int(created.min()) + days * DAY_US if len(created) else found.as_of
    dates = (found.as_of - (days + STEP_DAYS * back) * DAY_US for back in range(MOST_DATES))
    return [date for date in dates if date >= first]


def standing(found: Reached, is_open: IsOpen, target: int, date: int, days: int) -> Standing:
    """Where leads stood at a date, from what was before it, and which reached the target in the days after."""
    before = found.time < date
    there = before[:, LEAD] & ~before[:, target] & is_open(date)
    stage = before[there].sum(axis=1) - 1
    since = found.time[there, stage]
    sojourn = np.searchsorted(SOJOURNS_DAYS, (date - since) / DAY_US, side="right")
    reached = found.time[there, target] < min(date + days * DAY_US, NOT_YET)
    return Standing(stage * (len(SOJOURNS_DAYS) + 1) + sojourn, reached)


def rates(past: list[Standing]) -> Floats:
    """Share of leads in each place that reached the target, pulled towards that of the place's stage."""
    width = len(SOJOURNS_DAYS) + 1
    size = len(STAGES) * width
    place, reached = np.concatenate([one.place for one in past]), np.concatenate([one.reached for one in past])
    of, on = (np.bincount(place, weights, size).reshape(-1, width) for weights in (None, reached.astype(np.float64)))
    every = float(on.sum()) / max(float(of.sum()), 1.0)
    stage = (on.sum(axis=1) + PULL * every) / (of.sum(axis=1) + PULL)
    rate: Floats = ((on + PULL * stage[:, None]) / (of + PULL)).ravel()
    return rate


def past_standings(found: Reached, is_open: IsOpen, target: int, days: int) -> list[Standing]:
    """Where leads stood at past dates whose horizon is over; dates without open leads are left out."""
    past = [standing(found, is_open, target, date, days) for date in past_dates(found, days)]
    return [one for one in past if len(one.place)]


def _number(now: Ints, past: list[Standing]) -> Estimate:
    rate = rates(past)
    chance = rate[now]
    return interval(float(chance.sum()), float((chance * (1 - chance)).sum()), level_spread(past), len(past))


def level_spread(past: list[Standing]) -> float:
    """Spread of the level over past dates, each expected from the others."""
    return spread_of([_miss(past[:out] + past[out + 1 :], one) for out, one in enumerate(past)])


def _miss(others: list[Standing], one: Standing) -> Miss:
    chance = rates(others)[one.place]
    return Miss(float(one.reached.sum()), float(chance.sum()), float((chance * (1 - chance)).sum()))


def spread_of(misses: list[Miss]) -> float:
    """By which share of it the number that came at a date differs from the one expected, beyond chance.

    The square root of the mean squared difference less what binomial chance explains, over the mean squared number.
    """
    missed = sum((one.came - one.expected) ** 2 for one in misses)
    explained, expected = sum(one.binomial for one in misses), sum(one.expected**2 for one in misses)
    return float(np.sqrt(max(0.0, missed - explained) / max(expected, 1e-9)))


def interval(number: float, chance: float, spread: float, dates: int) -> Estimate:
    """A number with its interval: binomial variance `chance`, and a level that differs by a share `spread` of it.

    Student's t, as the spread is learned from so many dates. The number cannot fall below 0.
    """
    half = float(student.ppf(0.5 + LEVEL / 2, max(dates - 1, 1)) * np.sqrt(chance + (spread * number) ** 2))
    return Estimate(round(number, 2), round(max(number - half, 0.0), 2), round(number + half, 2))
