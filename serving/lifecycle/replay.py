"""Replay: stage events in, the state of every lead out, as of any date; the same whatever order events came in.

Events at or after the date do not exist. Of leads that were merged before it, both histories are one.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from features.windows import NEVER, Bools, Ints, starts
from serving.lifecycle.events import EVENTS, MOMENT, WORD
from serving.lifecycle.machine import ACTIONS, STAGES, legal_moves
from serving.lifecycle.merges import renamed, survivors_in

Small = npt.NDArray[np.int8]
NONE = -1
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

    Lead i's events lie at `start[i]:start[i + 1]`; `lead_ids` are sorted by their bytes. Stages are numbers of
    `STAGES`, times microseconds (`NEVER`: none), `owner` the row whose owner holds (−1: none).
    """

    events: pa.Table
    lead_ids: pa.Array
    start: Ints
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
    known = _before(events, as_of)
    known = known.set_column(0, "lead_id", renamed(known["lead_id"], survivors_in(known)))
    known = known.unify_dictionaries().combine_chunks()
    lead_ids, lead = _numbered(known["lead_id"])
    order = _order(known, lead)
    ordered, lead = known.take(pa.array(order)), lead[order]
    start = starts(lead, len(lead_ids))
    done = _replayed(
        start,
        codes(ordered["action"], ACTIONS),
        codes(ordered["to_stage"], STAGES),
        moments(ordered["at"]),
        moments(ordered["until"]),
        np.asarray(ordered["deals"].to_numpy(), np.int8),
        np.asarray(ordered["owner"].is_valid()),
        _LEGAL,
    )
    return Timeline(ordered, lead_ids, start, *done)


def transitions(events: pa.Table, as_of: datetime | None = None) -> pa.Table:
    """The changes of stage that took effect before `as_of`, in order of lead_id and time: columns `EVENTS`.

    `lead_id` is the lead that goes on after merges, `from_stage` and `to_stage` are what the replay gives.
    """
    timeline = replay(events, as_of)
    changed = timeline.before != timeline.after
    rows = timeline.events.filter(pa.array(changed))
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
        "owner": timeline.events["owner"].combine_chunks().take(pa.array(owner, mask=owner < 0)),
        **{name: pa.array(getattr(timeline, name)[last]) for name in ("do_not_contact", "customer", "open_deals")},
    }
    return pa.table([columns[name] for name in STATES.names], schema=STATES)


def stage_at(events: pa.Table, as_of: datetime) -> dict[str, str]:
    """Stage by lead_id as of a date, also under the ids of leads that were merged into others before it."""
    found = state_at(events, as_of)
    stages = dict(zip(found["lead_id"].to_pylist(), found["stage"].to_pylist(), strict=True))
    merged = survivors_in(_before(events, as_of))
    return stages | {lead: stages[survivor] for lead, survivor in merged.items()}


def codes(column: pa.ChunkedArray, known: tuple[str, ...]) -> Small:
    """Number of each word among the known ones, −1 for null."""
    array = column.unify_dictionaries().combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    found = pc.index_in(array.cast(pa.string()), pa.array(known, pa.string()))
    return np.asarray(found.fill_null(NONE).to_numpy(zero_copy_only=False), np.int8)


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


def _before(events: pa.Table, as_of: datetime | None) -> pa.Table:
    if as_of is None:
        return events
    early = pc.less(events["at"], pa.scalar(as_of, MOMENT))
    return events.filter(pc.fill_null(early, fill_value=True))


def _numbered(lead_id: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """The different ids sorted by their bytes, and the number of each row's."""
    encoded = lead_id.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    return encoded.dictionary.take(order), rank[encoded.indices.to_numpy()]


def _order(events: pa.Table, lead: Ints) -> Ints:
    """Rows by lead, time and order of actions; what is still equal by every other column that matters."""
    at = moments(events["at"])
    step = codes(events["action"], ACTIONS).astype(np.int64) * 64 + codes(events["to_stage"], STAGES)
    order = np.lexsort((step, at, lead))
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for key in (lead, at, step):
        same &= key[order[1:]] == key[order[:-1]]
    if not same.any():
        return order
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    rows = order[tied]
    some = events.take(pa.array(rows))
    finer = [_ranks(some[name]) for name in reversed(EVENTS.names) if name not in ("lead_id", "at", "action")]
    order[tied] = rows[np.lexsort((*finer, step[rows], at[rows], lead[rows]))]
    return order


def _ranks(column: pa.ChunkedArray) -> Ints:
    """Rank of each value, equal values alike."""
    values = column.combine_chunks()
    plain = values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
    return np.asarray(pc.rank(plain, tiebreaker="dense").to_numpy(), np.int64)


@njit(cache=True, nogil=True)
def _replayed(  # noqa: C901, PLR0913, PLR0917  (a loop over time has no natural parts; columns are its arguments)
    start: Ints, action: Small, to: Small, at: Ints, until: Ints, deals: Small, has_owner: Bools, legal: Bools
) -> tuple[Small, Small, Bools, Ints, Ints, Ints, Ints, Bools, Bools, Ints]:
    """State after each event, as the fields of `Timeline` from `before` on: one loop over time, lead by lead."""
    n = len(action)
    before, after = np.empty(n, np.int8), np.empty(n, np.int8)
    effective = np.zeros(n, np.bool_)
    since, ends, snoozed = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    owner, open_deals = np.empty(n, np.int64), np.empty(n, np.int64)
    silent, customer = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    for lead in range(len(start) - 1):
        stage, deal_count, who = 0, 0, -1
        entered, end, pause = at[start[lead]], NEVER, NEVER
        no_contact, is_customer = False, False
        for i in range(start[lead], start[lead + 1]):
            what, target = action[i], to[i]
            before[i] = stage
            took_effect = True
            if what in (_OPEN_DEAL, _LOSE, _WIN):
                deal_count += deals[i]
                is_customer = is_customer or what == _WIN
                if deal_count > 0:
                    target = _OPPORTUNITY
                took_effect = what != _OPEN_DEAL or deal_count > 0
            elif what == _SNOOZE:
                pause = until[i]
            elif what == _WAKE:
                pause = NEVER
            elif what == _REASSIGN:
                who = i if has_owner[i] else -1
            elif what in (_DO_NOT_CONTACT, _ALLOW_CONTACT):
                no_contact = what == _DO_NOT_CONTACT
            elif target >= 0:
                took_effect = legal[what, stage, target]
                is_customer = is_customer or (took_effect and what == _CUSTOMER)
            if target >= 0 and took_effect:
                if target != stage:
                    entered = at[i]
                stage = target
                end = until[i] if stage in (_NURTURE, _REJECTED) else NEVER
            effective[i], after[i], since[i], ends[i], snoozed[i] = took_effect, stage, entered, end, pause
            owner[i], silent[i], customer[i], open_deals[i] = who, no_contact, is_customer, deal_count
    return before, after, effective, since, ends, snoozed, owner, silent, customer, open_deals
