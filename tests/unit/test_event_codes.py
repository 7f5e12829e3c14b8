"""Hashes of what tells rows apart: equal for equal cells, however a file writes them."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.event_codes import rest_hash

cells = st.lists(st.one_of(st.none(), st.text(max_size=4)), min_size=1, max_size=20)
FORMS = [
    lambda texts: texts,
    lambda texts: texts.cast(pa.large_string()),
    lambda texts: texts.dictionary_encode(),
    lambda texts: pa.concat_arrays([pa.array(["before"]), texts])[1:],
]


@pytest.mark.parametrize("form", FORMS)
@given(cells)
def test_equal_cells_have_one_hash_and_others_another(form, texts):
    hashes = rest_hash([pa.chunked_array([form(pa.array(texts, pa.string()))])], len(texts))
    plain = rest_hash([pa.chunked_array([pa.array(texts, pa.string())])], len(texts))
    assert hashes.tolist() == plain.tolist()
    assert len(set(hashes.tolist())) == len(set(texts))


NUMBERS = [pa.int32(), pa.int64(), pa.float64(), pa.timestamp("us"), pa.timestamp("us", tz="UTC"), pa.date32()]


@pytest.mark.parametrize("kind", NUMBERS)
def test_cells_that_are_no_text_are_told_apart_as_well(kind):
    cells = pa.array([1, 2, None, 1, None], kind)
    hashes = rest_hash([pa.chunked_array([cells])], 5).tolist()
    assert [hashes.index(one) for one in hashes] == [0, 1, 2, 0, 2]
    assert rest_hash([pa.chunked_array([cells[:2]])], 2).tolist() == hashes[:2]


def test_a_missing_cell_is_the_same_in_columns_of_every_type():
    kinds = (pa.string(), pa.int64(), pa.float64(), pa.list_(pa.int64()))
    assert len({int(rest_hash([pa.chunked_array([pa.nulls(1, kind)])], 1)[0]) for kind in kinds}) == 1
