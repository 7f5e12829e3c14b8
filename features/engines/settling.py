"""Settling: the records of a range of accounts put in order, without repeats and events that hygiene leaves out."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from features.drafts import fault
from features.engines.account_ranges import AccountRanges, column_of
from features.engines.accounting import Accounting
from features.event_log import TIE_BREAKERS, lead_log
from features.event_records import Records, taken
from features.hygiene import REP_ACTIVITY, marked_by_rep, unwanted
from features.links import REPEATS
from features.record_order import grouped, sort_groups
from features.windows import Bools, Ints


def settle(ranges: AccountRanges, accounting: Accounting, dropped: Ints, threads: int) -> None:
    """Put each range in order; rows with the numbers `dropped` are left out, repeats are quarantined."""

    def settled(number: int) -> Ints:
        records, repeated = _in_order(ranges, accounting, number, dropped)
        ranges.partitions.put(number, _wanted(ranges, number, records, accounting))
        return repeated

    with ThreadPoolExecutor(threads) as pool:
        repeated = list(pool.map(settled, range(len(ranges))))
    numbers = np.sort(np.concatenate(repeated)) if repeated else np.empty(0, np.int64)
    accounting.reject_rows(numbers, fault("", REPEATS, "each row once", expected_loss=True))


def _in_order(ranges: AccountRanges, accounting: Accounting, number: int, dropped: Ints) -> tuple[Records, Ints]:
    """The records by lead, then by account where there is none, and time; and the row numbers of repeats."""
    parts = ranges.partitions.take_parts(number)
    if len(dropped):
        parts = [taken(part, np.flatnonzero(~np.isin(part["row"], dropped))) for part in parts]
    known, n = ranges.n_owners(number)
    owners, first = [ranges.owners(number, part) for part in parts], ranges.leads(number)[0]
    records, start = grouped(parts, owners, n, ranges.door.dtype, first)
    again = sort_groups(records, start, lambda tied: _ties(ranges, number, tied))
    repeated = records["row"][again].astype(np.int64)
    used = records if len(again) == 0 else taken(records, np.delete(np.arange(len(records)), again))
    own = int(start[known] - np.searchsorted(again, start[known]))
    accounting.leave_out({REP_ACTIVITY: int(_by_reps(used[own:]).sum())})
    return used[:own], repeated


def _ties(ranges: AccountRanges, number: int, records: Records) -> list[Ints]:
    fields = ranges.fields(number, records)
    return [fields[name] for name in (*TIE_BREAKERS, "rest", "row")]


def _wanted(ranges: AccountRanges, number: int, records: Records, accounting: Accounting) -> Records:
    """Settled records without the events that hygiene leaves out."""
    rules = ranges.door.project.hygiene
    if not rules.enabled:
        return records
    first, stop = ranges.leads(number)
    found = unwanted(lead_log(ranges.fields(number, records), stop - first), ranges.door.kinds.alphabetical()[0], rules)
    of_accounts = _by_reps(records[len(found.mask) :])
    accounting.leave_out(found.counts)
    accounting.leave_out({REP_ACTIVITY: int(of_accounts.sum())})
    keep = ~np.append(found.mask, of_accounts)
    return records if keep.all() else taken(records, np.flatnonzero(keep))


def _by_reps(records: Records) -> Bools:
    """What sales made, where that is left out."""
    return marked_by_rep(column_of(records, "direction"))
