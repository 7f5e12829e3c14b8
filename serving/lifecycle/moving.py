"""Moves of a person: what somebody wants of a lead becomes one event, or is refused with what is possible instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from features.errors import ProjectFileError
from features.stage_settings import StageSettings
from serving.lifecycle.events import StageEvent
from serving.lifecycle.machine import DEAL_ACTIONS, MOVES, STAGES, Action, Stage, target_of

FLAGS: Mapping[str, Action] = {
    "snooze": "snooze",
    "wake": "wake",
    "reassign": "reassign",
    "do-not-contact": "do_not_contact",
    "allow-contact": "allow_contact",
    "merge": "merge",
}
"""Words of the command line that leave the stage of a lead."""
WORDS: Mapping[str, Action] = {
    "accept": "accept",
    "reject": "reject",
    "recycle": "recycle",
    "disqualify": "disqualify",
    "already-customer": "already_customer",
    "reopen": "reopen",
}
HANDED_OVER: tuple[Stage, ...] = ("sal", "sql")
_BY_STAGE: Mapping[Stage, tuple[Action, ...]] = {
    "lead": ("resume", "reopen"),
    "mql": ("advance",),
    "sal": ("accept",),
    "sql": ("advance",),
    "nurture": ("recycle",),
    "rejected": ("reject",),
    "disqualified": ("disqualify",),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants: a stage or a word, when, why; `until` of a pause, a new `owner`, the lead to go `into`."""

    to: str
    at: datetime
    who: str
    reason: str
    until: datetime | None = None
    owner: str | None = None
    into: str | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """The lead as it is at that time."""

    lead_id: str
    stage: Stage
    do_not_contact: bool = False


def event_of(wish: Wish, before: Before, settings: StageSettings, recorded_at: datetime) -> StageEvent:
    """The event that a wish makes.

    Raises:
        ProjectFileError: not possible from this stage, unknown, or without what it needs.
    """
    action, to = _asked(wish, before, settings)
    if before.do_not_contact and to in HANDED_OVER:
        raise ProjectFileError(f"lead {before.lead_id!r} must not be contacted: expected `allow-contact` first")
    return StageEvent(
        lead_id=before.lead_id,
        at=wish.at,
        action=action,
        from_stage=before.stage,
        to_stage=to,
        by="person",
        actor=wish.who,
        reason=wish.reason,
        until=_until(wish, action, settings),
        owner=_named(wish.owner, action == "reassign", "--owner NAME"),
        into=_named(wish.into, action == "merge", "--into LEAD_ID"),
        recorded_at=recorded_at,
    )


def possible(stage: Stage, settings: StageSettings) -> tuple[str, ...]:
    """Stages and words that a person may name for a lead in some stage.

    >>> possible("sal", StageSettings())[:3]
    ('sql', 'nurture', 'rejected')
    """
    stages = [to for to in _BY_STAGE if _action_to(to, stage, settings) is not None]
    words = [word for word, action in WORDS.items() if stage in MOVES[action]]
    return (*stages, *words, *FLAGS)


def _asked(wish: Wish, before: Before, settings: StageSettings) -> tuple[Action, Stage | None]:
    if wish.to in FLAGS:
        return FLAGS[wish.to], None
    word = WORDS.get(wish.to)
    if word is not None and before.stage in MOVES[word]:
        return word, target_of(word)
    to = next((stage for stage in STAGES if stage == wish.to), None)
    action = None if to is None else _action_to(to, before.stage, settings)
    if to is None or action is None:
        raise ProjectFileError(_refusal(wish, before, settings))
    return action, to


def _action_to(to: Stage, stage: Stage, settings: StageSettings) -> Action | None:
    """The action of a person that leads from one stage to another; MQL to SQL only where the settings allow it."""
    if to == stage or ((stage, to) == ("mql", "sql") and not settings.direct_sql):
        return None
    return next((action for action in _BY_STAGE.get(to, ()) if to in MOVES[action].get(stage, ())), None)


def _refusal(wish: Wish, before: Before, settings: StageSettings) -> str:
    why = ""
    if wish.to in ("opportunity", "won", "lost") or wish.to in DEAL_ACTIONS:
        why = " (deals make opportunities, wins and losses: change the deal)"
    elif wish.to == "sql" and before.stage == "mql":
        why = " ([stages] direct_sql = true would allow it)"
    elif before.stage == "opportunity":
        why = " (a deal is open: only deals move the lead)"
    return (
        f"lead {before.lead_id!r} is in stage {before.stage!r} and cannot go to {wish.to!r}{why}: "
        f"expected one of {', '.join(possible(before.stage, settings))}"
    )


def _until(wish: Wish, action: Action, settings: StageSettings) -> datetime | None:
    days = {"recycle": settings.recycle_days, "reject": settings.reject_days}
    if action not in (*days, "snooze"):
        if wish.until is not None:
            raise ProjectFileError(f"--until is for snooze, recycle and reject, not for {wish.to!r}: leave it out")
        return None
    if wish.until is None and action not in days:
        raise ProjectFileError("snooze: expected --until with a time such as 2026-07-15T00:00:00Z")
    until = wish.until or wish.at + timedelta(days=days.get(action, 0))
    if until <= wish.at:
        raise ProjectFileError(f"--until {until:%Y-%m-%dT%H:%M:%SZ}: expected a time after the move")
    return until


def _named(value: str | None, needed: bool, option: str) -> str | None:
    if needed and not value:
        raise ProjectFileError(f"expected {option}")
    if value and not needed:
        raise ProjectFileError(f"{option} has no use here: leave it out")
    return value
