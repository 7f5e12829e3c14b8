"""Replay: stage events in, the state of every lead out, as of any date; the same whatever order events came in.

Events at or after the date do not exist. Of leads that were merged before it, both histories are one.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from features.cells import instant
from features.windows import NEVER, Bools, Ints, starts
from serving.lifecycle.events import EVENTS, MOMENT, WORD
from serving.lifecycle.machine import ACTIONS, STAGES, legal_moves
from serving.lifecycle.merges import renamed, survivors_in

Small = npt.NDArray[np.int8]
NONE = -1
READ = ("lead_id", "at", "action", "to_stage", "until", "owner", "into", "deals")
FEW = 32
"""So many events of one lead are sorted by insertion."""
STATES = pa.schema(
    [
        ("lead_id", pa.string()),
        ("stage", WORD),
        ("since", MOMENT),  # in this stage; null: from the beginning
        ("until", MOMENT),  # of nurture and rejected
        ("snoozed_until", MOMENT),
        ("owner", WORD),
        ("do_not_contact", pa.bool_()),
        ("customer", pa.bool_()),
        ("open_deals", pa.int64()),
    ]
)
_CREATE, _OPEN_DEAL, _LOSE, _WIN = (ACTIONS.index(name) for name in ("create", "open_deal", "lose", "win"))
_SNOOZE, _WAKE, _REASSIGN = (ACTIONS.index(name) for name in ("snooze", "wake", "reassign"))
_DO_NOT_CONTACT, _ALLOW_CONTACT = (ACTIONS.index(name) for name in ("do_not_contact", "allow_contact"))
_CUSTOMER = ACTIONS.index("already_customer")
_OPPORTUNITY, _NURTURE, _REJECTED = (STAGES.index(name) for name in ("opportunity", "nurture", "rejected"))
_LEGAL = legal_moves()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events in the order in which they took effect, lead by lead, and the state after each (arrays of one length).

    `row` says where each event stands in `events` (which holds later ones as well), lead i's lie at
    `start[i]:start[i + 1]`, and `lead_ids`, merged leads under the one that goes on, are sorted by their bytes. Stages
    are numbers of `STAGES`, times microseconds (`NEVER`: none), `owner` the row of `events` whose owner holds (−1:
    none).
    """

    events: pa.Table
    lead_ids: pa.Array
    start: Ints
    row: Ints
    before: Small
    after: Small
    effective: Bools
    since: Ints
    until: Ints
    snoozed_until: Ints
    owner: Ints
    do_not_contact: Bools
    customer: Bools
    open_deals: Ints

    @property
    def lead(self) -> Ints:
        """Number of each event's lead."""
        return np.repeat(np.arange(len(self.lead_ids)), np.diff(self.start))


def replay(events: pa.Table, as_of: datetime | None = None) -> Timeline:
    """The timeline of events (columns `EVENTS`, any order) before `as_of`; without a date, of all of them.

    An action that does not fit the stage before it is there with `effective` false and changes nothing.
    """
    at = moments(events["at"])
    row = np.arange(len(events)) if as_of is None else np.flatnonzero(at < instant(as_of))
    known = events.select(READ)
    known = known if len(row) == len(events) else known.take(pa.array(row))
    lead_ids, lead = _numbered(renamed(known["lead_id"], survivors_in(known)))
    start, place = _order(events, row, (lead, len(lead_ids)), at)
    done = _replayed(
        start,
        place,
        codes(known["action"], ACTIONS),
        codes(known["to_stage"], STAGES),
        at[row],
        moments(known["until"]),
        np.asarray(known["deals"].to_numpy(), np.int8),
        np.asarray(known["owner"].is_valid()),
        _LEGAL,
    )
    timeline = Timeline(events, lead_ids, start, row[place], *done)
    return replace(timeline, owner=np.where(timeline.owner < 0, NONE, row[timeline.owner]))


