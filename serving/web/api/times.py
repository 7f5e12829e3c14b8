"""Times of the store as answers say them."""

from features.cells import EPOCH, MICROSECOND


def said_time(microseconds: int) -> str:
    """ISO 8601 in UTC.

    >>> said_time(1_767_225_600_000_000)
    '2026-01-01T00:00:00Z'
    """
    return f"{(EPOCH + microseconds * MICROSECOND).isoformat().removesuffix('+00:00')}Z"


def said_time_or_none(microseconds: int | None) -> str | None:
    """The same; None for none."""
    return None if microseconds is None else said_time(microseconds)
