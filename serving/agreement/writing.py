"""Disagreements as a file: Parquet, JSON lines, or CSV with one cell of text per side."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from features.errors import ProjectFileError
from features.files import replaced_file
from serving.agreement.words import criterion_text
from serving.csv_dialects import DIALECTS, csv_writer

ROWS = 10_000
"""Rows that are text in memory at once."""


def refuse_unknown_format(path: Path) -> None:
    """Refuse a file that cannot be written before any work is done.

    Raises:
        ProjectFileError: the name does not end in a known format.
    """
    if path.suffix.lower() not in FORMATS:
        raise ProjectFileError(f"--out {path}: expected a file ending in {', '.join(FORMATS)}")


def write_disagreements(table: pa.Table, path: Path) -> None:
    """Write the rows, the whole file or nothing of it.

    Raises:
        SinkError: it cannot be written.
    """
    with replaced_file(path) as temporary:
        FORMATS[path.suffix.lower()](table, temporary)


def _parquet(table: pa.Table, path: Path) -> None:
    parquet.write_table(table, path)


def _json_lines(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for batch in table.to_batches(max_chunksize=ROWS):
            for row in batch.to_pylist():
                file.write(json.dumps(row, ensure_ascii=False, allow_nan=False, default=_time) + "\n")


def _csv(table: pa.Table, path: Path) -> None:
    """A row per lead, whose lists are text: reasons, and criteria by state."""
    with csv_writer(path, DIALECTS["iso"]) as write:
        for first in range(0, max(len(table), 1), ROWS):  # a table without rows has a header
            write(_as_text(table.slice(first, ROWS)))


def _as_text(table: pa.Table) -> pa.Table:
    rows = table.to_pylist()
    plain = table.drop_columns(["reasons", "criteria"])
    texts = {"reasons": [_joined(f"{one['points']:+d} {one['sentence']}" for one in row["reasons"]) for row in rows]}
    for state in ("met", "not_met", "unknown"):
        texts[f"criteria_{state}"] = [_of_state(row, state) for row in rows]
    for name, cells in texts.items():
        plain = plain.append_column(name, pa.array(cells, pa.string()))
    return plain


def _of_state(row: Mapping[str, Any], state: str) -> str:
    return _joined(criterion_text(one) for one in row["criteria"] if one["state"] == state)


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _time(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"no JSON for {value!r}")
    return f"{value:%Y-%m-%dT%H:%M:%SZ}"


FORMATS: Mapping[str, Callable[[pa.Table, Path], None]] = {".parquet": _parquet, ".jsonl": _json_lines, ".csv": _csv}
