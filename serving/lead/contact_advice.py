"""When to contact leads (row M23): flags, and what they follow from; for one lead or for all open ones."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.contact_settings import ContactWindowSettings
from features.contact_window import FLAGS, Flag, flag_codes, interest_as_of
from features.contacts import contact_times
from features.histories import Histories, build_histories
from features.project import Project
from features.snapshots import Snapshots
from features.tables import Tables
from features.windows import DAY_US, first_not_before

COLUMNS = ("contact", "interest", "most_interest", "silent_days", "contacted_days")


@dataclass(frozen=True, slots=True)
class ContactAdvice:
    """The flag, interest now and at its best (points), and days since the lead did something and was contacted.

    Days are None where it never happened. `now_from` and `half_life_days` are those of the project file.
    """

    flag: Flag
    interest: float
    most_interest: float
    silent_days: float | None
    contacted_days: float | None
    now_from: float
    half_life_days: int


def contact_advice(project: Project, tables: Tables, lead_id: str, as_of: int) -> ContactAdvice | None:
    """Advice on a lead of the tables as of a time (microseconds); None where leads are not dated.

    `tables` may be cut to the lead's account. Nothing at or after `as_of` is seen.
    """
    if not tables.timed:
        return None
    settings = project.section("contact_window", ContactWindowSettings)
    histories = build_histories(tables, project.hygiene)
    snapshot = Snapshots(np.flatnonzero(histories.lead_ids == lead_id), np.full(1, as_of, np.int64))
    row = contact_columns(project, tables, histories, snapshot).to_pylist()[0]
    return ContactAdvice(row.pop("contact"), **row, now_from=settings.now_from, half_life_days=settings.half_life_days)


def contact_columns(project: Project, tables: Tables, histories: Histories, snapshots: Snapshots) -> pa.Table:
    """Columns `COLUMNS`, a row per snapshot: flag, interest now and at its best, days since it was heard of, called."""
    settings = project.section("contact_window", ContactWindowSettings)
    interest = interest_as_of(histories, snapshots, project.points, settings.half_life_days)
    times = contact_times(tables.interactions, histories.lead_ids, settings, project.hygiene)
    last = first_not_before(times, snapshots.lead, snapshots.as_of) - 1
    contacted = last >= times.start[snapshots.lead]
    ago = (snapshots.as_of - np.append(times.time, 0)[np.where(contacted, last, -1)]) / DAY_US
    columns = [
        pa.array(FLAGS, pa.string()).take(pa.array(flag_codes(interest, settings))),
        pa.array(np.round(interest.level, 1)),
        pa.array(np.round(interest.peak, 1)),
        pa.array(np.round(interest.silent_days, 3), mask=~np.isfinite(interest.silent_days)),
        pa.array(np.round(ago, 3), mask=~contacted),
    ]
    return pa.table(columns, names=list(COLUMNS))
