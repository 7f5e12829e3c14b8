"""The batch job: prepare rows, score them chunk by chunk, write them in their final order; resumable after a kill.

Whatever happens, the output is the old one or the whole new one, and every row that came in is scored, closed,
or quarantined. The same command goes on where a killed one stopped and writes the same bytes.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from features.engines.event_logs import Limits
from features.errors import RefusedError, SinkError
from features.project import Project
from features.tables import Tables
from serving.batch.checkpoints import Checkpoint, RejectedRow, read_checkpoint, write_checkpoint
from serving.batch.output_lock import output_lock
from serving.batch.prepare import CHUNK_ROWS, Scoring, Watch, write_scoring_rows
from serving.batch.prepared_file import Facts, facts_of, read_facts, write_facts
from serving.batch.ranked_groups import Ranked, ranked_groups
from serving.batch.rejected_rows import write_rejected
from serving.batch.row_chunks import Chunk, RowFile, given_rows, own_rows, read_chunks
from serving.batch.run_key import Inputs, looks_touched, mark_inputs, project_files, refuse_changed_inputs, run_key
from serving.batch.steps import Steps
from serving.batch.summary import Summary
from serving.batch.work_folder import Place, open_work_folder, said_as_sink_error, whole_file
from serving.batch.writing import write_file, write_marker, write_table
from serving.scoring import score_rows, to_arrow
from serving.scoring_rows import scoring_rows
from serving.sinks import TableTarget, Target
from training.bundle import Bundle

ROWS = "rows.parquet"


@dataclass(frozen=True, slots=True)
class Job:
    """What is scored, with what, and where to.

    `features`: a feature table that is scored instead of the project's open leads; of it, only the rows of `as_of` if
    that is given. `most` reasons per lead. `clock` is the command's now.
    """

    project: Project
    bundle: Bundle
    as_of: datetime | None
    target: Target
    limits: Limits
    clock: datetime
    most: int
    language: str
    explain: str
    untimed: bool = False
    features: Path | None = None
    chunk_rows: int = CHUNK_ROWS

    @property
    def now_ns(self) -> int:
        """The clock for fingerprints of files."""
        return int(self.clock.timestamp() * 1e9)

    def scoring(self) -> Scoring:
        """The part that `serving.batch.prepare` needs."""
        if self.as_of is None:
            raise ValueError("a project is scored as of a time")
        return Scoring(self.project, self.bundle, self.as_of, self.limits, self.clock, self.untimed)


@dataclass(frozen=True, slots=True)
class Around:
    """What surrounds a run: its steps, the seconds since it began, and who accounts for the tables that were read."""

    steps: Steps
    seconds: Callable[[], float]
    account: Callable[[Tables], None]


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did; `top` are the first rows of the output."""

    summary: Summary
    facts: Facts
    top: pa.Table


def run_job(job: Job, around: Around, show: int = 0) -> Done:
    """Score and write; the first `show` rows are given back.

    Raises:
        OverlapError: another run writes the same output.
        InputContractError: an input cannot be used, or changed meanwhile.
        SinkError: the output cannot be written; what was scored is kept for the same command.
    """
    place = job.target.place(job.project)
    with said_as_sink_error(job.target.shown), output_lock(place.lock, job.target.shown):
        place.marker.unlink(missing_ok=True)
        inputs = mark_inputs(files_of(job), job.now_ns)
        key = run_key(inputs, job.project, _options(job))
        folder = open_work_folder(place, key)
        try:
            done = _run(job, _Run(place, folder, key, inputs), around, show)
        except SinkError:
            raise
        except RefusedError:
            shutil.rmtree(folder)  # the same inputs would be refused again
            raise
        shutil.rmtree(folder)
    return done


def files_of(job: Job) -> Mapping[str, Path]:
    """The files that a run reads."""
    return project_files(job.project) if job.features is None else {str(job.features): job.features}


def _options(job: Job) -> dict[str, object]:
    return {
        "model": job.bundle.version,
        "as_of": None if job.as_of is None else job.as_of.isoformat(),
        "target": type(job.target).__name__,
        "format": job.target.form,
        "features": job.features is not None,
        "most": job.most,
        "language": job.language,
        "chunk_rows": job.chunk_rows,
    }


@dataclass(frozen=True, slots=True)
class _Run:
    """Where a run keeps its work, its key, and its inputs as they were when it began."""

    place: Place
    folder: Path
    key: str
    inputs: Inputs


def _run(job: Job, run: _Run, around: Around, show: int) -> Done:
    rows, facts = _rows_of(job, run, around)
    resumed = _checkpoints(run, rows)
    if resumed:
        around.steps.said("resumed", chunks=len(resumed))
    _score_chunks(job, run, rows, frozenset(resumed), around.steps)
    scored = list(_checkpoints(run, rows).values())
    refuse_changed_inputs(run.inputs, job.now_ns)
    rejected = [row for checkpoint in scored for row in checkpoint.rejected]
    facts = _accounted(facts, rows, scored, rejected)
    if job.features is not None:
        write_rejected(job.project.directory, str(job.features), rejected)
    ranked = ranked_groups(scored, job.bundle, job.language, job.chunk_rows)
    summary = _written(job, run, ranked, _summary(job, run, facts, ranked, len(resumed)), around)
    return Done(summary, facts, ranked.first(show))


