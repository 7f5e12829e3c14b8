"""Fitting the closing curve and the level of the newest months from snapshots that were followed for different times.

Each snapshot counts in those stretches of time through which it was followed from beginning to end (Kaplan and Meier
1958; on fixed intervals, Efron 1988). Nobody who is still open counts as lost, and a win counts only together with
those that were followed for as long.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from features.windows import DAY_US, Bools, Floats, Ints
from training.closing import HORIZONS, ClosingCurve
from training.followed import Followed

STEP_DAYS = 15
LEAST_FOLLOWED = 100
LEAST_SHARE_FOLLOWED = 0.05
"""A day of the curve needs so many rows, and this share of all, that were followed until then and had not won."""
NEWEST_DAYS = 90
LEAST_WINS = 10
WIDEST = 40.0
"""No log-odds are shifted by more."""


@dataclass(frozen=True, slots=True)
class Periods:
    """Stretches between the days of a curve that rows were followed through without an earlier win, and who won there.

    `row` numbers the row, `number` the stretch: 0 ends at the first day.
    """

    row: Ints
    number: Ints
    won: Bools

    def take(self, keep: Bools) -> "Periods":
        """The chosen stretches."""
        return Periods(self.row[keep], self.number[keep], self.won[keep])


def periods(followed: Followed, days: Floats) -> Periods:
    """Stretches of all rows between 0 and the ascending `days`."""
    edges = np.concatenate([[0.0], days])
    through = (followed.won_after[:, None] >= edges[:-1]) & (followed.days[:, None] >= edges[1:])
    row, number = np.nonzero(through)
    return Periods(row, number, followed.won_after[row] < edges[1:][number])


def fitted_shifts(log_odds: Floats, seen: Periods, count: int) -> Floats:
    """Shifts of `count` days: in each stretch in turn, as many wins are expected as were seen.

    With log-odds 0 everywhere, their probabilities are one less the Kaplan–Meier curve. A stretch without a win leaves
    the curve level; half a win stands in for none in the first.
    """
    shifts = np.empty(count)
    before = np.zeros(len(log_odds))
    for number in range(count):
        here = seen.number == number
        row, wins = seen.row[here], float(seen.won[here].sum())
        wins = min(max(wins, 0.5 if number == 0 else 0.0), len(row) - 0.5)
        shifts[number] = _shift(log_odds[row], before[row], wins) if wins > 0 else shifts[number - 1]
        before = expit(log_odds + shifts[number])
    return np.maximum.accumulate(shifts)


def _shift(log_odds: Floats, before: Floats, wins: float) -> float:
    def missing(shift: float) -> float:
        return float(_between(before, expit(log_odds + shift)).sum()) - wins

    return float(brentq(missing, -WIDEST, WIDEST, xtol=1e-10))


def _between(before: Floats, after: Floats) -> Floats:
    """Probability of a win in a stretch without one before, from those of a win by its beginning and by its end."""
    return (after - before) / np.maximum(1 - before, np.finfo(np.float64).tiny)


def closing_curve(log_odds: Floats, followed: Followed, horizon: int) -> ClosingCurve | None:
    """Curve of rows with calibrated out-of-fold log-odds of a win within `horizon` days, as far as rows were followed.

    None where too few rows were followed for the horizon itself.
    """
    days = curve_days(followed, horizon)
    told = tuple(day for day in HORIZONS if day in days)
    if horizon not in days or not told:
        return None
    shifts = fitted_shifts(log_odds, periods(followed, np.array(days, np.float64)), len(days))
    return ClosingCurve(days, tuple((shifts - shifts[days.index(horizon)]).tolist()), told, horizon)


def curve_days(followed: Followed, horizon: int) -> tuple[int, ...]:
    """Every fifteenth day, the horizon and those that are told, up to twice the longest of them, as far as is known."""
    last = 2 * max(horizon, *HORIZONS)
    wanted = sorted({*range(STEP_DAYS, last + 1, STEP_DAYS), *HORIZONS, horizon})
    needed = max(LEAST_FOLLOWED, LEAST_SHARE_FOLLOWED * len(followed.days))
    return tuple(day for day in wanted if _at_risk(followed, day) >= needed)


def _at_risk(followed: Followed, day: int) -> int:
    return int(((followed.days >= day) & (followed.won_after >= day - STEP_DAYS)).sum())


@dataclass(frozen=True, slots=True)
class Newest:
    """The rows that tell the level of the newest months: calibrated log-odds, as-of dates, and what is one lead."""

    log_odds: Floats
    followed: Followed
    as_of: Ints
    group: Ints


def level_of_newest(rows: Newest, curve: ClosingCurve, known_until: int) -> float:
    """Shift of the log-odds towards the wins of the newest 90 days, which many unmatured snapshots lived through.

    The period view of survival analysis (Brenner and Gefeller 1996): of each snapshot the stretches count that lie in
    those days, whenever it was taken. The shift that makes expected and seen wins equal is shrunk towards 0 by what
    chance alone would give (its empirical Bayes estimate), so that steady times stay as they are.
    """
    edges = np.array((0, *curve.days), np.float64)
    seen = periods(rows.followed, edges[1:])
    begun = rows.as_of[seen.row] + edges[seen.number] * DAY_US
    seen = seen.take(begun >= known_until - NEWEST_DAYS * DAY_US)
    wins = int(seen.won.sum())
    if wins < LEAST_WINS or wins == len(seen.won):
        return 0.0
    before, after = _around(rows.log_odds[seen.row], seen.number, np.array(curve.shift))

    def expected(shift: float) -> Floats:
        return _between(expit(before + shift), expit(after + shift))

    if float(expected(WIDEST).sum()) <= wins:  # later stretches win at most so often, however ripe: nothing to go by
        return 0.0
    shift = float(brentq(lambda by: float(expected(by).sum()) - wins, -WIDEST, WIDEST, xtol=1e-10))
    steepness = float((expected(shift) * (1 - expit(after + shift))).sum())  # d expected ÷ d shift
    return shift * _trust(shift * steepness, seen.won - expected(shift), rows.group[seen.row])


def _around(log_odds: Floats, number: Ints, shift: Floats) -> tuple[Floats, Floats]:
    """Log-odds of a win by the beginning and by the end of each stretch."""
    return log_odds + np.concatenate([[-np.inf], shift])[number], log_odds + shift[number]


def _trust(wins: float, surprise: Floats, group: Ints) -> float:
    """Share of a shift, worth `wins`, that is not chance: 1 − variance ÷ wins², at least 0; leads are independent."""
    by_lead = np.bincount(np.unique(group, return_inverse=True)[1], surprise)
    return max(0.0, 1 - float(np.square(by_lead).sum()) / wins**2) if wins else 0.0
