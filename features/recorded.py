"""Values of leads as they were recorded over time: field changes, assessments, decisions."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.identifiers import positions_of
from features.snapshots import Snapshots
from features.times import microseconds
from features.windows import DAY_US, NEVER, Floats, Ints, Segments, history, starts


@dataclass(frozen=True, slots=True)
class Recorded:
    """Recordings of leads: lead i's lie at `segments.start[i]:segments.start[i + 1]`, `value` beside their times."""

    segments: Segments
    value: Floats

    def cut(self, first: int, stop: int) -> "Recorded":
        """Recordings of the leads `[first, stop)`, renumbered from 0."""
        start = self.segments.start[first : stop + 1]
        at = slice(int(start[0]), int(start[-1]))
        return Recorded(Segments(start - start[0], self.segments.time[at]), self.value[at])


def recorded(lead_id: pd.Series, time: pd.Series, value: Floats, lead_ids: Collection[object]) -> Recorded:
    """Recordings sorted by (lead, time, value); rows of leads that are not among `lead_ids` are left out."""
    lead = positions_of(lead_id, lead_ids)
    return sorted_recordings(lead, microseconds(time), value, len(lead_ids))


def sorted_recordings(lead: Ints, time: Ints, value: Floats, n_leads: int) -> Recorded:
    """Recordings of n leads from unsorted numbers; a lead of −1 is left out."""
    if len(lead) == 0:
        return Recorded(Segments(np.zeros(n_leads + 1, np.int64), time), value)
    order = np.lexsort((value, time, lead))
    order = order[lead[order] >= 0]
    return Recorded(Segments(starts(lead[order], n_leads), time[order]), value[order])


def latest(recordings: Recorded, snapshots: Snapshots) -> tuple[Floats, Floats]:
    """Value of the lead's last recording before as_of, and its age in days.

    Both are NaN without one; the age also where the recording has no time. Of recordings at the same moment the one
    with the largest value counts, NaN being the largest.
    """
    past = history(recordings.segments, snapshots.lead, snapshots.as_of)
    some = past.count > 0
    last = past.stop[some] - 1
    time = recordings.segments.time[last]
    value, age = np.full(len(snapshots), np.nan), np.full(len(snapshots), np.nan)
    value[some] = recordings.value[last]
    age[some] = np.where(time == NEVER, np.nan, (snapshots.as_of[some] - time) / DAY_US)
    return value, age
