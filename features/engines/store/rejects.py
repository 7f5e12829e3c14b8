"""Rows of interactions that a store does not use: kept as they came, since some become usable with other tables."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from features.drafts import BadRows
from features.engines.store.files import DamagedStoreError
from features.event_source import BATCH_ROWS, EventSource, Piece
from features.links import ACCOUNT_ORPHAN, LEAD_ORPHAN, after_end
from features.text_files import Positions, UnreadableRow

# A tab cannot start a column's name: names are stripped.
MARK = "\t"
FAULTS = ("file", "line", "column", "reason", "expected", "value")
TEXT = f"{MARK}text"


def late_reasons() -> frozenset[str]:
    """Why rows cannot be used that may be usable at another end."""
    some_end = pd.Timestamp(datetime(2000, 1, 1, tzinfo=UTC))
    return frozenset(after_end("occurred_at", some_end, chosen=chosen).reason for chosen in (True, False))


def waiting_reasons() -> frozenset[str]:
    """Why rows cannot be used that may be usable when other leads and accounts are known, or at another end."""
    return late_reasons() | {LEAD_ORPHAN.reason, ACCOUNT_ORPHAN.reason}


def write_rejects(bad: Sequence[BadRows], waiting: Path, rejected: Path) -> tuple[Counter[str], bool]:
    """Write the rows of `bad`, those that may become usable apart; returns their reasons, and whether there are others.

    A file without rows is not written.
    """
    tables = [_as_table(rows) for rows in bad]
    whole = pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({f"{MARK}reason": []})
    waits = pc.is_in(whole[f"{MARK}reason"].cast(pa.string()), value_set=pa.array(sorted(waiting_reasons())))
    apart, rest = whole.filter(waits), whole.filter(pc.invert(waits))
    if apart.num_rows:
        parquet.write_table(apart, waiting)
    if rest.num_rows:
        parquet.write_table(rest, rejected)
    return Counter(apart[f"{MARK}reason"].to_pylist()), rest.num_rows > 0


def _as_table(bad: BadRows) -> pa.Table:
    rows = pa.table({name: _plain(bad.rows[name]) for name in bad.rows.column_names})
    for name in FAULTS:
        values = bad.faults[name].tolist() if len(bad.faults) else []
        rows = rows.append_column(MARK + name, pa.array(values, pa.int64() if name == "line" else pa.string()))
    if not bad.unreadable:
        return rows
    broken = {MARK + name: [_said(row, name) for row in bad.unreadable] for name in FAULTS}
    broken[TEXT] = [row.text for row in bad.unreadable]
    return pa.concat_tables([rows, pa.table(broken)], promote_options="permissive")


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _said(row: UnreadableRow, name: str) -> str | int:
    known: dict[str, str | int] = {
        "file": row.file, "line": row.line, "reason": row.reason, "expected": row.expected, "value": row.value,
    }  # fmt: skip
    return known.get(name, "")


def read_rejects(paths: Iterable[Path]) -> BadRows | None:
    """The rows of some files, with what is wrong with each."""
    tables = [_read(path) for path in paths]
    if not tables:
        return None
    whole = pa.concat_tables(tables, promote_options="permissive")
    is_broken = whole[TEXT].is_valid() if TEXT in whole.column_names else pa.array(np.zeros(len(whole), np.bool_))
    split, broken = whole.filter(pc.invert(is_broken)), whole.filter(is_broken)
    rows = split.select([name for name in split.column_names if not name.startswith(MARK)])
    faults = pd.DataFrame({name: split[MARK + name].to_pandas() for name in FAULTS})
    cells = [*(f for f in FAULTS if f != "column"), "text"]
    values = [broken[MARK + name].to_pylist() for name in cells] if broken.num_rows else []
    unreadable = tuple(UnreadableRow(*row) for row in zip(*values, strict=True))
    return BadRows("interactions", rows, faults, unreadable)


def _read(path: Path) -> pa.Table:
    try:
        return parquet.read_table(path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise DamagedStoreError(f"{path.name} cannot be read") from error


def waiting_source(paths: Sequence[Path], origin: str) -> EventSource:
    """The waiting rows as a source of interactions, with the files and lines they stand on."""
    whole = pa.concat_tables([_read(path) for path in paths], promote_options="permissive")
    columns = [name for name in whole.column_names if not name.startswith(MARK)]
    pieces, first = [], 0
    for file in pc.unique(whole[f"{MARK}file"]).to_pylist():
        mine = whole.filter(pc.equal(whole[f"{MARK}file"], file))
        lines = mine[f"{MARK}line"].to_numpy()
        unit = "row" if file.lower().endswith(".parquet") else "line"
        pieces.append(Piece(_batches(mine), file, first, mine.num_rows, _line_of(lines), unit))
        first += mine.num_rows
    return EventSource(origin, whole.select(columns).schema, tuple(pieces))


def _batches(rows: pa.Table) -> Callable[[tuple[str, ...]], Iterator[pa.Table]]:
    def read(columns: tuple[str, ...]) -> Iterator[pa.Table]:
        for start in range(0, rows.num_rows, BATCH_ROWS):
            yield rows.select(list(columns)).slice(start, BATCH_ROWS)

    return read


def _line_of(lines: Positions) -> Callable[[Positions], Positions]:
    return lambda positions: lines[positions]
