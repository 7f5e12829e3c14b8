"""`python -m benchmarks.incremental`: a feature store brought up to date, against a full run; writes its page.

Both sides begin with the small tables read and end with the features on disk. A full run reads all events, sorts them
and computes all rows; an update finds out what is new, reads it, computes what it touches, and writes the next state.
"""

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.features.catalog import catalog
from benchmarks.features.world import TIME, write_world
from benchmarks.incremental_page import page_text
from features.build import silent
from features.catalog import AttributeCode, Catalog, FeatureDef
from features.engines.asked import Asked, lead_columns
from features.engines.event_logs import Limits, open_door, read_event_logs
from features.engines.local import write_features
from features.engines.store.engine import Given, Updated, update_store
from features.engines.store.reader import read_store
from features.event_source import open_events
from features.histories import build_histories
from features.identifiers import find_ids, index_ids
from features.profile import build_profile
from features.project import read_project
from features.snapshots import in_order
from features.tables import read_tables, without_interactions

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "incremental.md"
SHARE = 0.01
# A file's times are trusted when it was not changed just before it was read.
SETTLING_S = 3
PROJECT = """[project]
name = "benchmark"
data_end = "2026-01-01T00:00:00Z"

[tables.leads]
file = "leads.parquet"
exclude = ["source", "industry"]

[tables.interactions]
file = "events-*.parquet"
exclude = ["url", "direction"]
"""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case:
    """Whether the new events are the newest or lie anywhere in the past of some accounts, and what else there is."""

    name: str
    newest: bool
    leads_change: bool = False
    snapshots_after: bool = True


CASES = (
    Case("the newest events, no snapshot after them", newest=True, snapshots_after=False),
    Case("the same, and 1 % of the leads changed", newest=True, leads_change=True, snapshots_after=False),
    Case("back-dated events in 1 % of the accounts", newest=False),
    Case("the same, and 1 % of the leads changed (back-dated)", newest=False, leads_change=True),
    Case("the newest events, a snapshot date after them", newest=True),
)


@dataclass(frozen=True, slots=True)
class World:
    """Events that were there, events that are new, leads before and after, and the snapshots."""

    old: pa.Table
    new: pa.Table
    leads: pa.Table
    leads_after: pa.Table
    snapshots: pa.Table


def main() -> None:
    found = _arguments()
    source = found.work / f"world-{int(found.events)}"
    if not (source / "training.parquet").exists():
        write_world(source, int(found.events))
    results = [run_case(case, source, found) for case in CASES if found.only in case.name]
    (found.work / "incremental.json").write_text(json.dumps(results, indent=1))
    found.page.write_text(page_text(results, found.threads), encoding="utf-8")
    print(f"wrote {found.page.name}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.incremental")
    parser.add_argument("--work", type=Path, default=Path(".bench"), help="folder for worlds and results")
    parser.add_argument("--events", type=float, default=10e6)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is written")
    return parser.parse_args()


def run_case(case: Case, source: Path, found: argparse.Namespace) -> dict[str, Any]:
    """Full runs and updates in turn, each update from the same former state; the tables compared at the end."""
    folder, limits = found.work / "incremental", Limits(None, found.threads)
    shutil.rmtree(folder, ignore_errors=True)
    world = _world(case, source)
    data, first, store, full = (folder / name for name in ("data", "first", "store", "full.parquet"))
    _write_before(world, data)
    before = _asked(data, world)
    _, build = timed(lambda: _update(first, before, limits))
    pq.write_table(world.new, data / "events-1.parquet", compression="zstd")
    pq.write_table(world.leads_after, data / "leads.parquet")
    after = _asked(data, world)
    time.sleep(SETTLING_S)
    runs, rows = [], []
    for _ in range(found.rounds):
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(first, store)
        _, whole = timed(lambda: _full(full, after, limits))
        done, update = timed(lambda: _update(store, after, limits))
        rows.append(done)
        runs.append({"full": whole, "update": update})
    result = {
        "case": case.name,
        "events": world.old.num_rows + world.new.num_rows,
        "new": rows[-1].read,
        "rows": rows[-1].rows,
        "computed": rows[-1].recomputed,
        "rebuilt": rows[-1].rebuilt,
        "first": build,
        "runs": runs,
        "equal": _equal(full, store),
    }
    print(json.dumps(result), flush=True)
    return result


