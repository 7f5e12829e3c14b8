"""What people do with leads: an act becomes one stored action and, where it moves the lead, one stage event.

The page's forms and the API call the same function. What is possible from a stage is decided by the stage machine; an
act that only says something (a note, an override, a wrong reason) leaves stage and score as they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa

from features.cells import EPOCH, MICROSECOND
from features.errors import RefusedError
from features.project import Project
from features.stage_settings import StageSettings
from serving.delivery.telling import Decided, decided_messages, moved_messages, telling_of
from serving.exploration import drawn, worked_probability
from serving.lifecycle.by_hand import gates_in, refuse_shut_gates, refuse_unverified
from serving.lifecycle.contacts import contact_of
from serving.lifecycle.event_text import event_text
from serving.lifecycle.events import StageEvent
from serving.lifecycle.moving import HANDED_OVER, Before, Wish, event_of, possible
from serving.live.account_history import unpacked
from serving.live.rescore import tables_of
from serving.live.row_after import row_after
from serving.render import VERSION_LENGTH
from serving.store.actions import Action, add_action, change_lead, lead_to_change, next_moment
from serving.store.audit import Line, log
from serving.store.connection import Transaction
from serving.store.interactions import arrived_at, packed_histories
from serving.store.outbox import enqueue
from serving.store.told_leads import told_lead
from training.bundle import Bundle

Move = Literal[
    "accept", "reject", "recycle", "disqualify", "already_customer", "reopen", "snooze", "wake", "reassign",
    "do_not_contact", "allow_contact",
]  # fmt: skip
Remark = Literal["note", "override", "reason_wrong", "data_wrong", "outcome"]
Kind = Move | Remark
MOVES: tuple[Move, ...] = get_args(Move)
REMARKS: tuple[Remark, ...] = get_args(Remark)
NEED_REASON: frozenset[Kind] = frozenset(("reject", "recycle", "disqualify", "override", "reason_wrong", "data_wrong"))
"""Acts that teach somebody something only with their reason."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does. `until` is of snooze, recycle and reject, `owner` of reassign.

    `verdict` is of override (the lead is good, or it is not), `feature` of reason_wrong (the reason that is wrong),
    `field` of data_wrong, `outcome` and `amount` of outcome.
    """

    kind: Kind
    reason: str | None = None
    note: str | None = None
    until: datetime | None = None
    owner: str | None = None
    verdict: Literal["qualified", "not_qualified"] | None = None
    feature: str | None = None
    field: str | None = None
    outcome: Literal["won", "lost"] | None = None
    amount: float | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: name, whose leads they see by the owner's name, and the lead that they looked at (see `state_of`)."""

    name: str
    sees: Callable[[str | None], bool]
    looked_at: str | None = None
    """None: whatever it is now."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What acts are judged by: the project, its process, and the model in use (None: there is none)."""

    project: Project
    stages: StageSettings
    bundle: Bundle | None


@dataclass(frozen=True, slots=True)
class Done:
    """What was stored, and the lead's row as it stands now."""

    action: Action
    lead: Row


class UnknownLeadError(LookupError):
    """There is no such lead, or none that the actor sees."""


class ChangedError(RefusedError):
    """Somebody changed the lead after the actor looked at it."""


class NotPossibleError(RefusedError):
    """The act does not fit the lead as it stands; `possible` names what does."""

    def __init__(self, message: str, possible: tuple[str, ...]) -> None:
        super().__init__(message)
        self.possible = possible


def state_of(row: Row) -> str:
    """What tells two states of a lead's row apart, as HTTP writes an entity tag."""
    return f'"{row["publication"]}.{row["revision"]}"'


def ground_of(project: Project, bundle: Bundle | None) -> Ground:
    """What acts are judged by in a project."""
    return Ground(project, project.section("stages", StageSettings), bundle)


def possible_acts(stage: str, stages: StageSettings) -> tuple[Move, ...]:
    """The moves that a person may make with a lead in some stage."""
    words = {word.replace("-", "_") for word in possible(stage, stages)}  # type: ignore[arg-type]
    return tuple(move for move in MOVES if move in words)


def act_on(connection: Transaction, ground: Ground, lead_id: str, act: Act, actor: Actor, now: int) -> Done:
    """Do it in this transaction: the action, the lead's row, the line of the log, and what others are told.

    Raises:
        UnknownLeadError: there is no such lead, or none that the actor sees.
        ChangedError: the lead is not as the actor saw it.
        NotPossibleError: it does not fit the lead's stage, or something is missing.
    """
    row = lead_to_change(connection, lead_id)
    if row is None or not actor.sees(row["owner"]):
        raise UnknownLeadError(lead_id)
    if actor.looked_at not in (None, state_of(row)):
        raise ChangedError(f"lead {lead_id!r} was changed in the meantime: look at it again")
    now = next_moment(connection, lead_id, now)
    event = _event(ground, row, act, actor, now) if act.kind in MOVES else None
    if event is not None and event.to_stage in HANDED_OVER:
        _refuse_not_ready(connection, ground, row, now)
    action = _action(ground, row, act, actor, event, now)
    number = add_action(connection, action)
    changed = change_lead(connection, row, {} if event is None else row_after(ground.project, row, event))
    log(connection, Line(now, actor.name, "lead_acted", lead_id, {"kind": act.kind}))
    _tell(connection, ground, action, number, event)
    return Done(replace(action, id=number), changed)


