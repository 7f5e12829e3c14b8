"""A person moves a lead: checked against its state, the gates and the contact data, then added to the log."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from features.attribute_points import tracked_fields
from features.cells import instant
from features.contact import Contact
from features.errors import ProjectFileError
from features.frameworks.facts import facts_of
from features.frameworks.statement import Statement, statements
from features.histories import build_histories, restrict
from features.project import Project
from features.snapshots import Snapshots
from features.some_leads import Wanted, read_some
from features.stage_settings import StageSettings
from features.tables import Tables
from serving.lifecycle.contacts import contact_of
from serving.lifecycle.events import StageEvent, events_table
from serving.lifecycle.evidence import GATES, frameworks_of
from serving.lifecycle.history import Process
from serving.lifecycle.lead_stages import LeadStages, lead_stages
from serving.lifecycle.log import append, writing
from serving.lifecycle.moving import HANDED_OVER, Before, Wish, event_of
from serving.lifecycle.service_levels import promise_of


@dataclass(frozen=True, slots=True)
class ByHand:
    """The project that a lead is moved in, and its tables; `clock` is the command's now."""

    project: Project
    process: Process
    tables: Tables
    clock: datetime
    untimed: bool = False


def move_lead(hand: ByHand, lead_id: str, wish: Wish) -> StageEvent:
    """The event that was added to the log.

    Raises:
        ProjectFileError: no such lead, not possible from its stage, or a gate is shut.
        OverlapError: another run writes the log.
        SinkError: the log cannot be written.
    """
    with writing(hand.process.folder):
        lead = _state(hand, lead_id, wish.at)
        before = Before(lead.lead_id, lead.stage, lead.do_not_contact)
        event = event_of(wish, before, hand.process.settings, hand.clock)
        if event.to_stage in HANDED_OVER:
            _refuse_not_ready(hand, lead.lead_id, wish.at)
        if event.into is not None:
            _refuse_merge(hand, lead, event.into, wish.at)
        append(hand.process.folder, events_table([event]))
    return event


def _refuse_not_ready(hand: ByHand, lead_id: str, at: datetime) -> None:
    settings = hand.process.settings
    if settings.gates:
        refuse_shut_gates(settings, lead_id, gates_of_lead(hand, lead_id, at))
    if settings.contact_verified:
        refuse_unverified(lead_id, contact_of(lead_id, hand.tables.leads, settings))


def _state(hand: ByHand, lead_id: str, at: datetime) -> LeadStages:
    return lead_stages(hand.process, hand.tables, promise_of(hand.project), lead_id, at)


def _refuse_merge(hand: ByHand, lead: LeadStages, into: str, at: datetime) -> None:
    if _state(hand, into, at).lead_id == lead.lead_id:
        raise ProjectFileError(f"--into {into}: leads {lead.lead_id!r} and {into!r} are one already")


def refuse_shut_gates(settings: StageSettings, lead_id: str, gates: Statement) -> None:
    """Nobody is handed over whom a gate keeps out, by rule or by hand (row M5); raises `ProjectFileError`."""
    shut = [one for one in gates.criteria if one.state == "not_met"]
    if settings.gates_when_unknown == "blocks":
        shut += [one for one in gates.criteria if one.state == "unknown"]
    if shut:
        said = ", ".join(f"{one.name} is {one.state.replace('_', ' ')}" for one in shut)
        raise ProjectFileError(
            f"lead {lead_id!r} cannot be handed over: {said} ([stages] gates): assess it anew, or recycle the lead"
        )


def gates_of_lead(hand: ByHand, lead_id: str, at: datetime) -> Statement:
    """What the gates of the settings say of one lead as of a time, with evidence."""
    tables = read_some(hand.project, Wanted(lambda *_: [lead_id]), clock=hand.clock, untimed=hand.untimed).tables
    return gates_in(hand.project, hand.process.settings, tables, lead_id, at)


def gates_in(project: Project, settings: StageSettings, tables: Tables, lead_id: str, at: datetime) -> Statement:
    """What the gates of the settings say of one lead of some tables as of a time, with evidence."""
    frameworks = {GATES: frameworks_of(project, settings)[GATES]}
    alone = restrict(tables, pd.Index([lead_id]))
    histories = build_histories(alone, project.hygiene)
    snapshot = Snapshots(np.flatnonzero(histories.lead_ids == lead_id), np.array([instant(at)]))
    points, tracked = project.points, tracked_fields(tables.lead_changes)
    facts = facts_of(histories.leads, alone, frameworks, points, tracked)
    (found,) = statements(histories, facts, snapshot, frameworks, points)
    return found


def refuse_unverified(lead_id: str, contact: Contact | None) -> None:
    """Nobody is handed over who cannot be reached, where the settings say so; raises `ProjectFileError`."""
    if contact is None:
        raise ProjectFileError(f"lead {lead_id!r} is not in the leads any more: its contact data cannot be verified")
    if not contact.verified:
        raise ProjectFileError(
            f"lead {lead_id!r} cannot be handed over: its e-mail address is {contact.email}, its phone number "
            f"{contact.phone} ([stages] contact_verified): correct the contact data first"
        )
