"""Reads the truth of a simulated world: for tests and benchmarks only, never for the product."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.simulate_chain import STATES, Chain, chain_of_rates, win_within

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def true_propensity(
    directory: Path, lead_ids: pd.Series, as_of: pd.Series, horizon_days: float = 90.0
) -> NDArray[np.float64]:
    """True probability that each lead is won in `[as_of, as_of + horizon_days)`, given its hidden state at `as_of`.

    0 for a lead that is already won or lost.

    Raises:
        ValueError: an as-of date before the creation of its lead, or an unknown lead.
    """
    asked = pd.DataFrame({"lead_id": np.asarray(lead_ids, dtype=object), "as_of": _utc(as_of)})
    stays = pd.read_parquet(
        directory / "truth" / "propensity.parquet", columns=["lead_id", "valid_from", "level", "stratum"]
    )
    asked["lead_id"] = asked["lead_id"].astype(stays["lead_id"].dtype)
    found = pd.merge_asof(
        asked.reset_index().sort_values("as_of"),
        stays.sort_values("valid_from"),
        left_on="as_of",
        right_on="valid_from",
        by="lead_id",
    ).sort_values("index")
    if found["level"].isna().any():
        lead = found.loc[found["level"].isna(), "lead_id"].iloc[0]
        raise ValueError(f"no truth of {lead!r} at its as-of date: it is unknown or not created yet")
    level = pd.Index(STATES).get_indexer(pd.Index(found["level"]))
    days: NDArray[np.float64] = np.asarray((found["as_of"] - EPOCH) / pd.Timedelta(days=1), dtype=np.float64)
    return win_within(
        read_chain(directory),
        found["stratum"].to_numpy(np.int64),
        level.astype(np.int64),
        days,
        horizon_days,
    )


def read_chain(directory: Path) -> Chain:
    """The rates behind a simulated world; its days are those since 1970, UTC."""
    rates = pd.read_parquet(directory / "truth" / "rates.parquet")
    eras = np.sort(rates["valid_from"].unique())
    matrix = np.zeros((2, int(rates["stratum"].max()) + 1, len(STATES), len(STATES)))
    states = pd.Index(STATES)
    where = (
        rates["stratum"],
        states.get_indexer(pd.Index(rates["level_from"])),
        states.get_indexer(pd.Index(rates["level_to"])),
    )
    for number, era in enumerate((eras[0], eras[-1])):
        of_era = (rates["valid_from"] == era).to_numpy()
        matrix[number][tuple(np.asarray(index)[of_era] for index in where)] = rates["per_day"][of_era]
    change = (pd.Timestamp(eras[-1]) - EPOCH) / pd.Timedelta(days=1) if len(eras) > 1 else np.inf
    return chain_of_rates(matrix, change)


def _utc(times: pd.Series) -> pd.Series:
    return pd.Series(pd.to_datetime(np.asarray(times), utc=True)).astype("datetime64[us, UTC]")
