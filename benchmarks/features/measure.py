"""Interleaved runs of systems as child processes, their time and memory, and whether they gave the same features."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.features.systems import ROOT, SYSTEMS, System, python_of

SHORT_S = 60.0
SHORT_RUNS = 5
THREADS = 2


@dataclass(frozen=True, slots=True)
class Task:
    """World, snapshots and limits of one table of results."""

    title: str
    data: Path
    snapshots: str = "training"
    memory: str | None = None
    threads: int = THREADS


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds of the process, seconds within it from reading to written, CPU seconds, peak memory."""

    system: str
    round: int
    wall_s: float
    inside_s: float
    cpu_s: float
    peak_mb: float
    error: str = ""


def measure(task: Task, names: Sequence[str], work: Path) -> dict[str, Any]:
    """Runs in turn A B C A B C …, five of each that is short and one of a long one, then compared column by column."""
    systems = [SYSTEMS[name] for name in names]
    runs: list[Run] = []
    for turn in range(SHORT_RUNS):
        due = [system for system in systems if turn == 0 or _is_short(system.module, runs)]
        runs += [_told(run_once(system, task, turn, work)) for system in due]
    failed = {run.system for run in runs if run.error}
    compared = [name for name in names if name not in failed and not SYSTEMS[name].is_floor]
    return {
        "title": task.title,
        "snapshots": task.snapshots,
        "memory": task.memory,
        "threads": task.threads,
        "runs": [asdict(run) for run in runs],
        "equality": list(_equalities(compared, work)),
    }


def run_once(system: System, task: Task, turn: int, work: Path) -> Run:
    """One run of a system as a process of its own."""
    out = output_of(system.module, work)
    out.unlink(missing_ok=True)
    command = [str(python_of(system, work)), "-m", f"benchmarks.features.{system.module}"]
    command += [str(task.data.absolute()), str((task.data / f"{task.snapshots}.parquet").absolute()), str(out)]
    command += ["--threads", str(task.threads), *(["--memory", task.memory] if task.memory else [])]
    with (work / "output.txt").open("w+") as told:
        begun = time.perf_counter()
        child = subprocess.Popen(command, cwd=ROOT, stdout=told, stderr=subprocess.STDOUT, env=_environment(task))
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        lines = told.read().strip().splitlines()
    return _run(system.module, turn, (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), status, lines)


def _run(name: str, turn: int, used: tuple[float, float, float], status: int, lines: list[str]) -> Run:
    wall, cpu, peak = used
    if status == 0:
        told = json.loads(lines[-1])
        return Run(name, turn, wall, told["inside_s"], cpu, told["peak_mb"])
    error = lines[-1] if lines else f"ended with status {os.waitstatus_to_exitcode(status)}"
    return Run(name, turn, wall, wall, cpu, peak, error[:200])


def output_of(name: str, work: Path) -> Path:
    """Where a system writes its features."""
    return (work / f"features-{name}.parquet").absolute()


def _environment(task: Task) -> dict[str, str]:
    """Threads as asked for; compiled bytecode is kept, as after any first run."""
    threads = {name: str(task.threads) for name in ("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")}
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | threads


def _is_short(name: str, runs: Iterable[Run]) -> bool:
    own = [run for run in runs if run.system == name]
    return not own[-1].error and own[0].wall_s < SHORT_S


def _told(run: Run) -> Run:
    end = f"failed: {run.error}" if run.error else f"{run.inside_s:.2f} s inside, peak {run.peak_mb:,.0f} MB"
    print(f"  {run.system:<18} round {run.round + 1}: {run.wall_s:7.2f} s, {end}", flush=True)
    return run


def _equalities(names: Sequence[str], work: Path) -> Iterable[dict[str, Any]]:
    """Each further system against the first one."""
    for name in names[1:]:
        found = compare(output_of(names[0], work), output_of(name, work))
        print(f"  {names[0]} = {name}: {found}", flush=True)
        yield {"one": names[0], "other": name, **found}


def compare(one: Path, other: Path) -> dict[str, Any]:
    """Differences of two outputs, found by a process of its own."""
    command = [sys.executable, "-m", "benchmarks.features.equality", str(one), str(other)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
