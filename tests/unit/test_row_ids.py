"""Rows whose own id comes twice, against pandas."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.engines.row_ids import RowIds

DOOR = SimpleNamespace(layout=SimpleNamespace(canonical={"interaction_id": "id"}))
ids = st.one_of(st.none(), st.integers(0, 30).map(str))


@given(st.lists(st.lists(ids, max_size=12), max_size=5))
def test_rows_of_ids_that_come_twice_are_those_that_pandas_finds(batches):
    known, first = RowIds(), 0
    for batch in batches:
        rows = pa.table({"id": pa.array(batch, pa.string())})
        known.add(SimpleNamespace(rows=rows), DOOR, first)
        first += len(batch)
    every = pd.Series([one for batch in batches for one in batch], dtype=object)
    expected = np.flatnonzero((every.duplicated(keep=False) & every.notna()).to_numpy())
    assert known.doubtful().tolist() == expected.tolist()
