"""Values of features in two matrices: the same values as in one."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from features.catalog import FeatureDef
from features.engines.feature_rows import write_tables
from features.feature_values import WHOLE, columns_of, room_for, values_of

FAMILIES = ("count", "interest", "weekday", "gap_max_days", "variety", "value")
families = st.lists(st.sampled_from(FAMILIES), max_size=6)


def features_of(names):
    return [FeatureDef(f"{family}_{i}", family, "Group", "words") for i, family in enumerate(names)]


def matrix_of(features, rows):
    whole = np.array([feature.family in WHOLE for feature in features], bool)
    drawn = np.random.default_rng(3).integers(-5, 2**31 - 1, (rows, len(features)))
    return np.where(whole, drawn, drawn / 7)


@given(families, st.integers(0, 5))
def test_a_matrix_comes_back_as_it_was(names, rows):
    features = features_of(names)
    matrix = matrix_of(features, rows)
    values, back = values_of(matrix, features), np.full(matrix.shape, -1.0)
    values.write(back)
    np.testing.assert_array_equal(back, matrix)
    for number, feature in enumerate(features):
        column = values.of(number, feature)
        assert column.dtype == (np.int32 if feature.family in WHOLE else np.float64)
        np.testing.assert_array_equal(column, matrix[:, number])


@given(families.filter(bool))
def test_some_rows_are_filled_in_place(names):
    features = features_of(names)
    room = room_for(5, columns_of(features))
    for number, feature in enumerate(features):
        room.of(number, feature)[:] = 0
        room.rows(slice(1, 3)).of(number, feature)[:] = number + 1
    matrix = np.empty((len(room), len(features)))
    room.write(matrix)
    expected = np.zeros((5, len(features)))
    expected[1:3] = np.arange(len(features)) + 1
    np.testing.assert_array_equal(matrix, expected)


def test_rows_written_are_the_rows_read(tmp_path):
    whole = pa.array([0, 2**31 - 1, -(2**31), 7, 7], pa.int32())
    table = pa.table(
        {
            "lead_id": ["a", "b", "ü", "", "a"],
            "count": whole,
            "share": pa.array([1.5, None, -0.0, 1e300, 5e-324]),
            "kind": pa.array(["x", None, "y", "x", "x"]).dictionary_encode(),
        }
    )
    path = tmp_path / "rows.parquet"
    assert write_tables([table, table.slice(0, 0), table.slice(0, 1)], path) == 6
    found = parquet.read_table(path)
    assert found.cast(table.schema).equals(pa.concat_tables([table, table.slice(0, 1)]))
    column = parquet.ParquetFile(path).metadata.row_group(0).column(1)
    assert (column.path_in_schema, column.encodings[-1:]) == ("count", ("DELTA_BINARY_PACKED",))


def test_numbers_are_compressed_where_that_makes_them_smaller(tmp_path):
    made = np.random.default_rng(4)
    interest, some = made.random(3_000), made.random(3_000) < 0.1
    columns = {
        "count": np.zeros(3_000, np.int32),
        "always different": interest,
        "mostly not known": pa.array(interest, mask=~some),
        "mostly zero": np.where(some, interest, 0.0),
        "whole days": made.integers(0, 90, 3_000).astype(np.float64),
        "never known": pa.nulls(3_000, pa.float64()),
    }
    write_tables([pa.table(columns)], tmp_path / "rows.parquet")
    file = parquet.ParquetFile(tmp_path / "rows.parquet")
    group = file.metadata.row_group(0)
    found = {name: group.column(number).compression for number, name in enumerate(columns)}
    as_it_is, smaller = "UNCOMPRESSED", "SNAPPY"
    assert found == dict(zip(columns, (as_it_is, as_it_is, as_it_is, smaller, smaller, smaller), strict=True))
    assert file.read().equals(pa.table(columns))


def test_without_tables_no_file_is_written_and_without_rows_an_empty_one(tmp_path):
    assert write_tables([], tmp_path / "none.parquet") == 0
    assert not list(tmp_path.iterdir())
    empty = pa.table({"share": pa.array([], pa.float64())})
    assert write_tables([empty], tmp_path / "empty.parquet") == 0
    assert parquet.read_table(tmp_path / "empty.parquet").equals(empty)
