import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.identifiers import find_ids, index_ids, positions_of

IDS = ["L1", "7", "-7", "07", "0", "ä", "", "a" * 40, "9223372036854775807"]
texts = st.lists(st.one_of(st.none(), st.sampled_from(IDS), st.text(max_size=3)), max_size=20)


def looked_up(names, cells):
    known = {name: at for at, name in reversed(list(enumerate(names))) if name is not None}
    return [-1 if cell is None else known.get(cell, -1) for cell in cells]


@given(texts, texts)
def test_texts_are_found_where_a_dictionary_finds_them(names, cells):
    assert positions_of(cells, names).tolist() == looked_up(names, cells)


@given(texts, texts)
def test_chunks_slices_and_dictionaries_find_the_same(names, cells):
    index = index_ids(pa.array(names, pa.string()))
    column = pa.array([None, *cells], pa.string())[1:]
    want = looked_up(names, cells)
    assert find_ids(index, pa.chunked_array([column[:2], column[2:]])).tolist() == want
    assert find_ids(index, pa.chunked_array([column.dictionary_encode()])).tolist() == want


@given(st.lists(st.one_of(st.none(), st.integers(-12, 12), st.integers(-(2**63), 2**63 - 1)), max_size=20))
def test_integers_are_found_as_the_texts_they_would_be(cells):
    names = ["5", "-3", "05", "-0", "0", "x", "12", str(10**17)]
    index = index_ids(pa.array(names))
    want = looked_up(names, [None if cell is None else str(cell) for cell in cells])
    assert find_ids(index, pa.chunked_array([pa.array(cells, pa.int64())])).tolist() == want


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=12), st.lists(st.integers(-30, 30), max_size=20))
def test_integers_close_together_are_found_too(ids, cells):
    names = [str(i) for i in ids]
    found = find_ids(index_ids(pa.array(names)), pa.chunked_array([pa.array(cells, pa.int64())]))
    assert found.tolist() == looked_up(names, [str(cell) for cell in cells])


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint16(), pa.int32(), pa.uint64()])
def test_integers_of_every_width(kind):
    index = index_ids(pa.array(["5", "9"]))
    assert find_ids(index, pa.chunked_array([pa.array([9, None, 5, 4], kind)])).tolist() == [1, -1, 0, -1]


def test_many_ids_and_no_ids():
    names = [f"L-{i:07d}" for i in range(5_000)]
    rng = np.random.default_rng(3)
    order = rng.permutation(5_000)
    assert positions_of([names[i] for i in order], names).tolist() == order.tolist()
    assert positions_of(["a"], []).tolist() == [-1]
    assert positions_of([], ["a"]).tolist() == []
