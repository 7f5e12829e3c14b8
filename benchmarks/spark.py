"""Spark against one machine: the same table, two workers against one, and a worker lost in the middle.

`python -m benchmarks.spark` writes its figures to a JSON file in the work folder and docs/benchmarks/spark.md.
"""

import argparse
import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.features.catalog import catalog
from benchmarks.features.world import write_world
from benchmarks.standalone import Standalone, standalone_cluster
from features.build import build_features
from features.engines.spark.engine import Request, SparkRun, feature_rows, spark_cluster, spark_run, write_features
from features.engines.spark.java import java_home
from features.histories import build_histories
from features.identifiers import positions_of
from features.project import Project, read_project
from features.snapshots import Snapshots, in_order
from features.tables import Tables, read_tables

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks" / "spark.md"
CLOCK = datetime(2026, 1, 1, tzinfo=UTC)
TOML = """[project]
name = "benchmark"
data_end = "2026-01-01T00:00:00Z"
[tables.leads]
file = "leads.parquet"
[tables.interactions]
file = "interactions.parquet"
"""
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class World:
    """A world on disk, and what is asked of it."""

    folder: Path
    project: Project
    small: Tables
    snapshots: Snapshots
    events: int


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of the parts of one run: the session, reading and checking, the plan, and the features themselves."""

    workers: int
    session_s: float
    check_s: float
    plan_s: float
    features_s: tuple[float, ...]
    blocks: int


def main() -> None:
    found = _arguments()
    found.work.mkdir(parents=True, exist_ok=True)
    world = make_world(found.work / f"spark-{int(found.events)}", int(found.events))
    results = measure(world)
    (found.work / "spark.json").write_text(json.dumps(results, indent=1))
    PAGE.write_text(page_text(results), encoding="utf-8")
    print(f"wrote {PAGE.name}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark")
    parser.add_argument("--work", type=Path, default=Path(".bench"), help="folder for the world and results")
    parser.add_argument("--events", type=float, default=1e7)
    return parser.parse_args()


def make_world(folder: Path, events: int) -> World:
    """The world of the features benchmark, with its training snapshots."""
    if not (folder / "interactions.parquet").exists():
        write_world(folder, events)
    (folder / "ripelead.toml").write_text(TOML, encoding="utf-8")
    project = read_project(folder)
    small = read_tables(replace(project, tables={"leads": project.tables["leads"]}), clock=CLOCK)
    asked = pq.read_table(folder / "training.parquet")
    lead_ids = build_histories(small).lead_ids
    lead = positions_of(asked["lead_id"].cast(pa.string()), lead_ids)
    as_of = asked["as_of"].cast(pa.int64()).to_numpy()
    return World(folder, project, small, in_order(lead, as_of, len(lead_ids)), events)


def measure(world: World) -> dict[str, Any]:
    """All figures; every Spark run must give the bits of one machine."""
    begun = time.perf_counter()
    local = local_table(world)
    local_s = time.perf_counter() - begun
    runs = []
    for workers in (1, 2):
        timed, folder = timed_run(world, workers)
        runs.append({**asdict(timed), "same": same_table(folder, local)})
        print(runs[-1], flush=True)
    lost = run_with_a_lost_worker(world, local)
    print(lost, flush=True)
    count = {"events": world.events, "snapshots": len(world.snapshots), "features": len(catalog().features)}
    return {**count, "local_s": local_s, "runs": runs, "lost": lost}


def local_table(world: World) -> pa.Table:
    """Read, checked and computed on this machine, in memory."""
    tables = read_tables(world.project, clock=CLOCK)
    histories = build_histories(tables)
    found = build_features(histories, tables, world.snapshots, catalog())
    as_of = pa.array(world.snapshots.as_of).cast(pa.timestamp("us", tz="UTC"))
    columns = {"lead_id": pa.array(histories.lead_ids[world.snapshots.lead], pa.string()), "as_of": as_of}
    return pa.table({**columns, **{name: found.values[:, i] for i, name in enumerate(found.names)}})


@contextmanager
def on_workers(world: World, workers: int) -> Iterator[tuple[Standalone, SparkRun, tuple[float, float]]]:
    """A cluster of so many workers of one core, its checked run, and the seconds of session and check."""
    logs = world.folder / f"logs-{workers}"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir()
    with standalone_cluster(logs, java_home(), workers, memory="2g", pinned=True) as running:
        begun = time.perf_counter()
        with spark_cluster(running.master, {"spark.executor.memory": "2g", "spark.driver.memory": "2g"}) as cluster:
            started = time.perf_counter()
            with spark_run(cluster, world.project, world.small, str(world.folder / f"out-{workers}"), CLOCK) as run:
                yield running, run, (started - begun, time.perf_counter() - started)


def timed_run(world: World, workers: int) -> tuple[Timed, Path]:
    """The features stage alone, a few times: shuffle, kernel and Parquet; the first round also compiles kernels."""
    out = world.folder / f"stage-{workers}"
    request = Request(world.small, world.snapshots, catalog())
    with on_workers(world, workers) as (_, run, (session_s, check_s)):
        begun = time.perf_counter()
        rows, blocks, _ = feature_rows(run, request)
        plan_s, seconds = time.perf_counter() - begun, []
        for _ in range(ROUNDS + 1):
            begun = time.perf_counter()
            rows.write.mode("overwrite").parquet(out.absolute().as_uri())
            seconds.append(time.perf_counter() - begun)
    return Timed(workers, session_s, check_s, plan_s, tuple(seconds[1:]), len(blocks)), out


def run_with_a_lost_worker(world: World, local: pa.Table) -> dict[str, Any]:
    """Kill one of two workers with its executor once a third of the feature tasks are done."""
    killed: list[int] = []
    with on_workers(world, 2) as (running, run, _):
        watcher = threading.Thread(target=_kill_amid_the_last_stage, args=(running, run, killed), daemon=True)
        watcher.start()
        begun = time.perf_counter()
        written = write_features(run, Request(world.small, world.snapshots, catalog()))
        seconds = time.perf_counter() - begun
    same = same_table(Path(written.folder.removeprefix("file:").replace("///", "/")), local)
    return {"seconds": seconds, "done_when_killed": killed, "same": same}


def _kill_amid_the_last_stage(running: Standalone, run: SparkRun, killed: list[int]) -> None:
    """A stage of many tasks after the plan is the one with the kernel."""
    tracker = run.cluster.session.sparkContext.statusTracker()
    while not killed:
        for stage in tracker.getActiveStageIds():
            state = tracker.getStageInfo(stage)
            if state and state.numTasks > 20 and state.numCompletedTasks * 3 >= state.numTasks:
                running.kill_worker(1)
                killed.append(state.numCompletedTasks)
                return
        time.sleep(0.05)


def same_table(folder: Path, local: pa.Table) -> bool:
    """Whether a folder of Parquet holds the rows of `local`, every number bit for bit."""
    found = pq.read_table(folder).sort_by([("lead_id", "ascending"), ("as_of", "ascending")])
    expected = local.sort_by([("lead_id", "ascending"), ("as_of", "ascending")])
    if not all(pc.all(pc.equal(found[name], expected[name])).as_py() for name in ("lead_id", "as_of")):
        return False
    made = catalog()
    return all(_same(made.shown, feature, found[feature.name], expected[feature.name]) for feature in made.features)


def _same(shown: Any, feature: Any, found: pa.ChunkedArray, expected: pa.ChunkedArray) -> bool:  # noqa: ANN401
    if feature.type == "category":
        codes = expected.to_pandas()
        words = codes.map({code: shown(feature, code) for code in codes.dropna().unique()})
        return bool((found.to_pandas().fillna("") == words.astype("str").fillna("")).all())
    a, b = (np.asarray(column.to_pandas(), np.float64) for column in (found, expected))
    return bool(((a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))).all())


def page_text(results: dict[str, Any]) -> str:
    """The page docs/benchmarks/spark.md."""
    return "\n".join([_HEAD, spark_section(results)])


def spark_section(results: dict[str, Any]) -> str:
    """The tables alone, for other pages."""
    events, snapshots = f"{results['events']:,}", f"{results['snapshots']:,}"
    one, two = (float(np.median(run["features_s"])) for run in results["runs"])
    same = "the same bits" if all(run["same"] for run in results["runs"]) else "**not** the same bits"
    lost, done = results["lost"], ", ".join(map(str, results["lost"]["done_when_killed"])) or "no"
    again = "the same bits" if lost["same"] else "**not** the same bits"
    lines = [
        f"{events} events, {snapshots} snapshots, {results['features']} features; the local engine in memory, reading",
        f"included, took {results['local_s']:.1f} s on the same machine at the same time.",
        "",
        "| workers of one core | session | read and check | plan | features (median) | rounds | blocks |",
        "|--:|--:|--:|--:|--:|---|--:|",
        *(_row(run) for run in results["runs"]),
        "",
        f"Two workers against one, the features stage alone: **{one / two:.2f}×**.",
        f"All runs against one machine: {same}.",
        "",
        f"One of two workers killed after {done} tasks of the features:",
        f"the run ended after {lost['seconds']:.1f} s with {again}.",
        "",
    ]
    return "\n".join(lines)


def _row(run: dict[str, Any]) -> str:
    rounds = ", ".join(f"{seconds:.1f}" for seconds in run["features_s"])
    parts = [f"{run[name]:.1f} s" for name in ("session_s", "check_s", "plan_s")]
    median = f"{np.median(run['features_s']):.1f} s"
    return f"| {' | '.join([str(run['workers']), *parts, median, rounds, str(run['blocks'])])} |"


_HEAD = """# Spark

<!-- Made by `python -m benchmarks.spark`; do not edit. -->

A standalone cluster on one machine: a master and workers as processes of their own, the driver beside them. Each
worker, with its executor and Python, is held to one core. The world is that of the features benchmark. *Read and check*
is the door: every row read, typed, joined with its lead, counted, and kept; *plan* bins accounts into blocks and hands
out leads and snapshots; *features* is shuffle, kernel and Parquet, after one round that is not counted (it compiles the
kernels).
"""


if __name__ == "__main__":
    main()
