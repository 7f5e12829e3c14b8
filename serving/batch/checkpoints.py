"""Checkpoints: the scores of one chunk in a file that proves that it is whole and belongs to the run.

A line of JSON (run key, chunk, rows, sha256 of the rest, rejected rows), padded so that the Arrow stream behind it can
be mapped into memory as it is. The rows of a checkpoint are in the order of the output.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.batch.work_folder import whole_file

ALIGNMENT = 64
ORDER = [("propensity", "descending"), ("lead_id", "ascending"), ("as_of", "ascending")]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of a feature table that is not scored: its number (from 1), and what is wrong with which column."""

    row: int
    lead_id: str
    column: str
    reason: str
    expected: str
    value: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One chunk: the scores (mapped, as `serving.scoring.to_arrow` gives them) and the rows that were rejected."""

    chunk: int
    scores: pa.Table
    rejected: tuple[RejectedRow, ...]


def checkpoint_path(folder: Path, chunk: int) -> Path:
    """Where a chunk's checkpoint lies."""
    return folder / f"chunk-{chunk:06d}"


def write_checkpoint(folder: Path, key: str, chunk: int, scores: pa.Table, rejected: Sequence[RejectedRow]) -> None:
    """Write the scores of a chunk atomically, its rows in the order of the output."""
    payload = _stream(scores.take(pc.sort_indices(scores, sort_keys=ORDER)))
    facts = {"run_key": key, "chunk": chunk, "rows": len(scores), "sha256": hashlib.sha256(payload).hexdigest()}
    line = json.dumps({**facts, "rejected": [asdict(row) for row in rejected]}).encode()
    header = line + b" " * (-(len(line) + 1) % ALIGNMENT) + b"\n"
    with whole_file(checkpoint_path(folder, chunk)) as part, part.open("wb") as stream:
        stream.write(header)
        stream.write(payload)


def read_checkpoint(folder: Path, key: str, chunk: int) -> Checkpoint | None:
    """The checkpoint of a chunk; None when there is none, or it is torn or of another run."""
    path = checkpoint_path(folder, chunk)
    if not path.is_file() or path.stat().st_size == 0:
        return None
    whole = pa.memory_map(str(path)).read_buffer()
    view = memoryview(whole)
    end = _header_end(view)
    try:
        facts = json.loads(bytes(view[:end]))
        rejected = tuple(RejectedRow(**row) for row in facts["rejected"])
        expected = (key, chunk, facts["rows"], facts["sha256"])
        payload = whole.slice(end)
        if (facts["run_key"], facts["chunk"], facts["rows"], hashlib.sha256(payload).hexdigest()) != expected:
            return None
        scores = pa.ipc.open_stream(payload).read_all().combine_chunks()
    except (ValueError, KeyError, TypeError, pa.ArrowException):
        return None
    return Checkpoint(chunk, scores, rejected) if len(scores) == facts["rows"] else None


def _header_end(view: memoryview) -> int:
    """Bytes of the header line; it ends on a multiple of the alignment."""
    for end in range(ALIGNMENT, len(view) + 1, ALIGNMENT):
        if view[end - 1] == 10:
            return end
    return len(view)


def _stream(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue()


def ranking(checkpoints: Sequence[Checkpoint]) -> np.ndarray:
    """Positions of all rows (chunk after chunk) in the order of the output: propensity, then lead_id, then as_of."""
    columns = [name for name, _ in ORDER]
    parts = [checkpoint.scores.select(columns) for checkpoint in checkpoints]
    if not parts:
        return np.empty(0, np.int64)
    return pc.sort_indices(pa.concat_tables(parts), sort_keys=ORDER).to_numpy().astype(np.int64)


def gathered(checkpoints: Sequence[Checkpoint], starts: np.ndarray, positions: np.ndarray) -> pa.Table:
    """The rows at `positions`, in that order; `starts` are the first positions of the chunks and the end.

    A stretch of the ranking takes a stretch of each chunk, since both are in the same order.
    """
    chunk = np.searchsorted(starts, positions, side="right") - 1
    parts, order, offset = [], np.empty(len(positions), np.int64), 0
    for number in np.unique(chunk).tolist():
        here = np.flatnonzero(chunk == number)
        rows = positions[here] - starts[number]
        first, stop = int(rows.min()), int(rows.max()) + 1
        parts.append(checkpoints[number].scores.slice(first, stop - first))
        order[here] = rows - first + offset
        offset += stop - first
    return pa.concat_tables(parts).take(pa.array(order)).combine_chunks()
