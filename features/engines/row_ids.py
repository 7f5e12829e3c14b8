"""Rows of interactions with one id of their own: found by hashes, all but the fullest quarantined."""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from features.door import open_rows
from features.engines.accounting import Accounting
from features.engines.partitions import Partitions
from features.event_codes import rest_hash
from features.event_door import EventDoor, code_batch
from features.event_records import Records, joined
from features.event_source import EventSource
from features.links import one_row_a_key, without_repeats
from features.sources import SourceTable
from features.windows import Ints

ID = "interaction_id"
PARTS = 16
"""Ids are compared in so many parts, by their hashes: all at once would take several times their memory."""
IDS_SHARE = 0.25
"""Ids may take so much beside what records of events may take in memory; what exceeds it goes to disk."""
MOST_BYTES = 2**28
NOTED = np.dtype([("hash", "<i8"), ("row", "<i8")])


@dataclass(frozen=True, slots=True)
class RowIds:
    """Hashes of the interactions' own ids with their row numbers, to find ids that come twice.

    `column` is the source column that has them; None: there is none. Several threads may add.
    """

    column: str | None
    noted: Partitions

    def add(self, batch: SourceTable, first: int) -> None:
        """Note the ids of a batch whose first row has the number `first`."""
        if self.column is None:
            return
        cells = batch.rows[self.column]
        given = np.flatnonzero(np.asarray(cells.is_valid()))
        noted = np.empty(len(given), NOTED)
        noted["hash"] = rest_hash([cells], batch.rows.num_rows)[given]
        noted["row"] = given + first
        self.noted.add(noted, noted["hash"] & (PARTS - 1))

    def all(self) -> Records:
        """All that was noted, in no order."""
        return joined(list(self.noted.each()), NOTED)

    def doubtful(self) -> Ints:
        """Numbers of the rows whose id may come twice."""
        found = [np.empty(0, np.int64), *(self._doubtful(part) for part in range(PARTS))]
        return np.sort(np.concatenate(found))

    def _doubtful(self, part: int) -> Ints:
        noted = joined(list(self.noted.look(part)), NOTED)
        twice = np.unique(_repeated(noted["hash"].copy()))
        return noted["row"][np.isin(noted["hash"], twice)] if len(twice) else np.empty(0, np.int64)


def row_ids(door: EventDoor, rows: int, folder: Path, limit: int) -> RowIds:
    """Room for the ids of about so many rows; `limit`: bytes that records of events may take.

    What exceeds its share goes to a folder of its own in `folder`.
    """
    column = door.layout.canonical.get(ID)
    own, most = Path(mkdtemp(prefix="ids-", dir=folder)), min(int(limit * IDS_SHARE), MOST_BYTES)
    return RowIds(column, Partitions(PARTS, NOTED, own, most, rows if column else 0))


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
