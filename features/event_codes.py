"""Cells of interactions as numbers: ids as positions, labels as codes, times and amounts as integers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.errors import InputContractError
from features.event_records import Column
from features.histories import DURATION_UNIT_S, INBOUND, NOT_GIVEN, OUTBOUND, VALUE_UNIT, fixed_point
from features.identifiers import IdIndex, find_ids, hashes_of, index_ids, one_array
from features.plain_cells import codes_at, whole_numbers, write_multiples
from features.times import FIRST_YEAR, LAST_YEAR, Mask
from features.values import Reading, clean_ids, clean_text, read_numbers
from features.windows import Ints

Codes = npt.NDArray[np.int32]
DIRECTION_CODES = {"inbound": INBOUND, "outbound": OUTBOUND}
# Whole amounts below this are exact in fixed point and are not cut.
LARGEST_WHOLE = 10**9
FIRST_US, AFTER_US = (
    int(np.datetime64(f"{year}-01-01", "us").astype(np.int64)) for year in (FIRST_YEAR, LAST_YEAR + 1)
)
ALL_READABLE = np.zeros(0, np.bool_)
UNITS = {"duration_s": DURATION_UNIT_S, "value": VALUE_UNIT}


@dataclass(frozen=True, slots=True)
class Labels:
    """Codes of labels in the order they were met, by several threads; −1 is no label."""

    codes: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def code(self, name: str | None) -> int:
        """Code of one label, a new one for a new label."""
        if name is None:
            return NOT_GIVEN
        with self._lock:
            return self.codes.setdefault(name, len(self.codes))

    def alphabetical(self) -> tuple[tuple[str, ...], Ints]:
        """The labels in alphabetical order, and the place in it of each code (the last entry serves −1)."""
        names = sorted(self.codes)
        place = np.full(len(names) + 1, NOT_GIVEN, np.int64)
        place[[self.codes[name] for name in names]] = np.arange(len(names))
        return tuple(names), place


@dataclass(frozen=True, slots=True)
class KnownIds:
    """Ids that rows of events may name; `plain` says that cells equal to one need no cleaning to be it."""

    index: IdIndex
    reading: Reading
    plain: bool


def known_ids(ids: Iterable[object], reading: Reading) -> KnownIds:
    """Known ids, and how the cells of one column name them."""
    texts = pa.chunked_array([one_array(ids)])
    index = index_ids(texts)
    return KnownIds(index, reading, plain=not reading.values and _are_clean(texts, index, reading))


def _are_clean(ids: pa.ChunkedArray, index: IdIndex, reading: Reading) -> bool:
    """Whether cleaning leaves ids as they are: whole numbers are clean, unless one stands for a missing value."""
    if index.n_numbers == len(index) and not index_ids(pa.array(sorted(reading.missing), pa.string())).n_numbers:
        return True
    return bool(clean_ids(ids, reading).equals(ids))


def id_positions(known: KnownIds, cells: pa.ChunkedArray) -> tuple[Ints, Mask]:
    """Position of each cell's id (−1 where not known), and which cells name an id at all."""
    given = np.asarray(cells.is_valid())
    found = find_ids(known.index, cells) if known.plain else np.full(len(cells), NOT_GIVEN)
    if len(doubtful := np.flatnonzero((found < 0) & given)):
        texts = clean_ids(cells.take(pa.array(doubtful)), known.reading)
        found[doubtful] = find_ids(known.index, texts)
        given[doubtful] = np.asarray(texts.is_valid())
    return found, given


def label_codes(cells: pa.ChunkedArray, reading: Reading, labels: Labels) -> Codes:
    """Code of each cell's label; each different cell is cleaned once."""
    parts = [_codes_of_chunk(chunk, reading, labels) for chunk in cells.chunks]
    return np.concatenate(parts) if parts else np.empty(0, np.int32)


def _codes_of_chunk(chunk: pa.Array, reading: Reading, labels: Labels) -> Codes:
    encoded = chunk if pa.types.is_dictionary(chunk.type) else _encoded(chunk)
    values = pa.chunked_array([encoded.dictionary])
    # A missing cell may have a label too: values = { "" = "visit" }.
    names = pa.chunked_array([*values.chunks, pa.nulls(1, encoded.dictionary.type)])
    code = np.array([labels.code(name) for name in clean_text(names, reading).to_pylist()], np.int32)
    places = encoded.indices.fill_null(len(code) - 1) if encoded.null_count else encoded.indices
    return codes_at(code, places.to_numpy(zero_copy_only=False))


