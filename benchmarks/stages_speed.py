"""A night of stage moves on every lead of a simulated world: seconds, seconds of the processor, and memory.

`make bench-stages` writes docs/benchmarks/stages.md from it. The score file of the night is made of random numbers: how
scores come about is measured elsewhere, and the step is the same for any.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.engines.event_logs import Limits
from features.project import read_project
from features.simulate import WorldSettings, simulate
from features.stage_settings import StageSettings
from features.tables import read_tables, without_interactions
from serving.lifecycle.advance import Asked, advance
from serving.lifecycle.events import MOMENT
from serving.lifecycle.history import Process, all_events, tables_of_history
from serving.lifecycle.log import read_log
from serving.lifecycle.overdue import overdue_leads
from serving.lifecycle.replay import state_at
from serving.lifecycle.service_levels import promise_of

REPORT = Path(__file__).parent.parent / "docs" / "benchmarks" / "stages.md"
LEADS = 1_000_000
NIGHTS = (datetime(2025, 12, 1, tzinfo=UTC), datetime(2025, 12, 2, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Measured:
    """Two nights and what comes of them: numbers of rows, seconds by step, peak memory (MiB)."""

    leads: int
    derived: int
    first_night: int
    second_night: int
    again: int
    seconds: dict[str, float]
    cpu: dict[str, float]
    before_mib: float
    peak_mib: float


def measure(world: Path, folder: Path) -> Measured:
    """Advance two nights and look at the result; the process should do nothing else."""
    seconds, cpu = {}, {}

    def timed(name: str, step: Callable[[], object]) -> object:
        begun, begun_cpu = time.perf_counter(), time.process_time()
        done = step()
        seconds[name], cpu[name] = time.perf_counter() - begun, time.process_time() - begun_cpu
        return done

    project = read_project(world)
    process = Process(StageSettings.model_validate({"direct_sql": True}), folder / "log", "all")
    warm_up(folder)
    clock, lead_id = datetime.now(UTC), pq.read_table(world / "leads.parquet", columns=["lead_id"])["lead_id"]
    nights = [Asked(project, process, at, clock, Limits(None, 1), scores(lead_id, at, folder), None) for at in NIGHTS]
    before, moved = peak_mib(), []
    for number, night in enumerate((*nights, nights[1]), start=1):
        moved.append(timed(f"night {number}", lambda night=night: len(advance(night, lambda *_: None).events)))
    peak = peak_mib()
    tables = timed("of it reading the tables", lambda: tables_of_history(project, process, clock, untimed=False))
    events = timed("all events of all leads", lambda: all_events(process, tables))
    timed("state of every lead", lambda: state_at(events, NIGHTS[1]))
    timed("overdue list", lambda: overdue_leads(events, tables.leads, promise_of(project), NIGHTS[1]))
    derived = len(events) - len(read_log(process.folder))
    return Measured(len(lead_id), derived, *moved, seconds, cpu, before, peak)


def scores(lead_id: pa.ChunkedArray, as_of: datetime, folder: Path) -> Path:
    """A score file of the night: random scores, one lead in ten of the class, points from 0 to 80."""
    rng, n = np.random.default_rng(as_of.day), len(lead_id)
    table = pa.table({
        "lead_id": lead_id.cast(pa.string()),
        "as_of": pa.repeat(pa.scalar(as_of, MOMENT), n),
        "score": pa.array(rng.integers(0, 101, n)),
        "propensity": pa.array(rng.random(n)),
        "sales_qualified": pa.array(rng.random(n) < 0.1),
        "points": pa.array(rng.integers(0, 81, n).astype(np.float64)),
        "model_version": pa.repeat("0123456789ab", n),
    })  # fmt: skip
    path = folder / f"scores-{as_of:%d}.parquet"
    pq.write_table(table, path)
    return path


def warm_up(folder: Path) -> None:
    """Compiled code is loaded before the clock runs."""
    small = folder / "small"
    simulate(small, WorldSettings(leads=200, seed=1))
    project, clock = read_project(small), datetime.now(UTC)
    process = Process(StageSettings.model_validate({}), small / "log", "all")
    tables = read_tables(without_interactions(project), clock=clock)
    path = scores(
        pa.chunked_array([pa.array(tables.leads["lead_id"], pa.string(), from_pandas=True)]), NIGHTS[0], small
    )
    advance(Asked(project, process, NIGHTS[0], clock, Limits(None, 1), path, None), lambda *_: None)
    overdue_leads(all_events(process, tables), tables.leads, promise_of(project), NIGHTS[1])


def peak_mib() -> float:
    """Largest memory the process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def page(one: Measured) -> str:
    """The page of the benchmark."""
    head = f"""# Speed of the stage machine

`make bench-stages`: two nights of `ripelead stages advance --scores FILE` on a simulated world of {one.leads:,} leads,
whose decisions and deals give {one.derived:,} events. The first night adds {one.first_night:,} events to an empty log,
the second one, with other scores, {one.second_night:,}, and the same night again {one.again:,}. Scores are random
numbers. A process of its own, one thread for what has threads; {os.cpu_count()} cores, which other work may share: the
seconds of the processor are the steadier number.

| step | seconds | of the processor |
|---|---|---|
"""
    lines = [f"| {name} | {took:.1f} | {one.cpu[name]:.1f} |\n" for name, took in one.seconds.items()]
    memory = f"\nMost memory of the nights: {one.peak_mib:,.0f} MiB ({one.before_mib:,.0f} MiB before them).\n"
    return head + "".join(lines) + memory


def main() -> None:
    """Measure, or (in the child process) print the measurement as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", type=Path)
    parser.add_argument("--world", type=Path, help="a simulated world that is there already; nothing is written to it")
    parser.add_argument("--leads", type=int, default=LEADS)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        if given.measure is not None:
            print(json.dumps(asdict(measure(given.measure, Path(folder)))))
            return
        world = given.world or Path(folder) / "world"
        if given.world is None:
            simulate(world, WorldSettings(leads=given.leads, seed=7))
        command = [sys.executable, "-m", "benchmarks.stages_speed", "--measure", str(world)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    text = page(Measured(**json.loads(done.stdout.splitlines()[-1])))
    REPORT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
