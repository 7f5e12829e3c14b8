"""Where a canonical table comes from: files, or one SELECT, as rows and the lines they stand on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from features.database import read_database
from features.delimited import read_delimited
from features.errors import InputContractError, ProjectFileError
from features.json_lines import read_json_lines
from features.project import Project, TableName, TableSettings, expand_environment
from features.text_files import FileRows, Positions, TextFile, UnreadableRow
from features.workbooks import read_workbook

DELIMITED_SUFFIXES = (".csv", ".tsv", ".txt")
JSON_SUFFIXES = (".jsonl", ".ndjson")
KNOWN = ".csv, .tsv, .txt, .jsonl, .ndjson (each also .gz), .parquet, .xlsx"


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table as it was read: all rows (text cells where the file is text), and rows that could not be split.

    `rows` holds the rows of all `parts` one after the other; `origin` names the file, pattern or query in messages.
    """

    table: TableName
    origin: str
    rows: pa.Table
    parts: tuple[FileRows, ...]

    @property
    def unreadable(self) -> tuple[UnreadableRow, ...]:
        """Rows that could not be split into cells; they are not in `rows`."""
        return tuple(row for part in self.parts for row in part.unreadable)

    def lines(self, positions: Positions) -> tuple[Positions, Positions]:
        """Part and line (from 1) of the rows at `positions`; text files are read again where lines must be counted."""
        ends = np.cumsum([part.rows.num_rows for part in self.parts])
        of_part = np.searchsorted(ends, positions, side="right")
        lines = np.zeros(len(positions), np.int64)
        for index in np.unique(of_part).tolist():
            start = ends[index] - self.parts[index].rows.num_rows
            lines[of_part == index] = self.parts[index].lines(positions[of_part == index] - start)
        return of_part.astype(np.int64), lines

    def place(self, position: int) -> str:
        """Where a row stands, for a message: `exports/contacts.csv line 17`."""
        of_part, lines = self.lines(np.array([position]))
        part = self.parts[int(of_part[0])]
        return f"{part.file} {part.unit} {lines[0]}"


def read_source(project: Project, table: TableName, files: Mapping[str, Path] | None = None) -> SourceTable:
    """Rows of `table` as the project file names them, or of some of its `files` (by the names they are shown with).

    Raises:
        InputContractError: no such file, a file of another kind or damaged, files that do not fit together.
        ProjectFileError: a variable that is not set, a query that is not one SELECT.
    """
    settings = project.tables[table]
    if settings.sql is not None:
        origin, query = f"the query of [tables.{table}]", expand_environment(settings.sql)
        if settings.database is not None:
            parts = [read_database(expand_environment(settings.database), query, origin)]
        else:
            from features.queries import read_query

            parts = [read_query(query, project.directory, project.project.timezone, origin)]
    else:
        origin, found = settings.file or "", files or source_files(project, table)
        parts = [_read_file(path, shown, settings, table) for shown, path in found.items()]
    named = [_with_unique_names(part) for part in parts]
    rows = named[0].rows if len(named) == 1 else _concatenated(named, table)
    return SourceTable(table, origin, rows, tuple(named))


def source_files(project: Project, table: TableName) -> dict[str, Path]:
    """Files by the name they are shown with: the one named, or those that fit a pattern, in order of their names."""
    directory, name = project.directory, project.tables[table].file
    if name is None:
        raise ProjectFileError(
            f"[tables.{table}] has only spark = …, which one machine does not read: use `ripelead features --engine "
            "spark`, or name a file or sql as well"
        )
    expanded = expand_environment(name)
    roots = [directory, Path()] if name.startswith("${") else [directory]  # a shell's paths start where it stands
    for root in roots:
        if (root / expanded).is_file():
            return {name: root / expanded}
        if found := _fitting(root / expanded):
            return {str(Path(name).parent / path.name): path for path in found}
    path = directory / expanded
    kind = "this is a folder, not a file" if path.is_dir() else "there is no such file"
    raise InputContractError(
        f"[tables.{table}] file = {name!r}: {kind}: {path.resolve()}. "
        "Expected a path relative to the project file, or a pattern such as 'exports/events-*.csv'"
    )


def _fitting(pattern: Path) -> list[Path]:
    """Files of one folder whose names fit the pattern."""
    if not any(mark in pattern.name for mark in "*?["):
        return []
    return sorted(path for path in pattern.parent.glob(pattern.name) if path.is_file())


def _read_file(path: Path, shown: str, settings: TableSettings, table: TableName) -> FileRows:
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in DELIMITED_SUFFIXES:
        delimiter = "\t" if suffix == ".tsv" and settings.delimiter is None else settings.delimiter
        return read_delimited(TextFile(path, shown, settings.encoding, delimiter))
    if suffix in JSON_SUFFIXES:
        return read_json_lines(TextFile(path, shown, settings.encoding))
    if suffix == ".parquet":
        return _read_parquet(path, shown)
    if suffix == ".xlsx":
        return read_workbook(path, shown, settings.sheet)
    raise InputContractError(f"[tables.{table}] file = {shown!r}: files of this kind are not read; known are {KNOWN}")


def _read_parquet(path: Path, shown: str) -> FileRows:
    try:
        with parquet.ParquetFile(path) as file:
            rows = file.read()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise InputContractError(f"{shown}: cannot be read as Parquet: {error}") from error
    return FileRows(shown, rows, lambda positions: positions + 1, unit="row")


def _with_unique_names(part: FileRows) -> FileRows:
    """Columns without a name are called by their number, later ones of the same name get ` (2)`."""
    names = [name.strip() or f"column {index}" for index, name in enumerate(part.rows.column_names, start=1)]
    rows = part.rows.rename_columns(unique_names(names))
    return FileRows(part.file, rows, part.lines, part.unreadable, part.unit)


def unique_names(names: Sequence[str]) -> list[str]:
    """`names` with later ones of the same name numbered.

    >>> unique_names(["email", "name", "email"])
    ['email', 'name', 'email (2)']
    """
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return numbered


def _concatenated(parts: Sequence[FileRows], table: TableName) -> pa.Table:
    try:
        return pa.concat_tables([part.rows for part in parts], promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise InputContractError(
            f"{table}: the files {parts[0].file} … {parts[-1].file} do not fit together: {error}. "
            "Expected the same type for a column in all of them; cast it with sql = …"
        ) from error
