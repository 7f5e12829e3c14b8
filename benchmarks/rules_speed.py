"""Frameworks, points and stages of every lead of a simulated world: seconds, seconds of the processor, and memory.

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
from features.memory import give_back
from features.project import Project, read_project
from features.rule_settings import RuleSettings
from features.simulate import WorldSettings, simulate
from features.stage_settings import StageSettings
from features.tables import Tables
from serving.lifecycle.evidence import Seen, frameworks_of, seen_of
from serving.lifecycle.history import Process, stage_events
from serving.lifecycle.night import Night, new_events

REPORT = Path(__file__).parent.parent / "docs" / "benchmarks" / "rules-speed.md"
LEADS = 1_000_000
STAGES = StageSettings(sal="rule", sql="rule", gates=("fit", "need", "budget"))
"""Everything by rules: more to do than by default, where sales decides on SAL and the model on SQL."""
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
MIB = 2**20
MEMORY = 256 * MIB


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: what was judged, seconds for reading and judging, peak memory.

    `judge_s` (of the clock) and `judge_cpu_s` (of all cores) hold `facts_s`, what the small tables take. `stages_s` and
    `stages_cpu_s` are what `stages advance` does then: `events` replayed, `moves` found.
    """

    leads: int
    interactions: int
    frameworks: int
    threads: int
    read_s: float
    read_cpu_s: float
    facts_s: float
    judge_s: float
    judge_cpu_s: float
    events: int
    moves: int
    stages_s: float
    stages_cpu_s: float
    peak_mib: float
    after_reading_mib: float


def measure(directory: Path, names: tuple[str, ...], threads: int, memory: int) -> Measured:
    """Judge every lead of a world, and move them on; the process should do nothing else."""
    warm_up(names)
    project, watch = read_project(directory), Watch()
    judging = judging_of(project, names, Limits(memory, threads))
    with opened(judging, silent) as found:
        read_s, read_cpu_s, after, watch = watch.seconds, watch.cpu_seconds, peak_mib(), Watch()
        judged = [(len(verdict_rows(found, here, one)), one) for here, one in found.judged()]
        judge_s, judge_cpu_s = watch.seconds, watch.cpu_seconds
        rows, seen = sum(n for n, _ in judged), seen_of(found, [one for _, one in judged])
        tables, leads = found.tables, found.histories.leads
    del found, judged
    give_back()  # as `judged_leads` does
    watch = Watch()
    events, moves = moved(project, tables, seen)
    stages_s, stages_cpu_s = watch.seconds, watch.cpu_seconds
    peak, watch = peak_mib(), Watch()
    facts_of(leads, tables, judging.frameworks, project.points, tracked_fields(tables.lead_changes))
    facts_s, facts_cpu_s = watch.seconds, watch.cpu_seconds
    interactions = next(count.used for count in tables.counts if count.table == "interactions")
    return Measured(
        rows, interactions, len(names), threads, read_s, read_cpu_s, facts_s, judge_s + facts_s,
        judge_cpu_s + facts_cpu_s, events, moves, stages_s, stages_cpu_s, peak, after,
    )  # fmt: skip


class Watch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._begun, self._cpu = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        """Of the clock."""
        return time.perf_counter() - self._begun

    @property
    def cpu_seconds(self) -> float:
        """Of all cores."""
        return time.process_time() - self._cpu


def judging_of(project: Project, names: tuple[str, ...], limits: Limits) -> Judging:
    """The named frameworks, and those by which the stages move."""
    frameworks = read_frameworks(RuleSettings(frameworks=names), project.directory)
    return Judging(project, frameworks_of(project, STAGES) | frameworks, AS_OF, datetime.now(UTC), limits)


def moved(project: Project, tables: Tables, seen: Seen) -> tuple[int, int]:
    """The stage events so far, and the moves of the night, as `stages advance` finds them: how many of each."""
    process = Process(STAGES, project.directory / STAGES.log, "all")
    events = stage_events(process, tables)
    night = Night(AS_OF, STAGES, project.points, datetime.now(UTC))
    return len(events), len(new_events(night, seen, events, tables))


def warm_up(names: tuple[str, ...]) -> None:
    """Compiled code is loaded before the clock runs."""
    with TemporaryDirectory() as folder:
        simulate(Path(folder), WorldSettings(leads=200, seed=1))
        project = read_project(Path(folder))
        with opened(judging_of(project, names, Limits(None, 1)), silent) as found:
            judged = list(found.judged())
            for here, judgement in judged:
                verdict_rows(found, here, judgement)
            moved(project, found.tables, seen_of(found, [judgement for _, judgement in judged]))


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

`make bench-rules-speed`: frameworks, points and stages of every lead of a simulated world ({first.leads:,} leads,
{first.interactions:,} interactions) as of one date. *Judging* is titles, attributes, assessments, signals and points,
into columns; putting events in order is part of it. *Stages* is what `ripelead stages advance` does then:
{first.events:,} events of decisions and deals replayed, and {first.moves:,} moves found (rules decide; fit, need and
budget are gates, judged on the way). Reading and checking the tables and scattering the events by account come before
and are listed apart: every command on such a project begins so. {os.cpu_count()} cores, `--memory 256MiB`; each line is
a process of its own, and the peak is that of the whole process from reading to the last move. Seconds of the clock are
those of a machine that others used as well; those of the processor (CPU) are not moved by it.

| frameworks | threads | reading | judging | small tables of it | stages | reading, CPU | judging + stages, CPU | peak |
|---|---|---|---|---|---|---|---|---|
"""
    lines = (
        f"| {one.frameworks} | {one.threads} | {one.read_s:.1f} s | {one.judge_s:.1f} s | {one.facts_s:.1f} s | "
        f"{one.stages_s:.1f} s | {one.read_cpu_s:.1f} s | {one.judge_cpu_s + one.stages_cpu_s:.1f} s | "
        f"{one.peak_mib:,.0f} MiB |\n"
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
    parser.add_argument("--memory", type=int, default=MEMORY, help="bytes the engine may use")
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
    results = []
    for names in (RuleSettings().frameworks, shipped_names()):
        results.append(run(names))
        print(results[-1], flush=True)
    text = page(results)
    REPORT.write_text(text, encoding="utf-8")
    print(f"{directory}\n{text}")


if __name__ == "__main__":
    main()
