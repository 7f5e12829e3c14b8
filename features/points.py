"""The points baseline: points per interaction and attribute, added up (rows M11 and M12 of the source documents).

Points are whole thousandths, so that a log of entries adds up to the score exactly, in any order.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from features.attribute_points import NO_ATTRIBUTES, AttributePoints, fit_points
from features.event_log import EventLog
from features.histories import Block
from features.rule_settings import POINT_UNIT, PointSettings
from features.snapshots import Snapshots
from features.windows import DAY_US, Bools, Floats, Ints, history

NO_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class Prices:
    """What the interactions of a block are worth, in thousandths, by the codes of its kinds and topics.

    `most` is how many interactions of a kind count within `repeat_us`, `cap` the most that a kind gives or costs.
    `half_life_us` is 0 where points do not fade.
    """

    kind: Ints
    topic: Ints
    most: Ints
    cap: Ints
    repeat_us: int
    half_life_us: float


@dataclass(frozen=True, slots=True)
class Points:
    """Per snapshot, in thousandths: of interactions, of attributes, and in total (cut at the total's cap).

    `fit_known` tells where an attribute that can earn points has a value.
    """

    engagement: Ints
    fit: Ints
    total: Ints
    fit_known: Bools


def points_as_of(
    block: Block, snapshots: Snapshots, settings: PointSettings, attributes: AttributePoints = NO_ATTRIBUTES
) -> Floats:
    """Points of each snapshot's lead before its as-of date.

    Per kind: points × number of interactions (ten opens count ten times unless a limit says otherwise), each halved
    per half-life if there is one, cut at the cap of the kind if there is one; the sum over kinds; points of attributes;
    the sum cut at the cap of the total if there is one.
    """
    return as_points(points_of(block, snapshots, settings, attributes).total)


def points_of(block: Block, snapshots: Snapshots, settings: PointSettings, attributes: AttributePoints) -> Points:
    """Points of each snapshot's lead before its as-of date, by axis."""
    fit, known = fit_points(attributes, snapshots)
    engagement = engagement_points(block, snapshots, settings)
    return Points(engagement, fit, total_points(engagement, fit, settings), known)


def as_points(thousandths: Ints) -> Floats:
    """Thousandths as points."""
    return thousandths / round(1 / POINT_UNIT)


def total_points(engagement: Ints, fit: Ints, settings: PointSettings) -> Ints:
    """Both axes together, cut at the total's cap."""
    cap = NO_LIMIT if settings.cap_total is None else thousandths(settings.cap_total)
    return np.clip(engagement + fit, -cap, cap)


def engagement_points(block: Block, snapshots: Snapshots, settings: PointSettings) -> Ints:
    """Points of the interactions of each snapshot's lead before its as-of date, in thousandths."""
    log, prices = block.by_lead, prices_of(block, settings)
    past = history(log.segments, snapshots.lead, snapshots.as_of)
    return _sums((past.first, past.stop), snapshots.as_of, (log.time, log.kind, log.topic), priced(prices))


def entries(log: EventLog, span: tuple[int, int], as_of: int, prices: Prices) -> Ints:
    """Points of each event in a span of the log, in thousandths, before caps."""
    first, stop = span
    worth = np.zeros(stop - first, np.int64)
    fill_entries(first, stop, as_of, (log.time, log.kind, log.topic), priced(prices), worth)
    return worth


def prices_of(block: Block, settings: PointSettings) -> Prices:
    """The settings in the codes of a block's kinds and topics."""
    common = settings.cap_per_kind or NO_LIMIT * POINT_UNIT
    return Prices(
        kind=np.array([thousandths(settings.kinds.get(kind, 0.0)) for kind in block.kinds] or [0], np.int64),
        topic=np.array([thousandths(settings.topics.get(topic, 0.0)) for topic in block.topics] + [0], np.int64),
        most=np.array([settings.repeats.get(kind, NO_LIMIT) for kind in block.kinds] or [0], np.int64),
        cap=np.array([thousandths(settings.caps.get(kind, common)) for kind in block.kinds] or [0], np.int64),
        repeat_us=NO_LIMIT if settings.repeat_days is None else settings.repeat_days * DAY_US,
        half_life_us=0.0 if settings.half_life_days is None else float(settings.half_life_days * DAY_US),
    )


def thousandths(points: float) -> int:
    """Points as whole thousandths."""
    return round(points / POINT_UNIT)


Log = tuple[Ints, Ints, Ints]
Priced = tuple[Ints, Ints, Ints, Ints, int, float]


def priced(prices: Prices) -> Priced:
    """The same as compiled code takes it."""
    return prices.kind, prices.topic, prices.most, prices.cap, prices.repeat_us, prices.half_life_us


@njit(cache=True, nogil=True)
def _sums(past: tuple[Ints, Ints], as_of: Ints, log: Log, prices: Priced) -> Ints:
    first, stop = past
    cap = prices[3]
    worth = np.empty((stop - first).max() if len(first) else 0, np.int64)
    of_kind = np.zeros(len(cap), np.int64)
    result = np.zeros(len(first), np.int64)
    for i in range(len(first)):
        fill_entries(first[i], stop[i], as_of[i], log, prices, worth)
        of_kind[:] = 0
        for at in range(first[i], stop[i]):
            of_kind[log[1][at]] += worth[at - first[i]]
        for kind in range(len(cap)):
            result[i] += min(max(of_kind[kind], -cap[kind]), cap[kind])
    return result


@njit(cache=True, nogil=True)
def fill_entries(first: int, stop: int, as_of: int, log: Log, prices: Priced, worth: Ints) -> None:
    """Points of each event of `[first, stop)` into `worth`, before caps: first which count, then how far they faded."""
    time, kind, topic = log
    price, of_topic, most, _, repeat_us, half_life_us = prices
    for at in range(first, stop):
        points = price[kind[at]]
        if points > 0 and topic[at] >= 0:
            points += of_topic[topic[at]]
        limit = most[kind[at]]
        if at - first >= limit and _counted(first, at, time, kind, worth, repeat_us) >= limit:
            points = 0
        worth[at - first] = points
    if half_life_us > 0:
        for at in range(first, stop):
            faded = worth[at - first] * 2.0 ** (-(as_of - time[at]) / half_life_us)
            worth[at - first] = np.int64(np.rint(faded))


@njit(cache=True, nogil=True)
def _counted(first: int, at: int, time: Ints, kind: Ints, worth: Ints, repeat_us: int) -> int:
    """How many earlier events of the same kind counted within the time of repeats."""
    counted = 0
    for earlier in range(at - 1, first - 1, -1):
        if time[at] - time[earlier] >= repeat_us:
            break
        counted += kind[earlier] == kind[at] and worth[earlier - first] != 0
    return counted
