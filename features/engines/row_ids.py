"""Rows of interactions with one id of their own: found by hashes, all but the fullest quarantined."""

from dataclasses import dataclass, field, replace

import numpy as np

from features.door import open_rows
from features.engines.accounting import Accounting
from features.event_codes import rest_hash
from features.event_door import EventDoor, code_batch
from features.event_source import EventSource
from features.links import one_row_a_key, without_repeats
from features.sources import SourceTable
from features.windows import Ints

ID = "interaction_id"


PARTS = 16
"""Ids are compared in so many parts, by their hashes: all at once would take several times their memory."""


@dataclass
class RowIds:
    """Hashes of the interactions' own ids with their row numbers, to find ids that come twice.

    Hashes and rows of a batch are noted at once: several threads may add.
    """

    batches: list[tuple[Ints, range | Ints]] = field(default_factory=list)

    def add(self, batch: SourceTable, door: EventDoor, first: int) -> None:
        """Note the ids of a batch whose first row has the number `first`."""
        column = door.layout.canonical.get(ID)
        if column is not None:
            cells = batch.rows[column]
            hashes = rest_hash([cells], batch.rows.num_rows)
            if cells.null_count:
                given = np.flatnonzero(np.asarray(cells.is_valid()))
                self.batches.append((hashes[given], given + first))
            else:
                self.batches.append((hashes, range(first, first + len(hashes))))

    @property
    def hashes(self) -> list[Ints]:
        """Hashes of the ids of each batch."""
        return [hashes for hashes, _ in self.batches]

    @property
    def rows(self) -> list[Ints]:
        """Numbers of the rows that have them."""
        return [np.asarray(rows, np.int64) for _, rows in self.batches]

    def doubtful(self) -> Ints:
        """Numbers of the rows whose id may come twice."""
        found = [np.empty(0, np.int64), *(self._doubtful(part) for part in range(PARTS))]
        return np.sort(np.concatenate(found))

    def _doubtful(self, part: int) -> Ints:
        mine = [np.flatnonzero(hashes & (PARTS - 1) == part) for hashes, _ in self.batches]
        hashes = [one[at] for (one, _), at in zip(self.batches, mine, strict=True)]
        twice = np.unique(_repeated(np.concatenate([np.empty(0, np.int64), *hashes])))
        if len(twice) == 0:
            return np.empty(0, np.int64)
        rows = (np.asarray(rows)[at] for (_, rows), at in zip(self.batches, mine, strict=True))
        return np.concatenate([of[np.isin(one, twice)] for of, one in zip(rows, hashes, strict=True)])


def _repeated(hashes: Ints) -> Ints:
    hashes.sort()
    return hashes[1:][hashes[1:] == hashes[:-1]]


def drop_conflicts(source: EventSource, door: EventDoor, accounting: Accounting, doubtful: Ints) -> Ints:
    """Of the rows with one id, all but the fullest are quarantined, as in every table with a key."""
    if len(doubtful) == 0:
        return doubtful
    rows = source.take(doubtful)
    usable = code_batch(door, rows, 0).draft.alive
    draft = replace(open_rows(door.project, rows), alive=usable, rejected=())
    draft = one_row_a_key(without_repeats(draft, usable), ID)
    for found in draft.rejected:
        accounting.reject_rows(doubtful[found.positions], found)
    return doubtful[usable & ~draft.alive]
