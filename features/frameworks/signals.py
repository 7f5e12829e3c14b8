"""Signals: interactions that speak for a criterion, counted for many rules in one pass over the events."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from features.event_log import EventLog
from features.frameworks.definition import Signal
from features.histories import Block
from features.snapshots import Snapshots
from features.windows import DAY_US, NEVER, Bools, Ints, history

Counts = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Seen:
    """Per signal (rows) and snapshot (columns): how many of its interactions, and when the last one was (or NEVER)."""

    count: Counts
    last: Ints


def signals_seen(block: Block, snapshots: Snapshots, signals: tuple[Signal, ...]) -> Seen:
    """What each snapshot's lead did before its as-of date of what the signals look for."""
    log = block.by_lead
    past = history(log.segments, snapshots.lead, snapshots.as_of)
    matches = _matches(block, signals)
    within = np.array([signal.within_days * DAY_US for signal in signals], np.int64)
    count = np.zeros((len(signals), len(snapshots)), np.int32)
    last = np.full((len(signals), len(snapshots)), NEVER)
    if len(signals):
        _count((past.first, past.stop), snapshots.as_of, _events(log), (matches, within), (count, last))
    return Seen(count, last)


def _events(log: EventLog) -> tuple[Ints, Ints, Ints]:
    return log.time, log.kind, log.topic


def _matches(block: Block, signals: tuple[Signal, ...]) -> Bools:
    """Which signal looks for which kind and topic: (kinds, topics + 1, signals), the last topic for none."""
    found = np.zeros((len(block.kinds), len(block.topics) + 1, len(signals)), np.bool_)
    for number, signal in enumerate(signals):
        topics = [not signal.topics or name in signal.topics for name in block.topics] + [not signal.topics]
        for kind, name in enumerate(block.kinds):
            if name in signal.kinds:
                found[kind, :, number] = topics
    return found


@njit(cache=True, nogil=True)
def _count(
    past: tuple[Ints, Ints],
    as_of: Ints,
    events: tuple[Ints, Ints, Ints],
    rules: tuple[Bools, Ints],
    result: tuple[Counts, Ints],
) -> None:
    first, stop = past
    time, kind, topic = events
    matches, within = rules
    count, last = result
    some = np.zeros(matches.shape[0], np.bool_)
    for k in range(matches.shape[0]):
        some[k] = matches[k].any()
    for i in range(len(first)):
        for at in range(first[i], stop[i]):
            if not some[kind[at]]:
                continue
            for rule in range(len(within)):
                near = within[rule] == 0 or time[at] >= as_of[i] - within[rule]
                if near and matches[kind[at], topic[at], rule]:
                    count[rule, i] += 1
                    last[rule, i] = time[at]
