"""What a hand-over is made from: one lead of a project as of a date, with the tables of its account."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from features.attribute_points import tracked_fields
from features.dates import Dates, dates_of
from features.histories import Histories
from features.project import Project
from features.snapshots import Snapshots
from features.tables import Tables
from features.windows import NEVER
from serving.language.plain_text import one_line
from serving.language.translations import Translation
from training.settings import TrainingSettings

MOST_TEXT = 400
"""Characters of a name, note or title that are shown."""


@dataclass(frozen=True, slots=True)
class LeadSource:
    """One lead: tables and histories of its account, its snapshot, and the language to speak."""

    project: Project
    settings: TrainingSettings
    tables: Tables
    histories: Histories
    snapshot: Snapshots
    lead_id: str
    as_of: datetime
    to: Translation

    @property
    def lead(self) -> pd.Series:
        """The lead's row."""
        return self.histories.leads.iloc[int(self.snapshot.lead[0])]

    @property
    def dates(self) -> Dates:
        """Days and times in the project's time zone."""
        return dates_of(self.project)

    @property
    def tracked(self) -> tuple[str, ...]:
        """Fields with a change history in the project."""
        return tracked_fields(self.tables.lead_changes)

    def own(self, frame: pd.DataFrame, time: str) -> pd.DataFrame:
        """Rows of the lead before the date, oldest first."""
        mine = frame[(frame["lead_id"] == self.lead_id) & (frame[time] < self.as_of)]
        return mine.sort_values(time, kind="stable")


def text_of(value: object) -> str | None:
    """A cell on one line without control signs, None where there is nothing."""
    if value is None or pd.isna(value) or not str(value).strip():  # type: ignore[call-overload]
        return None
    return one_line(str(value), MOST_TEXT)


def time_of(value: object) -> datetime | None:
    """A time of a table as an aware datetime, None where there is none."""
    return None if value is None or pd.isna(value) else pd.Timestamp(value).to_pydatetime()  # type: ignore[call-overload, arg-type]


def time_of_microseconds(value: int | None) -> datetime | None:
    """Microseconds since 1970 as a time, None for none and for `NEVER`."""
    if value is None or value == NEVER:
        return None
    return np.datetime64(int(value), "us").astype(datetime).replace(tzinfo=UTC)
