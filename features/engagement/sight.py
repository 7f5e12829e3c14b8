"""Sight: the events of leads and of their accounts as they are seen from snapshots."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from features.engagement.view import Codes, View
from features.event_order import by_owner_and_time
from features.histories import Block
from features.snapshots import Snapshots
from features.windows import Ints

Windows = tuple[tuple[int, ...], tuple[int, ...]]
NO_WINDOWS: Windows = ((), ())


@dataclass(frozen=True, slots=True)
class Sight:
    """The views of a block's leads and accounts; `account_row` picks the account view's row of each snapshot."""

    block: Block
    snapshots: Snapshots
    lead: View
    account: View
    account_row: Ints | slice


def sight(
    block: Block, snapshots: Snapshots, names: tuple[tuple[str, ...], tuple[str, ...]], windows: Windows = NO_WINDOWS
) -> Sight:
    """What is seen from snapshots (sorted by lead and as_of), in the vocabulary `names` of kinds and topics.

    `windows` are those that will be asked for of leads and of accounts, in days.
    """
    kinds, topics = names
    codes = _recode(block.kinds, kinds), _recode(block.topics, topics)
    owner, as_of, row = _account_dates(block, snapshots)
    return Sight(
        block=block,
        snapshots=snapshots,
        lead=View(block.by_lead, snapshots.lead, snapshots.as_of, *codes, len(kinds), windows[0]),
        account=View(block.by_account, owner, as_of, *codes, len(kinds), windows[1]),
        # Where no two leads share a row, as for one lead alone, there is nothing to pick.
        account_row=slice(None) if len(owner) == len(row) and (row == np.arange(len(row))).all() else row,
    )


def _account_dates(block: Block, snapshots: Snapshots) -> tuple[Ints, Ints, Ints]:
    """The different (account, as_of) of the snapshots in order, and which of them each snapshot has.

    Colleagues looked at on the same day share what their account shows: it is counted once.
    """
    owner = block.account[snapshots.lead]
    order = by_owner_and_time(owner, snapshots.as_of, len(block.account_start) - 1)
    first, row = _different_dates(owner, snapshots.as_of, order)
    return owner[first], snapshots.as_of[first], row


@njit(cache=True, nogil=True)
def _different_dates(owner: Ints, as_of: Ints, order: Ints) -> tuple[Ints, Ints]:
    """The first of the equal pairs in each row, and each pair's row."""
    first, row = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    rows = 0
    for i in range(len(order)):
        at, before = order[i], order[i - 1]
        if i == 0 or owner[at] != owner[before] or as_of[at] != as_of[before]:
            first[rows] = at
            rows += 1
        row[at] = rows - 1
    return first[:rows], row


def _recode(names: tuple[str, ...], vocabulary: tuple[str, ...]) -> Codes:
    """Code in the vocabulary of each data code; the last entry serves code −1 (no topic) and stays −1."""
    position = {name: code for code, name in enumerate(vocabulary)}
    return np.array([position.get(name, len(vocabulary)) for name in names] + [-1], np.int32)
