"""What `benchmarks.score` measures on: a trained simulated world, and a feature table of as many leads as asked for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from features.build import build_features
from features.catalog import FeatureDef
from features.feature_values import WHOLE
from features.histories import build_histories
from features.project import Project, read_project
from features.snapshots import snapshots_at
from features.tables import read_tables
from features.windows import Floats, Ints
from serving.open_leads import open_leads
from serving.score import project_rows
from serving.scoring_rows import RULE_COLUMNS, ScoringRows, arrow_schema, category_text
from training.bundle import Bundle, load_bundle
from training.registry import Registry

ROOT = Path(__file__).parent.parent
LEADS, SEED = 20_000, 1
AS_OF = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()
CLOCK = pd.Timestamp("2027-01-01", tz="UTC").to_pydatetime()
CHUNK = 50_000
SWAPPED, SHAKEN = 0.1, 0.5
"""Shares of cells that get another lead's value, and of numbers that are moved by about 5 %."""


@dataclass(frozen=True, slots=True)
class World:
    """A simulated project with a champion."""

    project: Project
    bundle: Bundle


def ripelead(*arguments: object) -> list[str]:
    """Command line of `ripelead` in this environment."""
    return [sys.executable, "-m", "serving.cli", *map(str, arguments)]


def ready_world(directory: Path) -> World:
    """The world in a folder, simulated and trained if it is not there or was made by another version."""
    try:
        return _opened(directory)
    except (OSError, ValueError):  # not there, or made by another version
        shutil.rmtree(directory, ignore_errors=True)
    print(f"· training a world of {LEADS:,} leads (once)", flush=True)
    subprocess.run(ripelead("simulate", directory, "--leads", LEADS, "--seed", SEED), check=True, cwd=ROOT)
    toml = directory / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + "\n[tracking]\nenabled = false\n", encoding="utf-8")
    for command in ("train", "promote"):
        subprocess.run(ripelead(command, "-p", directory), check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return _opened(directory)


def _opened(directory: Path) -> World:
    project = read_project(directory)
    return World(project, load_bundle(Registry(directory / "models").bundle_path("champion")))


def own_rows(world: World) -> ScoringRows:
    """Scoring rows of the world's open leads."""
    tables = read_tables(world.project, clock=CLOCK)
    histories = build_histories(tables, world.bundle.catalog.hygiene)
    snapshots = snapshots_at(histories, AS_OF)
    snapshots = snapshots.take(open_leads(histories, tables, snapshots, world.bundle.policy))
    table = build_features(histories, tables, snapshots, world.bundle.catalog)
    return project_rows(world.bundle, histories, tables, table)


def write_table(world: World, rows: int, path: Path) -> None:
    """A feature table of so many leads: those of the world drawn again, with values of others and noise mixed in."""
    own, schema = own_rows(world), arrow_schema(world.bundle.catalog)
    partial = path.with_suffix(".part")
    with parquet.ParquetWriter(partial, schema, write_statistics=False) as writer:
        for table in _drawn(world.bundle, own, rows):
            writer.write_table(table.cast(schema))
    os.replace(partial, path)  # noqa: PTH105


def _drawn(bundle: Bundle, own: ScoringRows, rows: int) -> Iterator[pa.Table]:
    rng = np.random.default_rng(SEED)
    for first in range(0, rows, CHUNK):
        n = min(CHUNK, rows - first)
        drawn = rng.integers(0, len(own), n)
        columns = {
            "lead_id": pa.array([f"L{number:08d}" for number in range(first, first + n)]),
            "as_of": pa.array(own.as_of[drawn]).cast(pa.timestamp("us", tz="UTC")),
        }
        for column, feature in enumerate(bundle.catalog.features):
            columns[feature.name] = _as_written(bundle, feature, _varied(own.values[:, column], drawn, feature, rng))
        rules = own.rules.take(pa.array(drawn))
        yield pa.table(columns | {name: rules[name] for name in RULE_COLUMNS})


def _varied(known: Floats, drawn: Ints, feature: FeatureDef, rng: np.random.Generator) -> Floats:
    n = len(drawn)
    values = np.where(rng.random(n) < SWAPPED, known[rng.integers(0, len(known), n)], known[drawn])
    if feature.type != "number" or feature.family in WHOLE:
        return values
    return np.where(rng.random(n) < SHAKEN, values * np.exp(rng.normal(0, 0.05, n)), values)


def _as_written(bundle: Bundle, feature: FeatureDef, values: Floats) -> pa.Array:
    if feature.type == "category":
        known = ~np.isnan(values)
        codes = pa.array(np.where(known, values, 0).astype(np.int32), mask=~known)
        return pa.DictionaryArray.from_arrays(codes, category_text(bundle.catalog, feature))
    return pa.array(values.astype(np.int32)) if feature.family in WHOLE else pa.array(values, from_pandas=True)