def _encoded(chunk: pa.Array) -> pa.DictionaryArray:
    try:
        return chunk.dictionary_encode()
    except pa.ArrowNotImplementedError:
        return pa.array([None if cell is None else str(cell) for cell in chunk.to_pylist()]).dictionary_encode()


def direction_codes(codes: Codes, labels: Labels) -> npt.NDArray[np.int8]:
    """Inbound 0, outbound 1, else −1, from the codes of the labels."""
    table = np.full(len(labels.codes) + 1, NOT_GIVEN, np.int8)
    for name, code in list(labels.codes.items()):
        table[code] = DIRECTION_CODES.get(name, NOT_GIVEN)
    return table[codes]


def plain_instants(cells: pa.ChunkedArray, reading: Reading) -> Ints | None:
    """Microseconds of a column of timestamps that are all there and in range; None where cells must be looked at."""
    kind = cells.type
    if not pa.types.is_timestamp(kind) or cells.null_count or reading.values:
        return None
    if kind.tz is None and str(reading.timezone) != "UTC":
        return None
    times = cells.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64()).to_numpy()
    return times if len(times) == 0 or (times.min() >= FIRST_US and times.max() < AFTER_US) else None


def amounts(
    name: str, cells: pa.ChunkedArray, reading: Reading, field: tuple[np.dtype[Any], int]
) -> tuple[Column, Mask]:
    """Durations or values in fixed point, and which cells are no number (empty: all are).

    `field` is the kind of numbers they become, and the one that stands for what is not given.

    Raises:
        InputContractError: one is too large for the kind, which was chosen by what the source says of its numbers.
    """
    kind, absent = field
    found = np.empty(len(cells), kind)
    if _write_whole(name, cells, reading, absent, found):
        return found, ALL_READABLE
    given, numbers = read_numbers(cells, reading)
    known = np.isfinite(numbers)
    exact = np.where(known, fixed_point(np.where(known, numbers, 0.0), UNITS[name]), absent)
    if ((exact < np.iinfo(kind).min) | (exact > np.iinfo(kind).max)).any():
        raise InputContractError(
            f"interactions.{name}: has larger numbers than the statistics in its Parquet file say, so the file is "
            "damaged. Expected statistics that are those of the rows: write the file anew"
        )
    return exact.astype(kind), given & ~known


def _write_whole(name: str, cells: pa.ChunkedArray, reading: Reading, absent: int, field: Column) -> bool:
    """Write amounts where they are whole numbers in one piece; False: they are not."""
    numbers = whole_numbers(cells) if reading == Reading(timezone=reading.timezone) else None
    factor = round(1 / UNITS[name])
    below = min(LARGEST_WHOLE, int(np.iinfo(field.dtype).max) // factor)
    return numbers is not None and write_multiples(numbers, factor, absent, below, field)


def rest_hash(columns: list[pa.ChunkedArray], rows: int) -> Ints:
    """64-bit hash of the cells of all other columns of each row: rows that differ there are no repeats."""
    mixed = np.zeros(rows, np.uint64)
    for column in columns:
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + _cell_hashes(column)
    return mixed.astype(np.int64)


def _cell_hashes(column: pa.ChunkedArray) -> np.ndarray:
    parts = [_chunk_hashes(chunk) for chunk in column.chunks]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _chunk_hashes(chunk: pa.Array) -> np.ndarray:
    if pa.types.is_dictionary(chunk.type):
        of_values = np.append(_chunk_hashes(chunk.dictionary), np.uint64(1))
        return of_values[chunk.indices.fill_null(len(of_values) - 1).to_numpy(zero_copy_only=False)]
    # A missing cell is the same whatever the type of its column, which may differ from file to file.
    return np.where(chunk.is_null().to_numpy(zero_copy_only=False), np.uint64(1), _value_hashes(chunk))


def _value_hashes(chunk: pa.Array) -> np.ndarray:
    if pa.types.is_nested(chunk.type):
        chunk = pa.array([str(cell) for cell in chunk.to_pylist()], pa.string())
    if pa.types.is_string(chunk.type) or pa.types.is_large_string(chunk.type):
        return hashes_of(chunk).view(np.uint64)
    whole = chunk.fill_null(0) if pa.types.is_integer(chunk.type) else chunk
    hashes: np.ndarray = pd.util.hash_pandas_object(whole.to_pandas(), index=False).to_numpy()
    return hashes


def missing(rows: int) -> pa.ChunkedArray:
    """A column that the source does not have."""
    return pa.chunked_array([pa.nulls(rows, pa.string())])
