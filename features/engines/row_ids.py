"""Rows of interactions with one id of their own: found by hashes, all but the fullest quarantined."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from features.door import open_rows
from features.engines.accounting import Accounting
from features.event_codes import rest_hash
from features.event_door import EventDoor, code_batch
from features.event_source import EventSource
from features.links import one_row_a_key, without_repeats
from features.sources import SourceTable
from features.windows import Ints

ID = "interaction_id"


@dataclass
class RowIds:
    """Hashes of the interactions' own ids with their row numbers, to find ids that come twice."""

    hashes: list[Ints] = field(default_factory=list)
    rows: list[Ints] = field(default_factory=list)

    def add(self, batch: SourceTable, door: EventDoor, first: int) -> None:
        """Note the ids of a batch whose first row has the number `first`."""
        column = door.layout.canonical.get(ID)
        if column is not None:
            cells = batch.rows[column]
            given = np.flatnonzero(np.asarray(cells.is_valid()))
            self.hashes.append(rest_hash([cells], batch.rows.num_rows)[given])
            self.rows.append(given + first)

    def doubtful(self) -> Ints:
        """Numbers of the rows whose id may come twice."""
        if not self.hashes:
            return np.empty(0, np.int64)
        hashes, rows = np.concatenate(self.hashes), np.concatenate(self.rows)
        return np.sort(rows[pd.Series(hashes).duplicated(keep=False).to_numpy()])


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
