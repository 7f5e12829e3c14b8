"""Feature rows in a store: Parquet parts, and for each row of the table the part and the position where it lies."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from features.engines.feature_rows import write_tables
from features.engines.store.files import DamagedStoreError, RowFiles
from features.engines.store.touched import Places
from features.windows import Ints

ROWS_AT_ONCE = 50_000
CACHED_GROUPS = 8


def rows_name(number: int) -> str:
    """File with the rows of a part."""
    return f"rows-{number:06d}.parquet"


@dataclass
class RowParts:
    """The open parts of a feature table; the row groups read last are kept."""

    files: Mapping[int, parquet.ParquetFile]
    _first: dict[int, Ints] = field(default_factory=dict)
    _groups: OrderedDict[tuple[int, int], pa.Table] = field(default_factory=OrderedDict)

    def take(self, places: Places) -> pa.Table:
        """The rows at some places, in that order."""
        if len(places) == 0:
            return next(iter(self.files.values())).schema_arrow.empty_table()
        part, position = places.part.astype(np.int64), places.position.astype(np.int64)
        group = np.zeros(len(part), np.int64)
        for number in np.unique(part):
            mine = part == number
            group[mine] = np.searchsorted(self._starts(int(number)), position[mine], side="right") - 1
        key = part << 32 | group
        found, origin = [], []
        for code in np.unique(key).tolist():
            at = np.flatnonzero(key == code)
            number, index = code >> 32, code & 0xFFFFFFFF
            rows = position[at] - self._starts(number)[index]
            found.append(self._group(number, index).take(pa.array(rows)))
            origin.append(at)
        whole = pa.concat_tables(found)
        order = np.empty(len(part), np.int64)
        order[np.concatenate(origin)] = np.arange(len(part))
        if (order == np.arange(len(order))).all():
            return whole
        return whole.unify_dictionaries().combine_chunks().take(pa.array(order))

    def _starts(self, number: int) -> Ints:
        if number not in self._first:
            metadata = self.files[number].metadata
            rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
            self._first[number] = np.append(0, np.cumsum(rows[:-1])).astype(np.int64)
        return self._first[number]

    def _group(self, number: int, index: int) -> pa.Table:
        key = (number, index)
        if key not in self._groups:
            self._groups[key] = self.files[number].read_row_group(index, use_threads=False)
            while len(self._groups) > CACHED_GROUPS:
                self._groups.popitem(last=False)
        self._groups.move_to_end(key)
        return self._groups[key]

    def close(self) -> None:
        """Close the files."""
        for file in self.files.values():
            file.close()


def open_rows_of(folder: Path, parts: Sequence[RowFiles]) -> RowParts:
    """The parts, opened.

    Raises:
        DamagedStoreError: a part is no Parquet file, or has another number of rows.
    """
    files = {}
    for part in parts:
        path = folder / rows_name(part.number)
        try:
            files[part.number] = parquet.ParquetFile(path)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DamagedStoreError(f"{path.name} is damaged") from error
        if files[part.number].metadata.num_rows != part.rows:
            raise DamagedStoreError(f"{path.name} has another number of rows")
    return RowParts(files)


def in_slices(places: Places, first: int = 0) -> Iterator[tuple[slice, Places]]:
    """The places from row `first` on, some rows at a time."""
    for start in range(first, len(places), ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, len(places)))
        yield rows, Places(places.part[rows], places.position[rows])


def merge_rows(folder: Path, parts: RowParts, places: Places, merged: Ints, number: int) -> tuple[RowFiles, Places]:
    """Write the rows that lie in the parts `merged` as part `number`; returns it and the new places of all rows."""
    at = np.flatnonzero(np.isin(places.part, merged))
    chosen = Places(places.part[at], places.position[at])
    write_tables((parts.take(some) for _, some in in_slices(chosen)), folder / rows_name(number))
    part, position = places.part.copy(), places.position.copy()
    part[at], position[at] = number, np.arange(len(at))
    return RowFiles(number=number, rows=len(at)), Places(part, position)
