"""Scoring rows in chunks: read from a Parquet file in order, without the rows that cannot be scored."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from features.catalog import Catalog
from features.errors import InputContractError
from features.windows import Bools
from serving.batch.checkpoints import RejectedRow
from serving.scoring_rows import RULE_COLUMNS

KEYS = ("lead_id", "as_of")
NO_ID, NO_TIME, TWICE, INFINITE = (
    ("lead_id", "lead_id is missing", "a lead_id in every row"),
    ("as_of", "as_of is missing", "a time in every row, or in none"),
    ("lead_id", "repeats an earlier row", "each lead once per as_of"),
    ("", "a value is infinite", "finite numbers; what is not known is null"),
)


@dataclass(frozen=True, slots=True)
class RowFile:
    """A Parquet file of scoring rows: those columns that are read, and which rows its keys rule out.

    `faults` has one entry per row: 0, or 1 + the position of the fault in `KEY_FAULTS`.
    """

    path: Path
    shown: str
    columns: tuple[str, ...]
    rows: int
    chunk_rows: int
    faults: np.ndarray | None

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.rows // self.chunk_rows)


KEY_FAULTS = (NO_ID, NO_TIME, TWICE)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that can be scored, and those that cannot; `rows` are both."""

    number: int
    rows: int
    good: pa.Table
    rejected: tuple[RejectedRow, ...]


def own_rows(path: Path, chunk_rows: int) -> RowFile:
    """The file that `serving.batch.prepare` wrote: every row of it can be scored."""
    with parquet.ParquetFile(path) as file:
        return RowFile(path, path.name, tuple(file.schema_arrow.names), file.metadata.num_rows, chunk_rows, None)


def given_rows(path: Path, catalog: Catalog, chunk_rows: int) -> RowFile:
    """A feature table that somebody made; its keys are looked at here, its values chunk by chunk.

    Raises:
        InputContractError: it cannot be read, or has no lead_id.
    """
    wanted = {*KEYS, *catalog.names, *RULE_COLUMNS}
    try:
        with parquet.ParquetFile(path) as file:
            names = tuple(name for name in file.schema_arrow.names if name in wanted)
            keys = file.read([name for name in KEYS if name in names])
    except (pa.ArrowException, OSError) as error:
        raise InputContractError(f"--features {path}: cannot be read as Parquet: {error}") from error
    if "lead_id" not in names:
        raise InputContractError(f"--features {path}: has no column 'lead_id': every row must say whose it is")
    return RowFile(path, str(path), names, len(keys), chunk_rows, _key_faults(keys))


def _key_faults(keys: pa.Table) -> np.ndarray:
    """Per row 0, or which fault its key has. A table without any time may do without."""
    fault = np.zeros(len(keys), np.int8)
    ids = keys["lead_id"].cast(pa.large_string())
    fault[_mask(pc.or_kleene(ids.is_null(), pc.equal(pc.utf8_trim_whitespace(ids), "")))] = 1
    frame = pd.DataFrame({"lead_id": ids.to_pandas()})
    if "as_of" in keys.column_names and keys["as_of"].null_count < len(keys):
        fault[(fault == 0) & _mask(keys["as_of"].is_null())] = 2
        frame["as_of"] = keys["as_of"].to_pandas()
    fault[(fault == 0) & frame.duplicated().to_numpy()] = 3
    return fault


def _mask(values: pa.ChunkedArray) -> Bools:
    return np.asarray(values.fill_null(True).to_numpy(), np.bool_)


def read_chunks(file: RowFile, done: Collection[int]) -> Iterator[Chunk]:
    """The chunks that are not `done`, in order; row groups of none but done chunks are not read.

    Raises:
        InputContractError: the file is damaged.
    """
    for number, table in _undone(file, frozenset(done)):
        yield _checked(file, number, table)


def _undone(file: RowFile, done: frozenset[int]) -> Iterator[tuple[int, pa.Table]]:
    size, at = file.chunk_rows, 0
    waiting: list[pa.RecordBatch] = []  # the rows before `at` that are not given out yet
    try:
        with parquet.ParquetFile(file.path) as opened:
            for group in range(opened.metadata.num_row_groups):
                rows = opened.metadata.row_group(group).num_rows
                if _all_done(at, rows, size, done):
                    waiting, at = [], at + rows
                    continue
                for batch in opened.iter_batches(size, [group], list(file.columns)):
                    for piece in _pieces(batch, at, size):
                        waiting.append(piece)
                        at += len(piece)
                        number = (at - 1) // size
                        if at % size == 0 or at == file.rows:
                            if number not in done:
                                yield number, pa.Table.from_batches(waiting)
                            waiting = []
    except (pa.ArrowException, OSError) as error:
        raise InputContractError(f"{file.shown}: cannot be read as Parquet: {error}") from error


def _all_done(at: int, rows: int, size: int, done: frozenset[int]) -> bool:
    return rows > 0 and all(number in done for number in range(at // size, (at + rows - 1) // size + 1))


def _pieces(batch: pa.RecordBatch, at: int, size: int) -> Iterator[pa.RecordBatch]:
    """The batch cut where chunks end; its first row has the number `at`."""
    start = 0
    while start < len(batch):
        stop = min(len(batch), start + size - (at + start) % size)
        yield batch.slice(start, stop - start)
        start = stop


def _checked(file: RowFile, number: int, table: pa.Table) -> Chunk:
    if file.faults is None:
        return Chunk(number, len(table), table, ())
    first = number * file.chunk_rows
    faults = file.faults[first : first + len(table)]
    infinite = {name: found for name in table.column_names if (found := _infinite(table[name])) is not None}
    bad = faults > 0
    for found in infinite.values():
        bad |= found
    rejected = _rejected(table, faults, infinite, first)
    return (
        Chunk(number, len(table), table.filter(pa.array(~bad)), rejected)
        if rejected
        else Chunk(number, len(table), table, ())
    )


def _infinite(column: pa.ChunkedArray) -> Bools | None:
    """Which cells are infinite; None where none is."""
    if not pa.types.is_floating(column.type):
        return None
    found = pc.is_inf(column).fill_null(False)
    return np.asarray(found.to_numpy(), np.bool_) if pc.any(found).as_py() else None


def _rejected(table: pa.Table, faults: np.ndarray, infinite: dict[str, Bools], first: int) -> tuple[RejectedRow, ...]:
    named: dict[int, tuple[str, str, str]] = {int(i): KEY_FAULTS[faults[i] - 1] for i in np.flatnonzero(faults)}
    for name, found in infinite.items():
        for i in np.flatnonzero(found).tolist():
            named.setdefault(i, (name, *INFINITE[1:]))
    rows = sorted(named)
    ids = table["lead_id"].take(pa.array(rows, pa.int64())).to_pylist()
    return tuple(_row(table, first, i, lead_id, named[i]) for i, lead_id in zip(rows, ids, strict=True))


def _row(table: pa.Table, first: int, i: int, lead_id: object, fault: Sequence[str]) -> RejectedRow:
    column, reason, expected = fault
    value = table[column][i].as_py() if column in table.column_names else None
    shown = "" if value is None else str(value)
    return RejectedRow(first + i + 1, "" if lead_id is None else str(lead_id), column, reason, expected, shown)
