"""The page that `benchmarks.score` writes."""

import os
import platform
from datetime import UTC, datetime

from benchmarks.score import Measured


def page(found: Measured) -> str:
    """The page as Markdown."""
    runs = "\n".join(
        f"| `--explain {name}` | {run.wall:.1f} s | {run.cpu:.1f} s | {run.peak_mib:,.0f} MiB | "
        f"{found.rows / run.wall:,.0f} |"
        for name, run in found.runs.items()
    )
    predict = found.speeds["LightGBM's predict alone"][1]
    speeds = "\n".join(
        f"| {name} | {wall:,.0f} | {cpu:,.0f} | {predict / cpu:.2f}× |" for name, (wall, cpu) in found.speeds.items()
    )
    single = "\n".join(
        f"| {name} | {wall:,.0f} µs | {late:,.0f} µs | {cpu:,.0f} µs |"
        for name, (wall, late, cpu) in found.single.items()
    )
    checked = found.checked
    return f"""# Scores and reasons of {found.rows:,} leads

<!-- Made by `python -m benchmarks.score`; do not edit. -->

From a feature table in Parquet ({found.features} features, {found.table_mib:,.0f} MiB) to a written Parquet file with
propensity, score, class, rules and the reasons of every lead (top 8 and the remainder, values and sentences with
evidence), ripest first. The model has {found.trees} trees; it was trained on a simulated world, whose leads were drawn
again with noise. Measured as users run it, `ripelead score --features`, in a process of its own, start-up included.
{os.cpu_count()} cores, mean load of the last minute {os.getloadavg()[0]:.1f}, Python {platform.python_version()},
{datetime.now(UTC):%Y-%m-%d}.

| | wall | CPU | peak memory | leads/s |
|---|--:|--:|--:|--:|
{runs}

In the output of `--explain top:8`, {checked.mib:,.0f} MiB: {checked.rows:,} rows and {checked.reasons:,} named reasons;
rows whose points do not sum to the score: {checked.wrong_sums}; rows out of order: {checked.wrong_order}; rows of a
sample whose propensity is not to the bit LightGBM's own score after calibration: {checked.wrong_propensity}.

## Beside LightGBM alone

The same rows from a matrix in memory, all cores; medians of rounds in which all take turns. *Time of predict* says
what a way costs in CPU where LightGBM's own prediction costs 1.

| | rows/s | rows per CPU second | time of predict |
|---|--:|--:|--:|
{speeds}

## One lead at a time

In process, one feature row after the other, after warm-up. `score_one` gives the numbers of a batch, to the bit.

| | median | 95 % | CPU, median |
|---|--:|--:|--:|
{single}
"""
