"""Order and bytes of texts in Arrow, against plain Python."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.arrow_texts import text_bytes, text_ranks
from features.identifiers import all_differ

texts = st.one_of(st.text(st.sampled_from("ab\0\tß"), max_size=80), st.integers(0, 10**12).map(str))


@given(st.lists(texts, max_size=30))
def test_ranks_follow_the_bytes(names):
    place = {name: rank for rank, name in enumerate(sorted(set(names), key=str.encode))}
    assert text_ranks(pa.array(names, pa.large_string())).tolist() == [place[name] for name in names]


@given(st.lists(texts, max_size=10), st.integers(0, 5), st.sampled_from((pa.string(), pa.large_string())))
def test_bytes_are_those_of_the_texts_of_a_slice(names, first, kind):
    sliced = pa.array(names, kind)[first:]
    assert text_bytes(sliced).tobytes() == "".join(names[first:]).encode()


@given(st.lists(st.integers(0, 30).map(str)))
def test_all_differ_where_none_comes_twice(names):
    assert all_differ(pa.array(names, pa.string())) == (len(set(names)) == len(names))
