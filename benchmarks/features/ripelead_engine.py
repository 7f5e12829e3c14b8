"""Our local engine from a project file to Parquet, as `ripelead features` calls it, with the snapshots of the job."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.features.catalog import catalog
from benchmarks.features.command import Job, run
from benchmarks.features.world import write_world
from features.build import silent
from features.engines.asked import Asked, lead_columns
from features.engines.event_logs import EventLogs, Limits, open_door, read_event_logs
from features.engines.local import write_features
from features.event_source import BATCH_ROWS, open_events
from features.histories import Histories, build_histories
from features.identifiers import find_ids, index_ids
from features.profile import build_profile
from features.project import Project, TableName, TableSettings, read_project
from features.snapshots import in_order
from features.tables import Tables, read_tables
from features.windows import Ints

PROJECT = """[project]
name = "benchmark"
data_end = "2026-01-01T00:00:00Z"

[tables.leads]
file = "{job.data}/leads.parquet"
exclude = ["source", "industry", "employees"]

[tables.interactions]
file = "{job.interactions}"
exclude = ["url", "direction"]

[hygiene]
enabled = false
"""
GIGABYTE = 2**30
# So many that some of one lead share a time, which takes kernels of its own.
WARM_UP_EVENTS = 80_000


def features_of(job: Job) -> None:
    """Write the 77 features of the snapshots."""
    scratch = TemporaryDirectory(dir=job.out.parent, prefix="ripelead-")
    with scratch as folder, ThreadPoolExecutor(1) as beside:
        project = _project(job, Path(folder))
        tables = _small_tables(project)
        histories = build_histories(tables)
        limits = Limits(None if job.memory is None else _bytes(job.memory), job.threads)
        asked = beside.submit(_asked, job.snapshots, tables, histories)
        logs = _event_logs(project, tables, histories, (Path(folder), limits))
        write_features(logs, asked.result(), job.out, limits, silent)


def _project(job: Job, folder: Path) -> Project:
    (folder / "ripelead.toml").write_text(PROJECT.format(job=job))
    return read_project(folder)


def _small_tables(project: Project) -> Tables:
    small: dict[TableName, TableSettings] = {"leads": project.tables["leads"]}
    end = project.project.data_end
    assert end is not None
    return read_tables(replace(project, tables=small), clock=end)


def _event_logs(project: Project, tables: Tables, histories: Histories, at: tuple[Path, Limits]) -> EventLogs:
    with open_events(project) as source:
        assert source is not None
        door = open_door(project, source, tables, histories, tables.data_end)
        return read_event_logs(source, door, histories, *at, silent)


def _asked(path: Path, tables: Tables, histories: Histories) -> Asked:
    """The snapshots (lead_id, as_of) of a file in the order of the histories."""
    lead_ids = pa.array(histories.leads["lead_id"], pa.string())
    snapshots = in_order(*_pairs(path, lead_ids), len(lead_ids))
    wanted = catalog()
    return Asked(build_profile(histories, tables, wanted), snapshots, wanted, lead_columns(lead_ids, snapshots))


def _pairs(path: Path, lead_ids: pa.Array) -> tuple[Ints, Ints]:
    """Position of the lead, and the time, of each row, read some at a time."""
    known, n = index_ids(lead_ids), 0
    with pq.ParquetFile(path) as file:
        lead, as_of = (np.empty(file.metadata.num_rows, np.int64) for _ in range(2))
        for batch in file.iter_batches(BATCH_ROWS, columns=["lead_id", "as_of"], use_threads=False):
            rows = slice(n, n := n + len(batch))
            lead[rows] = find_ids(known, pa.chunked_array([batch["lead_id"]]))
            as_of[rows] = pc.cast(batch["as_of"], pa.int64())
    return lead, as_of


def _bytes(memory: str) -> int:
    return int(float(memory.removesuffix("GB")) * GIGABYTE)


def load_kernels() -> None:
    """Load the compiled kernels on a tiny world, before the clock: the part `start-up` says what that takes."""
    with TemporaryDirectory(prefix="ripelead-") as folder:
        data = Path(folder) / "world"
        write_world(data, WARM_UP_EVENTS)
        features_of(Job(data, data / "training.parquet", Path(folder) / "out.parquet", 2, None))


if __name__ == "__main__":
    load_kernels()
    run(features_of)
