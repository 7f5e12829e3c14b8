"""Accounts of a store as blocks for the kernel, with today's leads, and the feature rows that are made of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from features.engines.account_ranges import PARTITION_EVENTS, column_of
from features.engines.asked import Asked
from features.engines.event_logs import Limits
from features.engines.local import block_features, in_order
from features.engines.store.events import EventPart, in_groups, number_of_records, positions, records_of
from features.engines.store.touched import profile_of
from features.event_codes import Labels
from features.event_log import TIE_BREAKERS
from features.event_records import Records
from features.feature_values import FeatureValues
from features.histories import Block, Histories, event_logs, wanted_events
from features.project import HygieneSettings
from features.snapshots import Snapshots
from features.windows import Ints

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
        histories, start = self.histories, self.histories.account_start
        leads = positions(start[accounts], start[accounts + 1])
        numbers, own = self.lead_number[leads], self.account_number[accounts]
        owners = np.concatenate([numbers, _as_owner(own[own >= 0])])
        columns = columns_of(records_of(self.parts, owners, self.dtype), self.kinds, self.topics)
        columns["lead"], columns["account"] = _place(columns["lead"], numbers), _place(columns["account"], own)
        kinds, topics = self.kinds.alphabetical()[0], self.topics.alphabetical()[0]
        wanted, _ = wanted_events(columns, len(leads), kinds, self.rules)
        account = np.repeat(np.arange(len(accounts)), start[accounts + 1] - start[accounts])
        by_lead, by_account = event_logs(wanted, histories.created[leads], account, len(accounts))
        first = np.append(0, np.cumsum(start[accounts + 1] - start[accounts]))
        return Block(histories.created[leads], account, first, kinds, topics, by_lead, by_account), leads

    def blocks(self, accounts: Ints, threads: int = 1) -> Iterator[Ints]:
        """The accounts, cut into groups of a size that a block may have, and for all threads if worthwhile."""
        weights = self.weights(accounts)
        return in_groups(accounts, weights, int(np.clip(weights.sum() // threads, LEAST_EVENTS, PARTITION_EVENTS)))


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

    with ThreadPoolExecutor(limits.threads) as threads:
        yield from in_order(threads, part, range(len(groups)), limits.threads + 1)


def _as_owner(account: Ints) -> Ints:
    # No owner has this number: accounts without events of their own find none.
    return np.where(account >= 0, -1 - account, np.iinfo(np.int64).min)


def _place(values: Ints, numbers: Ints) -> Ints:
    """Place of each value among different numbers; −1 for −1."""
    order = np.argsort(numbers)
    at = np.searchsorted(numbers[order], values)
    return np.where(values >= 0, np.append(order, -1)[at], -1)
