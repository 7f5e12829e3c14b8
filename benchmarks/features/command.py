"""Command line that all peers share: `python -m benchmarks.features.PEER DATA SNAPSHOTS OUT --threads 2`.

Standard library only: peers run in environments of their own.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """Folder with `interactions.parquet` and `leads.parquet`, snapshot file, and where the features go."""

    data: Path
    snapshots: Path
    out: Path
    threads: int
    memory: str | None

    @property
    def interactions(self) -> Path:
        return self.data / "interactions.parquet"

    @property
    def leads(self) -> Path:
        return self.data / "leads.parquet"


def run(write_features: Callable[[Job], None]) -> None:
    """Run a peer as the command line says; prints the seconds inside (without start, imports) and the peak."""
    job = parse()
    begun = time.perf_counter()
    write_features(job)
    print(json.dumps({"inside_s": time.perf_counter() - begun, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Largest resident memory so far; Linux's `ru_maxrss` would include the parent's at the fork."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def parse() -> Job:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("snapshots", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", help="such as 2GB; default: what the system takes")
    found = parser.parse_args()
    return Job(found.data, found.snapshots, found.out, found.threads, found.memory)
