"""The stages of one lead: where it stands as of a date, how it came there, and whether it waits too long."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.contact import Contact
from features.errors import ProjectFileError
from features.histories import restrict
from features.tables import Tables
from features.windows import NEVER
from serving.lifecycle.contacts import contact_of
from serving.lifecycle.events import StageEvent, events_of
from serving.lifecycle.history import Process
from serving.lifecycle.log import read_log
from serving.lifecycle.machine import STAGES, Stage
from serving.lifecycle.merges import survivors_in
from serving.lifecycle.recorded import recorded_events
from serving.lifecycle.replay import Timeline, events_before, replay, states
from serving.lifecycle.service_levels import Clock, Promise, clock_of


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a lead as the replay sees it; `effective`: it fitted the stage before it."""

    event: StageEvent
    before: Stage
    after: Stage
    effective: bool


@dataclass(frozen=True, slots=True)
class LeadStages:
    """One lead as of a date: its state, its events in order, and its clock (`due` None: it does not run).

    `contact` says of what form its contact data are today; None where the lead is in no table any more.
    `lead_id` is the lead that goes on where leads were merged, `ids` are all that it goes by.
    """

    lead_id: str
    ids: tuple[str, ...]
    as_of: datetime
    stage: Stage
    since: datetime | None
    until: datetime | None
    snoozed_until: datetime | None
    owner: str | None
    do_not_contact: bool
    customer: bool
    open_deals: int
    due: datetime | None
    waited_hours: float | None
    limit_hours: float | None
    overdue: bool
    contact: Contact | None
    steps: tuple[Step, ...]


def lead_stages(process: Process, tables: Tables, promise: Promise, lead_id: str, as_of: datetime) -> LeadStages:
    """The stages of one lead before `as_of`, with those of the leads that were merged with it by then.

    Raises:
        ProjectFileError: nobody knows such a lead, or it was created later.
    """
    events, ids = events_of_lead(process, tables, lead_id, as_of)
    known = events_before(events, as_of)
    if not len(known):
        later = bool(len(events)) or bool((tables.leads["lead_id"] == lead_id).any())
        why = "was created later: expected a later --as-of" if later else "is neither in the leads nor in the log"
        raise ProjectFileError(f"lead {lead_id!r} {why}" + ("" if later else ": check the id (it is case-sensitive)"))
    timeline = replay(known)
    state = states(timeline)
    (row,) = state.to_pylist()
    clock = clock_of(state, promise, as_of)
    owner = row["owner"] if row["owner"] is not None else _exported_owner(tables, row["lead_id"])
    facts = {**row, "owner": owner, "contact": contact_of(row["lead_id"], tables.leads, process.settings)}
    return LeadStages(**facts, ids=ids, as_of=as_of, steps=_steps(timeline), **_clock(clock))


def events_of_lead(process: Process, tables: Tables, lead_id: str, as_of: datetime) -> tuple[pa.Table, tuple[str, ...]]:
    """All events of a lead and of those merged with it before `as_of`, and their ids, the one that goes on first."""
    log = read_log(process.folder)
    merged = survivors_in(log, as_of)
    end = merged.get(lead_id, lead_id)
    ids = (end, *sorted(one for one, into in merged.items() if into == end))
    mine = pc.is_in(log["lead_id"], pa.array(ids))
    alone = restrict(tables, pd.Index(ids))
    derived = recorded_events(alone, process.of_account, process.pauses)
    derived = derived.filter(pc.is_in(derived["lead_id"], pa.array(ids)))
    return pa.concat_tables([derived, log.filter(mine)]), ids


def _exported_owner(tables: Tables, lead_id: str) -> str | None:
    """The owner of the export, where no event names one."""
    owner = tables.leads.loc[tables.leads["lead_id"] == lead_id, "owner"].dropna()
    return None if owner.empty else str(owner.iloc[0])


def _steps(timeline: Timeline) -> tuple[Step, ...]:
    events = events_of(timeline.events.take(pa.array(timeline.row)))
    stages = zip(timeline.before.tolist(), timeline.after.tolist(), timeline.effective.tolist(), strict=True)
    return tuple(
        Step(event, STAGES[first], STAGES[last], effective)
        for event, (first, last, effective) in zip(events, stages, strict=True)
    )


def _clock(clock: Clock) -> dict[str, Any]:
    if int(clock.due[0]) == NEVER:
        return {"due": None, "waited_hours": None, "limit_hours": None, "overdue": False}
    due = datetime.fromtimestamp(0, UTC) + pd.Timedelta(int(clock.due[0]), "us").to_pytimedelta()
    hours = {"waited_hours": float(clock.waited_hours[0]), "limit_hours": float(clock.limit_hours[0])}
    return {"due": due, **hours, "overdue": bool(clock.overdue[0])}
