"""Scoring: every open lead once, with its class, its reasons, and the rules beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from features.build import FeatureTable, Progress, build_features, silent
from features.deals import deals_by_lead
from features.errors import InputContractError
from features.fit import attribute_frame
from features.histories import Histories, build_histories
from features.points import points_as_of
from features.qualification import bant, evidence_as_of
from features.snapshots import Snapshots, closings_by_lead, is_open, snapshots_at
from features.tables import Tables
from features.windows import Bools, Ints
from serving.reasons import Explained, Reason, explain
from serving.stage import stages_as_of
from training.bundle import Bundle, Policy
from training.contributions import contributions

COLUMNS = ("lead_id", "as_of", "propensity", "score", "band", "sales_qualified", "bant_met", "bant_qualified",
           "points", "stage", "reasons", "model_version")  # fmt: skip
CHUNK = 5_000
VERSION_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Scored:
    """What was made of the leads; `frame` has the columns `COLUMNS`, `left_out` counts what each rule left out."""

    frame: pd.DataFrame
    leads: int
    closed: int
    left_out: Mapping[str, int]


def score_leads(
    bundle: Bundle,
    tables: Tables,
    as_of: datetime,
    *,
    only: pd.Index | None = None,
    progress: Progress = silent,
) -> Scored:
    """Scores of all open leads as of a time, ripest first (ties by lead_id).

    `only` limits the result to some leads; their rows are the same as in the whole.

    Raises:
        InputContractError: a table or an attribute that the model was trained with is not there.
    """
    refuse_missing_inputs(bundle, tables)
    histories = build_histories(tables, bundle.catalog.hygiene)
    snapshots = snapshots_at(histories, as_of) if tables.timed else _all_leads(histories, as_of)
    is_wanted = open_leads(histories, tables, snapshots, bundle.policy)
    closed = int((~is_wanted).sum())
    if only is not None:
        is_wanted &= np.isin(histories.lead_ids[snapshots.lead].astype(str), only.to_numpy().astype(str))
    snapshots = snapshots.take(is_wanted)
    table = build_features(histories, tables, snapshots, bundle.catalog, progress)
    frame = _frame(bundle, histories, tables, table)
    ranked = frame.sort_values(["propensity", "lead_id"], ascending=[False, True], ignore_index=True)
    return Scored(ranked, leads=len(histories.lead_ids), closed=closed, left_out=histories.left_out)


def refuse_missing_inputs(bundle: Bundle, tables: Tables) -> None:
    """Refuse a project that lacks what the model learned from: its features would silently become "not known".

    Raises:
        InputContractError: naming the tables or attributes that are not there.
    """
    given = {count.table for count in tables.counts}
    if missing := [name for name in bundle.policy.tables if name not in given]:
        raise InputContractError(
            f"the model was trained with [tables.{'], [tables.'.join(missing)}], which the project no longer has: "
            "bring it back, or train without it"
        )
    there = attribute_frame(tables.leads, tables.accounts, ()).columns
    if gone := [code.name for code in bundle.catalog.attributes if not code.tracked and code.name not in there]:
        raise InputContractError(
            f"the model was trained with the attributes {', '.join(gone)}, which leads and accounts no longer have: "
            "bring them back (see columns in the project file), or train without them"
        )


def open_leads(histories: Histories, tables: Tables, snapshots: Snapshots, policy: Policy) -> Bools:
    """Which snapshots are of leads whose outcome is not known yet."""
    if policy.outcome_column is not None:
        if policy.outcome_column not in histories.leads:
            return np.ones(len(snapshots), bool)
        return histories.leads[policy.outcome_column].isna().to_numpy()[snapshots.lead]
    if policy.repeat:
        return np.ones(len(snapshots), bool)
    deals = deals_by_lead(tables, policy.deals_of_account)
    return is_open(closings_by_lead(deals, histories.lead_ids), snapshots)


def band_of(score: Ints, bands: Mapping[str, float]) -> list[str]:
    """Band per score: the highest whose least score is reached, else D."""
    ranked = sorted(bands.items(), key=lambda item: -item[1])
    return [next((name for name, least in ranked if value >= least), "D") for value in score]


def _all_leads(histories: Histories, as_of: datetime) -> Snapshots:
    lead = np.arange(len(histories.lead_ids))
    return Snapshots(lead, np.full(len(lead), int(pd.Timestamp(as_of).value // 1000)))


def _frame(bundle: Bundle, histories: Histories, tables: Tables, table: FeatureTable) -> pd.DataFrame:
    policy, snapshots = bundle.policy, table.snapshots
    propensity = bundle.scale.calibration.probability(bundle.raw(table.values))
    evidence = evidence_as_of(histories, tables.assessments, snapshots, policy.rules.criteria)
    verdict = bant(evidence, policy.rules)
    points = points_as_of(histories, snapshots, policy.points)
    explained = explain_table(bundle, table)
    qualified = propensity >= policy.threshold
    return pd.DataFrame(
        {
            "lead_id": pd.Series(histories.lead_ids[snapshots.lead], dtype="str"),
            "as_of": pd.to_datetime(snapshots.as_of, unit="us", utc=True).as_unit("us"),
            "propensity": propensity,
            "score": explained.score,
            "band": pd.Series(band_of(explained.score, policy.bands), dtype="str"),
            "sales_qualified": qualified,
            "bant_met": verdict.met,
            "bant_qualified": verdict.qualified,
            "points": points,
            "stage": pd.Series(stages_as_of(histories, tables, snapshots, points, qualified, policy), dtype="str"),
            "reasons": pd.Series([[_plain(reason) for reason in rows] for rows in explained.reasons], dtype=object),
            "model_version": pd.Series([bundle.version[:VERSION_LENGTH]] * len(snapshots), dtype="str"),
        }
    )


def _plain(reason: Reason) -> dict[str, str | int | None]:
    return {
        "group": reason.group,
        "feature": reason.feature,
        "value": reason.value,
        "points": reason.points,
        "sentence": reason.sentence,
    }


def explain_table(bundle: Bundle, table: FeatureTable) -> Explained:
    """Scores and reasons of all rows, in chunks so that the contributions need little memory."""
    parts = [
        explain(
            contributions(bundle.booster, table.values[at : at + CHUNK], tables=bundle.tables),
            table.values[at : at + CHUNK],
            bundle.scale,
            bundle.catalog,
            bundle.policy.max_reasons,
        )
        for at in range(0, len(table.values), CHUNK)
    ]
    score = np.concatenate([part.score for part in parts]) if parts else np.zeros(0, np.int64)
    return Explained(score, [reasons for part in parts for reasons in part.reasons])
