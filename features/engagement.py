"""Engagement features: what a history shows before an as-of date, one small formula each.

Every function takes a `View` (the events of leads or accounts, and the snapshots) and gives one float64 value per
snapshot. All sums run over integers or in each owner's own event order, so values are bit-identical however the
leads are cut into blocks.
"""

from dataclasses import dataclass, field

import numpy as np

from features.histories import DURATION_UNIT_S, INBOUND, VALUE_UNIT, EventLog
from features.windows import (
    DAY_US,
    SECOND_US,
    Bools,
    Floats,
    Ints,
    Span,
    history,
    over,
    prefix_sums,
    window_start,
)

SESSION_GAP_US = 30 * 60 * SECOND_US


@dataclass(frozen=True)
class View:
    """Events of owners seen from snapshots: `owner` (number in `log`) and `as_of` have one entry per snapshot.

    `kind` and `topic` are the events' codes in the catalog's vocabulary (the code after the last is "other").
    """

    log: EventLog
    owner: Ints
    as_of: Ints
    kind: Ints
    topic: Ints
    n_kinds: int
    _spans: dict[int | None, Span] = field(default_factory=dict)
    _sums: dict[str, Ints] = field(default_factory=dict)

    def span(self, days: int | None) -> Span:
        """Events in the last `days` before as_of (None: all before it); each window is searched for once."""
        if days not in self._spans:
            past = self._spans.get(None) or history(self.log.segments, self.owner, self.as_of)
            self._spans[None] = past
            if days is not None:
                first = window_start(self.log.segments, self.owner, self.as_of, days)
                self._spans[days] = Span(first, past.stop)
        return self._spans[days]

    def chosen(self, of: str | None) -> Bools:
        """Events that `of` names: `kind:CODE`, `topic:CODE`, `direction:inbound|outbound`, or None for all."""
        if of is None:
            return np.ones(len(self.log.time), bool)
        column, _, wanted = of.partition(":")
        if column == "direction":
            return self.log.direction == (INBOUND if wanted == "inbound" else 1 - INBOUND)
        return (self.kind if column == "kind" else self.topic) == int(wanted)

    def sums(self, of: str | None) -> Ints:
        """Prefix counts of the chosen events."""
        key = of or ""
        if key not in self._sums:
            self._sums[key] = prefix_sums(self.chosen(of))
        return self._sums[key]


def count(view: View, of: str | None, days: int | None) -> Floats:
    """Number of chosen events in the window."""
    span = view.span(days)
    return (span.count if of is None else over(view.sums(of), span)).astype(np.float64)


def days_since_last(view: View, of: str | None) -> Floats:
    """Days from the last chosen event to as_of, (as_of − t) / 86,400 s; NaN without one."""
    span = view.span(None)
    sums = view.sums(of)
    return _days_before(view, np.flatnonzero(view.chosen(of)), sums[span.stop] - 1, sums[span.stop] > sums[span.first])


def days_since_first(view: View) -> Floats:
    """Days from the owner's first event to as_of; NaN without one."""
    span = view.span(None)
    return _days_before(view, np.arange(len(view.log.time)), span.first, span.count > 0)


def interest(view: View, points: Floats, half_life_days: int) -> Floats:
    """Points of past events, each halved per half-life since it: Σ points · 2^(−(as_of − t) / half-life).

    `points` holds one value per event. The running sum after each event decays from event to event, so nothing
    overflows or cancels over ten years, and the value does not depend on which other snapshots are asked for.
    """
    after = _decayed_running_sum(view.log, points, half_life_days * DAY_US)
    span = view.span(None)
    some = span.count > 0
    last = np.where(some, span.stop - 1, 0)
    value = np.zeros(len(view.owner))
    age = (view.as_of - view.log.time[last])[some] if some.any() else np.zeros(0)
    value[some] = after[last[some]] * np.exp2(-age / (half_life_days * DAY_US))
    return value


def active_days(view: View, days: int | None) -> Floats:
    """Number of UTC days with an event in the window."""
    day = view.log.time // DAY_US
    return _runs_in(view, _starts_new(view.log, day[1:] != day[:-1]), days)


def sessions(view: View, days: int | None) -> Floats:
    """Number of visits: runs of events with gaps of at most 30 minutes, as far as they lie in the window."""
    return _runs_in(view, _starts_new(view.log, np.diff(view.log.time) > SESSION_GAP_US), days)


def dwell_s(view: View, days: int | None) -> Floats:
    """Sum of durations in the window, seconds."""
    return over(_cached(view, "dwell", view.log.duration), view.span(days)) * np.float64(DURATION_UNIT_S)


def value(view: View, days: int | None) -> Floats:
    """Sum of values in the window."""
    return over(_cached(view, "value", view.log.value), view.span(days)) * np.float64(VALUE_UNIT)


def trend(view: View, of: str | None, days: int) -> Floats:
    """Chosen events in the last `days` minus those in the `days` before."""
    return 2 * count(view, of, days) - count(view, of, 2 * days)


def trend_ratio(view: View, days: int) -> Floats:
    """(events in the last `days` + 1) / (events in the `days` before + 1)."""
    recent, both = count(view, None, days), count(view, None, 2 * days)
    return (recent + 1) / (both - recent + 1)


def variety(view: View, days: int | None) -> Floats:
    """Number of different kinds in the window (kinds outside the vocabulary count as one)."""
    return np.sum([n > 0 for n in _kind_counts(view, days)], axis=0).astype(np.float64)


