"""Texts as they lie in Arrow: where each starts, their bytes, and their order, without Python objects."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint64]
KEY_BYTES = 8
# Longer texts are ordered by Arrow.
MOST_KEYS = 8


def text_buffers(texts: pa.Array) -> tuple[Ints, Bytes]:
    """Where each of some large texts starts (n + 1 positions), and the bytes."""
    if len(texts) == 0:
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    _, starts, data = texts.buffers()
    start = np.frombuffer(starts, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return start, np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)


def text_bytes(texts: pa.Array) -> Bytes:
    """All bytes of some texts, one after the other."""
    if len(texts) == 0:
        return np.zeros(0, np.uint8)
    _, starts, data = texts.buffers()
    width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    first, stop = np.frombuffer(starts, width)[[texts.offset, texts.offset + len(texts)]]
    return np.frombuffer(data, np.uint8)[first:stop] if data is not None else np.zeros(0, np.uint8)


def text_ranks(texts: pa.Array) -> Ints:
    """Rank from 0 of each large text among the different ones, in the order of their bytes; none may be null.

    >>> text_ranks(pa.array(["b", "a", "b", "ab"], pa.large_string())).tolist()
    [2, 0, 2, 1]
    """
    start, data = text_buffers(texts)
    keys = -(-int(np.diff(start).max(initial=0)) // KEY_BYTES)
    # A text and the same with a zero byte behind it have equal keys.
    if keys > MOST_KEYS or not text_bytes(texts).all():
        ranks: Ints = pc.rank(texts, tiebreaker="dense").to_numpy().astype(np.int64) - 1
        return ranks
    rank = np.zeros(len(texts), np.int64)
    for key in reversed(range(keys)):
        here = _dense(_keys(start, data, key * KEY_BYTES))
        rank = here if key == keys - 1 else _dense((here * len(texts) + rank).view(np.uint64))
    return rank


def _dense(keys: Keys) -> Ints:
    """Rank of each key among the different ones."""
    return _ranks(keys, np.argsort(keys))


@njit(cache=True, nogil=True)
def _ranks(keys: Keys, order: Ints) -> Ints:
    rank, above = np.empty(len(keys), np.int64), 0
    for i in range(len(keys)):
        above += i > 0 and keys[order[i]] != keys[order[i - 1]]
        rank[order[i]] = above
    return rank


@njit(cache=True, nogil=True)
def _keys(start: Ints, data: Bytes, skipped: int) -> Keys:
    """Eight bytes of each text after the first `skipped` as a number; zeros where it ends before."""
    keys = np.zeros(len(start) - 1, np.uint64)
    for i in range(len(keys)):
        first = start[i] + skipped
        for at in range(first, first + KEY_BYTES):
            byte = data[at] if at < start[i + 1] else np.uint8(0)
            keys[i] = (keys[i] << np.uint64(8)) | np.uint64(byte)
    return keys
