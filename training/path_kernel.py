"""The inner loops: rows to codes, codes to table rows, table rows added up. Compiled once, then cached on disk."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from features.windows import Floats, Ints
from training.lightgbm_text import ZERO

Codes = npt.NDArray[np.uint16]
Places = npt.NDArray[np.unsignedinteger[Any]]
"""Places in a group's part of the table: 16 bits, or 32 where that is not enough."""


ByLeaf = tuple[Floats, Floats, Floats]
"""Sums of leaf values by row, second numbers of all leaves, sums of these by row."""


class Coding(NamedTuple):
    """How values become codes; arrays are per used feature, `*_start` has one entry more."""

    feature: Ints
    cut_start: Ints
    cuts: Floats
    category_start: Ints
    category_code: Codes
    nan_code: Ints
    zero_code: Ints


class Program(NamedTuple):
    """What each group reads and adds; `*_start` has one entry per group and one more.

    A row's place in the group's part of `table` is `base`, plus `step` for each step whose feature's code is above
    `bound`, plus what the looked-up shares say. There stand its contributions, one per column of the group, and the
    number of the leaf that it reaches (0: one of another group), by which `leaf_value` is found.
    """

    base: Places
    step_start: Ints
    step_feature: Ints
    step_bound: Codes
    step: Places
    look_start: Ints
    look_feature: Ints
    look_share: Ints
    share: Places
    column_start: Ints
    column: Ints
    table_start: Ints
    table: npt.NDArray[Any]
    leaf_start: Ints
    leaf_value: Floats


@njit(cache=True, nogil=True)
def encode(values: Floats, coding: Coding, codes: Codes) -> None:
    """Codes of rows (n, features) into `codes`, (used features, at least n)."""
    for i in range(len(coding.feature)):
        column = coding.feature[i]
        if coding.category_start[i + 1] > coding.category_start[i]:
            _encode_categories(values, column, coding, i, codes[i])
        else:
            _encode_numbers(values, column, coding, i, codes[i])


@njit(cache=True, nogil=True)
def _encode_categories(values: Floats, column: int, coding: Coding, i: int, codes: Codes) -> None:
    first = coding.category_start[i]
    known = coding.category_start[i + 1] - first
    for r in range(len(values)):
        value = values[r, column]
        codes[r] = coding.category_code[first + np.int64(value)] if -1.0 < value < known else 0


@njit(cache=True, nogil=True)
def _encode_numbers(values: Floats, column: int, coding: Coding, i: int, codes: Codes) -> None:
    cuts = coding.cuts[coding.cut_start[i] : coding.cut_start[i + 1]]
    for r in range(len(values)):
        value = values[r, column]
        if np.isnan(value):
            codes[r] = coding.nan_code[i]
        elif abs(value) <= ZERO:
            codes[r] = coding.zero_code[i]
        else:
            low, size = 0, len(cuts)
            while size > 1:  # without branches: how a comparison ends is a coin toss here
                half = size >> 1
                low = low + half if cuts[low + half - 1] < value else low
                size -= half
            codes[r] = low + (1 if cuts[low] < value else 0)


@njit(cache=True, nogil=True)
def find_places(program: Program, group: int, codes: Codes, places: Places) -> None:
    """Where in the group's part of the table each coded row reads."""
    places[:] = program.base[group]
    for s in range(program.step_start[group], program.step_start[group + 1]):
        code, bound, step = codes[program.step_feature[s]], program.step_bound[s], program.step[s]
        for r in range(len(places)):
            places[r] += step if code[r] > bound else 0
    for k in range(program.look_start[group], program.look_start[group + 1]):
        code, share = codes[program.look_feature[k]], program.share[program.look_share[k] :]
        for r in range(len(places)):
            places[r] += share[code[r]]


@njit(cache=True, nogil=True)
def add_up(program: Program, codes: Codes, places: Places, total: Floats, by_leaf: ByLeaf) -> None:
    """Add every group's contributions to `total` (used features, n), and the numbers of reached leaves.

    Leaves are added tree by tree, as LightGBM does: sums have the same bits as its raw score.
    """
    raw, second, second_sum = by_leaf
    n = len(places)
    for group in range(len(program.base)):
        find_places(program, group, codes, places)
        table = program.table[program.table_start[group] :]
        first, last = program.column_start[group], program.column_start[group + 1]
        for q in range(last - first):  # column by column: rows in the inner loop keep the processor's lanes full
            sums = total[program.column[first + q]]
            for r in range(n):
                sums[r] += table[places[r] + np.uint64(q)]
        leaf, beside = program.leaf_value[program.leaf_start[group] :], second[program.leaf_start[group] :]
        for r in range(n):
            reached = np.uint64(table[places[r] + np.uint64(last - first)])
            raw[r] += leaf[reached]
            second_sum[r] += beside[reached]


@njit(cache=True, nogil=True)
def settle(total: Floats, raw: Floats, feature: Ints, bias: float, out: Floats) -> None:
    """Write contributions (n, features + 1); what tables round away goes to the largest one, so that rows sum to raw.

    The bias stays the same on every row: it is where all explanations start.
    """
    for r in range(len(raw)):
        out[r, :] = 0.0
        left, largest = raw[r] - bias, 0
        for i in range(len(feature)):
            value = total[i, r]
            out[r, feature[i]] = value
            left -= value
            if abs(value) > abs(out[r, feature[largest]]):
                largest = i
        if len(feature):
            out[r, feature[largest]] += left
        out[r, -1] = bias


@njit(cache=True, nogil=True)
def explain(
    values: Floats, coding: Coding, program: Program, bias: float, second: Floats, codes: Codes
) -> tuple[Floats, Floats, Floats]:
    """Contributions (n, features + 1), raw scores (n,) and sums of `second` (n,), a number beside each `leaf_value`.

    Rows are taken in blocks as long as the rows of `codes`.
    """
    used, block = codes.shape
    out, raw, sums = np.empty((len(values), values.shape[1] + 1)), np.zeros(len(values)), np.zeros(len(values))
    total = np.empty((used, block))
    places = np.empty(block, program.base.dtype)
    for start in range(0, len(values), block):
        n = min(block, len(values) - start)
        encode(values[start : start + n], coding, codes)
        total[:, :n] = 0.0
        by_leaf = (raw[start : start + n], second, sums[start : start + n])
        add_up(program, codes, places[:n], total, by_leaf)
        settle(total, raw[start : start + n], coding.feature, bias, out[start : start + n])
    return out, raw, sums
