"""Interactions of Parquet files in batches: which columns come as dictionaries, and rows taken from several files."""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from features.event_source import open_events
from features.project import read_project

ROWS = 3_000


def day(number):
    return datetime(2026, 1, number)


PROJECT = """[project]
name = "files"
[tables.leads]
file = "leads.csv"
[tables.interactions]
file = "events-*.parquet"
"""


def project_with(folder, *texts):
    """A project whose files have text columns of the given Arrow types."""
    (folder / "ripelead.toml").write_text(PROJECT)
    for number, text in enumerate(texts):
        names = [f"{number}-{row}" for row in range(ROWS)]
        kinds = ["visit", "click", None] * (ROWS // 3)
        rows = pa.table({"lead_id": pa.array(names, text), "kind": pa.array(kinds, text), "value": np.arange(ROWS)})
        parquet.write_table(rows, folder / f"events-{number}.parquet", row_group_size=1_400)
    return read_project(folder)


def test_labels_come_as_dictionaries_and_ids_as_they_are(tmp_path):
    with open_events(project_with(tmp_path, pa.string(), pa.string()), 500) as source:
        read = [batch.rows.schema for piece in source.pieces for _, batch in source.batches(piece, ("lead_id", "kind"))]
    assert len(read) > 2
    for schema in read:
        assert (schema.field("lead_id").type, pa.types.is_dictionary(schema.field("kind").type)) == (pa.string(), True)


@pytest.mark.parametrize("texts", [(pa.string(), pa.string()), (pa.string(), pa.large_string())])
def test_rows_are_taken_from_files_that_write_text_in_another_way(tmp_path, texts):
    with open_events(project_with(tmp_path, *texts), 500) as source:
        found = source.take(np.array([1, 2_900, 3_004]))
    assert found.rows["lead_id"].to_pylist() == ["0-1", "0-2900", "1-4"]
    assert found.rows["kind"].to_pylist() == ["click", None, "click"]
    assert [found.place(number) for number in range(3)][1:] == ["events-0.parquet row 2901", "events-1.parquet row 5"]


# What a later file may have instead of numbers; texts stand in the order of their letters, so "9" is their largest.
OTHERS = [
    (["1", "9", "10000000"], pa.dictionary(pa.int32(), pa.string())),
    ([day(1), day(2), day(3)], pa.timestamp("us")),
    ([day(1).date()] * 3, pa.date32()),
    ([b"1", b"2", b"3"], pa.binary()),
    ([True, False, True], pa.bool_()),
]


@pytest.mark.parametrize(("values", "kind"), OTHERS)
def test_what_is_no_number_in_another_file_says_nothing_of_its_largest(tmp_path, values, kind):
    (tmp_path / "ripelead.toml").write_text(PROJECT)
    for number, cells in enumerate((pa.array([1, 2, 3]), pa.array(values, kind))):
        rows = pa.table({"lead_id": ["1", "2", "3"], "n": cells})
        parquet.write_table(rows, tmp_path / f"events-{number}.parquet")
    with open_events(read_project(tmp_path)) as source:
        assert source.largest == {"n": float("inf")}


def test_an_empty_file_takes_nothing_from_what_the_others_say(tmp_path):
    (tmp_path / "ripelead.toml").write_text(PROJECT)
    rows = pa.table({"lead_id": ["1"], "n": [7]})
    parquet.write_table(rows, tmp_path / "events-0.parquet")
    parquet.write_table(rows.slice(0, 0), tmp_path / "events-1.parquet")
    with open_events(read_project(tmp_path)) as source:
        assert source.largest == {"n": 7.0}


LARGEST = {
    "whole": ([3, -7, None], None, 7.0),
    "part": ([1.5, None, -2.5], None, 2.5),
    "in one row group only": ([1, 2, 3, None], None, 3.0),
    "no number": ([1.0, float("nan"), 2.0], None, 2.0),
    "infinite": ([1.0, float("inf"), 2.0], None, float("inf")),
    "missing": ([None, None, None], pa.int64(), 0.0),
    "unsigned": ([2**64 - 1, 0, 1], pa.uint64(), float(2**64 - 1)),
}


@pytest.mark.parametrize("what", LARGEST)
def test_a_source_knows_its_largest_numbers_from_the_statistics_of_its_files(tmp_path, what):
    values, kind, largest = LARGEST[what]
    (tmp_path / "ripelead.toml").write_text(PROJECT)
    nested = [{"deep": 10**9}] * len(values)
    rows = pa.table({"inner": nested, "lead_id": list(map(str, range(len(values)))), "n": pa.array(values, kind)})
    parquet.write_table(rows, tmp_path / "events-0.parquet", row_group_size=3)
    with open_events(read_project(tmp_path)) as source:
        assert source.largest == {"n": largest}
    parquet.write_table(rows, tmp_path / "events-1.parquet", write_statistics=["lead_id"])
    with open_events(read_project(tmp_path)) as source:
        assert source.largest == {"n": float("inf")}
