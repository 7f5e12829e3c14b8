"""The command `score`: every open lead, or the rows of a feature table, into a file or a database."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Never, cast

import pyarrow as pa
import typer

from features.cli import (
    HERE,
    WARN_QUARANTINED,
    ProjectFolder,
    account_for,
    app,
    err,
    out,
    parse_as_of,
    parse_limits,
    status,
    utc_now,
)
from features.engines.event_logs import Limits
from features.errors import ProjectFileError
from features.tables import counts_text
from serving.batch.job import Around, Done, Job, run_job, score_chunk
from serving.batch.prepare import Watch, look_at_rows
from serving.batch.prepared_file import Facts, facts_of
from serving.batch.row_chunks import Chunk, given_rows, read_chunks
from serving.batch.steps import steps_on
from serving.champion import champion_of
from serving.csv_dialects import DialectName
from serving.language.translations import Language
from serving.sinks import Target, target_of
from training.bundle import load_bundle
from training.cli import Engine
from training.registry import registry_of
from training.settings import read_all
from training.wording import percent

NOTHING_TO_DO = 99


class DialectOption(StrEnum):
    """How a CSV file is written."""

    iso = "iso"
    excel_de = "excel-de"
    excel_da = "excel-da"
    crm = "crm"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for on any engine; `features` names a feature table instead of the open leads."""

    directory: Path
    out: str
    as_of: str | None
    features: str | None
    explain: str
    language: str


@app.command()
def score(  # noqa: PLR0913, PLR0917  (one parameter per option)
    out_to: Annotated[
        str, typer.Option("--out", help="file to write, .parquet or .csv, or a database URL (${NAME} is expanded)")
    ],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="time such as 2026-06-30T00:00:00Z; events from then on are unseen")
    ] = None,
    directory: ProjectFolder = HERE,
    table: Annotated[
        str | None, typer.Option(help="table of the database to bring up to date; default: ripelead_scores")
    ] = None,
    features: Annotated[
        str | None, typer.Option(help="Parquet feature table to score instead of the project's open leads")
    ] = None,
    explain: Annotated[str, typer.Option(help="reasons per lead: all, top:N or none")] = "all",
    language: Annotated[Language, typer.Option(help="language of the sentences")] = Language.en,
    dialect: Annotated[DialectOption | None, typer.Option(help="how a CSV file is written; default: iso")] = None,
    memory: Annotated[str | None, typer.Option(help="memory to use at most, such as 2GB; default: no limit")] = None,
    threads: Annotated[int | None, typer.Option(help="threads to use; default: all cores", min=1)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read, check and count; write nothing")] = False,
    show: Annotated[int, typer.Option(help="ripest leads to print", min=0)] = 10,
    engine: Annotated[Engine, typer.Option(help="this machine, or a Spark cluster")] = Engine.local,
    master: Annotated[
        str, typer.Option(help="the cluster, such as spark://host:7077, with --engine spark")
    ] = "local[*]",
) -> None:
    """Score every open lead as of a time, with class, rules and reasons; written as a whole or not at all."""
    began = time.perf_counter()
    if as_of is None and features is None:
        raise ProjectFileError("Missing option '--as-of': the time as of which leads are scored")
    asked = Asked(directory, out_to, as_of, features, explain, str(language))
    if engine is Engine.spark:
        _refuse_local_options(table, dialect, memory, threads, dry_run or None, as_of if features else None)
        _score_on_spark(asked, master)
    target = target_of(out_to, table, cast("DialectName | None", dialect and str(dialect)))
    job = _job(asked, target, parse_limits(memory, threads))
    if dry_run:
        _look(job)
    with steps_on(err) as steps:
        around = Around(steps, lambda: round(time.perf_counter() - began, 3), partial(account_for, job.project))
        done = run_job(job, around, show)
    _finish(done, show)


def _job(asked: Asked, target: Target, limits: Limits) -> Job:
    """The run on this machine; what can be known to fail is refused before anything is read."""
    project, settings = read_all(asked.directory)
    target.refuse_unusable(project)
    bundle = champion_of(project)
    return Job(
        project=project,
        bundle=bundle,
        as_of=None if asked.as_of is None else parse_as_of(asked.as_of, project),
        target=target,
        limits=limits,
        clock=utc_now(),
        most=reasons_asked(asked.explain, bundle.policy.max_reasons),
        language=asked.language,
        explain=asked.explain,
        untimed=settings.label.column is not None,
        features=None if asked.features is None else Path(asked.features),
    )


def _refuse_local_options(*chosen: object) -> None:
    if any(option is not None for option in chosen):
        raise ProjectFileError(
            "--engine spark: --table, --dialect, --memory, --threads and --dry-run are for one machine, "
            "and --features there takes no --as-of"
        )


def reasons_asked(explain: str, all_of_them: int) -> int:
    """Reasons per lead that `--explain` asks for.

    Raises:
        ProjectFileError: neither all, none nor top:N.

    >>> reasons_asked("all", 8), reasons_asked("top:3", 8), reasons_asked("none", 8)
    (8, 3, 0)
    """
    if explain in ("all", "none"):
        return all_of_them if explain == "all" else 0
    found = re.fullmatch(r"top:([1-9]\d{0,2})", explain)
    if found is None:
        raise ProjectFileError(f"--explain {explain}: expected all, none, or top:N such as top:3")
    return int(found[1])


