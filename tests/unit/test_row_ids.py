"""Rows whose own id comes twice, against pandas."""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.engines.row_ids import NOTED, row_ids

DOOR = SimpleNamespace(layout=SimpleNamespace(canonical={"interaction_id": "id"}))
ids = st.one_of(st.none(), st.integers(0, 30).map(str))
limits = st.sampled_from((0, 64 * NOTED.itemsize, 2**30))


@given(st.lists(st.lists(ids, max_size=12), max_size=5), limits)
def test_rows_of_ids_that_come_twice_are_those_that_pandas_finds(batches, limit):
    with TemporaryDirectory() as folder:
        known, first = row_ids(DOOR, 60, Path(folder), limit), 0
        for batch in batches:
            known.add(SimpleNamespace(rows=pa.table({"id": pa.array(batch, pa.string())})), first)
            first += len(batch)
        found = known.doubtful().tolist()
    every = pd.Series([one for batch in batches for one in batch], dtype=object)
    assert found == np.flatnonzero((every.duplicated(keep=False) & every.notna()).to_numpy()).tolist()


def test_a_source_without_ids_has_no_doubtful_rows(tmp_path):
    known = row_ids(SimpleNamespace(layout=SimpleNamespace(canonical={})), 60, tmp_path, 2**30)
    known.add(SimpleNamespace(rows=pa.table({"kind": ["visit"]})), 0)
    assert known.column is None
    assert len(known.doubtful()) == 0
