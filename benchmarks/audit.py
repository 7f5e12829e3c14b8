"""The leakage audit: planted leaks found, false suspects on clean and shuffled worlds, the public data as they come.

Writes docs/benchmarks/audit.md. Run with `python -m benchmarks.audit` (public sets: RIPELEAD_REAL_DATA); ten minutes.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from zlib import crc32

import numpy as np
import pandas as pd

from benchmarks.leaks import LEAKS
from benchmarks.plant import Leak, lost, won
from benchmarks.raw_projects import RAW, write_raw
from features.project import Project, read_project
from features.simulate import WorldSettings, simulate
from features.tables import Tables, read_tables
from training.audit.run import audit
from training.audit.suspects import Audit
from training.dataset import load_dataset
from training.settings import read_training_settings

CLOCK = datetime(2027, 1, 1, tzinfo=UTC)
LEADS = 20_000
PLANTED_SEED, CLEAN_SEEDS = 23, (31, 32, 33)
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "audit.md"
# What the simulated world holds on purpose: customers log in, after they became customers.
BUILT_IN = frozenset({"customer_login"})
FLAT = """
[project]
name = "flat"
[tables.leads]
file = "leads.parquet"
[label]
column = "outcome"
[folds]
kind = "random"
"""


@dataclass(frozen=True, slots=True)
class World:
    """A project and its tables."""

    project: Project
    tables: Tables


@dataclass(frozen=True, slots=True)
class Planted:
    """What became of a planted leak; `others` are suspects it does not explain."""

    leak: Leak
    found: bool
    by: str
    others: tuple[str, ...]


def main() -> None:
    """Measure everything and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        planted = [plant(leak, world) for world in worlds(Path(folder), PLANTED_SEED) for leak in leaks_of(world)]
        clean = [row for seed in CLEAN_SEEDS for row in clean_rows(Path(folder), seed)]
        real = real_rows(Path(folder))
    text = page(planted, clean, real)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


def worlds(folder: Path, seed: int, leads: int = LEADS) -> tuple[World, World]:
    """A simulated world with times, and the same leads as a flat table."""
    directory = folder / f"world-{seed}"
    simulate(directory, WorldSettings(leads=leads, seed=seed))
    project = read_project(directory)
    timed = World(project, read_tables(project, clock=CLOCK))
    return timed, flat_world(timed, folder / f"flat-{seed}")


def flat_world(world: World, directory: Path) -> World:
    """Leads with their companies' attributes and numbers of interactions, the outcome as a column, no times."""
    tables = world.tables
    counts = tables.interactions.groupby("lead_id")["kind"].value_counts().unstack(fill_value=0)
    chosen = counts.reindex(tables.leads["lead_id"], columns=["page_view", "email_click", "webinar_attended"]).fillna(0)
    leads = tables.leads.merge(tables.accounts, on="account_id", how="left").drop(columns=["lifecycle_stage"])
    leads = leads.assign(**{name: chosen[name].to_numpy(float) for name in chosen}, created_at=None, account_id=None)
    outcome = pd.Series(np.select([won(tables), lost(tables)], ["won", "lost"], ""), dtype="str")
    shuffled = np.random.default_rng(5).permutation(len(leads))
    leads = leads.assign(outcome=outcome.where(outcome != "")).iloc[shuffled].reset_index(drop=True)
    ids = pd.Series(np.random.default_rng(6).permutation(len(leads)) + 1).map("lead-{:07d}".format)
    directory.mkdir(parents=True)
    leads.assign(lead_id=ids).to_parquet(directory / "leads.parquet")
    (directory / "ripelead.toml").write_text(FLAT, encoding="utf-8")
    project = read_project(directory)
    return World(project, read_tables(project, clock=CLOCK, untimed=True))


def leaks_of(world: World) -> list[Leak]:
    """The leaks that can be planted in a world."""
    return [leak for leak in LEAKS if leak.timed == ("outcome" not in world.tables.leads)]


def audited(project: Project, tables: Tables) -> Audit:
    """The audit of tables in memory."""
    settings = read_training_settings(project)
    return audit(project, settings, load_dataset(project, settings, tables))


def plant(leak: Leak, world: World) -> Planted:
    """Plant one leak and look for it."""
    rng = np.random.default_rng(crc32(f"{leak.kind} {leak.what} {leak.timed}".encode()))
    found = audited(world.project, leak.plant(world.tables, rng))
    by = next((suspect.check for suspect in found.suspects if suspect.column in leak.found_as), "")
    names = {suspect.column for suspect in found.suspects}
    others = tuple(sorted(names - set(leak.found_as) - BUILT_IN))
    print(f"{'found' if by else 'MISSED'} {leak.kind}: {leak.what} ({leak.timed=}) {by} {others}", flush=True)
    return Planted(leak, bool(by), by, others)


