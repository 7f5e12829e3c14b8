"""The truth of a simulated world, written beside the tables: no command reads it, only tests and benchmarks do."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.simulate_chain import STATES, WON, Chain, Ints, Paths, win_within
from features.simulate_tables import LEAD_ID, ids, labels, times

FOLDER = "truth"
HORIZONS_DAYS = (30, 60, 90, 180)


def write_truth(directory: Path, chain: Chain, paths: Paths, stratum: Ints, start: datetime) -> None:
    """Writes what is behind the tables into the subfolder `truth`.

    `propensity.parquet` has one row per stay of a lead at a level: lead_id, valid_from, valid_to (missing: until the
    data end), level, stratum, and p_30 … p_180, the true probability of a win within so many days from valid_from.
    It holds until valid_to, except in the days before a policy change, when less and less of the horizon lies
    before the change. `rates.parquet` has the rates per day of each stratum and era, from which that follows.
    """
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    pq.write_table(_propensity(chain, paths, stratum, start), folder / "propensity.parquet")
    pq.write_table(_rates(chain, start), folder / "rates.parquet")


def _propensity(chain: Chain, paths: Paths, stratum_of_lead: Ints, start: datetime) -> pa.Table:
    last = np.append(paths.lead[1:] != paths.lead[:-1], True)
    closed = np.flatnonzero(np.isfinite(paths.ended))
    lead = np.concatenate([paths.lead, closed])
    level = np.concatenate([paths.level, paths.state[closed]])
    day = np.concatenate([paths.start, paths.ended[closed]])
    open_still = last & np.isinf(paths.ended[paths.lead])
    until = np.concatenate([np.where(open_still, np.inf, paths.stop), np.full(closed.size, np.inf)])
    order = np.lexsort((level >= WON, day, lead))
    lead, level, day, until = lead[order], level[order], day[order], until[order]
    stratum = stratum_of_lead[lead]
    chances = {f"p_{days}": win_within(chain, stratum, level, day, days) for days in HORIZONS_DAYS}
    known = {"lead_id": ids(lead, LEAD_ID), "valid_from": times(day, start), "valid_to": times(until, start)}
    return pa.table(known | {"level": labels(level, STATES), "stratum": stratum} | chances)


def _rates(chain: Chain, start: datetime) -> pa.Table:
    eras = [0] if np.isinf(chain.change_day) else [0, 1]
    generators = np.where(np.eye(len(STATES), dtype=bool), 0.0, chain.generators[eras])
    era, stratum, left, entered = np.nonzero(generators)
    return pa.table(
        {
            "valid_from": times(np.array([0.0, chain.change_day])[era], start),
            "stratum": stratum,
            "level_from": labels(left, STATES),
            "level_to": labels(entered, STATES),
            "per_day": generators[era, stratum, left, entered],
        }
    )
