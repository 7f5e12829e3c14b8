"""One DuckDB SELECT over files next to the project file."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from features.errors import InputContractError, ProjectFileError
from features.project import Project
from features.text_files import FileRows

_DATA_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet")
_COMPRESSED = (".gz", ".zst")
# Comments come first, so that an apostrophe in one opens no literal.
_QUOTED = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", re.DOTALL)


def read_query(query: str, directory: Path, timezone: str | None, origin: str) -> FileRows:
    """Rows of one SELECT; paths are relative to `directory`, naive times cast to TIMESTAMPTZ are in `timezone`.

    Raises:
        ProjectFileError: not one SELECT.
        InputContractError: DuckDB cannot run it.
    """
    with _opened(query, directory, timezone, origin) as connection:
        try:
            rows = connection.sql(with_project_paths(query, directory)).to_arrow_table()
        except (duckdb.Error, pa.ArrowException) as error:
            raise InputContractError(f"{origin}: DuckDB cannot run it: {_first_lines(error)}") from error
    return FileRows(origin, rows, lambda positions: positions + 1, unit="row")


def copy_query(query: str, path: Path, project: Project, origin: str) -> None:
    """Write the rows of one SELECT to a Parquet file without holding them all in memory.

    Raises:
        ProjectFileError: not one SELECT.
        InputContractError: DuckDB cannot run it.
    """
    with _opened(query, project.directory, project.project.timezone, origin) as connection:
        try:
            rows = connection.sql(with_project_paths(query, project.directory))
            rows.write_parquet(str(path), row_group_size=1_000_000)
        except (duckdb.Error, pa.ArrowException) as error:
            raise InputContractError(f"{origin}: DuckDB cannot run it: {_first_lines(error)}") from error


@contextmanager
def _opened(query: str, directory: Path, timezone: str | None, origin: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for one SELECT, checked to be one; what does not fit memory goes to a temporary folder."""
    settings = {
        "file_search_path": str(directory.resolve()),
        "autoinstall_known_extensions": "false",
        "TimeZone": timezone or "UTC",
    }
    with TemporaryDirectory(prefix="ripelead-") as scratch, _connection(settings, scratch) as connection:
        _refuse_other_statements(connection, query, origin)
        connection.execute("set lock_configuration = true")
        yield connection


def _connection(settings: dict[str, str], scratch: str) -> duckdb.DuckDBPyConnection:
    """What does not fit memory goes to `scratch`, not into the current folder."""
    return duckdb.connect(":memory:", config={**settings, "temp_directory": scratch})


def _refuse_other_statements(connection: duckdb.DuckDBPyConnection, query: str, origin: str) -> None:
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise ProjectFileError(f"{origin}: not valid SQL: {_first_lines(error)}") from error
    kinds = [statement.type.name for statement in statements]
    if kinds != ["SELECT"]:
        raise ProjectFileError(
            f"{origin}: expected one SELECT, got {', '.join(kinds) or 'nothing'}. A query reads; "
            "it may use WITH, and several tables joined in one SELECT"
        )


def _first_lines(error: Exception) -> str:
    return "\n".join(str(error).strip().splitlines()[:6])


def with_project_paths(query: str, directory: Path) -> str:
    """`query` with each quoted name of a data file below `directory` made absolute.

    DuckDB would look into the current folder first, and read a file of the same name there.
    """

    def absolute(quoted: re.Match[str]) -> str:
        text = quoted[0]
        if text[0] not in "'\"" or not _names_files(text[1:-1], directory):
            return text
        path = str(directory.resolve() / text[1:-1])
        return f"{text[0]}{path.replace(text[0], text[0] * 2)}{text[0]}"

    return _QUOTED.sub(absolute, query)


def _names_files(name: str, directory: Path) -> bool:
    if not _ends_as_data(name) or Path(name).is_absolute():
        return False
    path = directory / name
    return path.is_file() or (any(mark in name for mark in "*?[") and any(directory.glob(name)))


def files_of_query(query: str, directory: Path) -> dict[str, Path]:
    """Data files that a query names in quotes, by the names they are shown with; a pattern stands for several."""
    found: dict[str, Path] = {}
    for quoted in _QUOTED.findall(query):
        name = quoted[1:-1]
        if quoted[0] not in "'\"" or not _ends_as_data(name):
            continue
        path = directory / name
        fitting = [path] if path.is_file() else _matching(path.absolute())
        found |= {str(one.relative_to(directory) if one.is_relative_to(directory) else one): one for one in fitting}
    return found


def _matching(pattern: Path) -> list[Path]:
    return sorted(
        path for path in Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))) if path.is_file()
    )


def _ends_as_data(name: str) -> bool:
    plain = name.lower()
    for ending in _COMPRESSED:
        plain = plain.removesuffix(ending)
    return plain.endswith(_DATA_SUFFIXES)
