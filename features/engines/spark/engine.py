"""Features on a Spark cluster: the kernel of one machine, run on whole accounts by the executors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from features.catalog import Catalog
from features.engines.spark.blocks import BLOCK_WEIGHT, PARCELS, BlockJob, Blocks, parcels, plan_blocks
from features.engines.spark.events import CheckedEvents, check_events
from features.engines.spark.questions import last_touches, learn_vocabulary, recorded_in
from features.engines.spark.session import Cluster, Folders, first_line, quiet, spark_cluster
from features.engines.spark.worker_code import Sums, blockwise
from features.errors import InputContractError, SinkError
from features.histories import Histories, build_histories
from features.project import Project
from features.rule_settings import PointSettings
from features.snapshots import Snapshots
from features.tables import Tables, empty_table

if TYPE_CHECKING:
    from pyspark import Accumulator
    from pyspark.sql import DataFrame

__all__ = [
    "Cluster",
    "Request",
    "SparkRun",
    "Written",
    "feature_rows",
    "last_touches",
    "learn_vocabulary",
    "recorded_in",
    "refusals",
    "spark_cluster",
    "spark_run",
    "write_features",
]

PARCEL_BYTES = 64 * 1024 * 1024
MOST_PARTITIONS = 4_000


@dataclass(frozen=True, slots=True)
class SparkRun:
    """Checked interactions on a cluster, and the histories (without events) that number leads and accounts."""

    cluster: Cluster
    folders: Folders
    histories: Histories
    events: CheckedEvents


@dataclass(frozen=True, slots=True)
class Request:
    """Which features of which snapshots.

    `tables` are the checked small tables with the data's end (their interactions play no part), `snapshots` are
    sorted by (lead, as_of) with the lead numbers of the run's histories; `leading` has further columns of the result,
    row for row with the snapshots; with `points` the rules' points are a column too. Events must pass the catalog's
    rules of hygiene to count.
    """

    tables: Tables
    snapshots: Snapshots
    catalog: Catalog
    leading: pa.Table | None = None
    block_weight: int = BLOCK_WEIGHT
    points: PointSettings | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a run wrote: its rows, in how many blocks, the weight of the heaviest one (in events), and how many events
    each rule of hygiene left out.
    """

    folder: str
    quarantine: str
    rows: int
    blocks: int
    heaviest: int
    left_out: Mapping[str, int]


@contextmanager
def spark_run(cluster: Cluster, project: Project, tables: Tables, out: str, clock: datetime) -> Iterator[SparkRun]:
    """The interactions of `project` read and checked on `cluster`, ready for `write_features` to the folder `out`.

    `tables` are the checked small ones. What is kept meanwhile lies in a folder beside `out`, removed at the end; both
    must be on storage that all workers share. Where the project sets no data_end, rows after `clock` are left out, and
    `events.latest` tells the latest interaction.

    Raises:
        SinkError: `out` cannot be written, or the cluster gave up.
        InputContractError: the interactions as a whole cannot be used.
        ProjectFileError: they are not for Spark.
    """
    folders = Folders(cluster.session, out)
    histories = build_histories(replace(tables, interactions=empty_table("interactions")))
    chosen = project.project.data_end
    until = clock if chosen is None else min(chosen, clock)
    with quiet(), refusals(), folders.scratch_folder() as scratch:
        events = check_events(cluster, project, tables, histories, until, scratch)
        yield SparkRun(cluster, folders, histories, events)


@contextmanager
def refusals() -> Iterator[None]:
    """A lost cluster is a refusal; an exception in the product's own code stays what it is."""
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]

    try:
        yield
    except Py4JError as error:
        what = first_line(error)
        if "FAILED_READ_FILE" in what:
            raise InputContractError(f"interactions: Spark cannot read them: {what}") from error
        raise SinkError(f"Spark gave up: {what}") from error


