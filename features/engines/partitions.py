"""Partitions: records of events scattered by ranges of accounts, in memory or, beyond a limit, on disk."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np

from features.event_door import Records
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
        order = np.argsort(partition.astype(np.uint16 if self.n < 2**16 else np.int64), kind="stable")
        ends = np.cumsum(np.bincount(partition, minlength=self.n))
        scattered = records[order]
        with self._lock:
            for number in range(self.n):
                first = ends[number - 1] if number else 0
                if ends[number] > first:
                    self._kept[number].append(scattered[first : ends[number]])
            self._bytes += scattered.nbytes
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
        parts = [*spilled, *kept]
        return np.concatenate(parts) if parts else np.empty(0, self.dtype)

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
