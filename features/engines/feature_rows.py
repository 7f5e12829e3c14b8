"""Feature rows: the values of features and the columns they begin with, in Arrow and as Parquet files."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import parquet

from features.build import Progress
from features.catalog import OTHER, Catalog, FeatureDef
from features.engines.asked import Asked
from features.feature_values import ALWAYS_KNOWN, WHOLE, FeatureValues, Wholes
from features.kernel import room
from features.windows import Floats

# Parts are written together until they have so many rows: every group of rows costs some work in every column.
ROW_GROUP = 2**16
# A column of numbers is compressed when so many values of it take at most this share of their bytes then.
SAMPLE, WORTH = 8192, 0.75
Bits = npt.NDArray[np.uint8]


def write_rows(parts: Iterable[tuple[slice, FeatureValues]], asked: Asked, path: Path, progress: Progress) -> int:
    """Write parts of a feature table, each with the rows of the snapshots it holds, as one Parquet file."""
    schema = _with_values_required(arrow_rows(asked, slice(0, 0), room(0, asked.catalog)).schema, asked.catalog)

    def groups() -> Iterator[pa.Table]:
        done, waiting = 0, list[pa.Table]()
        for rows, values in parts:
            waiting.append(pa.table(_columns(asked, rows, values), schema))
            if sum(map(len, waiting)) >= ROW_GROUP:
                yield pa.concat_tables(waiting)
                waiting = []
            done += rows.stop - rows.start
            progress(done, len(asked.snapshots))
        if waiting or not done:
            yield pa.concat_tables(waiting or [schema.empty_table()])

    return write_tables(groups(), path)


def write_tables(tables: Iterable[pa.Table], path: Path) -> int:
    """Write tables of one schema as one Parquet file, as suits the first of them; returns the number of rows.

    Without tables there is no file.
    """
    number, writer = 0, None
    try:
        for table in tables:
            writer = writer or _writer(path, table)
            number += len(table)
            if len(table):
                writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
    return number


def _writer(path: Path, first: pa.Table) -> parquet.ParquetWriter:
    """A writer of feature rows: whole numbers as differences in as few bits as they need, others mostly compressed."""
    whole = [field.name for field in first.schema if pa.types.is_int32(field.type)]
    return parquet.ParquetWriter(
        path,
        first.schema,
        use_dictionary=[field.name for field in first.schema if pa.types.is_dictionary(field.type)],
        column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
        compression={name: _compression(first[name]) for name in first.column_names},
        write_statistics=False,
    )


def _compression(column: pa.ChunkedArray) -> str:
    """How a column is compressed: not at all where it would stay nearly as large, told from its first values."""
    if pa.types.is_int32(column.type):
        return "none"
    if not pa.types.is_float64(column.type):
        return "snappy"
    values = column.slice(0, SAMPLE).drop_null().to_numpy().tobytes()
    return "none" if values and len(pa.compress(values, "snappy")) > WORTH * len(values) else "snappy"


def _with_values_required(schema: pa.Schema, catalog: Catalog) -> pa.Schema:
    """`schema` with the features that are never null: to write down which are not takes as long as the numbers."""
    never_null = {f.name for f in catalog.features if f.family in WHOLE | ALWAYS_KNOWN and f.type != "category"}
    return pa.schema([field.with_nullable(field.name not in never_null) for field in schema])


def arrow_rows(asked: Asked, rows: slice, values: FeatureValues) -> pa.Table:
    """Part of a feature table with the further columns of its rows, in Arrow."""
    return pa.table(_columns(asked, rows, values))


def _columns(asked: Asked, rows: slice, values: FeatureValues) -> dict[str, pa.Array]:
    columns = asked.leading(rows)
    for number, feature in enumerate(asked.catalog.features):
        columns[feature.name] = arrow_column(asked.catalog, feature, values.of(number, feature))
    return columns


def arrow_column(catalog: Catalog, feature: FeatureDef, values: Wholes | Floats) -> pa.Array:
    """Categories as text, whole numbers as integers, everything else as it is; not known is null."""
    if feature.type == "category":
        names = catalog.attribute(feature.of or "").categories if feature.family == "attribute" else catalog.kinds
        codes = np.where(np.isnan(values), 0, values).astype(np.int32)
        indices = _as_they_lie(codes, pa.int32(), _known(values))
        return pa.DictionaryArray.from_arrays(indices, pa.array([*names, OTHER], pa.string()))
    if feature.family in WHOLE:
        return _as_they_lie(values, pa.int32())
    return _as_they_lie(values, pa.float64(), None if feature.family in ALWAYS_KNOWN else _known(values))


def _known(values: Wholes | Floats) -> Bits | None:
    """Bits that say which values are numbers; None: all are."""
    known = ~np.isnan(values)
    return None if known.all() else np.packbits(known, bitorder="little")


def _as_they_lie(values: Wholes | Floats, kind: pa.DataType, known: Bits | None = None) -> pa.Array:
    """Values in place; where some are missing, bits say which are known."""
    bits = None if known is None else pa.py_buffer(known)
    return pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(np.ascontiguousarray(values))])
