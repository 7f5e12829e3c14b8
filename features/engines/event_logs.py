"""Event logs of any size: interactions read in batches, scattered by accounts, and put in order a block at a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Lock

import numpy as np
import pandas as pd

from features.door import open_rows, reading_of
from features.drafts import fault
from features.engines.accounting import Accounting
from features.engines.partitions import Partitions
from features.event_codes import Labels, known_ids, rest_hash
from features.event_door import EventDoor, Records, code_batch
from features.event_order import repeats, total_order
from features.event_source import EventSource
from features.histories import TIE_BREAKERS, Block, Histories, event_logs
from features.identifiers import positions_of
from features.layout import layout_of
from features.links import REPEATS, different_ids, one_row_a_key, without_repeats
from features.project import FeatureSettings, Project
from features.propose import Recorded, Vocabulary, vocabulary_of
from features.schema import SPECS
from features.sources import SourceTable
from features.tables import Tables
from features.windows import NEVER, Ints

PARTITION_EVENTS = 400_000
MOST_PARTITIONS = 2_000
# What a batch and the block in work need beside the records themselves.
RECORDS_SHARE = 0.35
ID = "interaction_id"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use: bytes of memory (None: no limit) and threads."""

    memory: int | None
    threads: int

    @property
    def records(self) -> int:
        """Bytes of records that may stay in memory."""
        return 2**62 if self.memory is None else int(self.memory * RECORDS_SHARE)


