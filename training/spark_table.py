"""The feature table of all training snapshots with their outcomes, computed on a Spark cluster."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from features.engines.spark.engine import (
    Request,
    SparkRun,
    last_touches,
    learn_vocabulary,
    recorded_in,
    spark_cluster,
    spark_run,
    write_features,
)
from features.project import Project
from features.tables import Tables, ended_by_events, read_tables, without_interactions
from training.dataset import dataset_of
from training.feature_table import Written
from training.model import catalog_of
from training.settings import TrainingSettings


def write_spark_table(project: Project, settings: TrainingSettings, out: str, master: str, clock: datetime) -> Written:
    """Write the folder `out`: lead_id, as_of, label (null until it is known), matured, and every proposed feature.

    Rows that were not used go to `out`.quarantine.

    Raises:
        ProjectFileError: snapshots or label are not described, or the interactions are not for Spark.
        InputContractError: a table cannot be used, or no snapshot has a known outcome.
        SinkError: `out` cannot be written, or the cluster gave up.
    """
    small = read_tables(without_interactions(project), clock=clock, untimed=settings.label.column is not None)
    with spark_cluster(master) as cluster, spark_run(cluster, project, small, out, clock) as run:
        tables = ended_by_events(project, small, run.events.latest, clock)
        if settings.label.deals_of_account == "last_touch":
            touches = last_touches(cluster, run.events, run.histories, tables.deals)
            tables = replace(tables, interactions=touches)
        return _written(project, settings, tables, run)


def _written(project: Project, settings: TrainingSettings, tables: Tables, run: SparkRun) -> Written:
    dataset = dataset_of(project, settings, tables, run.histories)
    every = np.arange(len(dataset.snapshots))
    vocabulary = learn_vocabulary(run.events, int(dataset.snapshots.as_of.max()), project.features)
    events = (recorded_in(run.events, run.histories), vocabulary)
    catalog, _ = catalog_of(project, settings.model, dataset, every, events)
    outcomes = {"label": pa.array(dataset.label, mask=~dataset.matured), "matured": pa.array(dataset.matured)}
    written = write_features(run, Request(tables, dataset.snapshots, catalog, pa.table(outcomes)))
    accounted = replace(tables, counts=(*tables.counts, run.events.count))
    return Written(written.rows, len(catalog.features), accounted, written.left_out)
