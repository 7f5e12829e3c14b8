"""Parts that measure our own engine alone: new events, one lead, the start, Spark."""

import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.features import measure
from benchmarks.features.measure import Task
from benchmarks.features.systems import OURS, SYSTEMS
from benchmarks.features.world import write_world

Tables = list[dict[str, Any]]
EVENTS_OF_ONE_LEAD = 200
CALLS = 500


def incremental(work: Path, events: int) -> Tables:
    """Full time, and the time of an update with 1 % new events (see `variants.split_newest`, `split_accounts`)."""
    raise NotImplementedError(f"incremental updates of {events:,} events in {work.name}")


def one_lead(_work: Path, events: int) -> Tables:
    """All features of one lead in process, after warm-up: median and 95 % of the calls."""
    from benchmarks.features.catalog import catalog
    from features.single import compute_one

    wanted, history = catalog(), _one_history(events)
    moments = [datetime(2025, 6, 1, hour, minute, tzinfo=UTC) for hour in range(24) for minute in range(60)]
    compute_one(history, moments[-1], wanted)
    took = []
    for moment in moments[:CALLS]:
        begun = time.perf_counter()
        compute_one(history, moment, wanted)
        took.append((time.perf_counter() - begun) * 1000)
    cells = [[str(events), str(len(wanted.features)), f"{median(took):.2f} ms", f"{quantiles(took, n=20)[-1]:.2f} ms"]]
    title = f"One lead with its history as plain rows, {CALLS} calls in one process after a first one."
    return [{"title": title, "columns": ["events", "features", "median", "95 %"], "cells": cells}]


def _one_history(events: int) -> dict[str, object]:
    """Plain rows: a lead whose events lie about 60 hours apart, kinds in turn, and a colleague with a tenth of them."""
    from benchmarks.features.spec import EPOCH_US, KINDS

    def moment(hours: int) -> datetime:
        return datetime.fromtimestamp(EPOCH_US // 10**6 + hours * 3600, UTC)

    people = [
        {"lead_id": name, "created_at": moment(0), "account_id": "A1", "seniority": "vp"} for name in ("L1", "L2")
    ]
    rows = [
        {"lead_id": name, "occurred_at": moment(60 * i + i % 7), "kind": KINDS[i % len(KINDS)], "duration_s": i % 60}
        for name, step in (("L1", 1), ("L2", 10))
        for i in range(0, events, step)
    ]
    return {"lead": people[0], "colleagues": people[1:], "interactions": rows}


def start_up(work: Path, events: int) -> Tables:
    """Runs with an empty compile cache, then with the one that the first run left."""
    folder, cache = work / f"world-{events}", work / "compile-cache"
    if not folder.exists():
        write_world(folder, events)
    shutil.rmtree(cache, ignore_errors=True)
    before = os.environ.get("NUMBA_CACHE_DIR")
    os.environ["NUMBA_CACHE_DIR"] = str(cache.absolute())
    try:
        runs = [measure.run_once(SYSTEMS[OURS], Task("start", folder), turn, work) for turn in range(6)]
    finally:
        os.environ.pop("NUMBA_CACHE_DIR")
        if before is not None:
            os.environ["NUMBA_CACHE_DIR"] = before
    cached = median(run.wall_s for run in runs[1:])
    cells = [["compiling (once)", f"{runs[0].wall_s:.2f} s"], ["compiled, median of 5", f"{cached:.2f} s"]]
    title = f"Whole process on {events:,} events, where start and compilation are nearly all of the time."
    return [{"title": title, "columns": ["kernels", "process"], "cells": cells}]


def spark(work: Path, events: int) -> Tables:
    """The local table against that of Spark, with one worker and with two."""
    raise NotImplementedError(f"Spark ({work.name}, {events:,})")
