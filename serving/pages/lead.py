"""The page of one lead, from what the store keeps of it and the model in use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from features.frameworks.definition import Framework
from features.rule_settings import RuleSettings
from features.stage_settings import StageSettings
from serving.language.action_words import action_word
from serving.language.handover_words import stage_word
from serving.language.translations import Translation
from serving.live.account_history import AccountHistory
from serving.live.acts import possible_acts
from serving.pages.freshness import moment, moment_or_none
from serving.pages.lead_content import LEAD_PAGE_SCHEMA, LeadPage, RulesBlock, Said, ScoreBlock, ScorePoint, TeamMember
from serving.pages.lead_lines import record_address
from serving.pages.lead_rules import rules_block
from serving.pages.lead_score import Model, Past, score_block
from serving.pages.lead_timeline import timeline
from serving.store.connection import Transaction
from serving.store.lead_records import (
    ActionRecord,
    Colleague,
    LeadRecord,
    account_history,
    actions_of,
    colleagues_of,
    find_lead,
    score_points,
)

MOST_TEAM, MOST_COLLEAGUES = 12, 200
"""Colleagues that the page shows, and that are looked at."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the page needs of the project; `model` is None before the first promotion."""

    rules: RuleSettings
    frameworks: Mapping[str, Framework]
    stages: StageSettings
    zone: ZoneInfo
    crm_record: str | None
    model: Model | None
    to: Translation
    now: int


@dataclass(frozen=True, slots=True)
class Found:
    """What the store keeps of a lead."""

    lead: LeadRecord
    history: AccountHistory
    points: tuple[tuple[int, int], ...]
    actions: tuple[ActionRecord, ...]
    colleagues: tuple[Colleague, ...]
    open_leads: int


def read_lead(connection: Transaction, lead_id: str) -> Found | None:
    """What is kept of a lead; None where the current publication has none of that id."""
    known = find_lead(connection, lead_id)
    if known is None:
        return None
    lead, has_actions = known
    history, open_leads = account_history(connection, lead)
    return Found(
        lead=lead,
        history=history,
        points=tuple(score_points(connection, lead_id)),
        actions=actions_of(connection, lead_id) if has_actions else (),
        colleagues=() if lead.account_id is None else colleagues_of(connection, lead, MOST_COLLEAGUES),
        open_leads=open_leads,
    )


def lead_page(found: Found, ground: Ground) -> LeadPage:
    """The page of a lead."""
    lead, to = found.lead, ground.to
    events, earlier = timeline(found.history, lead.lead_id, moment(lead.as_of), to, ground.zone)
    score, rules = _score(found, ground), _rules(found, ground)
    plain = ("lead_id", "name", "title", "email", "account_id", "source", "owner", "stage",
             "do_not_contact", "customer", "is_open", "contact", "value")  # fmt: skip
    return LeadPage(
        schema_version=LEAD_PAGE_SCHEMA,
        page="lead",
        language=to.language,
        **{name: getattr(lead, name) for name in plain},
        state=f'"{lead.publication}.{lead.revision}"',
        company=lead.account_name or lead.account_id,
        created_at=moment_or_none(lead.created_at),
        stage_label=stage_word(to, lead.stage),
        stage_since=moment_or_none(lead.stage_since),
        due_at=moment_or_none(lead.due_at),
        overdue=lead.due_at is not None and lead.due_at < ground.now,
        snoozed_until=moment_or_none(lead.snoozed_until),
        record=record_address(ground.crm_record, lead.lead_id),
        score=score,
        rules=rules,
        questions=() if rules is None else tuple(one.question for one in rules.criteria if one.question is not None),
        possible=_possible(lead, ground.stages),
        said=tuple(_said(action, to) for action in found.actions),
        timeline=events,
        earlier=earlier,
        scores=_scores(found),
        team=tuple(
            TeamMember(one.lead_id, one.name, one.title, one.stage, one.score) for one in found.colleagues[:MOST_TEAM]
        ),
    )


def _score(found: Found, ground: Ground) -> ScoreBlock | None:
    if ground.model is None:
        return None
    times = [at for at, _ in found.points if at < found.lead.as_of]
    past = Past(moment(times[-1]) if times else None, found.open_leads)
    return score_block(found.lead, found.history, ground.model, past)


def _rules(found: Found, ground: Ground) -> RulesBlock | None:
    if not found.lead.is_open:
        return None
    as_of = moment(found.lead.as_of)
    return rules_block(found.lead, found.history, ground.rules, ground.frameworks, ground.to, as_of)


def _possible(lead: LeadRecord, settings: StageSettings) -> tuple[str, ...]:
    return possible_acts(lead.stage, settings)


def _said(action: ActionRecord, to: Translation) -> Said:
    return Said(moment(action.at), action.kind, action_word(to, action.kind), action.by, action.reason, action.note)


def _scores(found: Found) -> tuple[ScorePoint, ...]:
    """Scores that were shown, and before the first of them what today's model says of the weeks before."""
    shown = [ScorePoint(moment(at), score, published=True) for at, score in found.points]
    first = found.points[0][0] if found.points else found.lead.as_of
    earlier = [
        ScorePoint(moment(at), score, published=False) for at, score in json.loads(found.lead.trend) if at < first
    ]
    return (*earlier, *shown)
