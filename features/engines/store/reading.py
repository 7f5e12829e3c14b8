"""New interactions on their way into a store: through the door, scattered by owners, settled against what is there."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.drafts import fault
from features.engines.account_ranges import number_of_partitions
from features.engines.accounting import Accounting
from features.engines.event_logs import Limits, Progress
from features.engines.partitions import Partitions
from features.engines.row_ids import RowIds, drop_conflicts, row_ids
from features.engines.store.blocks import columns_of
from features.engines.store.events import EventPart, EventWriter, known_already, owners_of
from features.event_door import EventDoor, code_batch
from features.event_log import TIE_BREAKERS
from features.event_order import total_order
from features.event_records import Records, same_as_before, taken
from features.event_source import EventSource
from features.links import REPEATS
from features.windows import Ints


@dataclass(frozen=True, slots=True)
class Came:
    """A source that passed the door; its rows have the numbers from `offset` on.

    `alive` are the rows that passed, where rows have ids of their own; `dropped` are those among them that are not
    used because of such an id. `blamed` counts by reason what says something against the table as a whole.
    """

    accounting: Accounting
    ids: RowIds
    offset: int
    alive: Ints
    dropped: Ints
    blamed: Mapping[str, int]

    @property
    def id_hashes(self) -> Ints | None:
        """Hashes of the rows' own ids; None when the source has none."""
        return None if self.ids.column is None else self.ids.all()["hash"]


@dataclass(frozen=True, slots=True)
class Intake:
    """Where records go: `lead_number` is each lead's number in the store; accounts have theirs from the door."""

    door: EventDoor
    lead_number: Ints
    partitions: Partitions

    def add(self, records: Records, offset: int) -> None:
        """Scatter records by owners, leads that follow each other together."""
        lead, n = records["lead"].astype(np.int64), self.partitions.n
        place = lead * n // max(len(self.lead_number), 1)
        if "account" in (records.dtype.names or ()):
            place = np.where(lead >= 0, place, records["account"] % n)
        records["lead"] = np.append(self.lead_number, -1)[lead]
        records["row"] += offset
        self.partitions.add(records, place)


def intake(door: EventDoor, lead_number: Ints, rows: int, folder: Path, limits: Limits) -> Intake:
    """An intake for about so many rows; `folder` takes what exceeds the limit of memory."""
    n = number_of_partitions(rows, 0)
    return Intake(door, lead_number, Partitions(n, door.dtype, folder, limits.records, rows))


def let_in(source: EventSource, into: Intake, offset: int, threads: int, progress: Progress) -> Came:
    """Read a source through the door."""
    accounting, door, partitions = Accounting(source), into.door, into.partitions
    ids = row_ids(door, source.rows, partitions.folder, partitions.limit)
    alive = [np.empty(0, np.int64)]

    def read(number: int) -> int:
        piece = source.pieces[number]
        for first, batch in source.batches(piece, door.columns):
            coded = code_batch(door, batch, first)
            accounting.add(coded, first)
            into.add(coded.rows.records(), offset)
            ids.add(batch, first)
            if ids.column is not None:
                alive.append(np.flatnonzero(coded.draft.alive) + first + offset)
        return piece.rows

    done = 0
    with ThreadPoolExecutor(threads) as pool:
        for rows in pool.map(read, range(len(source.pieces))):
            done += rows
            progress(done, source.rows)
    blamed = dict(accounting.blamed)
    dropped = drop_conflicts(source, door, accounting, ids.doubtful())
    return Came(accounting, ids, offset, np.concatenate(alive), dropped + offset, blamed)


def settle(into: Intake, came: Sequence[Came], parts: Sequence[EventPart], writer: EventWriter, threads: int) -> Ints:
    """Write the records that came and are used; rows that repeat others, here or in the store, are quarantined.

    Returns the numbers of those.
    """
    dropped = np.concatenate([np.empty(0, np.int64), *(source.dropped for source in came)])

    def settled(number: int) -> Ints:
        records = into.partitions.take(number)
        if len(dropped):
            records = taken(records, np.flatnonzero(~np.isin(records["row"], dropped)))
        records = taken(records, _order(records, into.door))
        again = same_as_before(records) | known_already(parts, records)
        writer.add(taken(records, np.flatnonzero(~again)) if again.any() else records)
        return records["row"][again].astype(np.int64)

    with ThreadPoolExecutor(threads) as pool:
        repeated = np.sort(np.concatenate(list(pool.map(settled, range(into.partitions.n)))))
    for source in came:
        rows = source.accounting.source.rows
        mine = repeated[(repeated >= source.offset) & (repeated < source.offset + rows)] - source.offset
        source.accounting.reject_rows(mine, fault("", REPEATS, "each row once", expected_loss=True))
    return repeated


def _order(records: Records, door: EventDoor) -> Ints:
    """Positions of the records by owner and time, those that equal each other together."""
    owner = owners_of(records)
    if owner.min(initial=0) < 0:
        owner = np.unique(owner, return_inverse=True)[1].astype(np.int64)
    elif len(owner):
        owner -= owner.min()

    def ties(rows: Ints) -> list[Ints]:
        columns = columns_of(taken(records, rows), door.kinds, door.topics)
        return [columns[name] for name in (*TIE_BREAKERS, "account", "rest", "row")]

    return total_order(owner, records["time"].astype(np.int64), int(owner.max(initial=-1)) + 1, ties)
