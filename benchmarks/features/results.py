"""Results of all parts in one JSON file under the work folder, so that parts can be run apart."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.features.systems import HERE

FILE = "results.json"
PACKAGES = ("numpy", "numba", "pandas", "pyarrow", "duckdb")
PINNED = ("polars", "featuretools")


def read_results(work: Path) -> dict[str, Any]:
    """All that was measured so far."""
    path = work / FILE
    return json.loads(path.read_text()) if path.exists() else {"parts": {}}


def add_results(work: Path, part: str, tables: list[dict[str, Any]]) -> dict[str, Any]:
    """Replace the part's results; returns everything measured so far."""
    results = read_results(work)
    results["machine"] = machine()
    results["parts"][part] = tables
    (work / FILE).write_text(json.dumps(results, indent=1))
    return results


def machine() -> dict[str, Any]:
    """Cores, memory and versions; nothing that names the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = {name: version(name) for name in PACKAGES} | {name: _pinned(name) for name in PINNED}
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
    }


def _pinned(name: str) -> str:
    lines = (HERE / f"requirements-{name}.txt").read_text().splitlines()
    return next(line.partition("==")[2] for line in lines if line.partition("==")[0] == name)
