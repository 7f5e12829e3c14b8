"""Columns that say when a win is expected: its probability within each horizon, and a month."""

import numpy as np
import pyarrow as pa

from features.windows import DAY_US, NEVER, Floats, Ints
from training.closing import HORIZONS, ClosingCurve
from training.log_odds import logit

HORIZON_COLUMN = {days: f"propensity_{days}d" for days in HORIZONS}
HORIZON_COLUMNS = tuple(HORIZON_COLUMN.values())
LATER = ">"
"""Before the last month that is told: later than that."""


def closing_columns(curve: ClosingCurve | None, propensity: Floats, as_of: Ints) -> dict[str, pa.Array]:
    """`propensity_30d` … and `expected_close` of each lead; null where the model cannot tell.

    `propensity` is that of the horizon that was learned, `as_of` in microseconds (`NEVER`: not known).
    """
    nothing = pa.nulls(len(propensity), pa.float64())
    if curve is None:
        return {**dict.fromkeys(HORIZON_COLUMNS, nothing), "expected_close": pa.nulls(len(propensity), pa.string())}
    z = logit(propensity)
    told = {days: pa.array(curve.within(z, days)) for days in curve.horizons}
    if curve.learned in told:
        told[curve.learned] = pa.array(propensity)  # to the bit
    columns = {name: told.get(days, nothing) for name, days in zip(HORIZON_COLUMNS, HORIZONS, strict=True)}
    return {**columns, "expected_close": months(as_of, curve.median_days(z), max(curve.horizons))}


def months(as_of: Ints, days: Floats, last: int) -> pa.Array:
    """The month (UTC) so many days after each as-of date, `>` and the month of the `last` day where it is later.

    >>> months(np.array([0, 0, NEVER]), np.array([40.0, np.inf, 1.0]), 90).to_pylist()
    ['1970-02', '>1970-04', None]
    """
    later = np.isinf(days)
    moment = as_of + np.where(later, last, days) * DAY_US
    month = np.where(as_of == NEVER, 0, moment).astype("datetime64[us]").astype("datetime64[M]").astype(str)
    return pa.array(np.where(later, np.char.add(LATER, month), month), pa.string(), mask=as_of == NEVER)
