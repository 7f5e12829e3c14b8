"""The door of the interactions on a Spark worker: each batch of rows read, typed and checked cell by cell."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from features.schema import SPECS, Column
from features.times import Mask
from features.values import Parsed, Reading, as_text, parse

NO_ZONE = "has no time zone"
NEITHER = "neither lead_id nor account_id"
MISFIT = "does not fit the header"
_SHOWN = 300
_TYPES = {"time": pa.timestamp("us", tz="UTC"), "number": pa.float64()}
FAULT_COLUMNS = ("fault", "fault_column", "expected", "shown", "row")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How source columns are read: canonical column → name in the batch, and how its cells are read.

    `others` is the column with the hash of all source columns without a canonical name, `misfit` that of lines which
    could not be split into cells (None where the source has no such lines).
    """

    columns: Mapping[str, str]
    readings: Mapping[str, Reading]
    others: str
    misfit: str | None = None

    @property
    def given(self) -> tuple[Column, ...]:
        """The canonical columns that the source has."""
        return tuple(column for column in SPECS["interactions"].columns if column.name in self.columns)

    @property
    def schema(self) -> pa.Schema:
        """What `checked_batches` gives: the canonical columns, `others`, and what is wrong with a row."""
        canonical = [(column.name, _TYPES.get(column.type, pa.string())) for column in self.given]
        return pa.schema([*canonical, ("others", pa.int64()), *((name, pa.string()) for name in FAULT_COLUMNS)])


def checked_batches(arrivals: Arrivals, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of typed rows; `fault` says why a row cannot be used, `row` is then the row as it came, as JSON."""
    for batch in batches:
        yield from _checked(arrivals, pa.Table.from_batches([batch])).to_batches()


def _checked(arrivals: Arrivals, rows: pa.Table) -> pa.Table:
    parsed = {
        column.name: parse(rows[arrivals.columns[column.name]], column.type, arrivals.readings[column.name])
        for column in arrivals.given
    }
    faults = _faults(arrivals, rows, parsed)
    columns = [_arrow(parsed[column.name].values, column) for column in arrivals.given]
    return pa.table([*columns, rows[arrivals.others], *faults], schema=arrivals.schema)


def _arrow(values: pd.Series, column: Column) -> pa.Array:
    return pa.Array.from_pandas(values, type=_TYPES.get(column.type, pa.string()))


def _faults(arrivals: Arrivals, rows: pa.Table, parsed: Mapping[str, Parsed]) -> list[pa.Array]:
    """The columns `FAULT_COLUMNS`: the first thing that is wrong with each row, null where nothing is."""
    n = rows.num_rows
    found = {name: np.full(n, None, dtype=object) for name in FAULT_COLUMNS}
    good = np.ones(n, np.bool_)
    for mask, column, reason, expected in _wrong(arrivals, rows, parsed):
        at = np.flatnonzero(mask & good)
        if len(at):
            good[at] = False
            found["fault"][at] = reason
            found["fault_column"][at], found["expected"][at] = column, expected
            found["shown"][at] = _shown(arrivals, rows, column, at)
            found["row"][at] = _as_json(arrivals, rows, at)
    return [pa.array(found[name], pa.string()) for name in FAULT_COLUMNS]


def _wrong(arrivals: Arrivals, rows: pa.Table, parsed: Mapping[str, Parsed]) -> Iterator[tuple[Mask, str, str, str]]:
    """Rows, column, reason and expectation of each check, in the order of the local door."""
    if arrivals.misfit is not None:
        misfit = np.asarray(rows[arrivals.misfit].is_valid())
        yield misfit, "", MISFIT, "as many cells as the header has names, or one JSON object a line"
    for name, cells in parsed.items():
        if cells.naive is not None:
            yield cells.naive, name, NO_ZONE, 'an offset, or [project] timezone = "…"'
    for column in arrivals.given:
        if column.required:
            for fault in parsed[column.name].faults:
                yield fault.mask, column.name, f"{column.name} is {fault.reason}", fault.expected
            missing = parsed[column.name].values.isna().to_numpy()
            yield missing, column.name, f"{column.name} is missing", "a value in every row"
    ids = [parsed[name].values.isna().to_numpy() for name in ("lead_id", "account_id") if name in parsed]
    yield np.logical_and.reduce(ids), "lead_id", NEITHER, "a lead_id or an account_id in every row"


def _shown(arrivals: Arrivals, rows: pa.Table, column: str, at: np.ndarray) -> list[str]:
    if column not in arrivals.columns:
        return [""] * len(at)
    cells = as_text(rows[arrivals.columns[column]].take(pa.array(at)))
    return [(cell or "")[:_SHOWN] for cell in cells.to_pylist()]


def _as_json(arrivals: Arrivals, rows: pa.Table, at: np.ndarray) -> list[str]:
    names = [name for name in rows.column_names if name != arrivals.others]
    chosen = rows.select(names).take(pa.array(at))
    cells = [as_text(column).to_pylist() for column in chosen.columns]
    return [
        json.dumps({name: cell for name, cell in zip(names, row, strict=True) if cell is not None}, ensure_ascii=False)
        for row in zip(*cells, strict=True)
    ]