def clean_rows(folder: Path, seed: int) -> list[tuple[str, int, tuple[str, ...]]]:
    """Suspects in the two worlds of a seed, without a leak, and with shuffled outcomes."""
    rng, rows = np.random.default_rng(seed), []
    for world, name in zip(worlds(folder, seed), ("timed", "flat"), strict=True):
        for title, tables in (
            (name, world.tables),
            (f"{name}, shuffled outcomes", shuffled_outcomes(world.tables, rng)),
        ):
            found = audited(world.project, tables)
            false = tuple(sorted({one.column for one in found.suspects} - BUILT_IN))
            rows.append((title, seed, false))
            print(rows[-1], flush=True)
    return rows


def shuffled_outcomes(tables: Tables, rng: np.random.Generator) -> Tables:
    """The tables with outcomes handed out at random: among decided deals, or among decided rows."""
    name, frame = ("leads", tables.leads) if "outcome" in tables.leads else ("deals", tables.deals)
    column = "outcome" if name == "leads" else "status"
    rows = frame[column].isin(("won", "lost")).to_numpy()
    values = frame[column].to_numpy(object).copy()
    values[rows] = rng.permutation(values[rows])
    changed = frame.assign(**{column: pd.Series(values, frame.index, dtype=frame[column].dtype)})
    return replace(tables, leads=changed) if name == "leads" else replace(tables, deals=changed)


def real_rows(folder: Path) -> list[tuple[str, int, int, int, tuple[str, ...], tuple[str, ...], float]]:
    """Per public set: rows, leaks to name, named, other traps, missed, false suspects, processor seconds."""
    if not os.environ.get("RIPELEAD_REAL_DATA"):
        print("RIPELEAD_REAL_DATA is not set: without the public sets", file=sys.stderr)
        return []
    rows = []
    for name, raw in RAW.items():
        project = read_project(write_raw(name, folder / name))
        settings = read_training_settings(project)
        tables = read_tables(project, clock=CLOCK, untimed=settings.label.column is not None)
        begun = process_time()
        found = audited(project, tables)
        seconds = process_time() - begun
        names = {suspect.column for suspect in found.suspects}
        missed, false = raw.expected - names, names - raw.expected - raw.fair
        fair = len(names & raw.fair)
        rows.append((name, len(raw.expected), len(raw.expected & names), fair, tuple(missed), tuple(false), seconds))
    return rows


def page(planted: Sequence[Planted], clean: Sequence[tuple], real: Sequence[tuple]) -> str:
    """The page as Markdown."""
    hits = sum(one.found for one in planted)
    false_clean = sum(len(row[2]) for row in clean)
    kinds = sorted({one.leak.kind for one in planted})
    by_kind = "\n".join(_kind_row(kind, [one for one in planted if one.leak.kind == kind]) for kind in kinds)
    return f"""# The leakage audit: what it finds, and what it suspects wrongly

Made by `python -m benchmarks.audit`. Simulated worlds of {LEADS:,} leads, with times and as a flat table; each leak is
planted alone. What each check looks at, with its thresholds, is in [leakage.md](../leakage.md).

**{hits} of {len(planted)} planted leaks found ({hits / max(len(planted), 1):.1%})**;
{false_clean} false suspects in {len(clean)} audits of worlds without a planted leak or with shuffled outcomes
(`customer_login`, which the simulated world holds on purpose, is named in every timed world and not counted).

| kind of leak | planted | found | missed | other suspects |
|---|---|---|---|---|
{by_kind}

## Worlds without a planted leak

| world | audits | false suspects |
|---|---|---|
{_clean_table(clean)}

## Public data sets as they come, nothing excluded

| set | leaks | named | other traps named | missed | false suspects | processor seconds |
|---|---|---|---|---|---|---|
{_real_table(real)}

## All planted leaks

| kind | world | leak | found by | other suspects |
|---|---|---|---|---|
{_planted_table(planted)}
"""


def _kind_row(kind: str, rows: Sequence[Planted]) -> str:
    missed = "; ".join(f"{one.leak.what} ({_world(one.leak)})" for one in rows if not one.found) or "–"
    others = sum(len(one.others) for one in rows)
    return f"| {kind} | {len(rows)} | {sum(one.found for one in rows)} | {missed} | {others} |"


def _clean_table(clean: Sequence[tuple]) -> str:
    titles = list(dict.fromkeys(row[0] for row in clean))
    lines = []
    for title in titles:
        mine = [row for row in clean if row[0] == title]
        named = ", ".join(f"{name} (seed {row[1]})" for row in mine for name in row[2]) or "none"
        lines.append(f"| {title} | {len(mine)} | {named} |")
    return "\n".join(lines)


def _real_table(real: Sequence[tuple]) -> str:
    return "\n".join(
        f"| {name} | {leaks} | {named} | {fair} | {', '.join(missed) or '–'} "
        f"| {', '.join(false) or '–'} | {seconds:.1f} |"
        for name, leaks, named, fair, missed, false, seconds in real
    )


def _planted_table(planted: Sequence[Planted]) -> str:
    return "\n".join(
        f"| {one.leak.kind} | {_world(one.leak)} | {one.leak.what} | {one.by or '**missed**'} "
        f"| {', '.join(one.others) or '–'} |"
        for one in planted
    )


def _world(leak: Leak) -> str:
    return "timed" if leak.timed else "flat"


if __name__ == "__main__":
    main()
