"""Feature rows: the values of features and the columns they begin with, in Arrow and as Parquet files."""

from collections.abc import Collection, Iterable
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

# Families whose values differ from each other in nearly all of their bits: compression leaves them as large.
SPREAD = frozenset({"interest", "days_since_last", "gap_mean_days", "gap_std_days"})
# Parts are written together until they have so many rows: every group of rows costs some work in every column.
ROW_GROUP = 2**16
Bits = npt.NDArray[np.uint8]


def write_rows(parts: Iterable[tuple[slice, FeatureValues]], asked: Asked, path: Path, progress: Progress) -> int:
    """Write parts of a feature table, each with the rows of the snapshots it holds, as one Parquet file."""
    schema = _with_values_required(arrow_rows(asked, slice(0, 0), room(0, asked.catalog)).schema, asked.catalog)
    done, waiting = 0, list[pa.Table]()
    spread = [feature.name for feature in asked.catalog.features if feature.family in SPREAD]
    with rows_writer(path, schema, spread) as writer:
        for rows, values in parts:
            waiting.append(pa.table(_columns(asked, rows, values), schema))
            if sum(map(len, waiting)) >= ROW_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
            done += rows.stop - rows.start
            progress(done, len(asked.snapshots))
        if any(map(len, waiting)):
            writer.write_table(pa.concat_tables(waiting))
    return done


def rows_writer(path: Path, schema: pa.Schema, spread: Collection[str] = ()) -> parquet.ParquetWriter:
    """A writer of feature rows: whole numbers as differences in as few bits as they need, all else compressed.

    The columns `spread` are written as they are: they would not become smaller.
    """
    whole = [field.name for field in schema if pa.types.is_int32(field.type)]
    return parquet.ParquetWriter(
        path,
        schema,
        use_dictionary=[field.name for field in schema if pa.types.is_dictionary(field.type)],
        column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
        compression={field.name: "none" if field.name in (*whole, *spread) else "snappy" for field in schema},
        write_statistics=False,
    )


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
        known = ~np.isnan(values)
        codes = pa.array(np.where(known, values, 0).astype(np.int32), mask=~known)
        return pa.DictionaryArray.from_arrays(codes, pa.array([*names, OTHER], pa.string()))
    if feature.family in WHOLE:
        return _as_they_lie(values, pa.int32())
    known = ~np.isnan(values)
    return _as_they_lie(values, pa.float64(), None if known.all() else np.packbits(known, bitorder="little"))


def _as_they_lie(values: Wholes | Floats, kind: pa.DataType, known: Bits | None = None) -> pa.Array:
    """Values in place; where some are missing, bits say which are known."""
    bits = None if known is None else pa.py_buffer(known)
    return pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(np.ascontiguousarray(values))])
