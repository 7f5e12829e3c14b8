"""Interactions as a source of batches: Parquet files a row group at a time, other sources cut up in memory."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from features.database import copy_from_database
from features.errors import InputContractError
from features.project import Project, TableSettings, expand_environment
from features.sources import SourceTable, read_source, source_files
from features.text_files import FileRows, Positions, UnreadableRow

BATCH_ROWS = 200_000
# A Parquet column that takes no more bytes a row has labels: places in a dictionary, few enough to be short.
LABEL_BYTES = 2
NUMBERS = ("INT32", "INT64", "FLOAT", "DOUBLE")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the source that one thread reads: batches of it, the first row's number, and its rows."""

    read: Callable[[tuple[str, ...]], Iterator[pa.Table]]
    file: str
    first: int
    rows: int
    line: Callable[[Positions], Positions]
    unit: str


@dataclass(frozen=True, slots=True)
class EventSource:
    """All interactions of a project: their columns and types, and the pieces they are read in.

    `unreadable` are rows of text files that could not be split into cells. `largest` are the largest numbers, without
    their sign, of the columns of which the source says them.
    """

    origin: str
    schema: pa.Schema
    pieces: tuple[Piece, ...]
    unreadable: tuple[UnreadableRow, ...] = ()
    largest: Mapping[str, float] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows that were split into cells."""
        return sum(piece.rows for piece in self.pieces)

    def batches(self, piece: Piece, columns: tuple[str, ...]) -> Iterator[tuple[int, SourceTable]]:
        """The chosen columns of a piece, batch by batch, each with the number of its first row."""
        first = piece.first
        for table in piece.read(columns):
            yield first, self._as_table(piece, table, first - piece.first)
            first += table.num_rows

    def _as_table(self, piece: Piece, rows: pa.Table, offset: int) -> SourceTable:
        part = FileRows(piece.file, rows, lambda positions: piece.line(positions + offset), unit=piece.unit)
        return SourceTable("interactions", self.origin, rows, (part,))

    def take(self, numbers: Positions) -> SourceTable:
        """The rows with these numbers (ascending), all columns."""
        parts = []
        for piece in self.pieces:
            here = numbers[(numbers >= piece.first) & (numbers < piece.first + piece.rows)] - piece.first
            if len(here):
                parts.append(self._rows_of(piece, here))
        rows = [part.rows for part in parts] or [self.schema.empty_table()]
        whole = pa.concat_tables(rows, promote_options="permissive")
        return SourceTable("interactions", self.origin, whole, tuple(parts))

    def _rows_of(self, piece: Piece, wanted: Positions) -> FileRows:
        found, offset = [], 0
        for table in piece.read(tuple(self.schema.names)):
            here = wanted[(wanted >= offset) & (wanted < offset + table.num_rows)] - offset
            found.append(table.take(pa.array(here)))
            offset += table.num_rows
        rows = pa.concat_tables(found)
        return FileRows(piece.file, rows, lambda positions: piece.line(wanted[positions]), unit=piece.unit)


@contextmanager
def open_events(
    project: Project,
    batch_rows: int = BATCH_ROWS,
    chosen: Mapping[str, Path] | None = None,
    scratch: Path | None = None,
) -> Iterator[EventSource | None]:
    """The project's interactions, or those of some `chosen` files of it; None when it names none.

    A query's rows are kept in a temporary file meanwhile, in the folder `scratch` (default: the system's).

    Raises:
        InputContractError: no such file, a file of another kind or damaged, files that do not fit together.
        ProjectFileError: a variable that is not set, a query that is not one SELECT.
    """
    settings = project.tables.get("interactions")
    if settings is None:
        yield None
    elif settings.sql is not None:
        with TemporaryDirectory(prefix="ripelead-", dir=scratch) as folder:
            path, origin = Path(folder) / "query.parquet", "the query of [tables.interactions]"
            _copy(project, settings, path, origin)
            yield _parquet_source({origin: path}, origin, batch_rows)
    else:
        files = dict(chosen or source_files(project, "interactions"))
        if all(path.suffix.lower() == ".parquet" for path in files.values()):
            yield _parquet_source(files, settings.file or "", batch_rows)
        else:
            yield _in_memory(read_source(project, "interactions", files), batch_rows)


def _copy(project: Project, settings: TableSettings, path: Path, origin: str) -> None:
    query = expand_environment(settings.sql or "")
    if settings.database is None:
        from features.queries import copy_query

        copy_query(query, path, project, origin)
    else:
        copy_from_database(expand_environment(settings.database), query, path, origin)


def _parquet_source(files: dict[str, Path], origin: str, batch_rows: int) -> EventSource:
    read = {shown: _metadata(path, shown) for shown, path in files.items()}
    labels = _labels([metadata for metadata, _ in read.values()], [schema for _, schema in read.values()])
    pieces: list[Piece] = []
    for shown, (metadata, _) in read.items():
        in_file = 0
        for group in range(metadata.num_row_groups):
            rows = metadata.row_group(group).num_rows
            first = sum(piece.rows for piece in pieces[-1:]) + (pieces[-1].first if pieces else 0)
            these = _RowGroup(files[shown], shown, group, batch_rows, labels)
            pieces.append(Piece(these.read, shown, first, rows, partial(_line, in_file), "row"))
            in_file += rows
    schema = _unified([schema for _, schema in read.values()], files)
    return EventSource(origin, schema, tuple(pieces), largest=_largest([file for file, _ in read.values()], schema))


@dataclass(frozen=True, slots=True)
class _RowGroup:
    """A row group of a Parquet file; `labels` are the columns that are read as dictionaries."""

    path: Path
    shown: str
    number: int
    batch_rows: int
    labels: tuple[str, ...]

    def read(self, columns: tuple[str, ...]) -> Iterator[pa.Table]:
        labels = [name for name in self.labels if name in columns]
        try:
            with parquet.ParquetFile(self.path, read_dictionary=labels) as file:
                for batch in file.iter_batches(self.batch_rows, [self.number], list(columns), use_threads=False):
                    yield pa.Table.from_batches([batch])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise InputContractError(f"{self.shown}: cannot be read as Parquet: {error}") from error


def _line(before: int, positions: Positions) -> Positions:
    return before + positions + 1


def _labels(files: Sequence[parquet.FileMetaData], schemas: Sequence[pa.Schema]) -> tuple[str, ...]:
    """Text columns with few different values.

    Only they are read as dictionaries: each batch carries all values of its row group, which for ids is many times what
    the batch itself holds.
    """
    size, values = Counter[str](), Counter[str]()
    for chunk in _chunks(files):
        size[chunk.path_in_schema] += chunk.total_uncompressed_size
        values[chunk.path_in_schema] += chunk.num_values
    texts = set.intersection(*({field.name for field in schema if _is_text(field.type)} for schema in schemas))
    return tuple(sorted(name for name in texts if size[name] <= LABEL_BYTES * values[name]))


def _largest(files: Sequence[parquet.FileMetaData], schema: pa.Schema) -> dict[str, float]:
    """The largest number, without its sign, of each column of numbers (infinite: not all row groups say it)."""
    found = {field.name: 0.0 for field in schema if _is_number(field.type)}
    for chunk in _chunks(files):
        if chunk.path_in_schema in found:
            found[chunk.path_in_schema] = max(found[chunk.path_in_schema], _largest_of(chunk))
    return found


def _largest_of(chunk: parquet.ColumnChunkMetaData) -> float:
    said = chunk.statistics
    if chunk.num_values == 0:
        return 0.0
    # Another file may have no numbers there: texts, for one, stand in the order of their letters.
    if said is None or said.physical_type not in NUMBERS or said.logical_type.type not in ("NONE", "INT"):
        return math.inf
    if not said.has_min_max:
        return 0.0 if said.has_null_count and said.null_count == chunk.num_values else math.inf
    ends = float(said.min), float(said.max)
    # Some writers count what is no number as one.
    return math.inf if any(map(math.isnan, ends)) else max(map(abs, ends))


def _chunks(files: Sequence[parquet.FileMetaData]) -> Iterator[parquet.ColumnChunkMetaData]:
    for group in (file.row_group(number) for file in files for number in range(file.num_row_groups)):
        yield from (group.column(number) for number in range(group.num_columns))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _metadata(path: Path, shown: str) -> tuple[parquet.FileMetaData, pa.Schema]:
    try:
        with parquet.ParquetFile(path) as file:
            return file.metadata, file.schema_arrow
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise InputContractError(f"{shown}: cannot be read as Parquet: {error}") from error


def _unified(schemas: list[pa.Schema], files: dict[str, Path]) -> pa.Schema:
    for shown, schema in zip(files, schemas, strict=True):
        if schema.names != schemas[0].names:
            raise InputContractError(
                f"interactions: the files {next(iter(files))} and {shown} do not fit together: "
                f"{', '.join(schemas[0].names)} and {', '.join(schema.names)}. "
                "Expected the same columns in all of them; bring them together with sql = …"
            )
    return schemas[0]


def _in_memory(source: SourceTable, batch_rows: int) -> EventSource:
    pieces, first = [], 0
    for part in source.parts:
        pieces += [
            _slice(part, first, start, min(batch_rows, part.rows.num_rows - start))
            for start in range(0, part.rows.num_rows, batch_rows)
        ]
        first += part.rows.num_rows
    return EventSource(source.origin, source.rows.schema, tuple(pieces), source.unreadable)


def _slice(part: FileRows, first: int, start: int, rows: int) -> Piece:
    def read(columns: tuple[str, ...]) -> Iterator[pa.Table]:
        yield part.rows.select(list(columns)).slice(start, rows)

    def line(positions: Positions) -> Positions:
        return part.lines(np.asarray(positions) + start)

    return Piece(read, part.file, first + start, rows, line, part.unit)
