"""Labels: the only module that looks past an as-of date.

A snapshot is positive when a deal of its lead is won within `[as_of, as_of + horizon)`. Only `training.dataset` may
import this module.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import InputContractError, ProjectFileError
from features.histories import Histories
from features.identifiers import positions_of
from features.snapshots import Snapshots
from features.tables import to_utc
from features.times import microseconds
from features.windows import (
    DAY_US,
    NEVER,
    Bools,
    Ints,
    Segments,
    first_not_before,
    known_before,
    times_by_owner,
)
from training.followed import Followed
from training.settings import LabelSettings


@dataclass(frozen=True, slots=True)
class Labels:
    """Outcome per snapshot: `label` 0/1 and the time `end` (microseconds) from which it is known for good."""

    label: npt.NDArray[np.int8]
    end: Ints
    known: Bools


def label_snapshots(won: Segments, snapshots: Snapshots, end: Ints, known_until: int) -> Labels:
    """Labels from what had happened before `known_until` (microseconds).

    `won` holds the times of won deals by lead (`won_times`), `end` each snapshot's end of horizon (`horizon_end`).

    `known` is False where the horizon passes `known_until`: a win that has already happened there must not count
    alone, or only winners would remain.
    """
    stop = known_before(won, snapshots.lead, np.minimum(end, known_until))
    start = known_before(won, snapshots.lead, np.minimum(snapshots.as_of, known_until))
    return Labels(label=(stop > start).astype(np.int8), end=end, known=end <= known_until)


def follow(won: Segments, snapshots: Snapshots, known_until: int) -> Followed:
    """Each snapshot's first win at or after its as-of date, from what had happened before `known_until`."""
    place = first_not_before(won, snapshots.lead, snapshots.as_of)
    there = place < won.start[snapshots.lead + 1]
    time = np.append(won.time, 0)[np.where(there, place, -1)]
    days = np.maximum(known_until - snapshots.as_of, 0) / DAY_US
    happened = there & (time < known_until)
    return Followed(days, np.where(happened, (time - snapshots.as_of) / DAY_US, np.inf))


def labels_from_column(histories: Histories, snapshots: Snapshots, settings: LabelSettings) -> Labels:
    """Labels from an outcome column of `leads`; a lead without an outcome is unknown (still open).

    Raises:
        ProjectFileError: the column is not there.
        InputContractError: no value of it counts as a conversion.
    """
    values = _lead_column(histories, settings.column or "", "label.column")
    words = values.astype("str").str.strip().str.lower().str.removesuffix(".0")
    positive = words.isin([word.lower() for word in settings.positive]).to_numpy()
    if not positive.any():
        seen = ", ".join(map(repr, values.dropna().unique()[:5]))
        raise InputContractError(
            f"leads.{settings.column}: no value counts as a conversion (seen: {seen}); "
            "expected one of [label] positive: add the right value there"
        )
    known = values.notna().to_numpy()
    return Labels(
        label=positive[snapshots.lead].astype(np.int8),
        end=snapshots.as_of.copy(),
        known=known[snapshots.lead],
    )


def horizon_end(histories: Histories, snapshots: Snapshots, settings: LabelSettings, timezone: ZoneInfo | None) -> Ints:
    """End of each snapshot's prediction horizon, microseconds (exclusive).

    Raises:
        ProjectFileError: no horizon is given, or the `until` column is not there.
        InputContractError: leads without a readable `until`.
    """
    if settings.horizon_days is not None:
        return snapshots.as_of + settings.horizon_days * DAY_US
    if settings.until is None:
        raise ProjectFileError('[label]: say what counts: horizon_days = 90, or column = "…" for a flat table')
    values = _lead_column(histories, settings.until, "label.until")
    until = microseconds(to_utc(values, timezone, None))
    if (until == NEVER).any():
        raise InputContractError(f"leads.{settings.until}: {int((until == NEVER).sum())} leads have no end of horizon")
    return until[snapshots.lead]


def won_times(histories: Histories, deals: pd.DataFrame) -> Segments:
    """Times of won deals by lead."""
    won = deals[deals["status"] == "won"]
    lead = positions_of(won["lead_id"], histories.lead_ids)
    time = microseconds(won["closed_at"])[lead >= 0]
    lead = lead[lead >= 0].astype(np.int64)
    return times_by_owner(lead, time, len(histories.lead_ids))


def _lead_column(histories: Histories, name: str, key: str) -> pd.Series:
    if name not in histories.leads:
        raise ProjectFileError(
            f"{key} = {name!r}: leads have no such column; they have {', '.join(map(str, histories.leads.columns))}"
        )
    return histories.leads[name]
