"""Partitions: records of events scattered by ranges of accounts, in memory or, beyond a limit, on disk."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np

from features.event_records import Records, joined, scattered
from features.windows import Ints


@dataclass
class Partitions:
    """Records by partition; `add` may be called by several threads.

    What exceeds `limit` bytes is appended to one file per partition in `folder`.
    """

    n: int
    dtype: np.dtype[np.void]
    folder: Path
    limit: int
    _kept: list[list[Records]] = field(init=False)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._kept = [[] for _ in range(self.n)]

    def add(self, records: Records, partition: Ints) -> None:
        """Scatter records to their partitions."""
        moved, ends = scattered(records, partition, self.n)
        with self._lock:
            for number in range(self.n):
                first = ends[number - 1] if number else 0
                if ends[number] > first:
                    self._kept[number].append(moved[first : ends[number]])
            self._bytes += moved.nbytes
            if self._bytes > self.limit:
                self._spill()

    def take(self, number: int) -> Records:
        """All records of one partition; they are given up here."""
        with self._lock:
            kept, self._kept[number] = self._kept[number], []
            self._bytes -= sum(part.nbytes for part in kept)
        path = self._path(number)
        spilled = [np.fromfile(path, self.dtype)] if path.exists() else []
        path.unlink(missing_ok=True)
        return joined([*spilled, *kept], self.dtype)

    def put(self, number: int, records: Records) -> None:
        """Keep the records of a partition whose own have been taken."""
        with self._lock:
            self._kept[number] = [records]
            self._bytes += records.nbytes
            if self._bytes > self.limit:
                self._spill()

    def each(self) -> Iterator[Records]:
        """All records, part by part; they stay."""
        for number in range(self.n):
            if self._path(number).exists():
                yield np.fromfile(self._path(number), self.dtype)
            yield from self._kept[number]

    def _spill(self) -> None:
        for number, parts in enumerate(self._kept):
            if parts:
                with self._path(number).open("ab") as file:
                    for part in parts:
                        np.ascontiguousarray(part).tofile(file)
        self._kept = [[] for _ in range(self.n)]
        self._bytes = 0

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05d}.events"
