"""Lead velocity rate: by how much more leads reached a stage in the last complete month than in the one before."""

import numpy as np
from scipy.stats import norm

from training.bootstrap import LEVEL
from training.evaluation import Estimate
from training.funnel.found import Velocity
from training.funnel.reached import LEAD, MQL, NOT_YET, SQL, STAGES, WON, Reached

TOLD = (LEAD, MQL, SQL, WON)


def velocities(found: Reached) -> tuple[Velocity, ...]:
    """Rates of leads, MQLs, SQLs and wins; months are UTC."""
    return tuple(_velocity(found, stage) for stage in TOLD)


def _velocity(found: Reached, stage: int) -> Velocity:
    last = np.datetime64(found.as_of, "us").astype("datetime64[M]") - 1
    time = found.time[:, stage]
    months = time[time < NOT_YET].astype("datetime64[us]").astype("datetime64[M]")
    now, before = int((months == last).sum()), int((months == last - 1).sum())
    return Velocity(STAGES[stage], str(last), now, before, growth(now, before), _note(before, stage))


def growth(now: int, before: int) -> Estimate:
    """Relative growth of a count, with the interval of the ratio of two Poisson counts (on the log scale)."""
    if before == 0:
        return Estimate(None, None, None)
    if now == 0:
        return Estimate(-1.0, None, None)
    half = float(norm.ppf(0.5 + LEVEL / 2)) * np.sqrt(1 / now + 1 / before)
    value, low, high = (now / before * np.exp(sign * half) - 1 for sign in (0, -1, 1))
    return Estimate(round(float(value), 6), round(float(low), 6), round(float(high), 6))


def _note(before: int, stage: int) -> str | None:
    if before == 0:
        return f"nobody reached {STAGES[stage]} in the month before: growth from nothing has no rate"
    return None
