"""Scoring on a Spark cluster: features by the kernel, scores and reasons by the bundle, both inside the executors."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from features.attribute_points import attribute_points, fit_points
from features.engines.spark import worker_code
from features.engines.spark.blocks import FIT_POINTS
from features.engines.spark.engine import (
    Cluster,
    Request,
    SparkRun,
    feature_rows,
    last_touches,
    refusals,
    spark_cluster,
    spark_run,
)
from features.engines.spark.session import Folders, first_line, quiet
from features.engines.spark.worker_code import batchwise
from features.errors import InputContractError
from features.files import replaced_file
from features.histories import Histories
from features.project import Project
from features.qualification import bant, evidence_as_of
from features.schema import TableCount
from features.snapshots import Snapshots
from features.tables import Tables, ended_by_events, read_tables, without_interactions
from serving.engines.spark_scorer import Scorer
from serving.lifecycle.history import Process, process_of
from serving.lifecycle.standings import nights
from serving.open_leads import open_snapshots, refuse_missing_inputs
from serving.scoring_rows import RULE_COLUMNS, scoring_rows
from serving.sinks import SCHEMA
from training.bundle import Bundle, parse_bundle
from training.bundle_files import Contents, pack, read_contents
from training.probe import probe

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

KEYS = ("lead_id", "as_of")


@dataclass(frozen=True, slots=True)
class ScoredOnSpark:
    """What a run made of the leads: `rows_in` = `scored` + `closed` (or created later) + `quarantined`.

    These are rows of the leads, or of the feature table; `quarantined_rows` are those of all tables, `left_out` the
    interactions that each rule of hygiene left out (of accounts with an open lead; no other is looked at). `tables`
    carry the row accounting; None for a feature table.
    """

    rows_in: int
    scored: int
    closed: int
    quarantined: int
    quarantined_rows: int
    sales_qualified: int
    left_out: Mapping[str, int]
    model_version: str
    tables: Tables | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SparkJob:
    """The bundle to score with, the Parquet folder to write, how many reasons a lead gets, and their language."""

    bundle_dir: Path
    out: str
    most: int
    language: str


@dataclass(frozen=True, slots=True)
class _Model:
    """A verified bundle, its bytes for the executors, and what is said of each lead."""

    bundle: Bundle
    contents: Contents
    most: int
    language: str


def score_on_spark(
    job: SparkJob, project: Project, as_of: datetime, master: "str | SparkSession", clock: datetime
) -> ScoredOnSpark:
    """Score every open lead of a project as of a time into the Parquet folder `job.out`, all or nothing.

    `master` names a cluster, or is a running session. Rows are those of one machine, columns `serving.sinks.SCHEMA`;
    their order within the folder means nothing. Rows of interactions that were not used go to `job.out`.quarantine.

    Raises:
        ModelRefusedError: the bundle is damaged.
        ProjectFileError: the interactions are not for Spark.
        InputContractError: a table cannot be used, or one that the model was trained with is not there.
        SinkError: `out` cannot be written, or the cluster gave up.
    """
    model = _model(job)
    known = replace(project, hygiene=model.bundle.catalog.hygiene)
    untimed = model.bundle.policy.outcome_column is not None
    small = read_tables(without_interactions(known), clock=clock, untimed=untimed)
    _refuse_missing(model.bundle, small, known)
    process = process_of(project, model.bundle.policy.deals_of_account)
    with spark_cluster(master) as cluster, spark_run(cluster, known, small, job.out, clock) as run:
        tables = ended_by_events(known, small, run.events.latest, clock)
        if model.bundle.policy.deals_of_account == "last_touch":
            tables = replace(tables, interactions=last_touches(cluster, run.events, run.histories, tables.deals))
        return _score_project(run, model, tables, as_of, process)


def score_table_on_spark(job: SparkJob, features: str, master: "str | SparkSession") -> ScoredOnSpark:
    """Score a feature table, Parquet on storage that all workers share, into the Parquet folder `job.out`.

    Columns as `serving.scoring_rows.scoring_rows` wants them. Rows without a lead_id, without an as_of where others
    have one, with an infinite value, or that repeat another row's lead_id and as_of go to `job.out`.quarantine with the
    reason; of rows that repeat each other one is used, the same in every run.

    Raises:
        ModelRefusedError: the bundle is damaged.
        InputContractError: the table cannot be read, or lacks a feature.
        SinkError: `out` cannot be written, or the cluster gave up.
    """
    model = _model(job)
    with spark_cluster(master) as cluster, quiet(), refusals():
        folders = Folders(cluster.session, job.out)
        rows = _read_features(cluster, features, model.bundle)
        with folders.scratch_folder() as scratch:
            judged = _with_faults(rows, model.bundle)
            judged.where("fault is not null").write.parquet(f"{scratch}/quarantine")
            good = judged.where("fault is null").drop("fault")
            scored, qualified = _write_scores(cluster, folders, good, model)
            bad = cluster.session.read.parquet(f"{scratch}/quarantine").count()
            _put_quarantine(folders, bad)
            folders.put(f"{scratch}/scores", folders.out)
    return ScoredOnSpark(scored + bad, scored, 0, bad, bad, qualified, {}, model.bundle.version)


def _model(job: SparkJob) -> _Model:
    contents = read_contents(job.bundle_dir)
    probe(contents)
    return _Model(parse_bundle(contents), contents, job.most, job.language)


def _refuse_missing(bundle: Bundle, small: Tables, project: Project) -> None:
    """Before a cluster starts: what the model was trained with is there, the interactions as far as they are named."""
    named = [TableCount("interactions", 0, 0, 0, {})] if "interactions" in project.tables else []
    refuse_missing_inputs(bundle, replace(small, counts=(*small.counts, *named)))


def _score_project(run: SparkRun, model: _Model, tables: Tables, as_of: datetime, process: Process) -> ScoredOnSpark:
    histories, policy = run.histories, model.bundle.policy
    snapshots = open_snapshots(histories, tables, as_of, policy)
    rules = _rules(histories, tables, snapshots, model.bundle, process)
    request = Request(tables, snapshots, model.bundle.catalog, rules, points=policy.points)
    rows, _, left_out = feature_rows(run, request)
    scored, qualified = _write_scores(run.cluster, run.folders, rows, model)
    if scored != len(snapshots):
        raise AssertionError(f"{scored} score rows for {len(snapshots)} open leads")
    if run.events.count.quarantined:
        run.events.quarantined.write.parquet(f"{run.folders.scratch}/quarantine")
    _put_quarantine(run.folders, run.events.count.quarantined)
    run.folders.put(f"{run.folders.scratch}/scores", run.folders.out)
    counted = replace(tables, counts=(*tables.counts, run.events.count))
    bad = {count.table: count.quarantined for count in counted.counts}
    leads = len(histories.lead_ids)
    return ScoredOnSpark(
        rows_in=leads + bad["leads"],
        scored=scored,
        closed=leads - scored,
        quarantined=bad["leads"],
        quarantined_rows=sum(bad.values()),
        sales_qualified=qualified,
        left_out=dict(left_out.value),
        model_version=model.bundle.version,
        tables=counted,
    )


def _rules(histories: Histories, tables: Tables, snapshots: Snapshots, bundle: Bundle, process: Process) -> pa.Table:
    """What the small tables say of each snapshot; points need the events, so the executors count them."""
    policy = bundle.policy
    evidence = evidence_as_of(histories, tables.assessments, snapshots, policy.rules.criteria)
    verdict = bant(evidence, policy.rules)
    # Frameworks need the events, which are in the executors: nobody meets one here, and nobody passes a gate.
    night = nights(process, histories, tables, snapshots, policy.points)
    attributes = attribute_points(histories.leads, tables, policy.points, policy.tracked)
    fit, _ = fit_points(attributes, snapshots)
    columns = {"bant_met": pa.array(verdict.met, pa.int64()), "bant_qualified": pa.array(verdict.qualified)}
    return pa.table({**columns, "standing": night.standings(slice(0, len(snapshots))), FIT_POINTS: pa.array(fit)})


def _write_scores(cluster: Cluster, folders: Folders, rows: "DataFrame", model: _Model) -> tuple[int, int]:
    """Score rows to the scratch folder; gives how many there are, and how many of them are sales qualified."""
    from pyspark.sql import functions as fn
    from pyspark.sql.pandas.types import from_arrow_schema

    scorer = Scorer(_shipped(cluster, model.contents), model.contents.version, model.most, model.language)
    score = batchwise(cluster.archive, "serving.engines.spark_scorer:scored_batches", scorer)
    target = f"{folders.scratch}/scores"
    rows.mapInArrow(score, from_arrow_schema(SCHEMA)).write.parquet(target)
    written = cluster.session.read.parquet(target)
    qualified = fn.sum(fn.col("sales_qualified").cast("long"))
    (counted,) = written.agg(fn.count("*").alias("rows"), qualified.alias("qualified")).collect()
    return counted["rows"], counted["qualified"] or 0


def _shipped(cluster: Cluster, contents: Contents) -> str:
    """Name of the file by which executors get the bundle's bytes."""
    path = worker_code.own_folder() / f"ripelead-bundle-{contents.version}"
    with replaced_file(path) as temporary:
        temporary.write_bytes(pack(replace(contents, where="the bundle")))
    cluster.session.sparkContext.addFile(str(path))
    return path.name