def timed(run: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """What a run gives, and its wall and CPU seconds; what was written before is on disk when it begins."""
    os.sync()
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    return result, {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def _world(case: Case, source: Path) -> World:
    rng = np.random.default_rng(11)
    events, leads = pq.read_table(source / "interactions.parquet"), pq.read_table(source / "leads.parquet")
    snapshots = pq.read_table(source / "training.parquet", columns=["lead_id", "as_of"])
    n = int(events.num_rows * SHARE)
    old, new = events, _back_dated(events, leads, n, rng)
    if case.newest:
        old, new = events.slice(0, events.num_rows - n), events.slice(events.num_rows - n)
    if not case.snapshots_after:
        snapshots = snapshots.filter(pc.less_equal(snapshots["as_of"], pc.min(new["occurred_at"])))
    return World(old, new, leads, _changed(leads, rng) if case.leads_change else leads, snapshots)


def _back_dated(events: pa.Table, leads: pa.Table, n: int, rng: np.random.Generator) -> pa.Table:
    """`n` events at any time since the creation of leads, all of them in 1 % of the accounts."""
    account, created = leads["account_id"].to_numpy(), leads["created_at"].cast(pa.int64()).to_numpy()
    different = np.unique(account)
    chosen = rng.choice(different, max(1, int(len(different) * SHARE)), replace=False)
    lead = rng.choice(np.flatnonzero(np.isin(account, chosen)), n)
    end = pc.max(events["occurred_at"]).cast(pa.int64()).as_py()
    time_us = created[lead] + (rng.random(n) * (end - created[lead])).astype(np.int64)
    rows = events.slice(0, n).set_column(0, "lead_id", leads["lead_id"].take(pa.array(lead)))
    return rows.set_column(1, "occurred_at", pa.array(time_us - time_us % 1000, TIME))


def _changed(leads: pa.Table, rng: np.random.Generator) -> pa.Table:
    employees = leads["employees"].to_numpy().copy()
    employees[rng.choice(len(employees), int(len(employees) * SHARE), replace=False)] += 1
    return leads.set_column(leads.column_names.index("employees"), "employees", pa.array(employees))


def _write_before(world: World, data: Path) -> None:
    data.mkdir(parents=True)
    (data / "ripelead.toml").write_text(PROJECT)
    pq.write_table(world.old, data / "events-0.parquet", compression="zstd", row_group_size=1_000_000)
    pq.write_table(world.leads, data / "leads.parquet")
    time.sleep(SETTLING_S)


def _asked(data: Path, world: World) -> tuple[Given, Asked]:
    """The small tables read, and the features of all snapshots asked for."""
    project = read_project(data)
    assert project.project.data_end is not None
    tables = read_tables(without_interactions(project), clock=project.project.data_end)
    histories = build_histories(tables)
    ids = pa.array(histories.lead_ids, pa.string())
    lead, as_of = find_ids(index_ids(ids), world.snapshots["lead_id"]), world.snapshots["as_of"].cast(pa.int64())
    snapshots, wanted = in_order(lead, as_of.to_numpy(), len(ids)), _catalog()
    profile = build_profile(histories, tables, wanted)
    return Given(project, tables, histories, tables.data_end), Asked(
        profile, snapshots, wanted, lead_columns(ids, snapshots)
    )


def _catalog() -> Catalog:
    """The 77 features of the feature benchmark and one attribute, so that a changed lead has something to change."""
    plain = catalog()
    more = FeatureDef("employees", "attribute", "Fit", "employees", of="employees")
    return replace(plain, features=(*plain.features, more), attributes=(AttributeCode("employees", "number"),))


def _full(path: Path, wanted: tuple[Given, Asked], limits: Limits) -> int:
    given, asked = wanted
    with TemporaryDirectory() as scratch, open_events(given.project) as source:
        assert source is not None
        door = open_door(given.project, source, given.tables, given.histories, given.end)
        logs = read_event_logs(source, door, given.histories, Path(scratch), limits, silent)
        return write_features(logs, asked, path, limits, silent)


def _update(folder: Path, wanted: tuple[Given, Asked], limits: Limits) -> Updated:
    given, asked = wanted
    return update_store(folder, given, lambda _: asked, limits, (silent, silent))


def _equal(full: Path, store: Path) -> bool:
    """Whether both tables are the same, cell by cell."""
    one, other = pq.read_table(full), read_store(store).whole()
    return one.num_rows == other.num_rows and all(
        _plain(one[name]).equals(_plain(other[name])) for name in one.column_names
    )


def _plain(column: pa.ChunkedArray) -> pa.Array:
    texts = pa.types.is_dictionary(column.type) or pa.types.is_large_string(column.type)
    whole = column.cast(pa.string()) if texts else column
    return whole.combine_chunks()


if __name__ == "__main__":
    main()
