"""Frameworks and points on every lead of a simulated world: seconds, seconds of the processor, and memory.

`make bench-rules-speed` writes docs/benchmarks/rules-speed.md from it. Reading the tables comes before, and is timed
apart.
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

from features.attribute_points import tracked_fields
from features.build import silent
from features.engines.event_logs import Limits
from features.frameworks.definition import read_frameworks, shipped_names
from features.frameworks.facts import facts_of
from features.frameworks.table import Judging, opened, verdict_rows
from features.project import read_project
from features.rule_settings import RuleSettings
from features.simulate import WorldSettings, simulate

REPORT = Path(__file__).parent.parent / "docs" / "benchmarks" / "rules-speed.md"
LEADS = 1_000_000
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: what was judged, seconds for reading and judging, peak memory.

    `judge_s` (of the clock) and `judge_cpu_s` (of all cores) hold `facts_s`, what the small tables take.
    """

    leads: int
    interactions: int
    frameworks: int
    threads: int
    read_s: float
    facts_s: float
    judge_s: float
    judge_cpu_s: float
    peak_mib: float
    after_reading_mib: float


def measure(directory: Path, names: tuple[str, ...], threads: int, memory: int) -> Measured:
    """Judge every lead of a world; the process should do nothing else."""
    project = read_project(directory)
    frameworks = read_frameworks(RuleSettings(frameworks=names), directory)
    warm_up(names)
    begun = time.perf_counter()
    judging = Judging(project, frameworks, AS_OF, datetime.now(UTC), Limits(memory, threads))
    with opened(judging, silent) as found:
        read_s, after = time.perf_counter() - begun, peak_mib()
        begun, cpu = time.perf_counter(), time.process_time()
        tables = found.tables
        facts_of(found.histories.leads, tables, frameworks, project.points, tracked_fields(tables.lead_changes))
        facts_s = time.perf_counter() - begun
        rows = sum(len(verdict_rows(found, here, judgement)) for here, judgement in found.judged())
        judge_s, judge_cpu_s = time.perf_counter() - begun, time.process_time() - cpu
        events = next(count.used for count in tables.counts if count.table == "interactions")
    return Measured(rows, events, len(names), threads, read_s, facts_s, judge_s, judge_cpu_s, peak_mib(), after)


def warm_up(names: tuple[str, ...]) -> None:
    """Compiled code is loaded before the clock runs."""
    with TemporaryDirectory() as folder:
        simulate(Path(folder), WorldSettings(leads=200, seed=1))
        frameworks = read_frameworks(RuleSettings(frameworks=names), Path(folder))
        judging = Judging(read_project(Path(folder)), frameworks, AS_OF, datetime.now(UTC), Limits(None, 1))
        with opened(judging, silent) as found:
            for here, judgement in found.judged():
                verdict_rows(found, here, judgement)


def peak_mib() -> float:
    """Largest memory the process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_process(directory: Path, names: tuple[str, ...], threads: int, memory: int) -> Measured:
    """`measure` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.rules_speed", "--measure", str(directory), *names]
    command += ["--threads", str(threads), "--memory", str(memory)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def page(results: list[Measured]) -> str:
    """The page of the benchmark."""
    first = results[0]
    head = f"""# Speed of the rules

`make bench-rules-speed`: frameworks and points for every lead of a simulated world ({first.leads:,} leads,
{first.interactions:,} interactions) as of one date, with titles, attributes, assessments and signals, into columns.
Reading and checking the tables and scattering the events by account come before and are listed apart; putting events
in order is part of judging. {os.cpu_count()} cores; each line is a process of its own.

| frameworks | threads | reading | judging | of it small tables | processor, judging | peak memory | after reading |
|---|---|---|---|---|---|---|---|
"""
    lines = (
        f"| {one.frameworks} | {one.threads} | {one.read_s:.1f} s | {one.judge_s:.1f} s | {one.facts_s:.1f} s | "
        f"{one.judge_cpu_s:.1f} s | {one.peak_mib:,.0f} MiB | {one.after_reading_mib:,.0f} MiB |\n"
        for one in results
    )
    return head + "".join(lines)


def main() -> None:
    """Measure, or (in the child process) print one measurement as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--measure", type=Path)
    parser.add_argument("--world", type=Path, help="a simulated world that is there already")
    parser.add_argument("--leads", type=int, default=LEADS)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--memory", type=int, default=1200 * MIB, help="bytes the engine may use")
    given = parser.parse_args()
    if given.measure is not None:
        print(json.dumps(asdict(measure(given.measure, tuple(given.names), given.threads, given.memory))))
        return
    if given.world is not None:
        write(given.world, lambda names: in_process(given.world, names, given.threads, given.memory))
        return
    with TemporaryDirectory() as folder:
        simulate(Path(folder), WorldSettings(leads=given.leads, seed=7))
        write(Path(folder), lambda names: in_process(Path(folder), names, given.threads, given.memory))


def write(directory: Path, run: Callable[[tuple[str, ...]], Measured]) -> None:
    """Measure the default frameworks and all of them, and write the page."""
    results = [run(RuleSettings().frameworks), run(shipped_names())]
    text = page(results)
    REPORT.write_text(text, encoding="utf-8")
    print(f"{directory}\n{text}")


if __name__ == "__main__":
    main()
