"""Identifiers: the position of an id among known ones, millions of times, without turning cells into Python objects."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numba import njit

from features.arrow_texts import Bytes, text_buffers
from features.number_index import NumberIndex, capacity, find_numbers, first_row, index_numbers
from features.windows import Bools, Ints

EMPTY = -1
MOST_DIGITS = 18
MINUS, ZERO, NINE = (ord(mark) for mark in "-09")


@dataclass(frozen=True)
class IdIndex:
    """Known ids: `start` and `data` hold their UTF-8 bytes, `given` says which are not null.

    `numbers` holds those ids that are canonical whole numbers, so that a column of integers need not be written out
    as text; there are `n_numbers` of them.
    """

    start: Ints
    data: Bytes
    given: Bools
    numbers: NumberIndex
    n_numbers: int

    @cached_property
    def texts(self) -> Ints:
        """The ids by hash, with open addressing: rows (hash, position), position −1 where a row is free.

        Bytes tell equal hashes apart. It is made when a text is first looked for.
        """
        return _index_texts(self.start, self.data, self.given, capacity(len(self)))

    def __len__(self) -> int:
        return len(self.start) - 1


def index_ids(ids: pa.Array | pa.ChunkedArray) -> IdIndex:
    """Index of text ids; of an id that comes twice the first position is found. Null is no id."""
    texts = one_array(ids)
    start, data = text_buffers(texts)
    given = texts.is_valid().to_numpy(zero_copy_only=False)
    values, whole = _whole_numbers(start, data, given)
    at = np.flatnonzero(whole)
    return IdIndex(start, data, given, index_numbers(values[at], at), len(at))


def find_ids(index: IdIndex, column: pa.ChunkedArray) -> Ints:
    """Position of each cell's id among the known ones, −1 where it is null or not known.

    Cells are compared as they are: text byte for byte, integers by value.
    """
    found, first = np.empty(len(column), np.int64), 0
    for chunk in column.chunks:
        found[first : first + len(chunk)] = _find(index, chunk)
        first += len(chunk)
    return found


def all_differ(ids: pa.Array | pa.ChunkedArray) -> bool:
    """Whether no text comes twice, as far as hashes tell: False may be wrong, True is not."""
    hashes = hashes_of(one_array(ids))
    hashes.sort()
    return not bool((hashes[1:] == hashes[:-1]).any())


def hashes_of(texts: pa.Array) -> Ints:
    """64-bit hash of each text; that of null means nothing."""
    start, data = text_buffers(texts if pa.types.is_large_string(texts.type) else texts.cast(pa.large_string()))
    return _hash_texts(start, data)


def positions_of(wanted: Iterable[object], names: Iterable[object]) -> Ints:
    """Position of each wanted text among the different `names`; −1 where it is not among them or not given."""
    cells = _texts(wanted)
    return find_ids(index_ids(_texts(names)), cells) if len(cells) else np.empty(0, np.int64)


def _texts(values: Iterable[object]) -> pa.ChunkedArray:
    cells = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, from_pandas=True)
    if isinstance(cells, pa.ChunkedArray):
        return cells
    return pa.chunked_array([cells if not pa.types.is_null(cells.type) else cells.cast(pa.string())])


def _find(index: IdIndex, chunk: pa.Array) -> Ints:
    if pa.types.is_dictionary(chunk.type):
        of_values = np.append(_find(index, chunk.dictionary), EMPTY)
        return of_values[chunk.indices.fill_null(len(of_values) - 1).to_numpy(zero_copy_only=False)]
    if pa.types.is_integer(chunk.type) and chunk.type != pa.uint64():
        numbers = chunk.cast(pa.int64())
        numbers = numbers.fill_null(0) if chunk.null_count else numbers
        return _only_given(find_numbers(index.numbers, numbers.to_numpy()), chunk)
    texts = chunk if pa.types.is_large_string(chunk.type) else chunk.cast(pa.large_string())
    start, data = text_buffers(texts)
    return _only_given(_find_texts(index.texts, index.start, index.data, start, data), chunk)


def _only_given(positions: Ints, chunk: pa.Array) -> Ints:
    if chunk.null_count:
        positions[chunk.is_null().to_numpy(zero_copy_only=False)] = EMPTY
    return positions


def one_array(ids: Iterable[object]) -> pa.Array:
    """Text ids as one Arrow array."""
    # An array of more than 2 GB of text cannot be one of 32-bit positions.
    wide = _texts(ids).cast(pa.large_string())
    return pa.concat_arrays(wide.chunks or [pa.array([], wide.type)])


@njit(cache=True, nogil=True)
def _hash_text(data: Bytes, start: int, stop: int) -> np.int64:
    """FNV-1a, 64 bits (Fowler, Noll, Vo)."""
    value = np.uint64(0xCBF29CE484222325)
    for i in range(start, stop):
        value = (value ^ np.uint64(data[i])) * np.uint64(0x100000001B3)
    return np.int64(value)


@njit(cache=True, nogil=True)
def _hash_texts(start: Ints, data: Bytes) -> Ints:
    hashes = np.empty(len(start) - 1, np.int64)
    for i in range(len(hashes)):
        hashes[i] = _hash_text(data, start[i], start[i + 1])
    return hashes


@njit(cache=True, nogil=True)
def _whole_numbers(start: Ints, data: Bytes, given: Bools) -> tuple[Ints, Bools]:
    """The texts that are whole numbers, written without need: 7 and -7, but not 07, +7 or -0."""
    values, whole = np.zeros(len(given), np.int64), np.zeros(len(given), np.bool_)
    for i in range(len(given)):
        first, stop = start[i], start[i + 1]
        negative = first < stop and data[first] == MINUS
        first += negative
        digits = stop - first
        whole[i] = given[i] and 0 < digits <= MOST_DIGITS and (data[first] != ZERO or (digits == 1 and not negative))
        for at in range(first, stop if whole[i] else first):
            whole[i] &= ZERO <= data[at] <= NINE
            values[i] = values[i] * 10 + (np.int64(data[at]) - ZERO)
        if negative:
            values[i] = -values[i]
    return values, whole


@njit(cache=True, nogil=True)
def _same_text(a: Bytes, a_start: int, a_stop: int, b: Bytes, b_start: int, b_stop: int) -> bool:
    if a_stop - a_start != b_stop - b_start:
        return False
    for i in range(a_stop - a_start):  # noqa: SIM110 - compiled code
        if a[a_start + i] != b[b_start + i]:
            return False
    return True


@njit(cache=True, nogil=True)
def _index_texts(start: Ints, data: Bytes, given: Bools, capacity: int) -> Ints:
    table = np.full((capacity, 2), EMPTY, np.int64)
    for i in range(len(start) - 1):
        key = _hash_text(data, start[i], start[i + 1])
        row = np.int64(first_row(key, capacity - 1))
        while given[i] and table[row, 1] != EMPTY:
            known = table[row, 1]
            if table[row, 0] == key and _same_text(data, start[i], start[i + 1], data, start[known], start[known + 1]):
                break
            row = (row + 1) & (capacity - 1)
        if given[i] and table[row, 1] == EMPTY:
            table[row, 0], table[row, 1] = key, i
    return table


@njit(cache=True, nogil=True)
def _find_texts(table: Ints, known_start: Ints, known: Bytes, start: Ints, data: Bytes) -> Ints:
    found = np.full(len(start) - 1, EMPTY, np.int64)
    mask = table.shape[0] - 1
    for i in range(len(start) - 1):
        key = _hash_text(data, start[i], start[i + 1])
        row = np.int64(first_row(key, mask))
        while table[row, 1] != EMPTY:
            at = table[row, 1]
            if table[row, 0] == key and _same_text(
                data, start[i], start[i + 1], known, known_start[at], known_start[at + 1]
            ):
                found[i] = at
                break
            row = (row + 1) & mask
    return found
