"""A feature table of a million leads to written scores with every lead's reasons and sentences.

`make bench-score` writes docs/benchmarks/score.md from it; ROWS=100000 makes it smaller. The whole job is run as its
users run it, `ripelead score --features`, in a process of its own; what LightGBM alone takes for the same rows is
measured on a sample, as are single leads.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from benchmarks.score_data import ROOT, World, ready_world, ripelead, write_table
from features.windows import Floats
from serving.language.phrases import phrases_of
from serving.one_lead import score_one
from serving.reasons import END, REST, START
from serving.scoring import score_rows
from serving.scoring_rows import ScoringRows, scoring_rows

WORK = ROOT / ".bench" / "score"
REPORT = ROOT / "docs" / "benchmarks" / "score.md"
MOST = 8
SAMPLE, SLOW_SAMPLE, SINGLE, ROUNDS = 100_000, 2_000, 2_000, 5


@dataclass(frozen=True, slots=True)
class Run:
    """One command: seconds on the wall and of the processor, and the most memory it held."""

    wall: float
    cpu: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in the output."""

    rows: int
    reasons: int
    wrong_sums: int
    wrong_order: int
    wrong_propensity: int
    mib: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything on the page: runs by what was explained, rows/s by way, microseconds of one lead by way."""

    rows: int
    features: int
    trees: int
    table_mib: float
    runs: dict[str, Run]
    checked: Checked
    speeds: dict[str, tuple[float, float]]
    single: dict[str, tuple[float, float, float]]


def run_command(arguments: list[str]) -> Run:
    """Run a command to its end, measured by the operating system."""
    began = time.perf_counter()
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def score_command(table: Path, out: Path, *further: object) -> list[str]:
    """The command that is measured."""
    return ripelead("score", "-p", WORK / "world", "--features", table, "--out", out, "--show", 0, *further)


def check_output(world: World, table: Path, out: Path) -> Checked:
    """Whether every row's points sum to its score, rows are in order, and propensities are LightGBM's."""
    wrong_sums = wrong_order = reasons = rows = 0
    last = np.inf
    with parquet.ParquetFile(out) as file:
        for batch in file.iter_batches(50_000, columns=["propensity", "score", "reasons"]):
            lists = batch["reasons"]
            found = np.asarray(lists.flatten().field("points").to_numpy())
            wrong_sums += int((np.add.reduceat(found, _starts(lists)) != batch["score"].to_numpy()).sum())
            names = lists.flatten().field("feature")
            special = pc.is_in(names, value_set=pa.array([START, REST, END]))
            reasons += len(names) - int(pc.sum(special).as_py())
            ripeness = np.append(last, batch["propensity"].to_numpy())
            wrong_order += int((np.diff(ripeness) > 0).sum())
            last, rows = ripeness[-1], rows + len(lists)
    return Checked(rows, reasons, wrong_sums, wrong_order, _wrong(world, table, out), out.stat().st_size / 2**20)


def _starts(lists: pa.ListArray) -> np.ndarray:
    offsets = lists.offsets.to_numpy()
    return offsets[:-1] - offsets[0]


def _wrong(world: World, table: Path, out: Path) -> int:
    """Rows of a sample whose propensity is not, to the bit, the calibrated score of LightGBM's own predict."""
    rows = sample_of(world, table, SAMPLE)
    expected = world.bundle.scale.calibration.probability(world.bundle.raw(rows.values))
    written = parquet.read_table(out, columns=["lead_id", "propensity"])
    place = pc.index_in(rows.lead_id.cast(pa.string()), value_set=written["lead_id"].combine_chunks())
    return int((written["propensity"].take(place).to_numpy() != expected).sum())


def sample_of(world: World, table: Path, most: int) -> ScoringRows:
    """The table's first rows."""
    with parquet.ParquetFile(table) as file:
        batch = next(file.iter_batches(most))
    return scoring_rows(pa.Table.from_batches([batch]), world.bundle.catalog)