def _put_quarantine(folders: Folders, rows: int) -> None:
    """Move the rows that were not used beside the output; without any, an older folder there goes."""
    target = f"{folders.out}.quarantine"
    if rows:
        folders.put(f"{folders.scratch}/quarantine", target)
    else:
        folders.remove(target)


def _read_features(cluster: Cluster, features: str, bundle: Bundle) -> "DataFrame":
    """The columns that scoring reads."""
    from pyspark.errors import PySparkException
    from pyspark.sql.pandas.types import to_arrow_schema

    where = features if "://" in features else Path(features).resolve().as_uri()
    try:
        rows = cluster.session.read.parquet(where)
    except PySparkException as error:
        raise InputContractError(f"--features {features}: Spark cannot read it: {first_line(error)}") from error
    scoring_rows(to_arrow_schema(rows.schema, timezone="UTC").empty_table(), bundle.catalog)
    wanted = {*KEYS, *bundle.catalog.names, *RULE_COLUMNS}
    return rows.select(*(f"`{name}`" for name in rows.columns if name in wanted))


def _with_faults(rows: "DataFrame", bundle: Bundle) -> "DataFrame":
    """The rows with `fault`: why a row is not scored, or null."""
    from pyspark.sql import functions as fn

    given = [name for name in KEYS if name in rows.columns]
    timed = "as_of" in given and rows.where("as_of is not null").limit(1).count() > 0
    lead_id = fn.col("lead_id").cast("string")
    no_id = lead_id.isNull() | (fn.trim(lead_id) == "")
    no_time = fn.col("as_of").isNull() if timed else fn.lit(False)
    reason = fn.when(no_id, "lead_id is missing").when(no_time, "as_of is missing")
    reason = reason.when(_is_infinite(rows, bundle), "a value is infinite").when(
        _repeats(rows, given), "repeats another row"
    )
    return rows.withColumn("fault", reason)


def _repeats(rows: "DataFrame", given: list[str]) -> "Column":
    """Whether another row of the same keys comes first, by what the rows hold: the same one in every run."""
    from pyspark.sql import Window
    from pyspark.sql import functions as fn

    if rows.groupBy(*given).count().where("count > 1").isEmpty():
        return fn.lit(False)
    every = fn.struct(*(fn.col(f"`{name}`") for name in rows.columns))
    return fn.row_number().over(Window.partitionBy(*given).orderBy(fn.xxhash64(every), fn.to_json(every))) > 1


def _is_infinite(rows: "DataFrame", bundle: Bundle) -> "Column":
    from functools import reduce

    from pyspark.sql import functions as fn

    ends = [fn.lit(float("inf")), fn.lit(float("-inf"))]
    floating = {name for name, kind in rows.dtypes if kind in ("double", "float")} & set(bundle.catalog.names)
    return reduce(lambda one, other: one | other, (fn.coalesce(fn.col(f"`{name}`").isin(*ends), fn.lit(False))
                                                   for name in sorted(floating)), fn.lit(False))  # fmt: skip
