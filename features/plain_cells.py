"""Plain cells of interactions: numbers as they lie in Arrow, read in one pass a column into the fields of records.

Where a column is not so plain nothing is said about it, and `features.event_codes` looks at its cells one by one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from features.event_records import Column
from features.number_index import ABSENT, NumberIndex
from features.windows import Bools, Ints

Bits = npt.NDArray[np.uint8]
Cells = npt.NDArray[np.int32] | Ints
Codes = npt.NDArray[np.int32]
Places = npt.NDArray[np.integer]
ALL_GIVEN = np.zeros(0, np.uint8)


@dataclass(frozen=True, slots=True)
class WholeNumbers:
    """Whole numbers of a column in one piece; bit `first + i` of `given` says whether cell i is there (empty: all)."""

    values: Cells
    given: Bits
    first: int


def whole_numbers(cells: pa.ChunkedArray) -> WholeNumbers | None:
    """The column where it lies in one piece and all of its values fit int64; else None."""
    if cells.num_chunks != 1 or not pa.types.is_integer(cells.type) or cells.type == pa.uint64():
        return None
    piece = cells.chunk(0)
    if cells.type not in (pa.int32(), pa.int64()):
        piece = piece.cast(pa.int64())
    bits, values = piece.buffers()
    if len(piece) == 0 or values is None:
        return None
    first, width = piece.offset, np.dtype(piece.type.to_pandas_dtype())
    given = ALL_GIVEN if bits is None or piece.null_count == 0 else np.frombuffer(bits, np.uint8)
    return WholeNumbers(np.frombuffer(values, width)[first : first + len(piece)], given, first)


def write_multiples(numbers: WholeNumbers, factor: int, absent: int, below: int, field: Column) -> bool:
    """Write each number times `factor`, `absent` where there is none; False: one is not within ±`below`."""
    return bool(_write_multiples(numbers.values, numbers.given, numbers.first, (factor, absent, below), field))


def write_positions(index: NumberIndex, numbers: WholeNumbers, field: Column) -> bool:
    """Write the position of each number among those of the index; False: one is missing or not known."""
    if len(numbers.given) or not len(index.place):
        return False
    return bool(_write_positions(index.place, index.lowest, numbers.values, field))


def codes_at(code: Codes, places: Places) -> Codes:
    """`code[place]` for each place."""
    found = np.empty(len(places), np.int32)
    _take(code, places, found)
    return found


def counted(codes: Codes | Ints, chosen: Bools | None, n: int) -> Ints:
    """How often each code −1…n − 1 comes among the chosen (None: all): n + 1 counts."""
    return _counted(codes, np.zeros(0, np.bool_) if chosen is None else chosen, n)


@njit(cache=True, nogil=True)
def _write_multiples(values: Cells, given: Bits, first: int, how: tuple[int, int, int], field: Column) -> bool:
    factor, absent, below = how
    beyond = np.uint8(0)
    for i in range(len(values)):
        # Without branches: which cells are given follows no pattern that a processor could guess.
        value, is_given = np.int64(values[i]), np.uint8(1)
        if len(given):
            is_given = (given[(first + i) >> 3] >> ((first + i) & 7)) & 1
        beyond |= is_given & ((value >= below) | (value <= -below))
        field[i] = value * factor if is_given else absent
    return beyond == 0


@njit(cache=True, nogil=True)
def _write_positions(place: npt.NDArray[np.int32], lowest: int, wanted: Cells, field: Column) -> bool:
    highest, absent = lowest + len(place) - 1, 0
    for i in range(len(wanted)):
        found = place[wanted[i] - lowest] if lowest <= wanted[i] <= highest else ABSENT
        field[i] = found
        absent += found == ABSENT
    return absent == 0


@njit(cache=True, nogil=True)
def _take(code: Codes, places: Places, found: Codes) -> None:
    for i in range(len(places)):
        found[i] = code[places[i]]


@njit(cache=True, nogil=True)
def _counted(codes: Codes | Ints, chosen: Bools, n: int) -> Ints:
    counts = np.zeros(n + 1, np.int64)
    for i in range(len(codes)):
        if len(chosen) == 0 or chosen[i]:
            counts[codes[i] + 1] += 1
    return counts
