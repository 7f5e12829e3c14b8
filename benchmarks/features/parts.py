"""The parts of the benchmark; each can be run alone and gives tables of results."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.features import measure, own_parts, variants
from benchmarks.features.measure import Task
from benchmarks.features.systems import OURS
from benchmarks.features.world import write_world

Tables = list[dict[str, Any]]
FLOORS = ("scan_arrow", "scan_duckdb")
PEERS = ("duckdb_packed", "polars_peer", "polars_prefix", "duckdb_sql")
FEATURETOOLS_EVENTS = 100_000


def peers_1m(work: Path, events: int) -> Tables:
    """All peers on a million events; featuretools on the sample that it can manage."""
    small = Task(f"{FEATURETOOLS_EVENTS:,} events", world(work, FEATURETOOLS_EVENTS))
    names = (*FLOORS, OURS, *PEERS, "duckdb_prefix", "pandas_peer")
    return [
        _measured(Task(f"{events:,} events", world(work, events)), names, work),
        _measured(small, (*FLOORS, OURS, "duckdb_packed", "featuretools_peer"), work),
    ]


def peers_10m(work: Path, events: int) -> Tables:
    """The fast peers on ten million events."""
    return [_measured(Task(f"{events:,} events", world(work, events)), (*FLOORS, OURS, *PEERS), work)]


def forms(work: Path, events: int) -> Tables:
    """Ids that are strings, and rows in no order."""
    plain = world(work, events)
    tables = []
    for title, name, write in (
        ("string ids", "strings", variants.write_with_string_ids),
        ("rows in no order", "unsorted", variants.write_unsorted),
    ):
        folder = plain.with_name(f"{plain.name}-{name}")
        _once(folder, lambda at, write=write: write(plain, at))  # type: ignore[misc]
        systems = (*FLOORS, OURS, "duckdb_packed", "polars_peer")
        tables.append(_measured(Task(f"{events:,} events, {title}", folder), systems, work))
    return tables


def scale(work: Path, events: int) -> Tables:
    """Cost per event at a tenth of the events and at all of them; then all of them in 2 GB."""
    tables = []
    for number in (events // 10, events):
        for snapshots in ("training", "scoring"):
            task = Task(f"{number:,} events, {snapshots} snapshots", world(work, number), snapshots)
            tables.append(_measured(task, (*FLOORS, OURS), work))
    limited = Task(f"{events:,} events, --memory 2GB", world(work, events), memory="2GB")
    return [*tables, _measured(limited, (OURS,), work)]


def world(work: Path, events: int) -> Path:
    """Folder of the world of so many events, made the first time."""
    return _once(work / f"world-{events}", lambda folder: write_world(folder, events))


def _once(folder: Path, write: Callable[[Path], None]) -> Path:
    if not folder.exists():
        print(f"  making {folder.name}", flush=True)
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        write(unfinished)
        unfinished.rename(folder)
    return folder


def _measured(task: Task, names: tuple[str, ...], work: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    print(task.title, flush=True)
    found = measure.measure(task, names, work)
    rows = {name: pq.read_metadata(task.data / f"{name}.parquet").num_rows for name in ("interactions", task.snapshots)}
    return {**found, "events": rows["interactions"], "rows": rows[task.snapshots]}


# Part: what it does, and how many events it takes.
PARTS: dict[str, tuple[Callable[[Path, int], Tables], int]] = {
    "peers-1m": (peers_1m, 1_000_000),
    "peers-10m": (peers_10m, 10_000_000),
    "forms": (forms, 10_000_000),
    "incremental": (own_parts.incremental, 10_000_000),
    "one-lead": (own_parts.one_lead, own_parts.EVENTS_OF_ONE_LEAD),
    "start-up": (own_parts.start_up, 20_000),
    "spark": (own_parts.spark, 10_000_000),
    "scale": (scale, 100_000_000),
}
