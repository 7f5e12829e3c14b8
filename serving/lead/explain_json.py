"""One lead as one JSON object, for programs: the content of `serving.lead.words` under stable keys.

The keys are documented in `docs/sales-reps.md`; sentences are in the language asked for, everything else is the same
in every language.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from serving.language.phrases import Phrases, by_group
from serving.language.role_words import missing_role_task
from serving.language.translations import Translation, translation_to
from serving.lead.contact_advice import ContactAdvice
from serving.lead.explain_words import (
    action_phrase,
    advice_sentence,
    attribute_name,
    cause_sentence,
    criterion_name,
    disagreement_sentence,
    effect_sentence,
    unusual_sentences,
)
from serving.lead.explanation import Explanation, LeadSummary
from serving.lead.movement import Movement
from serving.lead.similar import SimilarLead
from serving.lead.team_advice import TeamAdvice
from serving.lead.what_if import Effect
from serving.lead.words import shared_sentences

Plain = Mapping[str, object]


def explanation_json(explanation: Explanation, phrases: Phrases, language: str) -> str:
    """The explanation as one line of JSON, ASCII only.

    Raises:
        ProjectFileError: not one of the product's languages.
    """
    to, moved = translation_to(language), explanation.movement
    similar = explanation.similar
    return json.dumps(
        {
            **_lead(to, explanation.lead, phrases),
            "what_would_change": [_effect(to, effect) for effect in explanation.effects],
            "team": None if explanation.team is None else _team(to, explanation.team),
            "contact": None if explanation.contact is None else _contact(to, explanation.contact),
            "movement": None if moved is None else _movement(to, moved),
            "similar": None if similar is None else [_similar(phrases, lead) for lead in similar],
        }
    )


def closed_json(lead_id: str, as_of: datetime) -> str:
    """That a lead is not open at a date, as one line of JSON."""
    return json.dumps({"lead_id": lead_id, "as_of": _time(as_of), "open": False})


def _lead(to: Translation, lead: LeadSummary, phrases: Phrases) -> Plain:
    plain = ("score", "band", "propensity", "propensity_low", "propensity_high", "familiar", "sales_qualified",
             "threshold", "stage", "points", "model_version")  # fmt: skip
    return {
        "lead_id": lead.lead_id,
        "as_of": _time(lead.as_of),
        "open": True,
        "language": to.language,
        **{name: getattr(lead, name) for name in plain},
        "chances": {f"{days}d": share for days, share in lead.chances.items()},
        "expected_close": lead.expected_close,
        "groups": _groups(lead, phrases),
        "rules": _rules(to, lead),
        "disagreement": disagreement_sentence(to, lead),
        "unusual": [] if lead.familiar else unusual_sentences(phrases, lead),
        "not_known": [{"attribute": name, "label": attribute_name(to, name)} for name in lead.not_known],
    }


def _groups(lead: LeadSummary, phrases: Phrases) -> list[Plain]:
    return [
        {
            "group": group.reasons[0].group,
            "label": group.label,
            "points": group.points,
            "reasons": [
                {name: getattr(reason, name) for name in ("feature", "value", "points", "sentence")}
                for reason in group.reasons
            ],
        }
        for group in by_group(lead.reasons, phrases)
    ]


def _rules(to: Translation, lead: LeadSummary) -> Plain:
    rules = lead.rules
    criteria = [
        {"criterion": one.name, "label": criterion_name(to, one.name), "state": one.state, "age_days": one.age_days}
        for one in rules.criteria
    ]
    return {"met": rules.met, "at_least": rules.at_least, "qualified": rules.qualified, "criteria": criteria}


def _team(to: Translation, team: TeamAdvice) -> Plain:
    tasks = [missing_role_task(to, role) for role in team.missing]
    return {"covered": team.covered, "wanted": team.wanted, "missing": list(team.missing), "tasks": tasks}


def _contact(to: Translation, advice: ContactAdvice) -> Plain:
    return {**asdict(advice), "sentence": advice_sentence(to, advice)}


def _effect(to: Translation, effect: Effect) -> Plain:
    action, before, after = effect.action, effect.before, effect.after
    return {
        "what": action.what,
        "name": action.name,
        "lead_id": action.lead_id,
        "label": action_phrase(to, action),
        "score_before": before.score,
        "score_after": after.score,
        "propensity_before": before.propensity,
        "propensity_after": after.propensity,
        "changes_class": effect.changes_class,
        "changes_rules": effect.changes_bant,
        "sentence": effect_sentence(to, effect),
    }


def _movement(to: Translation, movement: Movement) -> Plain:
    arrived = movement.arrived
    counts = ("own", "account", "assessments", "changes", "colleagues")
    return {
        "since": _time(movement.dates[0]),
        "score_then": movement.score_then,
        "score_now": movement.score_now,
        "parts": [
            {"cause": part.cause, "points": part.points, "sentence": cause_sentence(to, part.cause)}
            for part in movement.parts
        ],
        "arrived": {name: getattr(arrived, name) for name in counts},
        "not_known": list(movement.not_known),
    }


def _similar(phrases: Phrases, lead: SimilarLead) -> Plain:
    return {
        "lead_id": lead.lead_id,
        "as_of": _time(lead.as_of),
        "outcome": lead.outcome,
        "score": lead.score,
        "distance": lead.distance,
        "shared": [
            {"feature": phrases.catalog.names[one.column], "points": round(one.points), "sentence": sentence}
            for one, sentence in zip(lead.shared, shared_sentences(phrases, lead.shared), strict=True)
        ],
    }


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
