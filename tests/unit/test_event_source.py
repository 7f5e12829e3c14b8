"""Interactions of Parquet files in batches: which columns come as dictionaries, and rows taken from several files."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from features.event_source import open_events
from features.project import read_project

ROWS = 3_000
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
