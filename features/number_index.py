"""Positions of whole numbers among known ones: by a table where they lie close together, else by hash."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from features.windows import Ints

ABSENT = -1
# Numbers that span at most so many times their number lie close together.
CLOSE = 8


@dataclass(frozen=True, slots=True)
class NumberIndex:
    """`place` has the position of every number from `lowest` on, −1 where there is none.

    Where they lie far apart it is empty, and `table` has rows (number, position), position −1 where a row is free.
    """

    lowest: int
    place: npt.NDArray[np.int32]
    table: Ints


def index_numbers(values: Ints, position: Ints) -> NumberIndex:
    """Index of whole numbers with a position each; of one that comes twice the first position is found."""
    lowest, highest = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if highest - lowest < CLOSE * len(values) and len(values) < 2**31:
        place = np.full(highest - lowest + 1, ABSENT, np.int32)
        place[values[::-1] - lowest] = position[::-1]
        return NumberIndex(lowest, place, np.empty((0, 2), np.int64))
    return NumberIndex(lowest, np.empty(0, np.int32), _hashed(values, position, capacity(len(values))))


def find_numbers(index: NumberIndex, wanted: Ints) -> Ints:
    """Position of each number, −1 where it is not known."""
    if len(index.place):
        return _find_close(index.place, index.lowest, wanted)
    return _find_hashed(index.table, wanted)


def capacity(n: int) -> int:
    """A power of two that keeps at least half of the rows of a hash table free."""
    return 1 << max(2 * n, 2).bit_length()


@njit(cache=True, nogil=True)
def first_row(key: np.int64, mask: int) -> np.uint64:
    """Fibonacci hashing: the upper half of a product mixes all bits of the key."""
    return ((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & np.uint64(mask)


@njit(cache=True, nogil=True)
def _find_close(place: npt.NDArray[np.int32], lowest: int, wanted: Ints) -> Ints:
    found = np.full(len(wanted), ABSENT, np.int64)
    highest = lowest + len(place) - 1
    for i in range(len(wanted)):
        if lowest <= wanted[i] <= highest:
            found[i] = place[wanted[i] - lowest]
    return found


@njit(cache=True, nogil=True)
def _hashed(values: Ints, position: Ints, rows: int) -> Ints:
    table = np.full((rows, 2), ABSENT, np.int64)
    for i in range(len(values)):
        row = np.int64(first_row(values[i], rows - 1))
        while table[row, 1] != ABSENT and table[row, 0] != values[i]:
            row = (row + 1) & (rows - 1)
        if table[row, 1] == ABSENT:
            table[row, 0], table[row, 1] = values[i], position[i]
    return table


@njit(cache=True, nogil=True)
def _find_hashed(table: Ints, wanted: Ints) -> Ints:
    found = np.empty(len(wanted), np.int64)
    mask = table.shape[0] - 1
    for i in range(len(wanted)):
        row = np.int64(first_row(wanted[i], mask))
        while table[row, 1] != ABSENT and table[row, 0] != wanted[i]:
            row = (row + 1) & mask
        found[i] = table[row, 1]
    return found
