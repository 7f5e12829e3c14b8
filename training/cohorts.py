"""Examination: leads by month of creation, so that a young month does not look like a slump.

Of a month whose leads have had 60 days, fewer have been won than will be. What is expected of it in the end is what was
won so far, divided by the share of the closing curve that its leads have passed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import beta

from features.windows import NEVER, Floats, Ints
from training.bootstrap import LEVEL
from training.closing import HORIZONS
from training.closing_fit import curve_days, fitted_shifts, periods
from training.evaluation import Estimate
from training.examine import Examined, Finding, strict_json
from training.followed import Followed
from training.sections import Picture, Section

SCHEMA_VERSION = 1
LEAST_PASSED = 0.02
"""A month whose leads have passed less of the curve tells nothing about its end."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Leads created in a month (UTC): how many were won within the days asked for, so far and expected in the end.

    `passed` is the share of the closing curve that its leads have passed on average, 1 when all have had their days.
    `differs` tells that the interval of `expected` leaves out the rate of all months.
    """

    month: str
    leads: int
    won: int
    passed: float
    so_far: float
    expected: Estimate
    differs: bool


@dataclass(frozen=True, slots=True)
class Cohorts:
    """The content of `cohorts.json`: win rates within `days` of creation, of all leads (Kaplan–Meier) and by month."""

    schema_version: int
    days: int
    rate: float
    cohorts: tuple[Cohort, ...]


def cohorts(examined: Examined) -> Finding | None:
    """Cohorts by month of creation; None where wins or creation are not dated, or too few leads were followed."""
    followed, created = examined.dataset.followed_from_creation(), examined.dataset.histories.created
    if followed is None:
        return None
    found = cohorts_of(followed.take(created != NEVER), created[created != NEVER])
    if found is None:
        return None
    section = Section("cohorts", "Leads by month", "sections/cohorts.html", found, {"months": _picture(found)})
    return Finding("cohorts", strict_json(found), section)


def cohorts_of(followed: Followed, created: Ints) -> Cohorts | None:
    """Cohorts of leads that were followed from their creation (microseconds) on."""
    days = curve_days(followed, HORIZONS[0])
    told = [day for day in HORIZONS if day in days]
    if not told:
        return None
    days = tuple(day for day in days if day <= told[-1])
    shifts = fitted_shifts(np.zeros(len(created)), periods(followed, np.array(days, np.float64)), len(days))
    share = expit(shifts) / expit(shifts[-1])
    passed = np.interp(followed.days, (0, *days), (0, *share))
    frame = pd.DataFrame({"month": _months(created), "passed": passed, "won": followed.won_after < told[-1]})
    rate = float(expit(shifts[-1]))
    groups = frame.groupby("month", sort=True)
    return Cohorts(
        schema_version=SCHEMA_VERSION,
        days=told[-1],
        rate=round(rate, 6),
        cohorts=tuple(_cohort(str(month), rows, rate) for month, rows in groups),
    )


def _months(created: Ints) -> Floats:
    return created.astype("datetime64[us]").astype("datetime64[M]").astype(str)


def _cohort(month: str, rows: pd.DataFrame, rate: float) -> Cohort:
    leads, won, passed = len(rows), int(rows["won"].sum()), float(rows["passed"].mean())
    expected = expected_rate(won, leads * passed) if passed >= LEAST_PASSED else Estimate(None, None, None)
    outside = expected.low is not None and expected.high is not None and not expected.low <= rate <= expected.high
    return Cohort(month, leads, won, round(passed, 4), round(won / leads, 6), expected, outside)


def expected_rate(won: int, leads: float) -> Estimate:
    """Win rate of so many wins among leads, counted as the shares of the curve that they passed, with its interval.

    The interval is exact for a month whose leads have passed all of it (Clopper and Pearson 1934).
    """
    leads = max(leads, float(won), 1e-9)
    tail = (1 - LEVEL) / 2
    low = float(beta.ppf(tail, won, leads - won + 1)) if won else 0.0
    high = float(beta.ppf(1 - tail, won + 1, leads - won)) if won < leads else 1.0
    return Estimate(round(won / leads, 6), round(low, 6), round(high, 6))


def _picture(found: Cohorts) -> Picture:
    from training.figures_of_time import draw_cohorts

    drawn = draw_cohorts(found)
    return Picture(drawn, f"Win rate within {found.days} days of creation by month, so far and expected in the end.")
