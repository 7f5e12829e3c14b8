"""Event logs of any size: interactions read in batches, scattered by accounts, and put in order a block at a time."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from features.door import reading_of
from features.engines.account_ranges import AccountRanges, account_ranges
from features.engines.accounting import Accounting
from features.engines.row_ids import drop_conflicts, row_ids
from features.engines.settled import settled_logs
from features.engines.settling import settle
from features.event_codes import KnownIds, Labels, known_ids
from features.event_door import EventDoor, code_batch
from features.event_records import fields_for, joined, taken
from features.event_source import EventSource
from features.histories import Block, Histories
from features.identifiers import positions_of
from features.layout import layout_of
from features.links import different_ids
from features.memory import give_back
from features.project import FeatureSettings, Project
from features.propose import Available, Vocabulary, vocabulary_of
from features.schema import SPECS
from features.sources import SourceTable
from features.tables import Tables
from features.traffic import internal_addresses
from features.windows import NEVER, Ints

# What a batch and the block in work need beside the records themselves.
RECORDS_SHARE = 0.35
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

    Each block can be taken once.
    """

    ranges: AccountRanges
    accounting: Accounting

    def __len__(self) -> int:
        return len(self.ranges)

    @property
    def histories(self) -> Histories:
        """Those of the leads, without events."""
        return self.ranges.histories

    @property
    def start(self) -> Ints:
        """First account of each partition, and the end."""
        return self.ranges.start

    @property
    def door(self) -> EventDoor:
        """The door the interactions came in by."""
        return self.ranges.door

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
            own_events=any((records["lead"] >= 0).any() for records in self.ranges.partitions.each()),
            events=any(len(records) for records in self.ranges.partitions.each()),
            creation=bool((self.histories.created != NEVER).any()),
        )

    def vocabulary(self, before_us: int, settings: FeatureSettings) -> Vocabulary:
        """Most frequent kinds and topics among the events known before `before_us`."""
        kinds, topics = np.zeros(len(self.door.kinds.codes), np.int64), np.zeros(len(self.door.topics.codes), np.int64)
        created = np.append(self.histories.created, NEVER)
        for records in self.ranges.partitions.each():
            seen = records[np.maximum(records["time"], created[records["lead"]]) < before_us]
            kinds += np.bincount(seen["kind"], minlength=len(kinds))
            if "topic" in (records.dtype.names or ()):
                topics += np.bincount(seen["topic"] + 1, minlength=len(topics) + 1)[1:]
        return vocabulary_of(_by_name(kinds, self.door.kinds), _by_name(topics, self.door.topics), settings)

    def touches(self, deals: pd.DataFrame) -> pd.DataFrame:
        """The interactions (lead_id, occurred_at) of the leads whose account has a deal that names no lead."""
        shared = deals.loc[deals["lead_id"].isna(), "account_id"]
        wanted = np.append(self.histories.leads["account_id"].isin(shared).to_numpy(), False)
        mine = [taken(records, np.flatnonzero(wanted[records["lead"]])) for records in self.ranges.partitions.each()]
        found = joined(mine, self.door.dtype)
        return pd.DataFrame(
            {
                "lead_id": pd.Series(self.histories.lead_ids[found["lead"]], dtype="str"),
                "occurred_at": pd.to_datetime(found["time"], unit="us", utc=True).as_unit("us"),
            }
        )

    def block(self, number: int) -> Block:
        """The accounts of one partition with their events in order."""
        first, stop = self.ranges.accounts(number)
        alone = self.histories.cut(first, stop)
        by_lead, by_account = settled_logs(
            self.ranges.partitions.take(number),
            alone,
            (self.ranges.leads(number)[0], first),
            (self.door.kinds.alphabetical()[1], self.door.topics.alphabetical()[1]),
        )
        return Block(
            created=alone.created,
            account=alone.account,
            account_start=alone.account_start,
            kinds=self.kinds,
            topics=self.topics,
            by_lead=by_lead,
            by_account=by_account,
        )


