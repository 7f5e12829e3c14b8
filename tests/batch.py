"""Batch jobs of the small world, in chunks so small that there are several."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
from trained import AS_OF

from features.engines.event_logs import Limits
from features.tables import Tables
from serving.batch.job import Around, Done, Job, run_job
from serving.batch.steps import silent_steps
from serving.sinks import target_of
from training.bundle import load_bundle
from training.registry import registry_of
from training.settings import read_all

MOMENT = pd.Timestamp(AS_OF).to_pydatetime()
CLOCK = pd.Timestamp("2026-07-01", tz="UTC").to_pydatetime()
# The command with small chunks; what stands in front of it may patch the program.
COMMAND = """
from functools import partial
import serving.score_cli as cli
cli.Job = partial(cli.Job, chunk_rows=200)
from serving.cli import main
main()
"""


def job_of(directory: Path, out: object, **changes: object) -> Job:
    """A job on the project in `directory`; `changes` are fields of `Job`, `dialect` and `table` options."""
    project, settings = read_all(directory)
    bundle = load_bundle(registry_of(project).bundle_path("champion"))
    target = target_of(str(out), changes.pop("table", None), changes.pop("dialect", None))
    job = Job(
        project=project,
        bundle=bundle,
        as_of=MOMENT,
        target=target,
        limits=Limits(None, 2),
        clock=CLOCK,
        most=bundle.policy.max_reasons,
        language="en",
        explain="all",
        untimed=settings.label.column is not None,
        chunk_rows=200,
    )
    return replace(job, **changes)


def unaccounted(_tables: Tables) -> None:
    """Row accounting that nobody reads."""


def done(job: Job, show: int = 0) -> Done:
    """The job run to its end."""
    return run_job(job, Around(silent_steps(), lambda: 1.0, unaccounted), show)


def process(*arguments: object, before: str = "", environment: dict[str, str] | None = None) -> subprocess.Popen:
    """`ripelead` with these arguments as a process of its own; `before` is run in front of it."""
    path = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-c", before + COMMAND, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def last_line(text: str) -> dict:
    """The summary of a run."""
    return json.loads(text.splitlines()[-1])
