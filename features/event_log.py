"""Event logs: the events of leads or of accounts as sorted arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from features.event_order import total_order
from features.windows import Bools, Ints, Segments, starts

Column = npt.NDArray[np.signedinteger]
EventColumn = npt.NDArray[Any]
# What follows owner and time in the total order of events, and with them says whether two are the same.
TIE_BREAKERS = ("lead", "kind", "topic", "direction", "duration", "has_duration", "value")


@dataclass(frozen=True)
class EventLog:
    """Events of owners (leads or accounts), all arrays of one length, sorted within each owner.

    `lead` is −1 for events known only by their account; `kind` and `topic` are codes into the histories' names
    (−1: no topic); `direction` 0 inbound, 1 outbound, −1 not given; `duration` in 1/1000 s and `value` in 1/10,000,
    0 when not given, with `has_duration` beside it.

    All but the times are taken from `columns`, at the positions `place`, when they are asked for; leads are numbered
    from `first_lead` of those.
    """

    start: Ints
    time: Ints
    columns: Mapping[str, EventColumn]
    place: Ints | slice
    first_lead: int = 0

    def cut(self, first: int, stop: int, first_lead: int) -> "EventLog":
        """The owners `[first, stop)`, owners renumbered from 0 and leads from `first_lead`."""
        a, b = (int(i) for i in self.start[[first, stop]])
        return EventLog(
            start=self.start[first : stop + 1] - a,
            time=self.time[a:b],
            columns=self.columns,
            place=slice(self.place.start + a, self.place.start + b)
            if isinstance(self.place, slice)
            else self.place[a:b],
            first_lead=self.first_lead + first_lead,
        )

    @property
    def positions(self) -> Ints:
        """Position of each event in `columns`."""
        return np.arange(self.place.start, self.place.stop) if isinstance(self.place, slice) else self.place

    @cached_property
    def lead(self) -> Column:
        """Lead of each event."""
        lead = self.columns["lead"]
        if isinstance(self.place, slice):
            return np.maximum(lead[self.place] - self.first_lead, -1)
        return _leads_at(lead, self.place, self.first_lead)

    @cached_property
    def kind(self) -> Ints:
        """Code of each event's kind."""
        return self.columns["kind"][self.place]

    @cached_property
    def topic(self) -> Ints:
        """Code of each event's topic."""
        return self.columns["topic"][self.place]

    @cached_property
    def direction(self) -> Ints:
        """Code of each event's direction."""
        return self.columns["direction"][self.place]

    @cached_property
    def duration(self) -> Ints:
        """Duration of each event."""
        return self.columns["duration"][self.place]

    @cached_property
    def has_duration(self) -> Bools:
        """Which events' duration is given."""
        return self.columns["has_duration"][self.place].astype(np.bool_, copy=False)

    @cached_property
    def value(self) -> Ints:
        """Value of each event."""
        return self.columns["value"][self.place]

    @cached_property
    def segments(self) -> Segments:
        """Times by owner."""
        return Segments(self.start, self.time)

    @cached_property
    def owner(self) -> Ints:
        """Owner of each event."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


@njit(cache=True, nogil=True)
def _leads_at(lead: Column, place: Ints, first: int) -> Column:
    """Leads at some positions, numbered from `first`; −1 stays."""
    found = np.empty(len(place), np.int32)
    for i in range(len(place)):
        found[i] = max(lead[place[i]] - first, -1)
    return found


def sorted_log(columns: Mapping[str, EventColumn], rows: Ints, owner: Ints, time: Ints, n: int) -> EventLog:
    """The log of n owners with the events at the positions `rows` of `columns`, in their total order.

    `owner` and `time` have one entry per row. Owners are 0…n − 1.
    """
    order = total_order(owner, time, n, lambda at: [columns[name][rows[at]] for name in TIE_BREAKERS])
    place = rows[order]
    return EventLog(starts(owner, n), time[order], columns, place)


def lead_log(columns: Mapping[str, EventColumn], n_leads: int) -> EventLog:
    """The log of n leads from columns that are in its order already; events without a lead stand last."""
    own = int(np.count_nonzero(columns["lead"] >= 0))
    return EventLog(starts(columns["lead"][:own], n_leads), columns["time"][:own], columns, slice(0, own))
