"""How old scores and data are, and whether that is too old to rely on."""

from dataclasses import dataclass
from datetime import datetime

from features.cells import EPOCH, MICROSECOND
from serving.store.publications import Publication

US_AN_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Freshness:
    """As of when the scores are, when the newest event happened, and which of both is older than allowed."""

    as_of: datetime
    published_at: datetime | None
    newest_event: datetime | None
    model_version: str
    scores_stale: bool
    events_stale: bool


def freshness(published: Publication, now_us: int, stale_after_hours: float) -> Freshness:
    """Ages of a publication, beside the limit of `[serve] stale_after_hours`."""
    oldest = now_us - stale_after_hours * US_AN_HOUR
    return Freshness(
        as_of=moment(published.as_of),
        published_at=moment_or_none(published.finished_at),
        newest_event=moment_or_none(published.newest_event),
        model_version=published.model_version,
        scores_stale=published.as_of < oldest,
        events_stale=published.newest_event is not None and published.newest_event < oldest,
    )


def moment(us: int) -> datetime:
    """Microseconds since 1970 as an aware time."""
    return EPOCH + us * MICROSECOND


def moment_or_none(us: int | None) -> datetime | None:
    """The same, where there may be none."""
    return None if us is None else moment(us)
