"""A project of many small accounts with everything that can be wrong with interactions, and its local result."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from worlds import AS_OFS, World, all_pairs, full_catalog, moment, random_world, snapshots

from features.build import build_features
from features.histories import Histories, build_histories
from features.project import HygieneSettings, Project, read_project
from features.snapshots import Snapshots
from features.tables import Tables, read_tables

END = "2026-02-25T00:00:00Z"
CLOCK = pd.Timestamp("2026-07-01", tz="UTC").to_pydatetime()
TABLES = ("leads", "accounts", "interactions", "deals", "lead_changes", "assessments")
# Rules that leave out some events of these worlds.
HYGIENE = HygieneSettings(sent_kinds=("webinar",), click_kinds=("click",), scanner_seconds=3600, exact_minutes=True)
CATALOG = replace(full_catalog(), hygiene=HYGIENE)


@dataclass(frozen=True)
class Case:
    """A project on disk, its snapshots, and what one machine makes of it."""

    project: Project
    local: Tables
    small: Tables
    histories: Histories
    snapshots: Snapshots
    expected: pd.DataFrame


def _renamed(row, prefix):
    named = {key: f"{prefix}{row[key]}" for key in ("lead_id", "account_id") if row.get(key) is not None}
    return {**row, **named}


def joined(worlds: list[World]) -> World:
    """One world of many, ids told apart."""
    parts = {name: [] for name in TABLES}
    for number, world in enumerate(worlds):
        for name, rows in parts.items():
            rows += [_renamed(row, f"{number}-") for row in getattr(world, name)]
    return World(**{name: tuple(rows) for name, rows in parts.items()})


def heavy_account(world: World, account: str) -> World:
    """The world with one account that holds about half of all events."""
    lead = {"lead_id": "heavy", "created_at": AS_OFS[0], "account_id": account, "source": "web"}
    kinds = ("click", "Visit", "webinar")
    more = tuple(
        {"lead_id": "heavy", "occurred_at": AS_OFS[0] + i * 10**9, "kind": kinds[i % 3], "topic": "price"}
        for i in range(len(world.interactions))
    )
    return replace(world, leads=(*world.leads, lead), interactions=(*world.interactions, *more))


def bad_events(events: pd.DataFrame) -> pd.DataFrame:
    """The events as text, with rows of every kind that cannot be used."""
    rows = events.astype("str")
    first = rows.iloc[0].to_dict()
    wrong = [
        {**first, "occurred_at": "yesterday"},
        {**first, "occurred_at": "1066-10-14T00:00:00Z"},
        {**first, "occurred_at": None},
        {**first, "kind": " n/a "},
        {**first, "lead_id": "nobody"},
        {**first, "lead_id": "nobody"},
        {**first, "lead_id": None, "account_id": "nowhere"},
        {**first, "lead_id": None, "account_id": None},
        {**first, "occurred_at": "2026-03-01T00:00:00Z"},
        {**first, "occurred_at": "2026-06-01T00:00:00+02:00"},
        {**first, "duration_s": "long", "kind": "click", "occurred_at": "2026-01-07T00:00:00Z"},
        {**rows.iloc[1].to_dict(), "interaction_id": "twice"},
        {**rows.iloc[2].to_dict(), "interaction_id": "twice"},
    ]
    return pd.concat([rows, pd.DataFrame(wrong, dtype="str"), rows.iloc[:40], rows.iloc[:3]], ignore_index=True)


def write_project(folder: Path, world: World, events: pd.DataFrame, events_file: str) -> Project:
    """The world as Parquet files, the interactions as `events_file`."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = world.tables()
    for name in TABLES:
        getattr(tables, name).to_parquet(folder / f"{name}.parquet", index=False)
    _write_events(events, folder / events_file)
    lines = [f'[tables.{name}]\nfile = "{name}.parquet"' for name in TABLES if name != "interactions"]
    toml = f'[project]\nname = "test"\ndata_end = "{END}"\n' + "\n".join(lines)
    toml += f'\n[tables.interactions]\nfile = "{events_file}"\n'
    (folder / "ripelead.toml").write_text(toml, encoding="utf-8")
    return read_project(folder)


def _write_events(events: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        events.to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        rows = [{k: v for k, v in row.items() if pd.notna(v)} for row in events.to_dict("records")]
        path.write_text("\n".join(json.dumps(row, default=str) for row in rows), encoding="utf-8")
    else:
        events.to_parquet(path, index=False)


def without_interactions(project: Project) -> Project:
    """What the driver reads when the interactions are left to the cluster."""
    return replace(project, tables={name: t for name, t in project.tables.items() if name != "interactions"})


def case_of(folder: Path, world: World, events: pd.DataFrame, events_file: str) -> Case:
    """The project of a world and its features made on one machine."""
    project = write_project(folder, world, events, events_file)
    local = read_tables(project, clock=CLOCK)
    histories = build_histories(local, HYGIENE)
    asked = snapshots(histories, all_pairs(world))
    found = build_features(histories, local, asked, CATALOG)
    small = read_tables(without_interactions(project), clock=CLOCK)
    return Case(project, local, small, histories, asked, as_rows(histories, asked, found.values))


def as_rows(histories: Histories, asked: Snapshots, values: np.ndarray) -> pd.DataFrame:
    """Feature values with the lead and time of their snapshots, in the order of `read_rows`."""
    frame = pd.DataFrame(values, columns=list(CATALOG.names))
    frame.insert(0, "as_of", asked.as_of)
    frame.insert(0, "lead_id", histories.lead_ids[asked.lead])
    return frame.sort_values(["lead_id", "as_of"], ignore_index=True)


def many_worlds(number: int) -> World:
    return joined([random_world(5, 50, seed) for seed in range(number)])


def read_rows(folder: str) -> pd.DataFrame:
    """Feature rows as they were written, in the order of `Case.expected`."""
    rows = pd.read_parquet(folder.removeprefix("file:"))
    assert str(rows["as_of"].dtype) == "datetime64[us, UTC]"
    micros = rows["as_of"].astype("int64")
    return rows.assign(as_of=micros).sort_values(["lead_id", "as_of"], ignore_index=True)


def assert_same_bits(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal ids and times, and every feature equal bit for bit (any NaN equals any other)."""
    assert list(found["lead_id"]) == list(expected["lead_id"])
    assert list(found["as_of"]) == list(expected["as_of"])
    for name in expected.columns[2:]:
        a, b = (np.ascontiguousarray(frame[name].to_numpy(np.float64)) for frame in (found, expected))
        same = (a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))
        assert same.all(), (name, found.loc[~same, ["lead_id", "as_of"]].head(3), a[~same][:3], b[~same][:3])


__all__ = ["CLOCK", "Case", "assert_same_bits", "bad_events", "case_of", "heavy_account", "many_worlds", "moment"]
