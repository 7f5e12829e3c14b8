"""Appraisal: what a model and the rules make of one lead as of a date, in numbers that can be compared."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from features.build import FeatureTable, build_features
from features.cells import instant
from features.histories import Histories, build_histories
from features.qualification import Bant, bant, evidence_as_of
from features.snapshots import Snapshots
from features.tables import Tables
from serving.reasons import HIGHEST, LOWEST
from training.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Appraisal:
    """Score, propensity, class and BANT verdict of one lead; `exact` is the score before it is rounded and cut."""

    exact: float
    propensity: float
    qualified: bool
    bant_met: int
    bant_qualified: bool

    @property
    def whole(self) -> int:
        """The rounded score, beyond the ends of the scale where it lies there."""
        return int(np.rint(self.exact))

    @property
    def score(self) -> int:
        """The score that is shown, 0…100."""
        return min(max(self.whole, LOWEST), HIGHEST)


def appraise(bundle: Bundle, tables: Tables, lead_id: str, as_of: datetime) -> Appraisal:
    """Where a lead of the tables stands as of an aware time; the tables may be cut to its account.

    Whether the lead is open then is not asked.

    Raises:
        ValueError: the tables have no such lead.
    """
    histories, snapshot = looked_at(bundle, tables, lead_id, as_of)
    values = build_features(histories, tables, snapshot, bundle.catalog, threads=1).values
    _, raw, sums = bundle.explain_with_sums(values)
    propensity = bundle.scale.calibration.probability(raw)
    is_familiar = bundle.limits(values, raw, sums).familiar
    verdict = _verdict(bundle, histories, tables, snapshot)
    return Appraisal(
        exact=float(bundle.scale.score(raw)[0]),
        propensity=float(propensity[0]),
        qualified=bool(bundle.policy.qualifies(propensity, is_familiar)[0]),
        bant_met=int(verdict.met[0]),
        bant_qualified=bool(verdict.qualified[0]),
    )


def lead_features(bundle: Bundle, tables: Tables, lead_id: str, as_of: datetime) -> FeatureTable:
    """The feature row of one lead as of an aware time.

    Raises:
        ValueError: the tables have no such lead.
    """
    histories, snapshot = looked_at(bundle, tables, lead_id, as_of)
    return build_features(histories, tables, snapshot, bundle.catalog, threads=1)


def looked_at(bundle: Bundle, tables: Tables, lead_id: str, as_of: datetime) -> tuple[Histories, Snapshots]:
    """The histories that the model counts, and the one snapshot of the lead in them.

    Raises:
        ValueError: the tables have no such lead.
    """
    histories = build_histories(tables, bundle.catalog.hygiene)
    number = np.flatnonzero(histories.lead_ids == lead_id)
    if len(number) != 1:
        raise ValueError(f"no lead {lead_id!r} in the tables")
    return histories, Snapshots(number, np.array([instant(as_of)]))


def _verdict(bundle: Bundle, histories: Histories, tables: Tables, snapshot: Snapshots) -> Bant:
    rules = bundle.policy.rules
    return bant(evidence_as_of(histories, tables.assessments, snapshot, rules.criteria), rules)
