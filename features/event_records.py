"""Records of events as rows of whole words: moved as one, whatever fields a source fills."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from features.windows import Bools, Ints

Records = npt.NDArray[np.void]
Words = npt.NDArray[np.int64]
# The row number stands first, so that all words after it say whether two events are the same.
FIELDS: tuple[tuple[str, str], ...] = (
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
    ("has_duration", "?"),
)
WORD = 8


def record_type(absent: frozenset[str]) -> np.dtype[np.void]:
    """Record type without the absent fields, filled up to whole words."""
    fields = [(name, kind) for name, kind in FIELDS if name not in absent]
    plain = np.dtype(fields)
    offsets = [plain.fields[name][1] for name, _ in fields] if plain.fields is not None else []
    size = -(-plain.itemsize // WORD) * WORD
    names, kinds = [name for name, _ in fields], [kind for _, kind in fields]
    return np.dtype({"names": names, "formats": kinds, "offsets": offsets, "itemsize": size})


def scattered(records: Records, group: Ints, n: int) -> tuple[Records, Ints]:
    """Records in the order of their groups 0…n − 1, and where each group ends."""
    moved, ends = _scatter(_words(records), group, n)
    return moved.reshape(-1).view(records.dtype), ends


def taken(records: Records, order: Ints) -> Records:
    """Records at some positions."""
    return _gather(_words(records), order).reshape(-1).view(records.dtype)


def joined(parts: Sequence[Records], dtype: np.dtype[np.void]) -> Records:
    """Records of all parts, one after the other."""
    # Whole words: numpy's own joining of records would drop what fills them up.
    words = [_words(part) for part in parts if len(part)]
    return np.concatenate(words).reshape(-1).view(dtype) if words else np.empty(0, dtype)


def same_as_before(records: Records) -> Bools:
    """Which records equal the one before in everything but their row number."""
    return _same_as_before(_words(records))


def _words(records: Records) -> Words:
    return np.ascontiguousarray(records).view(np.int64).reshape(len(records), records.dtype.itemsize // WORD)


@njit(cache=True, nogil=True)
def _scatter(words: Words, group: Ints, n: int) -> tuple[Words, Ints]:
    ends = np.zeros(n, np.int64)
    for i in range(len(group)):
        ends[group[i]] += 1
    free = np.zeros(n, np.int64)
    for g in range(1, n):
        free[g] = ends[g - 1]
        ends[g] += ends[g - 1]
    moved = np.empty_like(words)
    for i in range(len(group)):
        at = free[group[i]]
        for j in range(words.shape[1]):
            moved[at, j] = words[i, j]
        free[group[i]] = at + 1
    return moved, ends


@njit(cache=True, nogil=True)
def _gather(words: Words, order: Ints) -> Words:
    moved = np.empty((len(order), words.shape[1]), np.int64)
    for i in range(len(order)):
        for j in range(words.shape[1]):
            moved[i, j] = words[order[i], j]
    return moved


@njit(cache=True, nogil=True)
def _same_as_before(words: Words) -> Bools:
    same = np.zeros(len(words), np.bool_)
    for i in range(1, len(words)):
        equal = True
        for j in range(1, words.shape[1]):
            if words[i, j] != words[i - 1, j]:
                equal = False
                break
        same[i] = equal
    return same
