"""Records of events as rows of whole words: moved as one, whatever fields a source fills."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from features.windows import Bools, Ints

Records = npt.NDArray[np.void]
Words = npt.NDArray[np.int64]
Column = npt.NDArray[np.integer]
FieldKinds = tuple[tuple[str, str], ...]
FIELDS: FieldKinds = (
    ("row", "<i8"),
    ("time", "<i8"),
    ("duration", "<i8"),
    ("value", "<i8"),
    ("rest", "<i8"),
    ("lead", "<i4"),
    ("account", "<i4"),
    ("kind", "<i4"),
    ("topic", "<i4"),
    ("direction", "i1"),
)
WORD = 8
# The same in a quarter less room, where 32 bits hold the row numbers and the durations, which are 1/1000 s. In both,
# each field lies at a multiple of its size, and the time is word 1.
NARROW: FieldKinds = (
    ("row", "<u4"),
    ("lead", "<i4"),
    ("time", "<i8"),
    ("value", "<i8"),
    ("rest", "<i8"),
    ("duration", "<i4"),
    ("account", "<i4"),
    ("kind", "<i4"),
    ("topic", "<i4"),
    ("direction", "i1"),
)
MOST_ROWS, LONGEST_S = 2**32, (2**31 - 1) // 1000


def fields_for(rows: int, longest_s: float) -> FieldKinds:
    """The fields of so many rows of events, none of which takes longer (`inf`: nobody knows)."""
    return NARROW if rows <= MOST_ROWS and longest_s <= LONGEST_S else FIELDS


def record_type(absent: frozenset[str], of: FieldKinds = FIELDS) -> np.dtype[np.void]:
    """Record type without the absent fields, filled up to whole words."""
    fields = [(name, kind) for name, kind in of if name not in absent]
    plain = np.dtype(fields)
    offsets = [plain.fields[name][1] for name, _ in fields] if plain.fields is not None else []
    size = -(-plain.itemsize // WORD) * WORD
    names, kinds = [name for name, _ in fields], [kind for _, kind in fields]
    return np.dtype({"names": names, "formats": kinds, "offsets": offsets, "itemsize": size})


def no_duration(dtype: np.dtype[np.void]) -> int:
    """What stands for a duration that is not given: the lowest number of its field."""
    return int(np.iinfo(dtype["duration"]).min)


def place(records: Records, group: Ints, at: Ints, room: Words) -> Ints:
    """Write each record to the next row of its group's room (groups × rows × words), from row `at[group]` on.

    Returns the positions of those that found none.
    """
    left = np.empty(len(group), np.int64)
    rows = room.shape[1]
    return left[: _place_in(words_of(records), group, at, (room.reshape(-1, room.shape[2]), rows), left)]


def taken(records: Records, order: Ints) -> Records:
    """Records at some positions."""
    return _gather(words_of(records), order).reshape(-1).view(records.dtype)


def joined(parts: Sequence[Records], dtype: np.dtype[np.void]) -> Records:
    """Records of all parts, one after the other."""
    # Whole words: numpy's own joining of records would drop what fills them up.
    words = [words_of(part) for part in parts if len(part)]
    if len(words) == 1:
        return words[0].reshape(-1).view(dtype)
    return np.concatenate(words).reshape(-1).view(dtype) if words else np.empty(0, dtype)


def same_as_before(records: Records) -> Bools:
    """Which records equal the one before in everything but their row number."""
    return _same_as_before(words_of(records), _all_but_the_row(records.dtype))


def _all_but_the_row(dtype: np.dtype[np.void]) -> Words:
    """The bits of a record's words that are not those of its row number."""
    bits = np.full(1, -1, (np.int64, dtype.itemsize // WORD))
    bits.view(dtype)["row"] = 0
    return bits[0]


def words_of(records: Records) -> Words:
    """Records as rows of whole words, in place where they lie close together."""
    return np.ascontiguousarray(records).view(np.int64).reshape(len(records), records.dtype.itemsize // WORD)


@njit(cache=True, nogil=True, inline="always")
def copy_record(words: Words, i: int, moved: Words, at: int) -> None:
    """Copy record i to row `at`: four words at once, which a processor moves as one."""
    j, width = 0, words.shape[1]
    while j + 4 <= width:
        first, second, third, fourth = words[i, j], words[i, j + 1], words[i, j + 2], words[i, j + 3]
        moved[at, j], moved[at, j + 1], moved[at, j + 2], moved[at, j + 3] = first, second, third, fourth
        j += 4
    while j < width:
        moved[at, j] = words[i, j]
        j += 1


@njit(cache=True, nogil=True)
def _place_in(words: Words, group: Ints, at: Ints, room: tuple[Words, int], left: Ints) -> int:
    without, (moved, rows) = 0, room
    for i in range(len(group)):
        g, row = group[i], at[group[i]]
        if row == rows:
            left[without] = i
            without += 1
            continue
        copy_record(words, i, moved, g * rows + row)
        at[g] = row + 1
    return without


@njit(cache=True, nogil=True)
def _gather(words: Words, order: Ints) -> Words:
    moved = np.empty((len(order), words.shape[1]), np.int64)
    for i in range(len(order)):
        copy_record(words, order[i], moved, i)
    return moved


@njit(cache=True, nogil=True)
def _same_as_before(words: Words, bits: Words) -> Bools:
    same = np.zeros(len(words), np.bool_)
    for i in range(1, len(words)):
        equal = True
        for j in range(words.shape[1]):
            if (words[i, j] ^ words[i - 1, j]) & bits[j]:
                equal = False
                break
        same[i] = equal
    return same
