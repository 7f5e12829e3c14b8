"""One lead by `features.compute_one`: time per lead after warm-up, and what the compiled kernels cost at the start.

Writes `docs/benchmarks/one-lead.md`, and the figures as JSON beside it. Run: `python -m benchmarks.one_lead`.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.one_lead_requests import END, MIXES, Mix, catalogs, equal_to_batch, requests
from features import compute_one
from features.catalog import Catalog
from features.lead_history import read_history

LEADS, WARM_UP, COLD_RUNS, CACHED_RUNS = 1_000, 20, 1, 5
ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "one-lead.md"


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds per lead, wall clock and CPU of the thread, over `LEADS` different leads."""

    catalog: str
    features: int
    mix: str
    events: int
    wall_p50: float
    wall_p95: float
    cpu_p50: float
    cpu_p95: float
    read_p50: float
    equal: int


def main() -> None:
    """Measure and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        known = catalogs(Path(folder))
        timed = [measure(name, catalog, mix) for name, catalog in known.items() for mix in MIXES]
        starts = start_up(Path(folder), known["simulated world"])
    figures = {"machine": machine(), "timed": [asdict(row) for row in timed], "start_up": starts}
    PAGE.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(figures), encoding="utf-8")
    print(page(figures))


def measure(name: str, catalog: Catalog, mix: Mix) -> Timed:
    """One catalog on leads with one mix of events."""
    drawn = requests(LEADS + WARM_UP, mix, np.random.default_rng(11))
    for request in drawn[:WARM_UP]:
        compute_one(request, END, catalog)
    measured = drawn[WARM_UP:]
    wall = _milliseconds(measured, lambda request: compute_one(request, END, catalog), time.perf_counter)
    cpu = _milliseconds(measured, lambda request: compute_one(request, END, catalog), time.thread_time)
    read = _milliseconds(measured, lambda request: read_history(request, catalog.hygiene), time.thread_time)
    return Timed(
        name, len(catalog.features), mix.name, mix.events, *np.percentile(wall, [50, 95]).round(2).tolist(),
        *np.percentile(cpu, [50, 95]).round(2).tolist(), round(float(np.median(read)), 2),
        equal_to_batch(measured, catalog),
    )  # fmt: skip


def _milliseconds(
    drawn: list[dict[str, Any]], what: Callable[[dict[str, Any]], object], clock: Callable[[], float]
) -> list[float]:
    found = []
    for request in drawn:
        begun = clock()
        what(request)
        found.append((clock() - begun) * 1000)
    return found


_START = """
import json, pickle, sys, time
begun = time.perf_counter()
from features import compute_one
imported = time.perf_counter()
request, as_of, catalog = pickle.load(open(sys.argv[1], "rb"))
ready = time.perf_counter()
compute_one(request, as_of, catalog)
first = time.perf_counter()
compute_one(request, as_of, catalog)
print(json.dumps([imported - begun, first - ready, time.perf_counter() - first]))
"""


def start_up(folder: Path, catalog: Catalog) -> dict[str, list[float]]:
    """Seconds of a fresh process: import, first lead, second lead; without and with compiled kernels in the cache."""
    import pickle

    package = folder / "first.pickle"
    package.write_bytes(pickle.dumps((requests(1, MIXES[0], np.random.default_rng(1))[0], END, catalog)))
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "numba"), "PYTHONPATH": str(ROOT)}

    def once() -> list[float]:
        command = [sys.executable, "-c", _START, str(package)]
        return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)

    cold = [once() for _ in range(COLD_RUNS)]
    cached = [once() for _ in range(CACHED_RUNS)]
    return {"cold": np.median(cold, axis=0).round(3).tolist(), "cached": np.median(cached, axis=0).round(3).tolist()}


def machine() -> dict[str, Any]:
    """Cores, Python and how busy the machine was."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def page(figures: dict[str, Any]) -> str:
    """The page as Markdown."""
    rows = "\n".join(
        "| {catalog} | {features} | {mix} | {wall_p50:.2f} | {wall_p95:.2f} | {cpu_p50:.2f} | {cpu_p95:.2f} | "
        "{read_p50:.2f} | {equal:,} of {leads:,} |".format(**row, leads=LEADS)
        for row in figures["timed"]
    )
    starts = "\n".join(
        f"| {name} | {' | '.join(f'{seconds:.2f} s' for seconds in figures['start_up'][key])} |"
        for name, key in (("nothing compiled yet", "cold"), ("kernels from the cache", "cached"))
    )
    found = figures["machine"]
    return f"""# One lead

<!-- Made by `python -m benchmarks.one_lead`; do not edit. -->

`features.compute_one` in one process after warm-up, {LEADS:,} different leads, from the plain rows of a parsed
request to the vector of all features. Milliseconds per lead: wall clock, and CPU time of the thread, which other work
on the machine disturbs less. *Read* is the part that checks the request. *Equal*: leads whose vector is, bit for bit,
the row that `build_features` gives them in one batch. The catalog of the simulated world has the rules of hygiene on.
{found["cores"]} cores, mean load of the last minute {found["load"]}, Python {found["python"]}, {found["measured"]}.

| catalog | features | events | wall p50 | wall p95 | CPU p50 | CPU p95 | read (CPU p50) | equal |
|---|--:|---|--:|--:|--:|--:|--:|--:|
{rows}

A fresh process, median of {COLD_RUNS} and {CACHED_RUNS}:

| | import | first lead | second lead |
|---|--:|--:|--:|
{starts}

Compiled kernels are kept next to the code (or under `NUMBA_CACHE_DIR`), so the first row is paid once an installation.
"""


if __name__ == "__main__":
    main()
