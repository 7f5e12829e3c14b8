"""Quarantined rows as files for people: what is wrong with which line, and the row as it came."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

from features.drafts import BadRows
from features.errors import SinkError
from features.files import replaced_file
from features.tables import Tables
from features.values import as_text

FOLDER = "quarantine"
COLUMNS = ("line", "column", "reason", "expected", "value", "row", "file")
_ROWS_A_BLOCK = 20_000
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)*|[.,]\d+)([eE][+-]?\d+)?")


def write_quarantine(directory: Path, tables: Tables) -> tuple[Path, ...]:
    """Write `directory/quarantine/<table>.csv` for each table with bad rows; files of earlier runs are removed.

    Columns: line (of a text file; row of a sheet, Parquet file or query), column, reason, expected, value, row (as
    it was read, JSON; the text of the line where it could not be split) and file. UTF-8, commas.

    Raises:
        SinkError: the folder cannot be written.
    """
    bad = {rows.table: rows for rows in tables.quarantine}
    written = []
    for count in tables.counts:
        path = directory / FOLDER / f"{count.table}.csv"
        if count.table in bad:
            _write(path, bad[count.table])
            written.append(path)
        else:
            _remove(path)
    return tuple(written)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise SinkError(f"cannot remove {path}: {error.strerror or error}") from error


def _write(path: Path, bad: BadRows) -> None:
    with replaced_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for cells in _lines(bad):
            writer.writerow([safe_cell(cell) for cell in cells])


def _lines(bad: BadRows) -> Iterator[tuple[str, ...]]:
    for row in bad.unreadable:
        yield str(row.line), "", row.reason, row.expected, row.value, row.text, row.file
    for start in range(0, len(bad.faults), _ROWS_A_BLOCK):
        faults = bad.faults.iloc[start : start + _ROWS_A_BLOCK]
        cells = [
            faults[name].astype("str").tolist() for name in ("line", "column", "reason", "expected", "value", "file")
        ]
        for (*said, file), raw in zip(zip(*cells, strict=True), _as_json(bad, start), strict=True):
            yield *said, raw, file


def _as_json(bad: BadRows, start: int) -> Iterator[str]:
    block = bad.rows.slice(start, _ROWS_A_BLOCK)
    names = block.column_names
    for cells in zip(*(as_text(column).to_pylist() for column in block.columns), strict=True):
        yield json.dumps(dict(zip(names, cells, strict=True)), ensure_ascii=False)


def safe_cell(text: str) -> str:
    """`text` that no spreadsheet takes for a formula: a quote before a leading = + - @ tab or return, numbers apart.

    >>> safe_cell("=1+1"), safe_cell("-12.5"), safe_cell("@home")
    ("'=1+1", '-12.5', "'@home")
    """
    if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
