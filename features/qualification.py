"""Qualification evidence as of a date, and the BANT baseline: k of n criteria met (row M4 of the source documents)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.histories import Histories, microseconds, positions_of
from features.project import RuleSettings
from features.snapshots import Snapshots
from features.windows import DAY_US, NEVER, Bools, Floats, Ints, Segments, history, starts


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
    lead = positions_of(assessments["lead_id"], histories.lead_ids)
    rows = pd.DataFrame(
        {
            "lead": lead,
            "time": microseconds(assessments["assessed_at"]),
            "criterion": assessments["criterion"].astype(object).str.lower(),
            "met": assessments["met"].astype(np.float64),
        }
    )
    rows = rows[rows["lead"] >= 0].sort_values(["lead", "time", "met"])
    columns = [
        _latest(rows[rows["criterion"] == name.lower()], len(histories.lead_ids), snapshots) for name in criteria
    ]
    return Evidence(
        criteria,
        met=np.stack([met for met, _ in columns], axis=1) if columns else np.empty((len(snapshots), 0)),
        age_days=np.stack([age for _, age in columns], axis=1) if columns else np.empty((len(snapshots), 0)),
    )


def bant(evidence: Evidence, settings: RuleSettings) -> Bant:
    """BANT verdict: at least `settings.at_least` of the criteria met; unknown is neither met nor not met."""
    known = ~np.isnan(evidence.met)
    if settings.max_age_days is not None:
        known &= ~(evidence.age_days > settings.max_age_days)
    met = (known & (np.nan_to_num(evidence.met) >= settings.met_from)).sum(axis=1)
    return Bant(met=met, unknown=(~known).sum(axis=1), qualified=met >= settings.at_least)


def _latest(rows: pd.DataFrame, n_leads: int, snapshots: Snapshots) -> tuple[Floats, Floats]:
    lead, time = rows["lead"].to_numpy(np.int64), rows["time"].to_numpy(np.int64)
    past = history(Segments(starts(lead, n_leads), time), snapshots.lead, snapshots.as_of)
    known, stop = past.count > 0, past.stop
    last = stop[known] - 1
    met, age = np.full(len(snapshots), np.nan), np.full(len(snapshots), np.nan)
    met[known] = rows["met"].to_numpy()[last]
    age[known] = np.where(time[last] == NEVER, np.nan, (snapshots.as_of[known] - time[last]) / DAY_US)
    return met, age
