"""Days and times as the readers of a project's pages live them: in its time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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

    def listed(self, moment: datetime) -> str:
        """Day and time of an aware time, as in a list whose head names the time zone."""
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"


def dates_of(project: Project) -> Dates:
    """Times of a project: in its time zone, else UTC."""
    return Dates(ZoneInfo(zone_of(project)))


def moment_of(microseconds: int) -> datetime:
    """The aware time of microseconds since 1970.

    >>> moment_of(86_400_000_000).isoformat()
    '1970-01-02T00:00:00+00:00'
    """
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)


def zone_of(project: Project) -> str:
    """Name of the time zone in which a project's times are shown: its own, else UTC."""
    return project.project.timezone or "UTC"