def transitions(events: pa.Table, as_of: datetime | None = None) -> pa.Table:
    """The changes of stage that took effect before `as_of`, in order of lead_id and time: columns `EVENTS`.

    `lead_id` is the lead that goes on after merges, `from_stage` and `to_stage` are what the replay gives.
    """
    timeline = replay(events, as_of)
    changed = timeline.before != timeline.after
    rows = timeline.events.take(pa.array(timeline.row[changed]))
    lead_id = timeline.lead_ids.take(pa.array(timeline.lead[changed]))
    rows = rows.set_column(EVENTS.get_field_index("lead_id"), "lead_id", lead_id)
    for name, stage in (("from_stage", timeline.before), ("to_stage", timeline.after)):
        rows = rows.set_column(EVENTS.get_field_index(name), name, words(stage[changed], STAGES))
    return rows


def state_at(events: pa.Table, as_of: datetime) -> pa.Table:
    """State of each lead with an event before `as_of`, columns `STATES`, in order of lead_id; merged leads are one."""
    return states(replay(events, as_of))


def states(timeline: Timeline) -> pa.Table:
    """State of each lead after its last event, columns `STATES`."""
    last = timeline.start[1:] - 1
    owner = timeline.owner[last]
    columns = {
        "lead_id": timeline.lead_ids,
        "stage": words(timeline.after[last], STAGES),
        **{name: times(getattr(timeline, name)[last]) for name in ("since", "until", "snoozed_until")},
        "owner": timeline.events["owner"].take(pa.array(owner, mask=owner < 0)).unify_dictionaries().combine_chunks(),
        **{name: pa.array(getattr(timeline, name)[last]) for name in ("do_not_contact", "customer", "open_deals")},
    }
    return pa.table([columns[name] for name in STATES.names], schema=STATES)


def stage_at(events: pa.Table, as_of: datetime) -> dict[str, str]:
    """Stage by lead_id as of a date, also under the ids of leads that were merged into others before it."""
    found = state_at(events, as_of)
    stages = dict(zip(found["lead_id"].to_pylist(), found["stage"].to_pylist(), strict=True))
    merged = survivors_in(events, as_of)
    return stages | {lead: stages[survivor] for lead, survivor in merged.items()}


def events_before(events: pa.Table, as_of: datetime) -> pa.Table:
    """The events before `as_of`; those without a date are among them."""
    early = pc.less(events["at"], pa.scalar(as_of, MOMENT))
    return events.filter(pc.fill_null(early, fill_value=True))


def codes(column: pa.ChunkedArray, known: tuple[str, ...]) -> Small:
    """Number of each word of a dictionary column among the known ones, −1 for null."""
    array = column.unify_dictionaries().combine_chunks()
    found = pc.index_in(array.dictionary, pa.array(known, pa.string())).fill_null(NONE)
    number = np.append(np.asarray(found.to_numpy(zero_copy_only=False), np.int8), np.int8(NONE))
    return number[array.indices.fill_null(len(number) - 1).to_numpy(zero_copy_only=False)]


def words(code: Small, known: tuple[str, ...]) -> pa.Array:
    """The words of some numbers; null for −1."""
    index = pa.array(code.astype(np.int32), mask=code < 0)
    return pa.DictionaryArray.from_arrays(index, pa.array(known, pa.string()))


def moments(column: pa.ChunkedArray) -> Ints:
    """Microseconds since 1970, `NEVER` for null."""
    return np.asarray(column.cast(pa.int64()).fill_null(NEVER).to_numpy(), np.int64)


def times(microseconds: Ints) -> pa.Array:
    """Times of microseconds since 1970; null for `NEVER`."""
    return pa.array(microseconds, mask=microseconds == NEVER).cast(MOMENT)


