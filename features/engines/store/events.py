"""Events in a store: flat records by owner and time, mapped into memory, and an index that says where each owner's lie.

Owners are leads (their number in the store) and, for events known only by their account, accounts (−1 − number).
Numbers in the store never change. What later updates bring lies in further parts of the same form.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np
from numba import njit

from features.engines.store.files import DamagedStoreError, EventFiles, load, save
from features.event_records import FIELDS, Records, joined, record_type, taken, words_of
from features.windows import NEVER, Bools, Ints

MERGED_RECORDS = 500_000


@dataclass(frozen=True, slots=True)
class EventPart:
    """Records sorted by owner and time; `owner` (ascending) has those at `first:stop`, the last at time `latest`."""

    records: Records
    owner: Ints
    first: Ints
    stop: Ints
    latest: Ints

    def spans(self, owners: Ints) -> tuple[Ints, Ints]:
        """Where the records of each owner start and end; an owner that has none gets an empty span."""
        first, stop, _ = self.known(owners)
        return first, stop

    def known(self, owners: Ints) -> tuple[Ints, Ints, Ints]:
        """The spans of some owners, and the time of the last record of each (`NEVER`: it has none).

        Times tell without a look at the records whether one is of interest: each page of them that is looked at must
        be mapped first.
        """
        first, stop, latest = (np.empty(len(owners), np.int64) for _ in range(3))
        _find_owners((self.owner, self.first, self.stop, self.latest), owners, (first, stop, latest))
        return first, stop, latest


def owners_of(records: Records) -> Ints:
    """Owner of each record."""
    lead = records["lead"].astype(np.int64)
    if "account" not in (records.dtype.names or ()):
        return lead
    return np.where(lead >= 0, lead, -1 - records["account"].astype(np.int64))


def type_of(names: tuple[str, ...]) -> np.dtype[np.void]:
    """Type of records with these fields."""
    return record_type(frozenset(name for name, _ in FIELDS) - frozenset(names))


def open_part(folder: Path, files: EventFiles, dtype: np.dtype[np.void]) -> EventPart:
    """A written part.

    Raises:
        DamagedStoreError: its files cannot be read or do not belong together.
    """
    index = load(folder / index_name(files.number))
    path = folder / records_name(files.number)
    if path.stat().st_size != files.records * dtype.itemsize or index.ndim != 2 or len(index) != 4:
        raise DamagedStoreError(f"{path.name} does not fit its index")
    records = np.asarray(np.memmap(path, dtype, "r")) if files.records else np.empty(0, dtype)
    return EventPart(records, *(np.asarray(row) for row in index))


def records_name(number: int) -> str:
    """File with the records of a part."""
    return f"events-{number:06d}.bin"


def index_name(number: int) -> str:
    """File with the index of a part."""
    return f"events-{number:06d}.npy"


def ids_name(number: int) -> str:
    """File with the sorted hashes of the own ids of a part's rows."""
    return f"ids-{number:06d}.npy"


def names_of(files: EventFiles) -> set[str]:
    """All files of a part."""
    return {records_name(files.number), index_name(files.number), *([ids_name(files.number)] if files.has_ids else [])}


@dataclass
class EventWriter:
    """Writes one part; `add` may be called by several threads, each time with all records of some owners, in order."""

    folder: Path
    number: int
    dtype: np.dtype[np.void]
    _index: list[Ints] = field(default_factory=list)
    _written: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._path.write_bytes(b"")

    @property
    def _path(self) -> Path:
        return self.folder / records_name(self.number)

    def add(self, records: Records) -> None:
        """Append records that are sorted by owner and time."""
        if len(records) == 0:
            return
        owner = owners_of(records)
        first = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
        stop = np.append(first[1:], len(records))
        with self._lock:
            with self._path.open("ab") as file:
                np.ascontiguousarray(records).tofile(file)
            at = self._written
            self._index.append(np.stack([owner[first], first + at, stop + at, records["time"][stop - 1]]))
            self._written += len(records)

    def close(self, ids: Ints | None) -> EventFiles:
        """Write the index, and the hashes of the rows' own ids where they have some."""
        index = np.concatenate(self._index, axis=1) if self._index else np.empty((4, 0), np.int64)
        save(self.folder / index_name(self.number), np.take(index, np.argsort(index[0]), axis=1))
        if ids is not None:
            save(self.folder / ids_name(self.number), np.sort(ids))
        return EventFiles(number=self.number, records=self._written, has_ids=ids is not None)


