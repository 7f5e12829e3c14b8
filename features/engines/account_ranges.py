"""Records of events by ranges of accounts, as they are scattered when they are read and taken up again."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from features.engines.partitions import Partitions
from features.event_codes import Codes
from features.event_door import EventDoor
from features.event_log import EventColumn
from features.event_records import Column, Records, no_duration
from features.event_rows import EventRows
from features.histories import Histories
from features.windows import Bools, Ints

PARTITION_EVENTS = 200_000
MOST_PARTITIONS = 2_000
# A partition of fewer events and leads costs more by itself than they do.
FEW = 60_000


class Fields(dict[str, EventColumn]):
    """Fields of records, each made in int64 when it is first asked for."""

    def __init__(self, records: Records, codes: dict[str, Ints]) -> None:
        super().__init__()
        self._records, self._codes = records, codes

    def __missing__(self, name: str) -> EventColumn:
        column = column_of(self._records, name)
        found: EventColumn = self._codes[name][column] if name in self._codes else column
        self[name] = found
        return found


def column_of(records: Records, name: str) -> Ints:
    """One column of an event log in int64; a field the source does not fill is as if no cell were given."""
    filled = records.dtype.names or ()
    if "duration" in name and "duration" in filled:
        given = records["duration"] != no_duration(records.dtype)
        return np.where(given, records["duration"], 0) if name == "duration" else given.astype(np.int64)
    if name in filled:
        return records[name].astype(np.int64)
    nothing = 0 if name in ("duration", "has_duration", "value", "rest") else -1
    return np.full(len(records), nothing, np.int64)


@dataclass(frozen=True, slots=True)
class AccountRanges:
    """Range i holds the accounts `start[i]:start[i + 1]` of the histories, and their events as one partition.

    Accounts without leads have the numbers after those. Their events count nowhere, but of rows that repeat others
    only one is used there too: range r of n has every n-th of them. `of_account` and `of_lead` give the range of each.
    """

    histories: Histories
    door: EventDoor
    start: Ints
    of_account: Ints
    of_lead: Codes
    partitions: Partitions

    def __len__(self) -> int:
        return len(self.start) - 1

    def accounts(self, number: int) -> tuple[int, int]:
        """First account of a range, and the one after its last."""
        return int(self.start[number]), int(self.start[number + 1])

    def leads(self, number: int) -> tuple[int, int]:
        """First lead of a range, and the one after its last."""
        first, stop = self.histories.account_start[self.start[[number, number + 1]]]
        return int(first), int(stop)

    def add(self, rows: EventRows) -> None:
        """Scatter the records of rows to their ranges."""
        lead, range_of = rows.columns["lead"], np.empty(len(rows), np.int64)
        # Without a field for it, every record has a lead, and its account is not looked at.
        account = rows.columns["account"] if "account" in (rows.dtype.names or ()) else lead
        _ranges_of(lead, account, (self.of_lead, self.of_account), rows.used, range_of)
        self.partitions.add_by(range_of, rows.place, rows.taken)

    def owners(self, number: int, records: Records) -> Column:
        """Owner of each record of a range: its leads, then its accounts, then those of accounts without leads.

        They are numbered from the range's first lead on.
        """
        lead: Column = records["lead"]
        if "account" not in (records.dtype.names or ()):
            return lead
        (first, stop), known = self.accounts(number), int(self.start[-1])
        account = column_of(records, "account")
        place = np.where(account < known, account - first, stop - first + (account - known) // len(self))
        return np.where(lead >= 0, lead.astype(np.int64), self.leads(number)[1] + place)

    def n_owners(self, number: int) -> tuple[int, int]:
        """Number of owners of a range, those without leads left out and counted in."""
        known = int(np.diff(self.leads(number))[0] + np.diff(self.accounts(number))[0])
        return known, known + (len(self.of_account) - int(self.start[-1])) // len(self) + 1

    def fields(self, number: int, records: Records) -> Fields:
        """Fields of the records of a range: leads and accounts numbered from 0 there, kinds and topics by alphabet."""
        kinds, topics = self.door.kinds.alphabetical()[1], self.door.topics.alphabetical()[1]
        found = Fields(records, {"kind": kinds, "topic": topics})
        for name, first in (("lead", self.leads(number)[0]), ("account", int(self.start[number]))):
            column = column_of(records, name)
            found[name] = np.where(column >= 0, column - first, -1)
        return found


def account_ranges(histories: Histories, door: EventDoor, rows: int, folder: Path, limit: int) -> AccountRanges:
    """Ranges of accounts for about so many rows; what exceeds `limit` bytes goes to files in `folder`."""
    start = _starts(histories, rows)
    n = len(start) - 1
    strangers = max(int(door.account_number.max(initial=-1)) + 1 - int(start[-1]), 0)
    of_account = np.concatenate([np.repeat(np.arange(n), np.diff(start)), np.arange(strangers) % n])
    of_lead = of_account[histories.account].astype(np.int32)
    return AccountRanges(histories, door, start, of_account, of_lead, Partitions(n, door.dtype, folder, limit, rows))


def number_of_partitions(rows: int, leads: int) -> int:
    """In how many partitions so many rows and leads are worked on."""
    fewest = min((rows + leads) // FEW + 1, 8)
    return int(np.clip(rows // PARTITION_EVENTS, fewest, MOST_PARTITIONS))


def _starts(histories: Histories, rows: int) -> Ints:
    """First account of each range, and the end: about equally many leads each."""
    n = number_of_partitions(rows, len(histories.created))
    leads = np.linspace(0, len(histories.created), n + 1).astype(np.int64)
    bounds = np.searchsorted(histories.account_start, leads)
    bounds[-1] = len(histories.account_start) - 1
    return np.unique(np.append(0, bounds)).astype(np.int64)


@njit(cache=True, nogil=True)
def _ranges_of(lead: Column, account: Column, ranges: tuple[Codes, Ints], used: Bools, found: Ints) -> None:
    """Range of each row, −1 for those that are not used."""
    of_lead, of_account = ranges
    for i in range(len(lead)):
        if len(used) and not used[i]:
            found[i] = -1
        else:
            found[i] = of_lead[lead[i]] if lead[i] >= 0 else of_account[account[i]]
