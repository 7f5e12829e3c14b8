"""Event logs of any size: interactions read in batches, scattered by accounts, and put in order a block at a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from features.door import open_rows, reading_of
from features.drafts import fault
from features.engines.accounting import Accounting
from features.engines.partitions import Partitions
from features.event_codes import Labels, known_ids, rest_hash
from features.event_door import EventDoor, code_batch
from features.event_order import total_order
from features.event_records import Records, joined, same_as_before, taken
from features.event_source import EventSource
from features.histories import TIE_BREAKERS, Block, Histories, account_log, lead_log
from features.hygiene import unwanted
from features.identifiers import positions_of
from features.layout import layout_of
from features.links import REPEATS, different_ids, one_row_a_key, without_repeats
from features.project import FeatureSettings, Project
from features.propose import Available, Vocabulary, vocabulary_of
from features.schema import SPECS
from features.sources import SourceTable
from features.tables import Tables
from features.traffic import internal_addresses
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

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds, in alphabetical order."""
        return self.door.kinds.alphabetical()[0]

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics, in alphabetical order."""
        return self.door.topics.alphabetical()[0]

    @property
    def recorded(self) -> Available:
        """What there is in the data."""
        return Available(
            own_events=any((records["lead"] >= 0).any() for records in self._partitions.each()),
            events=any(len(records) for records in self._partitions.each()),
            creation=bool((self.histories.created != NEVER).any()),
        )

    def vocabulary(self, before_us: int, settings: FeatureSettings) -> Vocabulary:
        """Most frequent kinds and topics among the events known before `before_us`."""
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
        mine = [taken(records, np.flatnonzero(wanted[records["lead"]])) for records in self._partitions.each()]
        found = joined(mine, self.door.dtype)
        return pd.DataFrame(
            {
                "lead_id": pd.Series(self.histories.lead_ids[found["lead"]], dtype="str"),
                "occurred_at": pd.to_datetime(found["time"], unit="us", utc=True).as_unit("us"),
            }
        )

    def block(self, number: int) -> Block:
        """The accounts of one partition with their events in order."""
        first, stop = (int(i) for i in self.start[[number, number + 1]])
        alone = self.histories.cut(first, stop)
        columns = self._columns(self._partitions.take(number), first)
        own = int(np.searchsorted(-columns["lead"], 1))  # events without a lead stand last
        columns["account"][:own] = alone.account[columns["lead"][:own]]
        return Block(
            created=alone.created,
            account=alone.account,
            account_start=alone.account_start,
            kinds=self.kinds,
            topics=self.topics,
            by_lead=lead_log({name: values[:own] for name, values in columns.items()}, len(alone.created)),
            by_account=account_log(columns, alone.created, stop - first),
        )

    def settle(self, threads: int) -> None:
        """Put each partition in order, without rows that repeat others and events that hygiene leaves out."""
        with ThreadPoolExecutor(threads) as pool:
            repeated = list(pool.map(self._settle_partition, range(len(self))))
        numbers = np.sort(np.concatenate(repeated)) if repeated else np.empty(0, np.int64)
        self.accounting.reject_rows(numbers, fault("", REPEATS, "each row once", expected_loss=True))

    def _settle_partition(self, number: int) -> Ints:
        """Settle one partition; returns the numbers of its rows that repeat others."""
        records = self._partitions.take(number)
        if len(self._dropped):
            records = taken(records, np.flatnonzero(~np.isin(records["row"], self._dropped)))
        records = taken(records, self._order(records, number))
        again = same_as_before(records)
        repeated = records["row"][again]
        records = taken(records, np.flatnonzero(~again)) if again.any() else records
        self._partitions.put(number, self._wanted(records, number))
        return repeated

    def _order(self, records: Records, number: int) -> Ints:
        """Positions by lead, then by account where there is none, and time."""
        first_account, stop = self.start[[number, number + 1]]
        first_lead, stop_lead = self.histories.account_start[[first_account, stop]]
        owner, n_leads = column_of(records, "lead") - first_lead, int(stop_lead - first_lead)
        if len(alone := np.flatnonzero(owner < 0)):
            owner[alone] = n_leads + records["account"][alone] - first_account
        return total_order(
            owner,
            column_of(records, "time"),
            n_leads + int(stop - first_account),
            lambda rows: self._ties(records, rows),
        )

    def _ties(self, records: Records, rows: Ints) -> list[Ints]:
        columns = self._columns(taken(records, rows), 0)
        return [columns[name] for name in (*TIE_BREAKERS, "rest", "row")]

    def _wanted(self, records: Records, number: int) -> Records:
        """Settled records without the events that hygiene leaves out."""
        rules = self.door.project.hygiene
        if not rules.enabled:
            return records
        first_account, stop = (int(i) for i in self.start[[number, number + 1]])
        columns = self._columns(records, first_account)
        own = int(np.searchsorted(-columns["lead"], 1))
        n_leads = int(np.diff(self.histories.account_start[[first_account, stop]])[0])
        log = lead_log({name: values[:own] for name, values in columns.items()}, n_leads)
        found = unwanted(log, self.kinds, rules)
        self.accounting.leave_out(found.counts)
        keep = np.ones(len(records), np.bool_)
        keep[:own] = ~found.mask
        return records if keep.all() else taken(records, np.flatnonzero(keep))

    def _columns(self, records: Records, first_account: int) -> dict[str, Ints]:
        first_lead = int(self.histories.account_start[first_account])
        columns = {name: column_of(records, name) for name in (*TIE_BREAKERS, "time", "account", "rest", "row")}
        columns["kind"] = self.door.kinds.alphabetical()[1][columns["kind"]]
        columns["topic"] = self.door.topics.alphabetical()[1][columns["topic"]]
        columns["lead"] = np.where(columns["lead"] >= 0, columns["lead"] - first_lead, -1)
        columns["account"] = np.where(columns["account"] >= 0, columns["account"] - first_account, -1)
        return columns


def _by_name(counts: Ints, labels: Labels) -> dict[str, int]:
    return {name: int(counts[code]) for name, code in labels.codes.items()}


def column_of(records: Records, name: str) -> Ints:
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
    accounting, ids = Accounting(source), RowIds()

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
    dropped = drop_conflicts(source, door, accounting, ids.doubtful())
    logs = EventLogs(histories, start, door, accounting, partitions, dropped)
    logs.settle(limits.threads)
    return logs


def _scattered(records: Records, of_lead: Ints, of_account: Ints) -> tuple[Records, Ints]:
    """Records that belong to somebody, and their partitions."""
    if "account" not in (records.dtype.names or ()):
        return records, of_lead[column_of(records, "lead")]
    of_lead, of_account = np.append(of_lead, -1), np.append(of_account, -1)
    found = np.where(records["lead"] >= 0, of_lead[records["lead"]], of_account[records["account"]])
    known = np.flatnonzero(found >= 0)
    return (records, found) if len(known) == len(found) else (taken(records, known), found[known])


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
    accounts, number, of_lead = _accounts(tables, histories, named="account_id" in layout.canonical)
    return EventDoor(
        project=project,
        layout=layout,
        leads=known_ids(histories.lead_ids, reading_of(project, "interactions", "lead_id")),
        accounts=known_ids(accounts, reading_of(project, "interactions", "account_id")),
        account_number=number,
        account_of_lead=of_lead,
        internal=internal_addresses(histories.leads["email"], project.hygiene.internal_domains),
        end=end,
        chosen=project.project.data_end is not None,
    )


def _accounts(tables: Tables, histories: Histories, *, named: bool) -> tuple[pd.Series, Ints, Ints]:
    """All known accounts, the number of each in the histories (−1: no leads), and that of each lead's own (−1: none).

    None are known where no row can name one.
    """
    if not named:
        return tables.accounts["account_id"][:0], np.empty(0, np.int64), np.full(len(histories.account), -1)
    accounts = different_ids([tables.leads["account_id"], tables.accounts["account_id"]])
    own = histories.leads["account_id"].reset_index(drop=True)
    first_of_account = histories.leads.assign(number=histories.account).drop_duplicates("account_id")
    at = positions_of(accounts, first_of_account["account_id"])
    number = np.where(at >= 0, first_of_account["number"].to_numpy()[at], -1)
    return accounts, number, np.where(own.notna(), histories.account, -1)


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
