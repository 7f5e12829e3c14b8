"""Sight: the events of leads and of their accounts as they are seen from snapshots."""

from dataclasses import dataclass

import numpy as np

from features.engagement.view import View
from features.event_log import EventLog
from features.event_order import by_owner_and_time
from features.histories import Block
from features.snapshots import Snapshots
from features.windows import Ints


@dataclass(frozen=True, slots=True)
class Sight:
    """The views of a block's leads and accounts; `account_row` picks the account view's row of each snapshot."""

    block: Block
    snapshots: Snapshots
    lead: View
    account: View
    account_row: Ints | slice


def sight(block: Block, snapshots: Snapshots, kinds: tuple[str, ...], topics: tuple[str, ...]) -> Sight:
    """What is seen from snapshots (sorted by lead and as_of), in the vocabulary `kinds` and `topics`."""
    codes = _recode(block.kinds, kinds), _recode(block.topics, topics)
    owner, as_of, row = _account_dates(block, snapshots)
    return Sight(
        block=block,
        snapshots=snapshots,
        lead=_view(block.by_lead, snapshots.lead, snapshots.as_of, codes, len(kinds)),
        account=_view(block.by_account, owner, as_of, codes, len(kinds)),
        # Where no two leads share a row, as for one lead alone, there is nothing to pick.
        account_row=slice(None) if (row == np.arange(len(row))).all() else row,
    )


def _account_dates(block: Block, snapshots: Snapshots) -> tuple[Ints, Ints, Ints]:
    """The different (account, as_of) of the snapshots in order, and which of them each snapshot has.

    Colleagues looked at on the same day share what their account shows: it is counted once.
    """
    owner, as_of = block.account[snapshots.lead], snapshots.as_of
    order = by_owner_and_time(owner, as_of, len(block.account_start) - 1)
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(owner[order]) != 0) | (np.diff(as_of[order]) != 0)
    row = np.empty(len(order), np.int64)
    row[order] = np.cumsum(new) - 1
    first = order[new]
    return owner[first], as_of[first], row


def _view(log: EventLog, owner: Ints, as_of: Ints, codes: tuple[Ints, Ints], n_kinds: int) -> View:
    kind, topic = codes
    return View(log, owner, as_of, kind[log.kind], topic[log.topic], n_kinds)


def _recode(names: tuple[str, ...], vocabulary: tuple[str, ...]) -> Ints:
    """Code in the vocabulary of each data code; the last entry serves code −1 (no topic) and stays −1."""
    position = {name: code for code, name in enumerate(vocabulary)}
    return np.array([position.get(name, len(vocabulary)) for name in names] + [-1], np.int64)