def _numbered(lead_id: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """The different ids sorted by their bytes, and the number of each row's."""
    encoded = lead_id.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    return encoded.dictionary.take(order), rank[encoded.indices.to_numpy()]


def _order(events: pa.Table, row: Ints, leads: tuple[Ints, int], at: Ints) -> tuple[Ints, Ints]:
    """Where each lead's events start, and the known rows by lead, time, order of actions, and every other column.

    `row` are the rows of `events` that are known, `leads` the lead of each of these and how many leads there are.
    """
    lead, n_leads = leads
    step = (codes(events["action"], ACTIONS).astype(np.int64) * 64 + codes(events["to_stage"], STAGES))[row]
    time, start = at[row], starts(lead, n_leads)
    order = _by_lead(start, lead, time, step)
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for key in (lead, time, step):
        same &= key[order[1:]] == key[order[:-1]]
    if not same.any():
        return start, order
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    rows = order[tied]
    some = events.take(pa.array(row[rows]))
    finer = [_ranks(some[name]) for name in reversed(EVENTS.names) if name not in ("at", "action")]
    order[tied] = rows[np.lexsort((*finer, step[rows], time[rows], lead[rows]))]
    return start, order


@njit(cache=True, nogil=True)
def _by_lead(start: Ints, lead: Ints, at: Ints, step: Ints) -> Ints:
    """Rows sorted by (lead, at, step): each lead's rows are collected, then sorted among themselves."""
    order, place = np.empty(len(lead), np.int64), start[:-1].copy()
    for row in range(len(lead)):
        order[place[lead[row]]] = row
        place[lead[row]] += 1
    for one in range(len(start) - 1):
        first, stop = start[one], start[one + 1]
        if stop - first > FEW:
            rows = order[first:stop].copy()
            rows = rows[np.argsort(step[rows], kind="mergesort")]
            order[first:stop] = rows[np.argsort(at[rows], kind="mergesort")]
            continue
        for i in range(first + 1, stop):
            row, j = order[i], i
            while j > first and (at[order[j - 1]], step[order[j - 1]]) > (at[row], step[row]):
                order[j] = order[j - 1]
                j -= 1
            order[j] = row
    return order


def _ranks(column: pa.ChunkedArray) -> Ints:
    """Rank of each value, equal values alike."""
    values = column.unify_dictionaries().combine_chunks()
    plain = values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
    return np.asarray(pc.rank(plain, tiebreaker="dense").to_numpy(), np.int64)


@njit(cache=True, nogil=True)
def _replayed(  # noqa: C901, PLR0913, PLR0917  (a loop over time has no natural parts; columns are its arguments)
    start: Ints,
    row: Ints,
    action: Small,
    to: Small,
    at: Ints,
    until: Ints,
    deals: Small,
    has_owner: Bools,
    legal: Bools,
) -> tuple[Small, Small, Bools, Ints, Ints, Ints, Ints, Bools, Bools, Ints]:
    """State after each event, as the fields of `Timeline` from `before` on: one loop over time, lead by lead."""
    n = len(row)
    before, after = np.empty(n, np.int8), np.empty(n, np.int8)
    effective = np.zeros(n, np.bool_)
    since, ends, snoozed = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    owner, open_deals = np.empty(n, np.int64), np.empty(n, np.int64)
    silent, customer = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    for lead in range(len(start) - 1):
        stage, deal_count, who = 0, 0, -1
        entered, end, pause = at[row[start[lead]]], NEVER, NEVER
        no_contact, is_customer = False, False
        for i in range(start[lead], start[lead + 1]):
            event = row[i]
            what, target = action[event], to[event]
            before[i] = stage
            took_effect = True
            if what in (_OPEN_DEAL, _LOSE, _WIN):
                deal_count += deals[event]
                is_customer = is_customer or what == _WIN
                if deal_count > 0:
                    target = _OPPORTUNITY
                took_effect = what != _OPEN_DEAL or deal_count > 0
            elif what == _SNOOZE:
                pause = until[event]
            elif what == _WAKE:
                pause = NEVER
            elif what == _REASSIGN:
                who = event if has_owner[event] else -1
            elif what in (_DO_NOT_CONTACT, _ALLOW_CONTACT):
                no_contact = what == _DO_NOT_CONTACT
            elif target >= 0:
                took_effect = legal[what, stage, target]
                is_customer = is_customer or (took_effect and what == _CUSTOMER)
            if target >= 0 and took_effect:
                if target != stage:
                    entered = at[event]
                stage = target
                end = until[event] if stage in (_NURTURE, _REJECTED) else NEVER
            effective[i], after[i], since[i], ends[i], snoozed[i] = took_effect, stage, entered, end, pause
            owner[i], silent[i], customer[i], open_deals[i] = who, no_contact, is_customer, deal_count
    return before, after, effective, since, ends, snoozed, owner, silent, customer, open_deals
