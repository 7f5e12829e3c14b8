"""The feature table of all training snapshots with their outcomes, for notebooks: written by the local engine."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.build import Progress, build_features
from features.engines.asked import Asked, Leading, lead_columns
from features.engines.event_logs import EventLogs, Limits
from features.engines.feature_rows import write_rows
from features.engines.local import write_features
from features.engines.project_logs import Reading, accounted, batch_rows, project_logs
from features.event_source import open_events
from features.feature_values import values_of
from features.histories import Histories, build_histories
from features.profile import build_profile
from features.project import Project
from features.tables import Tables, ended_by_events, read_tables, without_interactions
from features.windows import NEVER
from training.dataset import Dataset, dataset_of
from training.model import catalog_of, learn_catalog
from training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, the tables it came from with their row accounting, and what hygiene left out by rule."""

    rows: int
    features: int
    tables: Tables
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Job:
    """A feature table to be written: whose, where to, and with what."""

    project: Project
    settings: TrainingSettings
    path: Path
    limits: Limits
    clock: datetime


def write_feature_table(job: Job, reading: Progress, computing: Progress) -> Written:
    """Write lead_id, as_of, label (null until it is known), matured, and every proposed feature, as Parquet.

    Raises:
        ProjectFileError: snapshots or label are not described.
        InputContractError: a table cannot be used, or no snapshot has a known outcome.
    """
    project = job.project
    untimed = job.settings.label.column is not None
    tables = read_tables(without_interactions(project), clock=job.clock, untimed=untimed)
    histories = build_histories(tables)
    with open_events(project, batch_rows(job.limits)) as source:
        if source is None:
            return _from_memory(job, tables, histories, computing)
        how = Reading(job.limits, job.clock, reading)
        with project_logs(project, source, tables, histories, how) as logs:
            return _from_logs(job, logs, tables, computing)


def _from_logs(job: Job, logs: EventLogs, small: Tables, computing: Progress) -> Written:
    latest = None if logs.accounting.latest == NEVER else pd.Timestamp(logs.accounting.latest, unit="us", tz="UTC")
    tables = ended_by_events(job.project, small, latest, job.clock)
    if job.settings.label.deals_of_account == "last_touch":
        tables = replace(tables, interactions=logs.touches(tables.deals))
    dataset = dataset_of(job.project, job.settings, tables, logs.histories)
    every = np.arange(len(dataset.snapshots))
    vocabulary = logs.vocabulary(int(dataset.snapshots.as_of.max()), job.project.features)
    events = (logs.recorded, vocabulary)
    catalog, _ = catalog_of(job.project, job.settings.model, dataset, every, events)
    profile = build_profile(logs.histories, tables, catalog)
    asked = Asked(profile, dataset.snapshots, catalog, outcomes_of(dataset))
    rows = write_features(logs, asked, job.path, job.limits, computing)
    return Written(rows, len(catalog.features), accounted(tables, logs), logs.accounting.left_out)


def _from_memory(job: Job, tables: Tables, histories: Histories, computing: Progress) -> Written:
    dataset = dataset_of(job.project, job.settings, tables, histories)
    every = np.arange(len(dataset.snapshots))
    catalog, _ = learn_catalog(job.project, job.settings.model, dataset, every)
    asked = Asked(build_profile(histories, tables, catalog), dataset.snapshots, catalog, outcomes_of(dataset))
    table = build_features(histories, tables, dataset.snapshots, catalog)
    values = values_of(table.values, catalog.features)
    rows = write_rows([(slice(0, len(every)), values)], asked, job.path, computing)
    return Written(rows, len(catalog.features), tables, {})


def outcomes_of(dataset: Dataset) -> Leading:
    """The columns lead_id, as_of, label and matured of rows."""
    ids = lead_columns(pa.array(dataset.histories.lead_ids, pa.large_string()), dataset.snapshots)

    def leading(rows: slice) -> dict[str, pa.Array]:
        matured = dataset.matured[rows]
        return {**ids(rows), "label": pa.array(dataset.label[rows], mask=~matured), "matured": pa.array(matured)}

    return leading
