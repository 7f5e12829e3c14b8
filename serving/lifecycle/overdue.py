"""The list of leads that wait too long: made, shown, written."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.dates import Dates
from features.files import replaced_file
from features.identifiers import positions_of
from serving.csv_dialects import DIALECTS, csv_writer
from serving.language.plain_text import one_line
from serving.lifecycle.replay import state_at, times
from serving.lifecycle.service_levels import Clock, Promise, clock_of


def overdue_leads(events: pa.Table, leads: pd.DataFrame, promise: Promise, as_of: datetime) -> pa.Table:
    """Leads that have waited too long as of a date, the longest first.

    Columns: lead_id, stage, owner, since, due, waited_hours, limit_hours, overdue_hours. The owner is the one of the
    export where no event names one.
    """
    states = state_at(events, as_of)
    clock = clock_of(states, promise, as_of)
    rows = np.flatnonzero(clock.overdue)
    late = clock.waited_hours[rows] - clock.limit_hours[rows]
    order = rows[np.argsort(-late, kind="stable")]
    some = states.take(pa.array(order))
    return pa.table({
        "lead_id": some["lead_id"],
        "stage": some["stage"].cast(pa.string()),
        "owner": pc.coalesce(some["owner"].cast(pa.string()), _exported_owners(some["lead_id"], leads)),
        "since": some["since"],
        **_times(clock, order),
    })  # fmt: skip


def _times(clock: Clock, rows: np.ndarray) -> dict[str, pa.Array]:
    waited, limit = clock.waited_hours[rows], clock.limit_hours[rows]
    return {
        "due": times(clock.due[rows]),
        "waited_hours": pa.array(np.round(waited, 2)),
        "limit_hours": pa.array(limit),
        "overdue_hours": pa.array(np.round(waited - limit, 2)),
    }


def _exported_owners(lead_id: pa.ChunkedArray, leads: pd.DataFrame) -> pa.Array:
    at = positions_of(lead_id.combine_chunks(), leads["lead_id"])
    owners = pa.array(leads["owner"], pa.string(), from_pandas=True)
    return owners.take(pa.array(at, mask=at < 0))


def write_overdue(table: pa.Table, path: Path) -> None:
    """Write the list as Parquet or CSV, whole or not at all; raises `SinkError`."""
    with replaced_file(path) as temporary:
        if path.suffix.lower() == ".parquet":
            pq.write_table(table, temporary)
            return
        with csv_writer(temporary, DIALECTS["iso"]) as write:
            write(table)


def overdue_text(table: pa.Table, promise: Promise, most: int, dates: Dates) -> str:
    """The list for people: the longest overdue first, then how many there are by stage."""
    lines = [_line(row, dates) for row in table.slice(0, most).to_pylist()]
    limits = ", ".join(f"{stage} {hours:g} h" for stage, hours in promise.hours.items())
    counts = pc.value_counts(table["stage"].combine_chunks()).to_pylist()
    by_stage = ", ".join(f"{one['counts']:,} {one['values']}" for one in counts)
    return "\n".join([*lines, f"{len(table):,} leads overdue" + (f": {by_stage}" if by_stage else "") + f" ({limits})"])


def _line(row: dict[str, Any], dates: Dates) -> str:
    lead, owner = (one_line(str(text)) for text in (row["lead_id"], row["owner"] or "nobody"))
    since = f"{row['stage']} since {dates.listed(row['since'])}, due {dates.minute(row['due'])}"
    return f"{row['overdue_hours']:>9.1f} h late  {lead}  {since}  {owner}"