def speeds(world: World, rows: ScoringRows) -> dict[str, tuple[float, float]]:
    """Rows per second on the wall and per second of the processor, medians of rounds in which all take turns."""
    bundle, few = world.bundle, rows.slice(0, SLOW_SAMPLE)
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "score and 8 reasons (`score_rows`)": (len(rows), lambda: score_rows(bundle, rows, MOST)),
        "score alone (`score_rows`, no reasons)": (len(rows), lambda: score_rows(bundle, rows, 0)),
        "LightGBM's predict alone": (len(rows), lambda: bundle.booster.predict(rows.values, raw_score=True)),
        "LightGBM's `pred_contrib`, numbers only": (
            len(few), lambda: bundle.booster.predict(few.values, pred_contrib=True)),
    }  # fmt: skip
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (n, job) in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            job()
            spent[name].append((n / (time.perf_counter() - wall), n / (time.process_time() - cpu)))
    return {name: (median(w for w, _ in found), median(c for _, c in found)) for name, found in spent.items()}


def single(world: World, values: Floats) -> dict[str, tuple[float, float, float]]:
    """Microseconds of one lead at a time: median and 95 % on the wall, median of the processor."""
    bundle = world.bundle
    phrases = phrases_of(bundle, "en")
    frame = pd.DataFrame(values, columns=list(bundle.catalog.names))
    ways: dict[str, Callable[[int], object]] = {
        "score and reasons, numbers (`score_one`)": lambda i: score_one(bundle, values[i], MOST),
        "score, reasons and sentences (`score_one`)": lambda i: score_one(bundle, values[i], MOST, phrases),
        "LightGBM's predict, numpy row": lambda i: bundle.booster.predict(values[i : i + 1], num_threads=1),
        "LightGBM's `pred_contrib`, numpy row": lambda i: bundle.booster.predict(
            values[i : i + 1], pred_contrib=True, num_threads=1),
        "LightGBM's predict, pandas row": lambda i: bundle.booster.predict(frame.iloc[i : i + 1], num_threads=1),
    }  # fmt: skip
    return {name: _latency(way, len(values)) for name, way in ways.items()}


def _latency(way: Callable[[int], object], n: int) -> tuple[float, float, float]:
    for i in range(n // 10):
        way(i)
    wall, cpu = [], []
    for i in range(n):
        began, worked = time.perf_counter(), time.thread_time()
        way(i)
        wall.append((time.perf_counter() - began) * 1e6)
        cpu.append((time.thread_time() - worked) * 1e6)
    return float(np.median(wall)), float(np.percentile(wall, 95)), float(np.median(cpu))


def measure(rows: int) -> Measured:
    """All measurements; the world and the table are kept for the next time."""
    WORK.mkdir(parents=True, exist_ok=True)
    world = ready_world(WORK / "world")
    table = WORK / f"features-{world.bundle.version[:12]}-{rows}.parquet"
    if not table.exists():
        print(f"· making a feature table of {rows:,} leads (once)", flush=True)
        write_table(world, rows, table)
    runs = {}
    outs = {name: WORK / f"scores-{name.replace(':', '-')}.parquet" for name in ("top:8", "none")}
    for name, out in outs.items():
        runs[name] = run_command(score_command(table, out, "--explain", name))
        print(f"· --explain {name}: {runs[name].wall:.1f} s, {runs[name].peak_mib:,.0f} MiB", flush=True)
    sample = sample_of(world, table, SAMPLE)
    return Measured(
        rows=rows,
        features=len(world.bundle.catalog.features),
        trees=world.bundle.booster.num_trees(),
        table_mib=table.stat().st_size / 2**20,
        runs=runs,
        checked=check_output(world, table, outs["top:8"]),
        speeds=speeds(world, sample),
        single=single(world, sample.values[:SINGLE]),
    )


def main() -> int:
    """Measure and write docs/benchmarks/score.md."""
    from benchmarks.score_page import page

    parser = argparse.ArgumentParser(prog="python -m benchmarks.score")
    parser.add_argument("--rows", type=int, default=1_000_000)
    measured = measure(parser.parse_args().rows)
    REPORT.write_text(page(measured), encoding="utf-8")
    print(page(measured))
    checked = measured.checked
    return 1 if checked.rows != measured.rows or checked.wrong_sums or checked.wrong_order else 0


if __name__ == "__main__":
    sys.exit(main())
