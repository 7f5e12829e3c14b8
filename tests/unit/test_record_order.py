"""Records sorted in place are in the order of their group, time and ties, and repeats are found, against numpy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.event_records import FIELDS, NARROW, record_type
from features.record_order import grouped, sort_groups

ABSENT = frozenset({"account", "topic", "direction", "value", "rest"})
rows = st.tuples(st.integers(0, 3), st.integers(-6, 6), st.integers(0, 1))


def records_of(parts, dtype):
    """Records of (group, time, kind), rows numbered through all parts."""
    made, row = [], 0
    for part in parts:
        records = np.zeros(len(part), dtype)
        records["row"] = np.arange(row, row + len(part))
        for name, values in zip(("lead", "time", "kind"), zip(*part, strict=True), strict=False):
            records[name] = values
        made.append(records)
        row += len(part)
    return made


@given(st.lists(st.lists(rows, max_size=60), max_size=3), st.sampled_from([FIELDS, NARROW]))
def test_records_are_sorted_by_group_time_and_ties(parts, fields):
    dtype = record_type(ABSENT, fields)
    made = records_of(parts, dtype)
    records, start = grouped(made, [part["lead"] for part in made], 4, dtype)
    again = sort_groups(records, start, lambda tied: [tied["kind"], tied["row"]])
    every = np.concatenate([np.zeros(0, dtype), *made])
    want = every[np.lexsort([every[name] for name in ("row", "kind", "time", "lead")])]
    assert records.tolist() == want.tolist()
    assert start.tolist() == np.searchsorted(want["lead"], np.arange(5)).tolist()
    same = [name for name in dtype.names if name != "row"]
    assert again.tolist() == (np.flatnonzero((want[same][1:] == want[same][:-1]).astype(bool)) + 1).tolist()
