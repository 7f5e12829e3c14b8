"""The rules' side of a lead's page: each criterion with its newest evidence, and the question where it is open."""

import json
from collections.abc import Mapping
from datetime import datetime

from features.frameworks.definition import Framework
from features.rule_settings import RuleSettings
from serving.language.handover_words import state_word
from serving.language.plain_text import capitalised, one_line
from serving.language.translations import Translation, msg
from serving.lead.explain_words import criterion_name
from serving.live.account_history import AccountHistory, Row
from serving.pages.lead_content import CriterionBlock, RulesBlock
from serving.pages.lead_timeline import before, own, time_of
from serving.store.lead_records import LeadRecord

AGREEMENT: Mapping[str, str] = {
    "both_yes": msg("Model and rules agree: both call this lead ripe."),
    "both_no": msg("Model and rules agree: neither calls this lead ripe yet."),
    "model_only": msg("Model and rules disagree: the model calls this lead ripe, the rules say no."),
    "framework_only": msg(
        "Model and rules disagree: the criteria are met, but such leads convert less often than the line asks."
    ),
    "ask": msg("The model calls this lead ripe; the rules could agree once the open questions are answered."),
}
_STATE: Mapping[str, str] = {"met": "met", "not_met": "not_met"}


def rules_block(
    lead: LeadRecord,
    history: AccountHistory,
    rules: RuleSettings,
    frameworks: Mapping[str, Framework],
    to: Translation,
    as_of: datetime,
) -> RulesBlock:
    """The verdict of the rules on an open lead, with what it rests on before the date."""
    states = json.loads(lead.criteria)
    newest = {str(row["criterion"]).lower(): row for _, row in _dated(history, lead.lead_id, as_of)}
    blocks = tuple(
        _criterion(name, states.get(name, "not_known"), newest.get(name.lower()), _question(frameworks, name, to), to)
        for name in rules.criteria
    )
    agreement = lead.agreement or "both_no"
    return RulesBlock(
        met=lead.bant_met or 0,
        at_least=rules.at_least,
        qualified=bool(lead.bant_qualified),
        points=lead.points,
        criteria=blocks,
        agreement=agreement,
        agreement_sentence=to.text(AGREEMENT[agreement]),
    )


def _dated(history: AccountHistory, lead_id: str, as_of: datetime) -> list[tuple[datetime, Row]]:
    return sorted(before(own(history.assessments, lead_id), "assessed_at", as_of), key=lambda one: one[0])


def _question(frameworks: Mapping[str, Framework], name: str, to: Translation) -> str | None:
    """The question that a framework of the project asks about a criterion."""
    for framework in frameworks.values():
        for own_name, criterion in framework.criteria.items():
            if own_name.lower() == name.lower() and criterion.question:
                return criterion.question.get(to.language) or criterion.question.get("en")  # type: ignore[call-overload]
    return None


def _criterion(name: str, state: str, row: Row | None, question: str | None, to: Translation) -> CriterionBlock:
    label = capitalised(criterion_name(to, name))
    shown = _STATE.get(state, "unknown")
    asked = None if shown == "met" else question or to.text("{name}: not known; ask about it", name=label)
    found = row or {}
    return CriterionBlock(
        name=name,
        label=label,
        state=shown,
        state_label=to.text("last heard too long ago") if state == "outdated" else state_word(to, shown),
        assessed_at=time_of(found, "assessed_at"),
        amount=found.get("amount"),
        deadline=time_of(found, "deadline"),
        note=None if found.get("note") is None else one_line(str(found["note"])),
        by=None if found.get("by") is None else one_line(str(found["by"])),
        question=asked,
    )
