"""A project whose interactions come in several files, brought up to date in a store step by step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pandas as pd
import pyarrow as pa
from project_world import CATALOG, CLOCK, END, TABLES, as_rows, without_interactions
from worlds import AS_OFS, World, all_pairs, any_assessment, any_change, any_lead, snapshots

from features.build import build_features, silent
from features.catalog import Catalog
from features.engines.asked import Asked, lead_columns
from features.engines.event_logs import Limits
from features.engines.store.engine import Given, Updated, update_store
from features.engines.store.reader import read_store
from features.histories import Histories, build_histories
from features.profile import build_profile
from features.project import read_project
from features.schema import TableCount
from features.snapshots import Snapshots
from features.tables import Tables, read_tables

HYGIENE = """
[hygiene]
sent_kinds = ["webinar"]
click_kinds = ["click"]
scanner_seconds = 3600
burst_seconds = 60
burst_clicks = 2
duplicate_seconds = 30
exact_minutes = true
"""
NUMBERS = replace(CATALOG, features=tuple(replace(f, type="number") for f in CATALOG.features))
LIMITS = Limits(memory=None, threads=1)


def write_tables(folder: Path, world: World, pattern: str = "events-*.parquet", end: str = END, more: str = "") -> None:
    """The world as a project in `folder`, without its interactions."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = world.tables()
    others = [name for name in TABLES if name != "interactions"]
    for name in others:
        getattr(tables, name).to_parquet(folder / f"{name}.parquet", index=False)
    sections = [f'[tables.{name}]\nfile = "{name}.parquet"' for name in others]
    head = f'[project]\nname = "test"\ndata_end = "{end}"\n'
    events = f'[tables.interactions]\nfile = "{pattern}"\n'
    (folder / "ripelead.toml").write_text("\n".join([head, *sections, events, HYGIENE + more]), encoding="utf-8")


def write_events(events: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        events.to_csv(path, index=False)
    else:
        events.to_parquet(path, index=False)


def given_by(folder: Path) -> Given:
    project = read_project(folder)
    small = read_tables(without_interactions(project), clock=CLOCK)
    return Given(project, small, build_histories(small), small.data_end)


def snapshots_of(histories: Histories, pairs: Iterable[tuple[str, int]]) -> Snapshots:
    """Snapshots of the leads that are used."""
    there = set(histories.lead_ids)
    return snapshots(histories, [pair for pair in pairs if pair[0] in there])


def asked_for(given: Given, pairs: Iterable[tuple[str, int]], catalog: Catalog = NUMBERS) -> Asked:
    asked = snapshots_of(given.histories, pairs)
    ids = pa.array(given.histories.lead_ids, pa.large_string())
    profile = build_profile(given.histories, given.tables, catalog)
    return Asked(profile, asked, catalog, lead_columns(ids, asked))


def updated(folder: Path, world: World, as_ofs: Iterable[int] = AS_OFS, limits: Limits = LIMITS) -> Updated:
    """One update of the store beside the project."""
    given = given_by(folder)
    asked = asked_for(given, all_pairs(world, tuple(as_ofs)))
    return update_store(folder / "store", given, lambda _: asked, limits, (silent, silent))


def table_of(folder: Path) -> pd.DataFrame:
    """The table of the store, as `expected_of` gives it."""
    rows = read_store(folder / "store").whole().to_pandas()
    return rows.assign(as_of=rows["as_of"].astype("int64")).sort_values(["lead_id", "as_of"], ignore_index=True)


@dataclass(frozen=True)
class Expected:
    rows: pd.DataFrame
    count: TableCount
    left_out: dict[str, int]
    tables: Tables


def expected_of(folder: Path, world: World, as_ofs: Iterable[int] = AS_OFS) -> Expected:
    """What one machine makes of all files, in memory."""
    project = read_project(folder)
    tables = read_tables(project, clock=CLOCK)
    histories = build_histories(tables, project.hygiene)
    asked = snapshots_of(histories, all_pairs(world, tuple(as_ofs)))
    found = build_features(histories, tables, asked, CATALOG)
    count = next(count for count in tables.counts if count.table == "interactions")
    return Expected(as_rows(histories, asked, found.values), count, dict(histories.left_out), tables)


def split(events: pd.DataFrame, rng: Random, most: int = 5) -> list[pd.DataFrame]:
    """The rows in some files at random; late rows come in later files, some come twice."""
    n = rng.randint(1, most)
    where = pd.Series([rng.randrange(n) for _ in range(len(events))], index=events.index)
    parts = [events[where == number] for number in range(n)]
    again = [events.sample(min(len(events), rng.randrange(4)), random_state=rng.randrange(10**6)) for _ in parts]
    return [pd.concat([part, twice], ignore_index=True) for part, twice in zip(parts, again, strict=True)]


def changed_world(world: World, rng: Random) -> World:
    """The world with a lead more or less, or with other attributes, assessments or changes."""
    ids = [row["lead_id"] for row in world.leads]
    pick = rng.randrange(6)
    if pick == 0:
        return replace(world, leads=(*world.leads, any_lead(rng, f"new {len(ids)}")))
    if pick == 1 and len(ids) > 1:
        gone = rng.choice(ids)
        return replace(world, leads=tuple(row for row in world.leads if row["lead_id"] != gone))
    if pick == 2:
        other = rng.choice(ids)
        leads = tuple({**any_lead(rng, other)} if row["lead_id"] == other else row for row in world.leads)
        return replace(world, leads=leads)
    if pick == 3:
        return replace(world, assessments=(*world.assessments, any_assessment(rng, ids)))
    if pick == 4:
        return replace(world, lead_changes=(*world.lead_changes, any_change(rng, ids)))
    return world
