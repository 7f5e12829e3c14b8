"""Merged leads: under which id a lead goes on, so that both histories become one."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from serving.lifecycle.events import MOMENT


def survivors(merges: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Id under which each merged lead goes on; `merges` are pairs (lead, the lead it went into) in order of time.

    Chains are followed to their end; a merge of leads that are one already changes nothing.

    >>> survivors([("a", "b"), ("b", "c"), ("c", "a")])
    {'a': 'c', 'b': 'c'}
    """
    into: dict[str, str] = {}
    for lead, other in merges:
        gone, stays = _end(into, lead), _end(into, other)
        if gone != stays:
            into[gone] = stays
    return {lead: _end(into, lead) for lead in into}


def _end(into: dict[str, str], lead: str) -> str:
    end = lead
    while end in into:
        end = into[end]
    while lead in into and into[lead] != end:  # the next question is answered at once
        into[lead], lead = end, into[lead]
    return end


def survivors_in(events: pa.Table, as_of: datetime | None = None) -> Mapping[str, str]:
    """Id under which each merged lead goes on after all `events` (columns `EVENTS`) before `as_of`."""
    rows = events.select(["lead_id", "into", "at"]).filter(pc.equal(events["action"], "merge"))
    if as_of is not None:
        rows = rows.filter(pc.less(rows["at"], pa.scalar(as_of, MOMENT)))
    keys = [("at", "ascending"), ("lead_id", "ascending"), ("into", "ascending")]
    ordered = rows.filter(rows["into"].is_valid()).sort_by(keys)
    return survivors(zip(ordered["lead_id"].to_pylist(), ordered["into"].to_pylist(), strict=True))


def renamed(lead_id: pa.ChunkedArray | pa.Array, into: Mapping[str, str]) -> pa.ChunkedArray | pa.Array:
    """The ids with merged leads under the id they go on with."""
    if not into:
        return lead_id
    at = pc.index_in(lead_id, pa.array(list(into), pa.string()))
    return pc.coalesce(pa.array(list(into.values()), pa.string()).take(at), lead_id)