def write_features(run: SparkRun, request: Request) -> Written:
    """Write the feature table to the run's folder as Parquet: a row per snapshot, by the executors, all or nothing.

    Columns are lead_id, as_of, those of `leading`, then the features, categories in words. Rows that were not used go
    to `<folder>.quarantine` with their reasons.
    """
    session, scratch = run.cluster.session, run.folders.scratch
    features, blocks, left_out = feature_rows(run, request)
    features.write.parquet(f"{scratch}/features")
    rows = session.read.parquet(f"{scratch}/features").count()
    if rows != len(request.snapshots):
        raise AssertionError(f"{rows} feature rows for {len(request.snapshots)} snapshots")
    quarantine = f"{run.folders.out}.quarantine"
    if run.events.count.quarantined:
        run.events.quarantined.write.parquet(f"{scratch}/quarantine")
        run.folders.put(f"{scratch}/quarantine", quarantine)
    else:
        run.folders.remove(quarantine)
    run.folders.put(f"{scratch}/features", run.folders.out)
    heaviest = int(blocks.weight.max(initial=0))
    return Written(run.folders.out, quarantine, rows, len(blocks), heaviest, left_out.value)


def feature_rows(run: SparkRun, request: Request) -> "tuple[DataFrame, Blocks, Accumulator[dict[str, int]]]":
    """The feature table, not yet computed, the blocks it is computed in, and what hygiene leaves out of it then."""
    blocks = _plan(run, request)
    _write_parcels(run, request, blocks)
    # Exact although tasks may run twice: Spark adds what the tasks of a writing stage tell once.
    left_out: Accumulator[dict[str, int]] = run.cluster.session.sparkContext.accumulator({}, Sums())  # type: ignore[arg-type]
    return _computed(run, request, blocks, left_out), blocks, left_out


def _plan(run: SparkRun, request: Request) -> Blocks:
    """Blocks from the number of events and snapshots of each account; accounts without snapshots weigh nothing."""
    from pyspark.sql import functions as fn

    accounts = len(run.histories.account_start) - 1
    snapshots = np.bincount(run.histories.account[request.snapshots.lead], minlength=accounts)
    counted = run.events.used.where(fn.col("account") >= 0).groupBy("account").count().toArrow()
    events = np.zeros(accounts, np.int64)
    events[counted["account"].to_numpy()] = counted["count"].to_numpy()
    return plan_blocks(
        np.where(snapshots > 0, events, 0), snapshots, len(request.catalog.features), request.block_weight
    )


def _write_parcels(run: SparkRun, request: Request, blocks: Blocks) -> None:
    """The small tables by block, in parts that the driver can hold."""
    packed = parcels(request.tables, run.histories, request.snapshots, request.leading, blocks)
    for part in chain(_parts(packed), [[]]):  # one without rows: there is a folder even without snapshots
        table = pa.Table.from_pylist(part, schema=PARCELS)
        run.cluster.session.createDataFrame(table).write.mode("append").parquet(f"{run.folders.scratch}/parcels")


def _parts(packed: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for parcel in packed:
        part.append(parcel)
        if sum(len(row["data"]) for row in part) > PARCEL_BYTES:
            yield part
            part = []
    yield part


def _computed(run: SparkRun, request: Request, blocks: Blocks, left_out: "Accumulator[dict[str, int]]") -> "DataFrame":
    from pyspark.sql import functions as fn
    from pyspark.sql.pandas.types import from_arrow_schema

    leading = () if request.leading is None else tuple(request.leading.schema)
    job = BlockJob(request.catalog, request.tables.data_end, leading, request.points)
    kernel = blockwise(run.cluster.archive, "features.engines.spark.blocks:block_rows", job, left_out)
    packed = run.cluster.session.read.parquet(f"{run.folders.scratch}/parcels")
    asked = np.unique(run.histories.account[request.snapshots.lead])
    table = pa.table({"account": asked.astype(np.int32), "block": blocks.of_account[asked].astype(np.int32)})
    placed = fn.broadcast(run.cluster.session.createDataFrame(table))
    names = [name for name in run.events.columns if name != "interaction_id"]
    events = run.events.used.join(placed, "account").select("block", "hash", *names)
    # Twice as many partitions as blocks: few of them get two blocks where another gets none.
    n = min(2 * max(len(blocks), 1), MOST_PARTITIONS)
    both = events.repartition(n, "block").groupBy("block").cogroup(packed.repartition(n, "block").groupBy("block"))
    return both.applyInArrow(kernel, from_arrow_schema(job.schema))
