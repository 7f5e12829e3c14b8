"""Token buckets: how much of something may be done in a while. The arithmetic alone; the store keeps the numbers."""

import math
from dataclasses import dataclass

US_A_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket that holds `burst` tokens at most and is filled with `per_minute`."""

    per_minute: float
    burst: float


@dataclass(frozen=True, slots=True)
class Level:
    """How many tokens a bucket held at a time in microseconds."""

    tokens: float
    at_us: int


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens that were given; `wait_us` until the next one where there were none."""

    tokens: int
    wait_us: int


def full(rate: Rate, now_us: int) -> Level:
    """A bucket that nobody has used yet."""
    return Level(rate.burst, now_us)


def level_at(level: Level, rate: Rate, now_us: int) -> Level:
    """What the bucket holds now; a clock that goes back fills nothing."""
    passed = max(now_us - level.at_us, 0)
    tokens = min(level.tokens + passed * rate.per_minute / US_A_MINUTE, rate.burst)
    return Level(tokens, max(now_us, level.at_us))


def taken(level: Level, rate: Rate, wanted: int, now_us: int) -> tuple[Level, Grant]:
    """The bucket after as many of the wanted tokens were given as it holds, and what was given.

    >>> taken(Level(2.5, 0), Rate(60, 10), 5, 0)
    (Level(tokens=0.5, at_us=0), Grant(tokens=2, wait_us=0))
    """
    present = level_at(level, rate, now_us)
    given = min(wanted, math.floor(present.tokens))
    left = Level(present.tokens - given, present.at_us)
    if given or wanted <= 0:
        return left, Grant(given, 0)
    return left, Grant(0, math.ceil((1 - left.tokens) * US_A_MINUTE / rate.per_minute))
