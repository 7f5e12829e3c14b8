"""What would change a score: things a rep can bring about, each put into the lead's history and scored by the model.

Nothing here says what such an event causes. It says what the model makes of a history that has it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from features.histories import build_histories
from features.propose import ACTIONABLE_KINDS
from features.qualification import evidence_as_of
from features.snapshots import snapshots_at
from features.tables import Tables
from serving.lead.appraisal import Appraisal, appraise
from training.bundle import Bundle

JUST_BEFORE = timedelta(seconds=1)
MOST_SHOWN = 5
LONG_AGO = pd.Timestamp("1900-01-01", tz="UTC")
DECISION_MAKER = "authority"
What = Literal["interaction", "colleague", "criterion"]


@dataclass(frozen=True, slots=True)
class Action:
    """Something a rep can bring about: an interaction of a kind with the lead or with a colleague, or a criterion met.

    `name` is the kind or the criterion, `lead_id` whose interaction or assessment it is.
    """

    what: What
    name: str
    lead_id: str


@dataclass(frozen=True, slots=True)
class Usual:
    """How interactions of a kind usually are: most frequent direction, median duration; None where not given."""

    direction: str | None
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Effect:
    """Where the lead stands, and where it would stand with the action in its history."""

    action: Action
    before: Appraisal
    after: Appraisal

    @property
    def points(self) -> int:
        """Change of the shown score."""
        return self.after.score - self.before.score

    @property
    def changes_class(self) -> bool:
        """Whether the class of the lead would be another."""
        return self.after.qualified != self.before.qualified

    @property
    def changes_bant(self) -> bool:
        """Whether the verdict of the rules would be another."""
        return self.after.bant_qualified != self.before.bant_qualified


def what_would_change(
    bundle: Bundle, tables: Tables, lead_id: str, as_of: datetime, usual: Mapping[str, Usual]
) -> tuple[Effect, ...]:
    """The actions that would raise the shown score of a lead, largest rise first, at most five.

    `tables` may be cut to the lead's account; `usual` as by `usual_interactions`. Every action is a row of its own,
    one second before `as_of`, and the whole history is scored again.
    """
    before = appraise(bundle, tables, lead_id, as_of)
    effects = [
        Effect(action, before, appraise(bundle, with_action(tables, action, as_of, usual), lead_id, as_of))
        for action in possible_actions(bundle, tables, lead_id, as_of)
    ]
    rising = [effect for effect in effects if effect.points > 0]
    return tuple(sorted(rising, key=lambda effect: (-effect.after.exact, effect.action.name))[:MOST_SHOWN])


def possible_actions(bundle: Bundle, tables: Tables, lead_id: str, as_of: datetime) -> tuple[Action, ...]:
    """What a rep could bring about for a lead, from what the model and the rules know.

    Interactions of kinds that have a place in the model, a talk with the colleague who has been silent for longest,
    and the criteria that are not met.
    """
    kinds = actionable_kinds(bundle)
    talks = [Action("interaction", kind, lead_id) for kind in kinds]
    silent = _silent_colleague(tables, lead_id, as_of) if kinds else None
    with_colleague = [] if silent is None else [Action("colleague", kinds[0], silent)]
    open_questions = [Action("criterion", name, lead_id) for name in _not_met(bundle, tables, lead_id, as_of)]
    return (*talks, *with_colleague, *open_questions)


def actionable_kinds(bundle: Bundle) -> tuple[str, ...]:
    """Kinds of interaction that a rep can bring about and that have a place in the model, the plainest first."""
    plainest = ("personal_conversation", "discovery_call")
    known = sorted(ACTIONABLE_KINDS & set(bundle.catalog.kinds))
    return tuple(sorted(known, key=lambda kind: plainest.index(kind) if kind in plainest else len(plainest)))


def usual_interactions(examples: pd.DataFrame, kinds: tuple[str, ...]) -> dict[str, Usual]:
    """How interactions of some kinds are in rows that are examples of them; without examples nothing is given."""
    return {kind: _usual(examples[examples["kind"] == kind]) for kind in kinds}


def _usual(rows: pd.DataFrame) -> Usual:
    directions = rows["direction"].value_counts(dropna=False)
    most = sorted(directions[directions == directions.max()].index.astype(object), key=str)
    duration = rows["duration_s"].median()
    return Usual(
        direction=most[0] if most and isinstance(most[0], str) else None,
        duration_s=None if np.isnan(duration) else float(duration),
    )


def with_action(tables: Tables, action: Action, as_of: datetime, usual: Mapping[str, Usual]) -> Tables:
    """The tables with one more row: the action, just before `as_of`."""
    moment = pd.Timestamp(as_of - JUST_BEFORE)
    if action.what == "criterion":
        row = {"lead_id": action.lead_id, "assessed_at": moment, "criterion": action.name, "met": 1.0}
        return replace(tables, assessments=_appended(tables.assessments, row))
    known = usual.get(action.name, Usual(None, None))
    row = {
        "lead_id": action.lead_id,
        "account_id": _account(tables, action.lead_id),
        "occurred_at": moment,
        "kind": action.name,
        "direction": known.direction,
        "duration_s": known.duration_s,
    }
    return replace(tables, interactions=_appended(tables.interactions, row))


def _appended(frame: pd.DataFrame, row: Mapping[str, object]) -> pd.DataFrame:
    added = {name: pd.Series([row.get(str(name))], dtype=frame[name].dtype) for name in frame}
    return pd.concat([frame, pd.DataFrame(added)], ignore_index=True)


def _account(tables: Tables, lead_id: str) -> str | None:
    account = tables.leads.loc[tables.leads["lead_id"] == lead_id, "account_id"].iloc[0]
    return None if pd.isna(account) else str(account)


def _silent_colleague(tables: Tables, lead_id: str, as_of: datetime) -> str | None:
    """The lead of the same account, known before `as_of`, whose last interaction is longest ago; None without one."""
    account = _account(tables, lead_id)
    if account is None:
        return None
    leads = tables.leads[(tables.leads["account_id"] == account) & (tables.leads["lead_id"] != lead_id)]
    known = leads.loc[~(leads["created_at"] >= as_of), "lead_id"]
    past = tables.interactions[tables.interactions["occurred_at"] < as_of]
    last = past.groupby("lead_id")["occurred_at"].max().reindex(known).fillna(LONG_AGO)
    return None if last.empty else str(min(zip(last, last.index, strict=True))[1])


def _not_met(bundle: Bundle, tables: Tables, lead_id: str, as_of: datetime) -> Iterator[str]:
    """Criteria of the rules and of the model that the lead does not meet: denied, not known or outdated."""
    rules = bundle.policy.rules
    criteria = tuple(dict.fromkeys(name.lower() for name in (*rules.criteria, *bundle.catalog.criteria)))
    histories = build_histories(tables)
    snapshots = snapshots_at(histories, as_of)
    alone = snapshots.take(histories.lead_ids[snapshots.lead] == lead_id)
    evidence = evidence_as_of(histories, tables.assessments, alone, criteria)
    for column, name in enumerate(criteria):
        met, age = evidence.met[0, column], evidence.age_days[0, column]
        outdated = rules.max_age_days is not None and age > rules.max_age_days
        if outdated or not met >= rules.met_from:
            yield name
