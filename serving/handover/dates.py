"""Days and times as the readers of a project's pages live them: in its time zone."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from features.project import Project


@dataclass(frozen=True, slots=True)
class Dates:
    """Times in one time zone.

    >>> from datetime import UTC
    >>> Dates(ZoneInfo("Europe/Berlin")).minute(datetime(2026, 6, 30, 22, 30, tzinfo=UTC))
    '2026-07-01 00:30 CEST'
    """

    zone: ZoneInfo

    def day(self, moment: datetime) -> str:
        """The day of an aware time."""
        return f"{moment.astimezone(self.zone):%Y-%m-%d}"

    def minute(self, moment: datetime) -> str:
        """Day, time and time zone of an aware time."""
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M %Z}"


def zone_of(project: Project) -> str:
    """Name of the time zone that a project's pages are written in: its own, else UTC."""
    return project.project.timezone or "UTC"