@dataclass
class EventLogs:
    """The interactions of a project, scattered by accounts: partition i holds the accounts `start[i]:start[i + 1]`.

    `histories` are those of the leads, without events. Each block can be taken once.
    """

    histories: Histories
    start: Ints
    door: EventDoor
    accounting: Accounting
    _partitions: Partitions
    _dropped: Ints
    _repeated: list[Ints] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds, in alphabetical order."""
        return self.door.kinds.alphabetical()[0]

    @property
    def recorded(self) -> Recorded:
        """What there is in the data."""
        return Recorded(
            own_events=any((records["lead"] >= 0).any() for records in self._partitions.each()),
            events=any(len(records) for records in self._partitions.each()),
            creation=bool((self.histories.created != NEVER).any()),
        )

    def vocabulary(self, before_us: int, settings: FeatureSettings) -> Vocabulary:
        """Most frequent kinds and topics among the events known before `before_us`; repeats count as they came."""
        kinds, topics = np.zeros(len(self.door.kinds.codes), np.int64), np.zeros(len(self.door.topics.codes), np.int64)
        created = np.append(self.histories.created, NEVER)
        for records in self._partitions.each():
            seen = records[np.maximum(records["time"], created[records["lead"]]) < before_us]
            kinds += np.bincount(seen["kind"], minlength=len(kinds))
            if "topic" in (records.dtype.names or ()):
                topics += np.bincount(seen["topic"] + 1, minlength=len(topics) + 1)[1:]
        return vocabulary_of(_by_name(kinds, self.door.kinds), _by_name(topics, self.door.topics), settings)

    def touches(self, deals: pd.DataFrame) -> pd.DataFrame:
        """The interactions (lead_id, occurred_at) of the leads whose account has a deal that names no lead."""
        shared = deals.loc[deals["lead_id"].isna(), "account_id"]
        wanted = np.append(self.histories.leads["account_id"].isin(shared).to_numpy(), False)
        mine = [records[["lead", "time"]][wanted[records["lead"]]] for records in self._partitions.each()]
        found = np.concatenate(mine) if mine else np.empty(0, [("lead", "<i4"), ("time", "<i8")])
        return pd.DataFrame(
            {
                "lead_id": pd.Series(self.histories.lead_ids[found["lead"]], dtype="str"),
                "occurred_at": pd.to_datetime(found["time"], unit="us", utc=True).as_unit("us"),
            }
        )

    def block(self, number: int) -> Block:
        """The accounts of one partition with their events in order, rows that repeat others left out."""
        first, stop = (int(i) for i in self.start[[number, number + 1]])
        alone = self.histories.cut(first, stop)
        columns = self._columns(self._partitions.take(number), first)
        kinds, topics = self.door.kinds.alphabetical()[0], self.door.topics.alphabetical()[0]
        by_lead, by_account = event_logs(columns, alone.created, alone.account, stop - first)
        return Block(alone.created, alone.account, alone.account_start, kinds, topics, by_lead, by_account)

    def _columns(self, records: Records, first_account: int) -> dict[str, Ints]:
        if len(self._dropped):
            records = records[~np.isin(records["row"], self._dropped)]
        first_lead = int(self.histories.account_start[first_account])
        columns = {name: _column(records, name) for name in (*TIE_BREAKERS, "time", "account", "rest", "row")}
        columns["kind"] = self.door.kinds.alphabetical()[1][columns["kind"]]
        columns["topic"] = self.door.topics.alphabetical()[1][columns["topic"]]
        columns["lead"] = np.where(columns["lead"] >= 0, columns["lead"] - first_lead, -1)
        columns["account"] = np.where(columns["account"] >= 0, columns["account"] - first_account, -1)
        return self._without_repeats(columns)

    def _without_repeats(self, columns: dict[str, Ints]) -> dict[str, Ints]:
        names = (*TIE_BREAKERS, "account", "rest")
        n_leads = int(columns["lead"].max(initial=-1)) + 1
        owner = np.where(columns["lead"] >= 0, columns["lead"], n_leads + columns["account"])
        order = total_order(columns, owner, int(owner.max(initial=-1)) + 1, (*names, "row"))
        again = repeats({**columns, "owner": owner}, order, ("owner", "time", *names))
        if again.any():
            with self._lock:
                self._repeated.append(columns["row"][order[again]])
            order = order[~again]
        return {name: values[order] for name, values in columns.items() if name not in ("rest", "row")}

    def settle(self) -> None:
        """Bring the rows found to repeat others into the accounting, once all blocks have been taken."""
        numbers = np.sort(np.concatenate(self._repeated)) if self._repeated else np.empty(0, np.int64)
        self._repeated.clear()
        self.accounting.reject_rows(numbers, fault("", REPEATS, "each row once", expected_loss=True))


def _by_name(counts: Ints, labels: Labels) -> dict[str, int]:
    return {name: int(counts[code]) for name, code in labels.codes.items()}


def _column(records: Records, name: str) -> Ints:
    """One field in int64; a field the source does not fill is as if no cell were given."""
    if name in (records.dtype.names or ()):
        return records[name].astype(np.int64)
    nothing = 0 if name in ("duration", "has_duration", "value", "rest") else -1
    return np.full(len(records), nothing, np.int64)


def read_event_logs(
    source: EventSource, door: EventDoor, histories: Histories, folder: Path, limits: Limits, progress: Progress
) -> EventLogs:
    """Read all interactions through the door; `folder` takes what exceeds the limit of memory.

    Raises:
        InputContractError: the table cannot be used as a whole.
    """
    start = _partition_starts(histories, source.rows)
    partition = np.repeat(np.arange(len(start) - 1), np.diff(start))
    of_lead = partition[histories.account]
    partitions = Partitions(len(start) - 1, door.dtype, folder, limits.records)
    accounting, ids = Accounting(source), _Ids()

    def read(number: int) -> int:
        piece = source.pieces[number]
        for first, batch in source.batches(piece, door.columns):
            coded = code_batch(door, batch, first)
            accounting.add(coded, first)
            partitions.add(*_scattered(coded.records, of_lead, partition))
            ids.add(batch, door, first)
        return piece.rows

    done = 0
    with ThreadPoolExecutor(limits.threads) as threads:
        for rows in threads.map(read, range(len(source.pieces))):
            done += rows
            progress(done, source.rows)
    accounting.refuse_if_mostly_bad()
    dropped = _drop_conflicts(source, door, accounting, ids.doubtful())
    return EventLogs(histories, start, door, accounting, partitions, dropped)


def _scattered(records: Records, of_lead: Ints, of_account: Ints) -> tuple[Records, Ints]:
    """Records that belong to somebody, and their partitions."""
    if "account" not in (records.dtype.names or ()):
        return records, of_lead[records["lead"]]
    of_lead, of_account = np.append(of_lead, -1), np.append(of_account, -1)
    found = np.where(records["lead"] >= 0, of_lead[records["lead"]], of_account[records["account"]])
    return (records, found) if (found >= 0).all() else (records[found >= 0], found[found >= 0])


def _partition_starts(histories: Histories, rows: int) -> Ints:
    """First account of each partition, and the end: about equally many leads each."""
    n = int(np.clip(rows // PARTITION_EVENTS, 8, MOST_PARTITIONS))
    leads = np.linspace(0, len(histories.created), n + 1).astype(np.int64)
    bounds = np.searchsorted(histories.account_start, leads)
    bounds[-1] = len(histories.account_start) - 1
    return np.unique(np.append(0, bounds)).astype(np.int64)


def open_door(project: Project, source: EventSource, tables: Tables, histories: Histories, end: datetime) -> EventDoor:
    """The door that the project's interactions come in by.

    Raises:
        ProjectFileError: a name of the project file that does not exist.
        InputContractError: a required column is missing.
    """
    settings = project.tables["interactions"]
    empty = SourceTable("interactions", source.origin, source.schema.empty_table(), ())
    layout = layout_of(empty, settings, SPECS["interactions"])
    accounts = different_ids([tables.leads["account_id"], tables.accounts["account_id"]])
    own = histories.leads["account_id"].reset_index(drop=True)
    first_of_account = histories.leads.assign(number=histories.account).drop_duplicates("account_id")
    at = positions_of(accounts, first_of_account["account_id"])
    return EventDoor(
        project=project,
        layout=layout,
        leads=known_ids(histories.lead_ids, reading_of(project, "interactions", "lead_id")),
        accounts=known_ids(accounts, reading_of(project, "interactions", "account_id")),
        account_number=np.where(at >= 0, first_of_account["number"].to_numpy()[at], -1),
        account_of_lead=np.where(own.notna(), histories.account, -1),
        end=end,
        chosen=project.project.data_end is not None,
    )


@dataclass
class _Ids:
    """Hashes of the interactions' own ids with their row numbers, to find ids that come twice."""

    hashes: list[Ints] = field(default_factory=list)
    rows: list[Ints] = field(default_factory=list)

    def add(self, batch: SourceTable, door: EventDoor, first: int) -> None:
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


def _drop_conflicts(source: EventSource, door: EventDoor, accounting: Accounting, doubtful: Ints) -> Ints:
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
