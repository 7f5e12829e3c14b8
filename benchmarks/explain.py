"""Exact contributions: path tables beside LightGBM's `pred_contrib`, its predict, and woodelf-explainer.

`make bench-explain` writes docs/benchmarks/explain.md from it. Everything runs on one thread and is timed in seconds of
the processor, which other work on the machine does not stretch; rounds alternate between the competitors.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from benchmarks.explain_data import DEFAULT, SYNTHETIC, Case, case_of, real_cases
from training.contributions import contributions
from training.path_file import write_path_tables
from training.path_tables import PathTables, build_path_tables

REPORT = Path(__file__).parent.parent / "docs" / "benchmarks" / "explain.md"
PEER = Path(__file__).parent.parent / ".bench" / "woodelf" / "bin" / "python"
ROUNDS = 3
SINGLE_ROWS = 1000
PEER_ROWS = (20_000, 100_000)
Job = Callable[[], object]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows per second and processor, how far from LightGBM's contributions, and what the tables cost."""

    name: str
    ours: float
    slow: float
    predict: float
    difference: float
    residue: float
    build_s: float
    table_mib: float
    single_us: float


@dataclass(frozen=True, slots=True)
class Peer:
    """woodelf-explainer on numeric rows: rows per second of both, and how far its values are from LightGBM's."""

    rows: int
    ours: float
    woodelf: float
    difference: float


def measure(case: Case) -> Measured:
    """Tables of the case's model against its own contributions and predictions, on the same rows."""
    text, values = case.booster.model_to_string(), case.values
    began = time.process_time()
    tables = build_path_tables(text)
    build_s = time.process_time() - began
    fast = tables.contributions(values)
    jobs = {
        "ours": lambda: contributions(case.booster, values, 1, tables=tables),
        "slow": lambda: contributions(case.booster, values, 1),
        "predict": lambda: case.booster.predict(values, raw_score=True, num_threads=1),
    }
    seconds = interleaved(jobs, ROUNDS)
    raw = case.booster.predict(values, raw_score=True, num_threads=1)
    return Measured(
        name=case.name,
        **{name: len(values) / spent for name, spent in seconds.items()},
        difference=float(np.abs(fast - contributions(case.booster, values, 1)).max()),
        residue=float(np.abs(fast.sum(axis=1) - raw).max()),
        build_s=build_s,
        table_mib=_size_mib(tables),
        single_us=_single_us(tables, values),
    )


def interleaved(jobs: Mapping[str, Job], rounds: int) -> dict[str, float]:
    """Median processor seconds of each job over rounds in which all take turns."""
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            began = time.process_time()
            job()
            spent[name].append(time.process_time() - began)
    return {name: median(seconds) for name, seconds in spent.items()}


def measure_peers(rows: Sequence[int]) -> list[Peer]:
    """woodelf-explainer in its own environment, on the default shape with numeric features only."""
    case = case_of("300 × 16, depth ≤ 4, numeric", {**SYNTHETIC[DEFAULT], "categorical": False}, max(rows))
    tables = build_path_tables(case.booster.model_to_string())
    return [_peer(case, tables, case.values[:count]) for count in rows]


def _peer(case: Case, tables: PathTables, values: Floats) -> Peer:
    tables.contributions(values[:1])
    with tempfile.TemporaryDirectory() as folder:
        case.booster.save_model(Path(folder) / "model.txt")
        np.save(Path(folder) / "rows.npy", values)
        before = interleaved({"ours": lambda: tables.contributions(values)}, ROUNDS)["ours"]
        told = subprocess.run(
            [PEER, Path(__file__).parent / "explain_peer.py", folder, str(ROUNDS)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
        ).stdout
        after = interleaved({"ours": lambda: tables.contributions(values)}, ROUNDS)["ours"]
        theirs = np.load(Path(folder) / "shap.npy")
    few = contributions(case.booster, values[: len(theirs)], 1)[:, :-1]
    spent = float(told.splitlines()[-1])
    return Peer(len(values), len(values) / ((before + after) / 2), len(values) / spent, np.abs(theirs - few).max())


def _single_us(tables: PathTables, values: Floats) -> float:
    """Median microseconds of one row at a time, by the clock on the wall."""
    spent = []
    for row in values[:SINGLE_ROWS]:
        began = time.perf_counter()
        tables.contributions(row[None])
        spent.append(time.perf_counter() - began)
    return median(spent) * 1e6


def _size_mib(tables: PathTables) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paths.npz"
        write_path_tables(path, tables)
        return path.stat().st_size / 2**20


def report_text(measured: Sequence[Measured], peers: Sequence[Peer]) -> str:
    """The page that is written."""
    lines = [
        "# Exact contributions, measured",
        "",
        "Made by `make bench-explain` (`python -m benchmarks.explain`): same rows, one run, one thread, medians of",
        f"{ROUNDS} alternating rounds in processor time. Rows per second. *Difference* is the largest difference from",
        "LightGBM's own contributions, *residue* how far a row's sum is from the raw score. Models are trees",
        "× leaves; the real sets are trained with the default shape.",
        "",
        "| model | rows/s, path tables | `pred_contrib` | times | LightGBM's predict | time of predict | difference "
        "| residue | build | file | one row |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {m.name} | {m.ours:,.0f} | {m.slow:,.0f} | **{m.ours / m.slow:.0f}×** | {m.predict:,.0f} | "
            f"{m.predict / m.ours:.2f}× | {m.difference:.0e} | {m.residue:.0e} | {m.build_s:.1f} s | "
            f"{m.table_mib:.1f} MiB | {m.single_us:,.0f} µs |"
            for m in measured
        ),
        "",
        "*Times* is against `pred_contrib`; *time of predict* says what explaining costs where a prediction costs 1.",
    ]
    if peers:
        lines += [
            "",
            "## woodelf-explainer 0.4.8",
            "",
            "In an environment of its own, on the default shape with numeric features only (it refuses native",
            "categories), path-dependent as here.",
            "",
            "| rows | path tables | woodelf | times | woodelf's difference from LightGBM |",
            "|---|---|---|---|---|",
            *(
                f"| {p.rows:,} | {p.ours:,.0f} | {p.woodelf:,.0f} | **{p.ours / p.woodelf:.1f}×** | "
                f"{p.difference:.0e} |"
                for p in peers
            ),
        ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure and write docs/benchmarks/explain.md; without the data or the peer, their parts are left out."""
    measured = []
    for case in [*(case_of(name, shape, 4_000) for name, shape in SYNTHETIC.items()), *real_cases()]:
        measured.append(measure(case))
        print(f"· {case.name}: {measured[-1].ours / measured[-1].slow:.0f} times pred_contrib", flush=True)
    peers = measure_peers(PEER_ROWS) if PEER.exists() else []
    REPORT.write_text(report_text(measured, peers), encoding="utf-8")
    print(f"wrote {REPORT.relative_to(REPORT.parents[2])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
