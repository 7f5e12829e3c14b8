"""The page of the incremental benchmark."""

import os
import platform
from collections.abc import Sequence
from statistics import median
from typing import Any

HEAD = """# Bringing a feature store up to date

`python -m benchmarks.incremental` writes this page. {events:,} events, {rows:,} snapshots, 78 features, {threads}
threads, {cores} cores ({machine}). 1 % of the events are new ({new:,}, in a file of their own).

Medians of {rounds} rounds; in each a full run and an update follow each other, every update from the same former
state. **Both sides begin with the small tables read and end with the features on disk.** In the full run's time:
the interactions read, checked and sorted, repeats found, all rows computed, one Parquet file written. In the
update's time: source files compared with those known (by size and times; a file that changed would be read), leads
and snapshots compared with the former ones, the new file read and checked, repeats of older rows found, touched
rows computed, the new state written, synced to disk and made valid. Reading the small tables costs the same on both
sides and is left out, as are starting Python and compiling.

| new events | rows computed | full run | update | **share of the time** | share of CPU time | same table |
|---|---|---|---|---|---|---|
"""
TAIL = """
What decides is how many rows can see the new events. An event of today is seen only by snapshots after it: a table
of training snapshots whose outcomes are known has none, and an update only reads and files the events. Back-dated
events cost their accounts; a changed lead costs its own rows, for which the events of its account are read. In the
last row a whole date of snapshots lies after the new events: few rows change, but they are of leads in most of the
large accounts, whose histories are needed from the beginning. **Cheapest are new events that no snapshot sees;**
rows that are computed again cost more: a full run, which has all events at hand, makes little of each.

The first build of a store takes {first:.1f} s (median over the cases), where a full run without a store takes
{full:.1f} s: it also writes the sorted events that later updates need.
"""


def page_text(results: Sequence[dict[str, Any]], threads: int) -> str:
    """The page, from what was measured."""
    first = results[0]
    head = HEAD.format(
        events=first["events"],
        rows=max(result["rows"] for result in results),
        threads=threads,
        cores=os.cpu_count(),
        machine=platform.machine(),
        new=first["new"],
        rounds=len(first["runs"]),
    )
    builds = median(result["first"]["wall"] for result in results)
    fulls = median(run["full"]["wall"] for result in results for run in result["runs"])
    return head + "".join(_row(result) for result in results) + TAIL.format(first=builds, full=fulls)


def _row(result: dict[str, Any]) -> str:
    full, update = (median(run[side]["wall"] for run in result["runs"]) for side in ("full", "update"))
    cpu = [median(run[side]["cpu"] for run in result["runs"]) for side in ("full", "update")]
    share = median(run["update"]["wall"] / run["full"]["wall"] for run in result["runs"])
    return (
        f"| {result['case']} | {result['computed']:,} of {result['rows']:,} | {full:.2f} s | {update:.2f} s "
        f"| **{share:.1%}** | {cpu[1] / cpu[0]:.1%} | {'yes' if result['equal'] else 'NO'} |\n"
    )