def _event(ground: Ground, row: Row, act: Act, actor: Actor, now: int) -> StageEvent:
    moment = EPOCH + now * MICROSECOND
    wish = Wish(act.kind.replace("_", "-"), moment, actor.name, act.reason or "", act.until, act.owner)
    try:
        return event_of(wish, Before(row["lead_id"], row["stage"], row["do_not_contact"]), ground.stages, moment)
    except RefusedError as error:
        raise _not_possible(error, row, ground) from error


def _not_possible(error: RefusedError, row: Row, ground: Ground) -> NotPossibleError:
    """The refusal in the words of acts instead of those of the command line."""
    acts = possible_acts(row["stage"], ground.stages)
    why, _, expected = str(error).partition(": expected one of ")
    return NotPossibleError(f"{why}: expected one of {', '.join(acts)}" if expected else str(error), acts)


def _refuse_not_ready(connection: Transaction, ground: Ground, row: Row, now: int) -> None:
    """Whom a gate keeps out, or who cannot be reached, is not handed over."""
    if not ground.stages.gates and not ground.stages.contact_verified:
        return
    key, at = row["account_key"], EPOCH + now * MICROSECOND
    packed = packed_histories(connection, row["publication"], [key])
    arrived = arrived_at(connection, [key]).get(key, [])
    tables = tables_of([unpacked(packed[key]).with_interactions(arrived)], at)
    try:
        if ground.stages.gates:
            refuse_shut_gates(
                ground.stages, row["lead_id"], gates_in(ground.project, ground.stages, tables, row["lead_id"], at)
            )
        if ground.stages.contact_verified:
            refuse_unverified(row["lead_id"], contact_of(row["lead_id"], tables.leads, ground.stages))
    except RefusedError as error:
        raise _not_possible(error, row, ground) from error


def _action(ground: Ground, row: Row, act: Act, actor: Actor, event: StageEvent | None, now: int) -> Action:
    said = {"verdict": act.verdict, "feature": act.feature, "field": act.field, "outcome": act.outcome}
    until = None if event is None else event.until
    details = {
        **said,
        "amount": act.amount,
        "owner": act.owner,
        "until": None if until is None else until.isoformat(),
        **({} if event is None else {"from_stage": event.from_stage, "to_stage": event.to_stage}),
    }
    return Action(
        lead_id=row["lead_id"],
        at=now,
        kind=act.kind,
        by=actor.name,
        reason=act.reason,
        note=act.note,
        details={name: value for name, value in details.items() if value is not None},
        seen=_seen(ground, row),
        stage_event=None if event is None else event_text(event),
    )


_SEEN = (
    "as_of",
    "model_version",
    "score",
    "band",
    "propensity",
    "sales_qualified",
    "bant_met",
    "bant_qualified",
    "stage",
)


def _seen(ground: Ground, row: Row) -> dict[str, Any]:
    """The lead as it was shown, and how probable it was that it is worked at all (where its model is still there)."""
    seen = {name: row[name] for name in _SEEN}
    bundle = ground.bundle
    if bundle is None or row["score"] is None or row["model_version"] != bundle.version[:VERSION_LENGTH]:
        return seen
    settings, qualified = bundle.policy.exploration, np.array([row["sales_qualified"]])
    mark = drawn(pa.array([row["lead_id"]]), np.array([row["as_of"]]), settings)
    return {
        **seen,
        "exploration": bool(mark[0]),
        "worked_probability": float(worked_probability(qualified, settings)[0]),
    }


def _tell(connection: Transaction, ground: Ground, action: Action, number: int, event: StageEvent | None) -> None:
    """What webhooks tell, in the transaction of the act."""
    telling = telling_of(ground.project, ground.bundle)
    lead = told_lead(connection, action.lead_id) if telling.endpoints else None
    if lead is None:
        return
    if event is not None and event.to_stage is not None and event.to_stage != event.from_stage:
        enqueue(connection, moved_messages([lead], telling), action.at)
    decided = Decided(action.kind, action.reason, EPOCH + action.at * MICROSECOND, number)
    enqueue(connection, decided_messages(lead, decided, telling), action.at)