def records_of(parts: Sequence[EventPart], owners: Ints, dtype: np.dtype[np.void]) -> Records:
    """All records of some owners, part by part."""
    return joined([taken(part.records, positions(*part.spans(owners))) for part in parts], dtype)


def number_of_records(parts: Sequence[EventPart], owners: Ints) -> Ints:
    """How many records each owner has."""
    total = np.zeros(len(owners), np.int64)
    for part in parts:
        first, stop = part.spans(owners)
        total += stop - first
    return total


def positions(first: Ints, stop: Ints) -> Ints:
    """All positions of some spans, span by span."""
    length = stop - first
    return np.repeat(first - np.cumsum(length) + length, length) + np.arange(length.sum())


def known_already(parts: Sequence[EventPart], records: Records) -> Bools:
    """Which records equal one of the parts in every field but the row's number."""
    again, owner = np.zeros(len(records), np.bool_), owners_of(records)
    for part in parts:
        _mark_known(words_of(part.records), part.known(owner), words_of(records), again)
    return again


@njit(cache=True, nogil=True)
def _find_owners(index: tuple[Ints, Ints, Ints, Ints], owners: Ints, found: tuple[Ints, Ints, Ints]) -> None:
    """Rows of an index whose first column ascends; the search starts where the last one ended when owners ascend."""
    owner, first, stop, latest = index
    n, at = len(owner), 0
    for i in range(len(owners)):
        low, high = 0, at
        if at < n and owner[at] <= owners[i]:
            step, low = 1, at
            while low + step < n and owner[low + step] <= owners[i]:
                low += step
                step *= 2
            high = min(low + step, n)
        while low < high:
            middle = (low + high) >> 1
            if owner[middle] < owners[i]:
                low = middle + 1
            else:
                high = middle
        at = low
        there = at < n and owner[at] == owners[i]
        found[0][i] = first[at] if there else 0
        found[1][i] = stop[at] if there else 0
        found[2][i] = latest[at] if there else NEVER


@njit(cache=True, nogil=True)
def _mark_known(old: Ints, known: tuple[Ints, Ints, Ints], new: Ints, again: Bools) -> None:
    """Word 0 is the row's number and word 1 the time; the records of an owner are sorted by time."""
    first, stop, latest = known
    for i in range(len(new)):
        if new[i, 1] > latest[i]:
            continue
        low, high = first[i], stop[i]
        while low < high:
            middle = (low + high) >> 1
            if old[middle, 1] < new[i, 1]:
                low = middle + 1
            else:
                high = middle
        while low < stop[i] and old[low, 1] == new[i, 1] and not again[i]:
            same = True
            for j in range(2, new.shape[1]):
                same = same and old[low, j] == new[i, j]
            again[i] = same
            low += 1


def merge_parts(parts: Sequence[EventPart], writer: EventWriter) -> None:
    """Write the records of all parts as one, some owners at a time."""
    owners = np.unique(np.concatenate([part.owner for part in parts]))
    for some in in_groups(owners, number_of_records(parts, owners), MERGED_RECORDS):
        records = records_of(parts, some, writer.dtype)
        writer.add(taken(records, np.lexsort((records["time"], owners_of(records)))))


def in_groups(items: Ints, weight: Ints, most: int) -> Iterator[Ints]:
    """Items in order, cut into groups of a weight of about `most` (a heavier item is a group of its own)."""
    if len(items):
        group = (np.cumsum(weight) - weight) // most
        yield from np.split(items, np.flatnonzero(np.diff(group)) + 1)
