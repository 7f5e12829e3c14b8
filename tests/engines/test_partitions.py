"""Records come back from their partitions as they were put in, whatever fits where."""

import numpy as np
import pytest

from features.engines.partitions import Partitions
from features.event_records import record_type
from features.event_rows import EVERY, EventRows

DTYPE = record_type(frozenset({"account", "topic", "direction", "value", "rest"}))


def records_of(rows):
    records = np.zeros(len(rows), DTYPE)
    records["row"], records["time"], records["lead"] = rows, np.asarray(rows) * 7, np.asarray(rows) % 5
    return records


@pytest.mark.parametrize("expected", [0, 12, 1_000])
@pytest.mark.parametrize("limit", [100, 1_500, 10**9])
def test_every_record_is_found_once_in_its_partition(tmp_path, limit, expected):
    partitions = Partitions(3, DTYPE, tmp_path, limit, expected)
    for first in range(0, 60, 20):
        rows = np.arange(first, first + 20)
        partitions.add(records_of(rows), np.where(rows % 4 == 0, 2, 0))
    assert sorted(row for part in partitions.each() for row in part["row"]) == list(range(60))
    assert sorted(partitions.take(2)["row"]) == list(range(0, 60, 4))
    assert len(partitions.take(1)) == len(partitions.take(2)) == 0
    partitions.put(1, records_of(np.arange(30)))
    assert partitions.take(1).tolist() == records_of(np.arange(30)).tolist()
    assert len(partitions.take(0)) == 45
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("expected", [0, 12, 1_000])
@pytest.mark.parametrize("limit", [100, 1_500, 10**9])
def test_rows_that_are_left_out_go_nowhere(tmp_path, limit, expected):
    partitions = Partitions(3, DTYPE, tmp_path, limit, expected)
    for first in range(0, 60, 20):
        number = np.arange(first, first + 20)
        columns = {name: number.astype(DTYPE[name]) for name in DTYPE.names if name != "row"}
        rows = EventRows(columns, first, DTYPE, EVERY)
        partitions.add_by(number % 4 - 1, rows.place, rows.taken)
    for which in range(3):
        found = np.sort(partitions.take(which), order="row")
        assert found["row"].tolist() == list(range(which + 1, 60, 4))
        assert found["time"].tolist() == found["lead"].tolist() == found["row"].tolist()
