"""Scoring: every open lead once, with its class, its reasons, and the rules beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from features.attribute_points import attribute_points
from features.build import FeatureTable, Progress, build_features, silent
from features.histories import Histories, build_histories
from features.points import points_as_of
from features.qualification import bant, evidence_as_of
from features.tables import Tables
from serving.language.phrases import phrases_of
from serving.lifecycle.history import Process, usual_process
from serving.lifecycle.standings import nights
from serving.open_leads import open_snapshots, refuse_missing_inputs
from serving.render import render
from serving.scoring import ranked, score_rows
from serving.scoring_rows import RULES, ScoringRows
from serving.sinks import SCHEMA
from training.bundle import Bundle

COLUMNS = tuple(SCHEMA.names)


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
    language: str = "en",
    progress: Progress = silent,
) -> Scored:
    """Scores of all open leads as of a time, ripest first (ties by lead_id), in memory; reasons in one language.

    `only` limits the result to some leads; their rows are the same as in the whole.

    Raises:
        InputContractError: a table or an attribute that the model was trained with is not there.
    """
    refuse_missing_inputs(bundle, tables)
    histories = build_histories(tables, bundle.catalog.hygiene)
    snapshots = open_snapshots(histories, tables, as_of, bundle.policy)
    closed = len(histories.lead_ids) - len(snapshots)
    if only is not None:
        snapshots = snapshots.take(np.isin(histories.lead_ids[snapshots.lead].astype(str), only.to_numpy().astype(str)))
    table = build_features(histories, tables, snapshots, bundle.catalog, progress)
    scores = score_rows(bundle, project_rows(bundle, histories, tables, table), bundle.policy.max_reasons)
    frame = as_frame(render(bundle, scores.take(ranked(scores)), phrases_of(bundle, language)))
    return Scored(frame, leads=len(histories.lead_ids), closed=closed, left_out=histories.left_out)


def project_rows(
    bundle: Bundle, histories: Histories, tables: Tables, table: FeatureTable, process: Process | None = None
) -> ScoringRows:
    """The rows of a feature table, with what the rules and sales say of each lead.

    `process` says how leads move; default: the usual way, without a log.
    """
    policy, snapshots = bundle.policy, table.snapshots
    evidence = evidence_as_of(histories, tables.assessments, snapshots, policy.rules.criteria)
    verdict = bant(evidence, policy.rules)
    attributes = attribute_points(histories.leads, tables, policy.points, policy.tracked)
    moving = process or usual_process(policy.deals_of_account)
    night = nights(moving, histories, tables, snapshots, policy.points)
    night.judge(histories, snapshots, slice(0, len(snapshots)), 0, policy.points)
    rules = [
        pa.array(verdict.met),
        pa.array(verdict.qualified),
        pa.array(points_as_of(histories, snapshots, policy.points, attributes)),
        night.standings(slice(0, len(snapshots))),
    ]
    lead_id = pa.array(histories.lead_ids[snapshots.lead], pa.large_string())
    return ScoringRows(lead_id, snapshots.as_of, table.values, pa.table(rules, schema=RULES))


def as_frame(table: pa.Table) -> pd.DataFrame:
    """A rendered table as a frame with the columns `COLUMNS`; reasons are lists of dicts."""
    frame: pd.DataFrame = table.drop_columns("reasons").to_pandas()
    frame["reasons"] = pd.Series(table["reasons"].to_pylist(), dtype=object)
    return frame[list(COLUMNS)]
