"""Plain columns read from their Arrow buffers, against plain Python; columns that are not plain are refused."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.number_index import index_numbers
from features.plain_cells import counted, whole_numbers, write_multiples, write_positions

cells = st.lists(st.one_of(st.none(), st.integers(-200, 200)), min_size=1, max_size=40)
kinds = st.sampled_from((pa.int16(), pa.int32(), pa.int64()))


@given(cells, kinds, st.integers(0, 10), st.sampled_from((100, 1_000)))
def test_multiples_are_written_unless_a_number_is_too_large(cells, kind, before, below):
    column = pa.chunked_array([pa.array([7] * before + cells, kind)[before:]])
    field = np.zeros(len(cells), np.int64)
    plain = write_multiples(whole_numbers(column), 3, -1, below, field)
    assert plain == all(cell is None or abs(cell) < below for cell in cells)
    assert not plain or field.tolist() == [-1 if cell is None else 3 * cell for cell in cells]


@given(cells, st.sets(st.integers(-150, 150), min_size=60))
def test_positions_are_written_where_every_number_is_known(cells, known):
    names, field = np.array(sorted(known)), np.zeros(len(cells), np.int32)
    index = index_numbers(names, np.arange(len(names)))
    plain = write_positions(index, whole_numbers(pa.chunked_array([pa.array(cells, pa.int64())])), field)
    assert plain == all(cell in known for cell in cells)
    assert not plain or names[field].tolist() == cells


@pytest.mark.parametrize("column", [
    pa.chunked_array([pa.array(["1"])]),
    pa.chunked_array([pa.array([2**63], pa.uint64())]),
    pa.chunked_array([pa.array([1]), pa.array([2])]),
    pa.chunked_array([pa.array([], pa.int64())]),
])  # fmt: skip
def test_other_columns_are_looked_at_elsewhere(column):
    assert whole_numbers(column) is None


@given(st.lists(st.tuples(st.integers(-1, 3), st.booleans()), min_size=1))
def test_codes_are_counted_among_the_chosen(rows):
    codes, chosen = np.array([code for code, _ in rows], np.int32), np.array([among for _, among in rows])
    assert counted(codes, None, 4).tolist() == np.bincount(codes + 1, minlength=5).tolist()
    assert counted(codes, chosen, 4).tolist() == np.bincount(codes[chosen] + 1, minlength=5).tolist()
