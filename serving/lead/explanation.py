"""Explanation: everything there is to say about one lead as of a date, before it is put into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from features.build import build_features
from features.histories import Histories
from features.qualification import Evidence, evidence_as_of
from features.snapshots import Snapshots
from features.tables import Tables
from features.windows import Floats
from serving.closing_columns import HORIZON_COLUMN
from serving.lead.appraisal import looked_at
from serving.lead.contact_advice import ContactAdvice
from serving.lead.movement import Movement
from serving.lead.similar import SimilarLead
from serving.lead.team_advice import TeamAdvice
from serving.lead.what_if import Effect
from serving.lifecycle.history import Process
from serving.open_leads import open_leads, refuse_missing_inputs
from serving.reasons import Reason
from serving.render import render
from serving.score import project_rows
from serving.scoring import score_rows
from training.bundle import Bundle, Policy

if TYPE_CHECKING:
    from serving.language.phrases import Phrases

State = Literal["met", "not_met", "not_known", "outdated"]
FROM_ROW = ("score", "band", "propensity", "propensity_low", "propensity_high", "familiar", "sales_qualified", "stage",
            "points")  # fmt: skip
MOST_UNUSUAL = 3
"""Values outside of training that are named."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What the rules know about one criterion; `age_days` of the last assessment, None without a dated one."""

    name: str
    state: State
    age_days: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the rules see the lead: the criteria, how many are met, how many are wanted, and whether that is enough."""

    criteria: tuple[Criterion, ...]
    met: int
    at_least: int
    qualified: bool


@dataclass(frozen=True, slots=True)
class Unusual:
    """A value far outside what training had: the feature's column, and the nearest that it had (None: had none)."""

    column: int
    value: float
    nearest: float | None


@dataclass(frozen=True, slots=True)
class LeadSummary:
    """One lead's row of the score table, with what is missing; `not_known` names attributes without a value.

    `threshold` is the propensity from which a lead is sales qualified; `unusual` are the values that make a lead
    unfamiliar, none where it is their combination. `chances` are the probabilities of a win within so many days, and
    `expected_close` the month of the score table (none and None where the model cannot tell).
    """

    lead_id: str
    as_of: datetime
    score: int
    band: str
    propensity: float
    propensity_low: float
    propensity_high: float
    familiar: bool
    sales_qualified: bool
    threshold: float
    stage: str
    points: float
    model_version: str
    reasons: tuple[Reason, ...]
    rules: Verdict
    not_known: tuple[str, ...]
    unusual: tuple[Unusual, ...]
    chances: Mapping[int, float]
    expected_close: str | None

    @property
    def disagreement(self) -> bool:
        """Whether the model's class and the verdict of the rules differ."""
        return self.sales_qualified != self.rules.qualified


@dataclass(frozen=True, slots=True)
class Explanation:
    """A scored lead, what would change its score, why it moved (if asked), and similar leads (None: not asked).

    `contact` says when to contact it; None where leads are not dated. `team` is the buying team around it; None where
    it has no account.
    """

    lead: LeadSummary
    effects: tuple[Effect, ...]
    movement: Movement | None = None
    similar: tuple[SimilarLead, ...] | None = None
    contact: ContactAdvice | None = None
    team: TeamAdvice | None = None


def is_open_at(bundle: Bundle, tables: Tables, lead_id: str, as_of: datetime) -> bool:
    """Whether a lead of the tables was created by an aware time and its outcome not known then."""
    histories, snapshot = looked_at(bundle, tables, lead_id, as_of)
    return _is_open(bundle.policy, histories, tables, snapshot)


def lead_summary(
    bundle: Bundle,
    tables: Tables,
    lead_id: str,
    as_of: datetime,
    phrases: "Phrases",
    process: Process | None = None,
) -> LeadSummary | None:
    """The lead's row of the score table as of an aware time; None when it is not open then.

    `tables` may be cut to the lead's account; `process` says how leads move (default: the usual way, without a log).

    Raises:
        InputContractError: a table or an attribute that the model was trained with is not there.
        ValueError: the tables have no such lead.
    """
    refuse_missing_inputs(bundle, tables)
    histories, snapshot = looked_at(bundle, tables, lead_id, as_of)
    if not _is_open(bundle.policy, histories, tables, snapshot):
        return None
    table = build_features(histories, tables, snapshot, bundle.catalog, threads=1)
    rows = project_rows(bundle, histories, tables, table, process)
    scores = score_rows(bundle, rows, bundle.policy.max_reasons, threads=1)
    row: dict[str, Any] = render(bundle, scores, phrases).to_pylist()[0]
    return LeadSummary(
        **{name: row[name] for name in FROM_ROW},
        lead_id=lead_id,
        as_of=as_of,
        model_version=row["model_version"],
        threshold=bundle.policy.threshold,
        reasons=tuple(Reason(**reason) for reason in row["reasons"]),
        rules=_verdict(bundle.policy, evidence_as_of(histories, tables.assessments, snapshot, _asked(bundle)), row),
        not_known=_not_known(bundle, table.values[0]),
        unusual=_unusual(bundle, table.values[0]),
        chances={days: row[name] for days, name in HORIZON_COLUMN.items() if row[name] is not None},
        expected_close=row["expected_close"],
    )


def _unusual(bundle: Bundle, values: Floats) -> tuple[Unusual, ...]:
    far = bundle.uncertainty.familiarity.far_values(values)
    return tuple(Unusual(one.column, float(values[one.column]), one.nearest) for one in far[:MOST_UNUSUAL])


def _is_open(policy: Policy, histories: Histories, tables: Tables, snapshot: Snapshots) -> bool:
    created = histories.created[snapshot.lead[0]] <= snapshot.as_of[0]
    return bool(created and open_leads(histories, tables, snapshot, policy)[0])


def _asked(bundle: Bundle) -> tuple[str, ...]:
    return bundle.policy.rules.criteria


def _verdict(policy: Policy, evidence: Evidence, row: dict[str, Any]) -> Verdict:
    criteria = tuple(
        _criterion(policy, name, float(evidence.met[0, i]), float(evidence.age_days[0, i]))
        for i, name in enumerate(evidence.criteria)
    )
    return Verdict(criteria, int(row["bant_met"]), policy.rules.at_least, bool(row["bant_qualified"]))


def _criterion(policy: Policy, name: str, met: float, age_days: float) -> Criterion:
    rules = policy.rules
    age = None if np.isnan(age_days) else age_days
    if np.isnan(met):
        return Criterion(name, "not_known", age)
    if rules.max_age_days is not None and age_days > rules.max_age_days:
        return Criterion(name, "outdated", age)
    return Criterion(name, "met" if met >= rules.met_from else "not_met", age)


def _not_known(bundle: Bundle, values: Floats) -> tuple[str, ...]:
    """Names of the attributes among the features that have no value."""
    features = enumerate(bundle.catalog.features)
    return tuple(f.of or f.name for column, f in features if f.family == "attribute" and np.isnan(values[column]))