def _by_name(counts: Ints, labels: Labels) -> dict[str, int]:
    return {name: int(counts[code]) for name, code in labels.codes.items()}


def read_event_logs(
    source: EventSource, door: EventDoor, histories: Histories, folder: Path, limits: Limits, progress: Progress
) -> EventLogs:
    """Read all interactions through the door; `folder` takes what exceeds the limit of memory.

    Raises:
        InputContractError: the table cannot be used as a whole.
    """
    door = replace(door, record_fields=fields_for(source.rows, _longest_s(door, source)))
    ranges = account_ranges(histories, door, source.rows, folder, limits.records)
    accounting = Accounting(source)
    give_back()  # what the door and the histories took on their way
    doubtful = _scattered(source, ranges, accounting, limits, progress)
    give_back()
    accounting.refuse_if_mostly_bad()
    settle(ranges, accounting, drop_conflicts(source, door, accounting, doubtful), limits.threads)
    give_back()
    return EventLogs(ranges, accounting)


def _longest_s(door: EventDoor, source: EventSource) -> float:
    """The longest that an event takes, as far as the source says so (else infinite), seconds."""
    column = door.layout.canonical.get("duration_s")
    if column is None:
        return 0.0
    is_plain = not reading_of(door.project, "interactions", "duration_s").values
    return source.largest.get(column, math.inf) if is_plain else math.inf


def _scattered(
    source: EventSource, ranges: AccountRanges, accounting: Accounting, limits: Limits, progress: Progress
) -> Ints:
    """All interactions to their ranges; gives the numbers of rows whose id may come twice."""
    door = ranges.door
    ids = row_ids(door, source.rows, ranges.partitions.folder, limits.records)

    def read(number: int) -> int:
        piece = source.pieces[number]
        for first, batch in source.batches(piece, door.columns):
            coded = code_batch(door, batch, first)
            accounting.add(coded, first)
            ranges.add(coded.rows)
            ids.add(batch, first)
        return piece.rows

    done = 0
    with ThreadPoolExecutor(limits.threads) as threads:
        for rows in threads.map(read, range(len(source.pieces))):
            done += rows
            progress(done, source.rows)
    return ids.doubtful()


def known_leads(project: Project, histories: Histories) -> KnownIds:
    """The leads that rows of interactions may name."""
    return known_ids(histories.leads["lead_id"], reading_of(project, "interactions", "lead_id"))


def open_door(
    project: Project,
    source: EventSource,
    tables: Tables,
    histories: Histories,
    end: datetime,
    leads: KnownIds | None = None,
) -> EventDoor:
    """The door that the project's interactions come in by; `leads` are the `known_leads` where these are there already.

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
        leads=leads or known_leads(project, histories),
        accounts=known_ids(accounts, reading_of(project, "interactions", "account_id")),
        account_number=number,
        account_of_lead=of_lead,
        internal=internal_addresses(histories.leads["email"], project.hygiene.internal_domains),
        end=end,
        chosen=project.project.data_end is not None,
    )


def _accounts(tables: Tables, histories: Histories, *, named: bool) -> tuple[pd.Series, Ints, Ints]:
    """All known accounts, the number of each in the histories, and that of each lead's own (−1: none).

    Accounts without leads have the numbers after the histories' own. None are known where no row can name one.
    """
    if not named:
        return tables.accounts["account_id"][:0], np.empty(0, np.int64), np.full(len(histories.account), -1)
    accounts = different_ids([tables.leads["account_id"], tables.accounts["account_id"]])
    own = histories.leads["account_id"].reset_index(drop=True)
    first_of_account = histories.leads.assign(number=histories.account).drop_duplicates("account_id")
    at = positions_of(accounts, first_of_account["account_id"])
    strangers = np.cumsum(at < 0) - 1 + len(histories.account_start) - 1
    number = np.where(at >= 0, first_of_account["number"].to_numpy()[at], strangers)
    return accounts, number, np.where(own.notna(), histories.account, -1)
