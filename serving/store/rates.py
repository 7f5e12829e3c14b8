"""Token buckets that all workers share; each change is one transaction on a row that is locked for it."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select, update
from sqlalchemy import text as sql

from serving.identity.buckets import Grant, Level, Rate, full, level_at, taken
from serving.store.schema import RATE

US_A_DAY = 86_400_000_000


def take(connection: Connection, bucket: str, rate: Rate, wanted: int, now_us: int) -> Grant:
    """Take as many of the wanted tokens as a bucket holds."""
    level, grant = taken(_locked(connection, bucket, rate, now_us), rate, wanted, now_us)
    _keep(connection, bucket, level)
    return grant


def take_one_of_each(connection: Connection, rates: Mapping[str, Rate], now_us: int) -> Grant:
    """Take a token of every bucket, or of none where one of them is empty: the wait is the longest."""
    grants = []
    for bucket in sorted(rates):  # always in one order, so that two workers never wait for each other
        level, grant = taken(_locked(connection, bucket, rates[bucket], now_us), rates[bucket], 1, now_us)
        grants.append((bucket, level, grant))
    if wait_us := max(grant.wait_us for *_, grant in grants):
        return Grant(0, wait_us)
    for bucket, level, _ in grants:
        _keep(connection, bucket, level)
    return Grant(1, 0)


def give_back(connection: Connection, rates: Mapping[str, Rate], now_us: int) -> None:
    """Return a token to every bucket: what it was taken for did not happen."""
    for bucket in sorted(rates):
        present = level_at(_locked(connection, bucket, rates[bucket], now_us), rates[bucket], now_us)
        _keep(connection, bucket, Level(min(present.tokens + 1, rates[bucket].burst), present.at_us))


def forget_full(connection: Connection, now_us: int) -> None:
    """Forget buckets that were not used for a day: they are full, as new ones are."""
    connection.execute(delete(RATE).where(RATE.c.at < now_us - US_A_DAY))


def _locked(connection: Connection, bucket: str, rate: Rate, now_us: int) -> Level:
    new = full(rate, now_us)
    connection.execute(
        sql("INSERT INTO rate (bucket, tokens, at) VALUES (:bucket, :tokens, :at) ON CONFLICT DO NOTHING"),
        {"bucket": bucket, "tokens": new.tokens, "at": new.at_us},
    )
    row = connection.execute(select(RATE.c.tokens, RATE.c.at).where(RATE.c.bucket == bucket).with_for_update()).one()
    return Level(row.tokens, row.at)


def _keep(connection: Connection, bucket: str, level: Level) -> None:
    connection.execute(update(RATE).where(RATE.c.bucket == bucket).values(tokens=level.tokens, at=level.at_us))
