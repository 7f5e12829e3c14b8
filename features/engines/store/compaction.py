"""Compaction: parts of a store written as one where they are many, or where much in them is superseded."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numba import njit

from features.engines.store.arrivals import Arrived
from features.engines.store.events import EventPart, EventWriter, ids_name, merge_parts
from features.engines.store.files import EventFiles, RowFiles, load
from features.engines.store.rows import merge_rows, open_rows_of
from features.engines.store.touched import Places
from features.windows import Ints

MOST_PARTS = 12
# Parts are written as one with the first when they hold more than this share of it.
LATER_SHARE = 0.25
SUPERSEDED_SHARE = 0.3


def compact_events(folder: Path, number: int, arrived: Arrived) -> tuple[EventFiles, ...]:
    """The parts of the events, merged where it is due: all into one, or the later ones into one."""
    files = tuple(part for part in arrived.events if part.records or part.has_ids) or arrived.events[:1]
    later = sum(part.records for part in files[1:])
    if later > LATER_SHARE * files[0].records:
        return (_merged(folder, number, files, arrived),)
    if len(files) > MOST_PARTS:
        return files[0], _merged(folder, number, files[1:], arrived)
    return files


def _merged(folder: Path, number: int, files: Sequence[EventFiles], arrived: Arrived) -> EventFiles:
    opened: dict[int, EventPart] = {
        part.number: open_ for part, open_ in zip(arrived.events, arrived.parts, strict=True)
    }
    writer = EventWriter(folder, number, arrived.dtype)
    merge_parts([opened[part.number] for part in files], writer)
    ids = [load(folder / ids_name(part.number)) for part in files if part.has_ids]
    return writer.close(np.concatenate(ids) if ids else None)


def compact_rows(
    folder: Path, number: int, parts: Sequence[RowFiles], places: Places
) -> tuple[tuple[RowFiles, ...], Places]:
    """The parts of the rows and the places of all rows, merged where it is due; parts without rows in use are left."""
    used = _counts(places.part, max((part.number for part in parts), default=0))
    parts = tuple(part for part in parts if used[part.number]) or tuple(parts[-1:])
    stale = sum(part.rows for part in parts) - len(places)
    if stale > SUPERSEDED_SHARE * len(places):
        chosen = parts
    elif len(parts) > MOST_PARTS:
        largest = max(parts, key=lambda part: part.rows)
        chosen = tuple(part for part in parts if part is not largest)
    else:
        return parts, places
    merged, places = _merge(folder, number, chosen, places)
    return (*(part for part in parts if part not in chosen), merged), places


@njit(cache=True, nogil=True)
def _counts(values: npt.NDArray[np.int32], most: int) -> Ints:
    """How often each number from 0 to `most` comes."""
    found = np.zeros(most + 1, np.int64)
    for i in range(len(values)):
        found[values[i]] += 1
    return found


def _merge(folder: Path, number: int, chosen: Sequence[RowFiles], places: Places) -> tuple[RowFiles, Places]:
    opened = open_rows_of(folder, chosen)
    try:
        return merge_rows(folder, opened, places, np.array([part.number for part in chosen]), number)
    finally:
        opened.close()