def _look(job: Job) -> Never:
    """Read and check everything, count, score one chunk, and say what would be written."""
    facts = _look_at_features(job) if job.features is not None else _look_at_project(job)
    said = {
        "dry_run": True,
        "rows_in": facts.rows_in,
        "leads": facts.leads,
        "to_score": facts.leads - facts.closed,
        "closed_or_later": facts.closed,
        "quarantined": facts.quarantined,
        "quarantined_rows": facts.quarantined_rows,
        "model_version": job.bundle.version[:12],
        "language": job.language,
        "explain": job.explain,
        "out": job.target.shown,
    }
    out.print(json.dumps(said, ensure_ascii=False), markup=False)
    raise typer.Exit(_code(facts, facts.leads - facts.closed))


def _look_at_project(job: Job) -> Facts:
    def look(rows: pa.Table) -> None:
        score_chunk(job, Chunk(0, len(rows), rows, ()))

    with steps_on(err) as steps:
        watch = Watch(steps.progress("reading"), steps.progress("features"), job.chunk_rows)
        prepared = look_at_rows(job.scoring(), watch, look)
    out.print(counts_text(prepared.tables), markup=False)
    return facts_of(prepared)


def _look_at_features(job: Job) -> Facts:
    """Row accounting of a feature table by its keys, and by its values in the first chunk."""
    rows = given_rows(cast("Path", job.features), job.bundle.catalog, job.chunk_rows)
    bad = 0 if rows.faults is None else int((rows.faults > 0).sum())
    for chunk in read_chunks(rows, ()):
        score_chunk(job, chunk)
        break
    return Facts(rows.rows, rows.rows - bad, 0, bad, bad, rows.rows)


def _finish(done: Done, show: int) -> Never:
    if show:
        print_ranked(done.top)
    out.print(done.summary.to_json(), markup=False)
    raise typer.Exit(_code(done.facts, done.summary.scored))


def _code(facts: Facts, scored: int) -> int:
    """0, 1 when more rows than the warn level were quarantined, 99 when there was nothing to score."""
    if scored == 0:
        return NOTHING_TO_DO
    return int(facts.quarantined_rows > WARN_QUARANTINED * max(facts.rows_read, 1))


def _score_on_spark(asked: Asked, master: str) -> Never:
    """Score on a cluster into a Parquet folder; the summary has the keys that mean something there."""
    from serving.engines.spark import SparkJob, score_on_spark, score_table_on_spark

    project, _ = read_all(asked.directory)
    folder = registry_of(project).bundle_path("champion")
    most = reasons_asked(asked.explain, load_bundle(folder).policy.max_reasons)
    job = SparkJob(folder, asked.out, most, asked.language)
    with status(f"scoring on {master}"):
        if asked.features is not None:
            done = score_table_on_spark(job, asked.features, master)
        else:
            done = score_on_spark(job, project, parse_as_of(asked.as_of or "", project), master, utc_now())
    if done.tables is not None:
        account_for(project, done.tables)
    said = {
        "rows_in": done.rows_in,
        "leads": done.rows_in - done.quarantined,
        "scored": done.scored,
        "closed_or_later": done.closed,
        "quarantined": done.quarantined,
        "sales_qualified": done.sales_qualified,
        "quarantined_rows": done.quarantined_rows,
        "left_out_interactions": sum(done.left_out.values()),
        "model_version": done.model_version[:12],
        "language": asked.language,
        "explain": asked.explain,
        "out": asked.out,
    }
    out.print(json.dumps(said, ensure_ascii=False), markup=False)
    read = done.rows_in if done.tables is None else sum(count.read for count in done.tables.counts)
    facts = Facts(done.rows_in, done.scored + done.closed, quarantined_rows=done.quarantined_rows, rows_read=read)
    raise typer.Exit(_code(facts, done.scored))


def print_ranked(table: pa.Table) -> None:
    """The ripest leads: score, class, BANT verdict, and under each the strongest reasons in words."""
    out.print("\nripest leads (score 50 is the average lead; 10 more double the odds)", markup=False)
    for rank, row in enumerate(table.to_pylist(), start=1):
        out.print(f"{rank:3d}  {row['lead_id']}  score {row['score']} {row['band']}  {_facts(row)}", markup=False)
        for line in _strongest(row["reasons"]):
            out.print(f"       {line}", markup=False)


def _facts(row: Mapping[str, Any]) -> str:
    said = [f"{percent(row['propensity']):>7}", "sales qualified" if row["sales_qualified"] else "not yet qualified"]
    if row["bant_met"] is not None:
        said.append(f"BANT {'yes' if row['bant_qualified'] else 'no'} ({row['bant_met']} met)")
    if row["points"] is not None:
        said.append(f"{row['points']:,.0f} points")
    return "  ".join([*said, row["stage"] or ""]).rstrip()


def _strongest(reasons: list[dict[str, Any]], most: int = 3) -> list[str]:
    named = [reason for reason in reasons if reason["group"] not in ("Start", "Other")]
    return [f"{reason['points']:+3d}  {reason['sentence']}" for reason in named[:most]]
