"""Partitions: records of events scattered by ranges of accounts, in memory or, beyond a limit, on disk."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Condition

import numpy as np

from features.event_records import WORD, Records, Words, joined, place, taken, words_of
from features.memory import fresh_memory
from features.plain_cells import counted
from features.windows import Ints

Write = Callable[[Ints, Ints, Words], Ints]
# Room for this share of records more than the average partition has.
ROOM = 1.25


@dataclass
class Partitions:
    """About `rows` records by partition; `add` may be called by several threads.

    What exceeds `limit` bytes is appended to one file per partition in `folder`. Memory is taken once and filled in
    place: a record is moved once, and no page is asked of the system twice. What a partition has no room for lies
    in `_beside`.
    """

    n: int
    dtype: np.dtype[np.void]
    folder: Path
    limit: int
    rows: int
    _words: Words = field(init=False)
    _filled: Ints = field(init=False)
    _beside: list[list[Records]] = field(init=False)
    _moving: int = 0
    _change: Condition = field(default_factory=Condition)

    def __post_init__(self) -> None:
        most = min(int(self.rows * ROOM), self.limit // self.dtype.itemsize)
        shape = (self.n, max(most // self.n, 1), self.dtype.itemsize // WORD)
        self._words = np.frombuffer(fresh_memory(math.prod(shape) * WORD), np.int64).reshape(shape)
        self._filled = np.zeros(self.n, np.int64)
        self._beside = [[] for _ in range(self.n)]

    def add(self, records: Records, partition: Ints) -> None:
        """Scatter records to their partitions."""
        self.add_by(partition, partial(place, records), partial(taken, records))

    def add_by(self, partition: Ints, write: Write, take: Callable[[Ints], Records]) -> None:
        """Scatter what `write` writes to the partitions; what it leaves out has −1.

        `write(partition, at, room)` is like `features.event_records.place`, and `take` gives the records at the
        positions that found no room.
        """
        with self._change:
            at = self._filled.copy()
            self._filled += counted(partition, None, self.n)[1:]
            np.minimum(self._filled, self._words.shape[1], out=self._filled)
            self._moving += 1
        left = write(partition, at, self._words)
        without, of_which = take(left), partition[left]
        with self._change:
            for number in np.unique(of_which):
                self._beside[number].append(taken(without, np.flatnonzero(of_which == number)))
            self._moving -= 1
            self._change.notify_all()
            self._change.wait_for(lambda: self._moving == 0 or self._bytes <= self.limit)
            if self._bytes > self.limit:
                self._spill()

    def take(self, number: int) -> Records:
        """All records of one partition; they are given up here, and stay as they are until others are put there."""
        return joined(self.take_parts(number), self.dtype)

    def take_parts(self, number: int) -> list[Records]:
        """The records of one partition in several pieces; they are given up here."""
        with self._change:
            parts = [*self._beside[number], self._inside(number)]
            self._beside[number], self._filled[number] = [], 0
        path = self._path(number)
        spilled = [np.fromfile(path, self.dtype)] if path.exists() else []
        path.unlink(missing_ok=True)
        return [*spilled, *parts]

    def put(self, number: int, records: Records) -> None:
        """Keep the records of a partition whose own have been taken."""
        fit = len(records) <= self._words.shape[1]
        if fit:  # nobody looks there meanwhile
            self._words[number, : len(records)] = words_of(records)
        with self._change:
            if fit:
                self._filled[number] = len(records)
            else:
                self._beside[number] = [records]
            if self._bytes > self.limit:
                self._spill()

    def each(self) -> Iterator[Records]:
        """All records, part by part; they stay."""
        for number in range(self.n):
            yield from self.look(number)

    def look(self, number: int) -> Iterator[Records]:
        """The records of one partition, part by part; they stay."""
        if self._path(number).exists():
            yield np.fromfile(self._path(number), self.dtype)
        yield from self._beside[number]
        yield self._inside(number)

    @property
    def _bytes(self) -> int:
        beside = sum(part.nbytes for parts in self._beside for part in parts)
        return int(self._filled.sum()) * self.dtype.itemsize + beside

    def _inside(self, number: int) -> Records:
        return self._words[number, : self._filled[number]].reshape(-1).view(self.dtype)

    def _spill(self) -> None:
        for number, parts in enumerate(self._beside):
            if parts or self._filled[number]:
                with self._path(number).open("ab") as file:
                    for part in (*parts, self._inside(number)):
                        np.ascontiguousarray(part).tofile(file)
        self._beside = [[] for _ in range(self.n)]
        self._filled[:] = 0

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05d}.events"