def entropy(view: View, days: int | None) -> Floats:
    """Shannon entropy of the kinds in the window, nats; 0 without events."""
    total = np.maximum(count(view, None, days), 1)
    shares = [n / total for n in _kind_counts(view, days)]
    return np.asarray(sum(-share * np.log(np.where(share > 0, share, 1.0)) for share in shares) + 0.0)


def gap_mean_days(view: View) -> Floats:
    """Mean time between consecutive events (each in whole seconds), days; NaN with fewer than two."""
    span, gaps = view.span(None), _gaps(view)
    return np.where(gaps > 0, _whole_seconds(view, span) / np.maximum(gaps, 1) / 86_400, np.nan)


def gap_std_days(view: View) -> Floats:
    """Population standard deviation of the gaps (in whole seconds), days; NaN with fewer than two events."""
    span, gaps = view.span(None), _gaps(view)
    squares = over(_cached(view, "gap_squares", _gap_seconds(view.log) ** 2), span)
    mean = _whole_seconds(view, span) / np.maximum(gaps, 1)
    variance = np.maximum(squares / np.maximum(gaps, 1) - mean**2, 0)
    return np.where(gaps > 0, np.sqrt(variance) / 86_400, np.nan)


def gap_max_days(view: View) -> Floats:
    """Longest time between consecutive events (in whole seconds), days; NaN with fewer than two."""
    span, seconds = view.span(None), _gap_seconds(view.log)
    # Owners follow each other, so adding a growing offset turns a running maximum into one per owner. It must exceed
    # any gap: 2^34 s are 544 years, the door lets in 300 (2^31 s would be 68: less than back to a mistaken 1900).
    offset = view.log.owner * (2**34)
    longest = np.maximum.accumulate(seconds + offset) - offset if len(seconds) else seconds
    return np.where(_gaps(view) > 0, _at(longest, span.stop - 1) / 86_400, np.nan)


def first_kind(view: View) -> Floats:
    """Code of the first event's kind; NaN without events."""
    span = view.span(None)
    return np.where(span.count > 0, _at(view.kind, span.first), np.nan)


def last_kind(view: View) -> Floats:
    """Code of the last event's kind; NaN without events."""
    span = view.span(None)
    return np.where(span.count > 0, _at(view.kind, span.stop - 1), np.nan)


def _kind_counts(view: View, days: int | None) -> list[Floats]:
    return [count(view, f"kind:{code}", days) for code in range(view.n_kinds + 1)]


def _days_before(view: View, positions: Ints, rank: Ints, some: Bools) -> Floats:
    days = np.full(len(view.owner), np.nan)
    days[some] = (view.as_of[some] - view.log.time[positions[rank[some]]]) / DAY_US
    return days


def _decayed_running_sum(log: EventLog, points: Floats, half_life_us: int) -> Floats:
    """Σ_{j ≤ i} points_j · 2^(−(t_i − t_j) / half-life) for each event i of an owner, event by event.

    All owners take their k-th event at once, longest histories first, so that those still running are a prefix.
    """
    result = points.astype(np.float64).copy()
    if len(points) == 0:
        return result
    # Between owners time may jump back by decades: what would be 2^thousands there is not used, but must not overflow.
    keep = np.exp2(-np.maximum(np.diff(log.time, prepend=log.time[0]), 0) / half_life_us)
    length = np.diff(log.start)
    longest_first = np.argsort(-length, kind="stable")
    first, running = log.start[:-1][longest_first], length[longest_first]
    still_running = np.searchsorted(-running, -np.arange(1, running[0]), side="left")
    for rank, n in enumerate(still_running, start=1):
        at = first[:n] + rank
        result[at] += result[at - 1] * keep[at]
    return result


def _starts_new(log: EventLog, differs: Bools) -> Bools:
    new = np.ones(len(log.time), bool)
    new[1:] = differs | (log.owner[1:] != log.owner[:-1])
    return new


def _runs_in(view: View, new: Bools, days: int | None) -> Floats:
    """Number of runs that have an event in the window: run starts in it, and one that started before it."""
    span = view.span(days)
    cut_off = (span.count > 0) & ~_at(new, span.first).astype(bool)
    return (over(prefix_sums(new), span) + cut_off).astype(np.float64)


def _cached(view: View, name: str, values: Ints) -> Ints:
    key = f"={name}"
    if key not in view._sums:
        view._sums[key] = prefix_sums(values)
    return view._sums[key]


def _gaps(view: View) -> Ints:
    return np.maximum(view.span(None).count - 1, 0)


def _gap_seconds(log: EventLog) -> Ints:
    seconds = np.zeros(len(log.time), np.int64)
    seconds[1:] = np.diff(log.time) // SECOND_US
    seconds[log.start[:-1][np.diff(log.start) > 0]] = 0
    return seconds


def _whole_seconds(view: View, span: Span) -> Ints:
    return over(_cached(view, "gaps", _gap_seconds(view.log)), span)


def _at(values: Ints | Bools, position: Ints) -> Ints:
    """Values at positions that may lie outside; what stands there then is masked by the caller."""
    if len(values) == 0:
        return np.zeros(len(position), np.int64)
    return np.asarray(values[np.clip(position, 0, len(values) - 1)]).astype(np.int64)