def _written(job: Job, run: _Run, ranked: Ranked, summary: Summary, around: Around) -> Summary:
    if isinstance(job.target, TableTarget):
        marker = write_table(job.target, ranked, run.key, around.steps)
        return replace(summary, marker=marker, seconds=around.seconds())
    digest = write_file(job.target, ranked, run.folder, around.steps)
    return write_marker(run.place, run.folder, replace(summary, sha256=digest, seconds=around.seconds()))


def _rows_of(job: Job, run: _Run, around: Around) -> tuple[RowFile, Facts]:
    if job.features is not None:
        rows = given_rows(job.features, job.bundle.catalog, job.chunk_rows)
        return rows, Facts(rows_in=rows.rows, leads=rows.rows)
    path = run.folder / ROWS
    facts = read_facts(run.folder, run.key, path)
    if facts is None:
        facts = _prepare(job, run, around, path)
    return own_rows(path, job.chunk_rows), facts


def _prepare(job: Job, run: _Run, around: Around, path: Path) -> Facts:
    steps = around.steps
    watch = Watch(steps.progress("reading"), steps.progress("features"), job.chunk_rows, run.folder)
    with whole_file(path) as part:
        prepared = write_scoring_rows(job.scoring(), part, watch)
        refuse_changed_inputs(run.inputs, job.now_ns)
        around.account(prepared.tables)
    facts = facts_of(prepared)
    write_facts(run.folder, run.key, path, facts)
    return facts


def _checkpoints(run: _Run, rows: RowFile) -> dict[int, Checkpoint]:
    found = (read_checkpoint(run.folder, run.key, number) for number in range(rows.chunks))
    return {checkpoint.chunk: checkpoint for checkpoint in found if checkpoint is not None}


def _score_chunks(job: Job, run: _Run, rows: RowFile, done: frozenset[int], steps: Steps) -> None:
    for count, chunk in enumerate(read_chunks(rows, done), start=len(done) + 1):
        scores = score_chunk(job, chunk)
        if looks_touched(run.inputs):
            refuse_changed_inputs(run.inputs, job.now_ns)
        write_checkpoint(run.folder, run.key, chunk.number, scores, chunk.rejected)
        steps.step("chunk", count, rows.chunks)


def score_chunk(job: Job, chunk: Chunk) -> pa.Table:
    """Scores of the good rows of a chunk, those of other times left out."""
    table = chunk.good if job.features is None or job.as_of is None else rows_at(chunk.good, job.as_of)
    rows = scoring_rows(table, job.bundle.catalog)
    return to_arrow(score_rows(job.bundle, rows, job.most, job.limits.threads))


def rows_at(table: pa.Table, as_of: datetime) -> pa.Table:
    """The rows of one time; rows that have none get it."""
    moment = pa.scalar(as_of, pa.timestamp("us", tz="UTC"))
    given = table["as_of"] if "as_of" in table.column_names else pa.nulls(len(table))
    if given.null_count == len(given):
        others = [name for name in table.column_names if name != "as_of"]
        return table.select(others).append_column("as_of", pa.repeat(moment, len(table)))
    return table.filter(pc.equal(given, moment))


def _accounted(facts: Facts, rows: RowFile, scored: Sequence[Checkpoint], rejected: Sequence[RejectedRow]) -> Facts:
    """The facts with every row of the input accounted for.

    Raises:
        RuntimeError: rows do not add up: a defect.
    """
    count = sum(len(checkpoint.scores) for checkpoint in scored)
    if rows.faults is not None:  # a feature table: rows of other times are known only now
        leads = facts.rows_in - len(rejected)
        facts = replace(facts, leads=leads, closed=leads - count, quarantined=len(rejected),
                        quarantined_rows=len(rejected), rows_read=facts.rows_in)  # fmt: skip
    if len(scored) != rows.chunks or facts.rows_in != count + facts.closed + facts.quarantined:
        raise RuntimeError(
            f"rows do not add up: {facts.rows_in} in, {count} scored, {facts.closed} closed or later, "
            f"{facts.quarantined} quarantined; {len(scored)} of {rows.chunks} chunks"
        )
    return facts


def _summary(job: Job, run: _Run, facts: Facts, ranked: Ranked, resumed: int) -> Summary:
    return Summary(
        rows_in=facts.rows_in,
        leads=facts.leads,
        scored=ranked.rows,
        closed_or_later=facts.closed,
        quarantined=facts.quarantined,
        sales_qualified=ranked.qualified,
        quarantined_rows=facts.quarantined_rows,
        left_out_interactions=facts.left_out,
        model_version=job.bundle.version[:12],
        language=job.language,
        explain=job.explain,
        resumed_chunks=resumed,
        run_key=run.key,
        out=job.target.shown,
    )
