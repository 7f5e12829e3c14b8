"""Money: what a won deal is worth, and what is spent a month."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.tables import Tables
from features.windows import Floats

DAYS_PER_MONTH = 365.25 / 12
WEEKS_PER_MONTH = DAYS_PER_MONTH / 7
LEAST_DEALS = 10
"""Won deals with an amount that a mean needs."""
SPEND_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money with draws of its bootstrap, and in words where it comes from; `value` None: not known."""

    value: float | None
    draws: Floats
    source: str


def deal_value(tables: Tables, configured: float | None, replicates: int, rng: np.random.Generator) -> Amount:
    """What a won deal brings: as configured, or the mean of won deals known at the data's end.

    The mean, not the median: only it multiplies with a probability to what leads bring together.
    """
    if configured is not None:
        return Amount(configured, np.full(replicates, configured), "[policy] deal_value")
    deals = tables.deals
    won = deals[(deals["status"] == "won") & (deals["closed_at"] <= pd.Timestamp(tables.data_end))]
    # Sorted, so that the order of the export's rows changes no draw.
    amounts = np.sort(won["amount"].dropna().to_numpy(dtype=np.float64))
    if len(amounts) < LEAST_DEALS:
        return Amount(None, np.full(replicates, np.nan), f"{len(amounts)} won deals have an amount")
    return _mean(amounts, replicates, rng, f"mean of {len(amounts):,} won deals")


def monthly_spend(tables: Tables, replicates: int, rng: np.random.Generator) -> Amount:
    """Mean spend of the last complete months before the data's end, at most twelve, marketing and sales together."""
    spend = tables.spend
    end = pd.Timestamp(tables.data_end)
    complete = spend[spend["month"] + pd.DateOffset(months=1) <= end]
    months = (
        complete.sort_values("amount")
        .groupby("month")["amount"]
        .sum()
        .sort_index()
        .to_numpy(dtype=np.float64)[-SPEND_MONTHS:]
    )
    if not len(months):
        return Amount(None, np.full(replicates, np.nan), "no spend is recorded")
    return _mean(months, replicates, rng, f"mean of {len(months)} months")


def _mean(values: Floats, replicates: int, rng: np.random.Generator, source: str) -> Amount:
    draws = np.array([values[rng.integers(len(values), size=len(values))].mean() for _ in range(replicates)])
    return Amount(float(values.mean()), draws, source)
