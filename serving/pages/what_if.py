"""What would change the score of a lead, in the model, as frozen values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from features.tables import empty_table
from serving.language.translations import Translation
from serving.lead.explain_words import effect_sentence
from serving.lead.what_if import Effect, Usual, actionable_kinds, what_would_change
from serving.live.account_tables import account_tables
from serving.pages.freshness import moment
from serving.pages.lead import Found
from training.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a rep can bring about, and the score that the model would give then."""

    what: str
    name: str
    score_after: int
    propensity_after: float
    changes_class: bool
    changes_rules: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The changes that would raise a lead's score, the largest first; none of them is a promise."""

    page: str
    language: str
    lead_id: str
    name: str | None
    score: int | None
    changes: tuple[Change, ...]


def what_if(found: Found, bundle: Bundle, usual: Mapping[str, Usual], to: Translation) -> WhatIf:
    """What would change the score; of a lead whose outcome is known, nothing."""
    lead = found.lead
    effects: tuple[Effect, ...] = ()
    if lead.is_open:
        as_of = moment(lead.as_of)
        effects = what_would_change(bundle, account_tables(found.history, as_of, bundle), lead.lead_id, as_of, usual)
    return WhatIf(
        "what_if", to.language, lead.lead_id, lead.name, lead.score, tuple(_change(to, one) for one in effects)
    )


def _change(to: Translation, effect: Effect) -> Change:
    return Change(
        what=effect.action.what,
        name=effect.action.name,
        score_after=effect.after.score,
        propensity_after=effect.after.propensity,
        changes_class=effect.changes_class,
        changes_rules=effect.changes_bant,
        sentence=effect_sentence(to, effect),
    )


def usual_document(usual: Mapping[str, Usual]) -> str:
    """How interactions usually are, as a document of a publication."""
    return json.dumps({kind: {"direction": one.direction, "duration_s": one.duration_s} for kind, one in usual.items()})


def usual_of(document: str | None) -> dict[str, Usual]:
    """What `usual_document` wrote; nothing is known without it."""
    return {kind: Usual(**one) for kind, one in json.loads(document or "{}").items()}


def usual_rows(usual: Mapping[str, Usual], bundle: Bundle) -> pd.DataFrame:
    """An interaction of each kind as it usually is: what `usual_interactions` finds the same again in."""
    like = empty_table("interactions")
    rows = [{"kind": kind, "direction": usual[kind].direction, "duration_s": usual[kind].duration_s}
            for kind in actionable_kinds(bundle) if kind in usual]  # fmt: skip
    cells = {name: [row.get(str(name)) for row in rows] for name in like}
    return pd.DataFrame({name: pd.Series(cells[name], dtype=like[name].dtype) for name in like})
