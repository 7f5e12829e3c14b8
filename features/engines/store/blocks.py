"""Accounts of a store as blocks for the kernel, with today's leads, and the feature rows that are made of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from features.engines.account_ranges import PARTITION_EVENTS, Fields, column_of
from features.engines.asked import Asked
from features.engines.event_logs import Limits
from features.engines.local import block_features
from features.engines.ordered_results import in_order
from features.engines.settled import settled_logs
from features.engines.store.events import EventPart, in_groups, number_of_records, positions
from features.engines.store.touched import profile_of
from features.event_codes import Labels
from features.event_log import TIE_BREAKERS, lead_log
from features.event_records import Records, joined, taken
from features.feature_values import FeatureValues
from features.histories import Block, Histories
from features.hygiene import marked_by_rep, unwanted
from features.project import HygieneSettings
from features.record_order import grouped, sort_groups
from features.snapshots import Snapshots
from features.windows import Bools, Ints

LEAST_EVENTS = 50_000


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """All events of a store, and the numbers there of today's leads and accounts (−1: no events of its own)."""

    parts: tuple[EventPart, ...]
    dtype: np.dtype[np.void]
    kinds: Labels
    topics: Labels
    rules: HygieneSettings
    histories: Histories
    lead_number: Ints
    account_number: Ints

    def weights(self, accounts: Ints) -> Ints:
        """Number of records of each account, and a little for its leads."""
        start = self.histories.account_start
        leads = positions(start[accounts], start[accounts + 1])
        each = number_of_records(self.parts, self.lead_number[leads]) + 1
        first = np.append(0, np.cumsum(start[accounts + 1] - start[accounts]))[:-1]
        own = number_of_records(self.parts, _as_owner(self.account_number[accounts]))
        return np.add.reduceat(each, first) + own if len(accounts) else own

    def block(self, accounts: Ints) -> tuple[Block, Ints]:
        """Some accounts (ascending) with their events in order, and the numbers of their leads."""
        alone, leads = self._alone(accounts)
        records = self._wanted(self._in_order(leads, accounts), len(leads))
        codes = self.kinds.alphabetical()[1], self.topics.alphabetical()[1]
        by_lead, by_account = settled_logs(records, alone, (0, 0), codes)
        return replace(alone, by_lead=by_lead, by_account=by_account), leads

    def _alone(self, accounts: Ints) -> tuple[Block, Ints]:
        """Some accounts without their events, and the numbers of their leads."""
        histories, start = self.histories, self.histories.account_start
        leads, size = positions(start[accounts], start[accounts + 1]), start[accounts + 1] - start[accounts]
        alone = Block(
            created=histories.created[leads],
            account=np.repeat(np.arange(len(accounts)), size),
            account_start=np.append(0, np.cumsum(size)),
            kinds=self.kinds.alphabetical()[0],
            topics=self.topics.alphabetical()[0],
            by_lead=histories.by_lead,
            by_account=histories.by_account,
        )
        return alone, leads

    def _in_order(self, leads: Ints, accounts: Ints) -> Records:
        """The records by lead, then of accounts, and time; leads and accounts are numbered by their place."""
        own = np.flatnonzero(self.account_number[accounts] >= 0)
        owners = np.concatenate([self.lead_number[leads], _as_owner(self.account_number[accounts[own]])])
        place = np.append(np.arange(len(leads)), own)
        found, of_owner = [], []
        for part in self.parts:
            first, stop = part.spans(owners)
            records = taken(part.records, positions(first, stop))
            of_owner.append(np.repeat(np.arange(len(owners)), stop - first))
            _renumber(records, of_owner[-1] < len(leads), place[of_owner[-1]])
            found.append(records)
        if sum(map(len, found)) == max(map(len, found), default=0):  # each part is in order
            return joined(found, self.dtype)
        records, start = grouped(found, of_owner, len(owners), self.dtype)
        sort_groups(records, start, lambda tied: _ties(columns_of(tied, self.kinds, self.topics)))
        return records

    def _wanted(self, records: Records, n_leads: int) -> Records:
        """Records in order without the events that hygiene leaves out."""
        if not self.rules.enabled:
            return records
        (names, kinds), topics = self.kinds.alphabetical(), self.topics.alphabetical()[1]
        log = lead_log(Fields(records, {"kind": kinds, "topic": topics}), n_leads)
        mask = unwanted(log, names, self.rules).mask
        left_out = np.append(mask, marked_by_rep(column_of(records[len(mask) :], "direction")))
        return taken(records, np.flatnonzero(~left_out)) if left_out.any() else records

    def blocks(self, accounts: Ints, threads: int = 1) -> Iterator[Ints]:
        """The accounts, cut into groups of a size that a block may have, and for all threads if worthwhile."""
        weights = self.weights(accounts)
        return in_groups(accounts, weights, int(np.clip(weights.sum() // threads, LEAST_EVENTS, PARTITION_EVENTS)))


def _renumber(records: Records, of_lead: Bools, place: Ints) -> None:
    records["lead"] = np.where(of_lead, place, -1)
    if "account" in (records.dtype.names or ()):
        records["account"] = np.where(of_lead, -1, place)


def _ties(columns: Mapping[str, Ints]) -> list[Ints]:
    return [columns[name] for name in TIE_BREAKERS]


def columns_of(records: Records, kinds: Labels, topics: Labels) -> dict[str, Ints]:
    """Every field of records in int64, kinds and topics as codes that follow the alphabet."""
    columns = {name: column_of(records, name) for name in (*TIE_BREAKERS, "time", "account", "rest", "row")}
    columns["kind"] = kinds.alphabetical()[1][columns["kind"]]
    columns["topic"] = topics.alphabetical()[1][columns["topic"]]
    return columns


def feature_parts(
    stored: StoredEvents, asked: Asked, rows: Ints, limits: Limits
) -> Iterator[tuple[slice, FeatureValues]]:
    """The feature rows of some snapshots (ascending positions), each part with its place among them."""
    account = stored.histories.account[asked.snapshots.lead[rows]]
    groups = list(stored.blocks(np.unique(account), limits.threads))
    bounds = np.searchsorted(account, [int(group[0]) for group in groups] + [len(stored.histories.account_start)])

    def part(number: int) -> tuple[slice, FeatureValues]:
        here = slice(int(bounds[number]), int(bounds[number + 1]))
        block, leads = stored.block(groups[number])
        lead = np.searchsorted(leads, asked.snapshots.lead[rows[here]])
        inner = Snapshots(lead, asked.snapshots.as_of[rows[here]])
        return here, block_features(block, profile_of(asked.profile, leads), inner, asked.catalog)

    yield from in_order(limits.threads, part, range(len(groups)), limits.threads + 1)


def _as_owner(account: Ints) -> Ints:
    # No owner has this number: accounts without events of their own find none.
    return np.where(account >= 0, -1 - account, np.iinfo(np.int64).min)
