"""Qualification evidence as of a date, and the BANT baseline: k of n criteria met (row M4 of the source documents)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.histories import Histories
from features.recorded import Recorded, latest, recorded
from features.rule_settings import RuleSettings
from features.snapshots import Snapshots
from features.windows import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Evidence:
    """The latest assessment per snapshot (rows) and criterion (columns) before the as-of date.

    `met` is 0…1, NaN when unknown; `age_days` NaN when unknown or undated.
    """

    criteria: tuple[str, ...]
    met: Floats
    age_days: Floats


@dataclass(frozen=True, slots=True)
class Bant:
    """Verdict per snapshot: number of criteria met and unknown, and whether enough are met."""

    met: Ints
    unknown: Ints
    qualified: Bools


def evidence_as_of(
    histories: Histories, assessments: pd.DataFrame, snapshots: Snapshots, criteria: tuple[str, ...]
) -> Evidence:
    """Evidence for `criteria` (upper or lower case); of assessments at the same moment the most favourable counts."""
    return latest_evidence(assessed(assessments, histories.lead_ids, criteria), snapshots)


def assessed(assessments: pd.DataFrame, lead_ids: Collection[object], criteria: tuple[str, ...]) -> dict[str, Recorded]:
    """The leads' assessments by criterion."""
    named = assessments["criterion"].astype(object).str.lower()
    by_name = {name: assessments[named == name.lower()] for name in criteria}
    return {
        name: recorded(rows["lead_id"], rows["assessed_at"], rows["met"].to_numpy(np.float64), lead_ids)
        for name, rows in by_name.items()
    }


def latest_evidence(assessments: Mapping[str, Recorded], snapshots: Snapshots) -> Evidence:
    """The last assessment of each criterion before as_of."""
    columns = [latest(recordings, snapshots) for recordings in assessments.values()]
    nothing = np.empty((len(snapshots), 0))
    return Evidence(
        tuple(assessments),
        met=np.stack([met for met, _ in columns], axis=1) if columns else nothing,
        age_days=np.stack([age for _, age in columns], axis=1) if columns else nothing,
    )


def states(evidence: Evidence, settings: RuleSettings) -> Ints:
    """State per snapshot and criterion: 1 met, 0 unknown (also where the evidence is too old), -1 not met."""
    known = ~np.isnan(evidence.met)
    if settings.max_age_days is not None:
        known &= ~(evidence.age_days > settings.max_age_days)
    met = np.nan_to_num(evidence.met) >= settings.met_from
    return np.where(known, np.where(met, 1, -1), 0)


def bant(evidence: Evidence, settings: RuleSettings) -> Bant:
    """BANT verdict: at least `settings.at_least` of the criteria met; unknown is neither met nor not met."""
    found = states(evidence, settings)
    met = (found == 1).sum(axis=1)
    return Bant(met=met, unknown=(found == 0).sum(axis=1), qualified=met >= settings.at_least)
