"""Small tables as files: CSV for programs, or Parquet, whole or not at all."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from features.errors import ProjectFileError
from features.files import replaced_file
from serving.csv_dialects import DIALECTS, csv_writer

FORMATS = (".csv", ".parquet")


def refuse_format(path: Path) -> None:
    """Refuse an output before any work is done; raises `ProjectFileError` when it is neither CSV nor Parquet."""
    if path.suffix.lower() not in FORMATS:
        raise ProjectFileError(f"--out {path}: expected a file ending in {' or '.join(FORMATS)}")


def write_plain(table: pa.Table, path: Path) -> None:
    """Write a table to a CSV or Parquet file; raises `SinkError` when it cannot be written."""
    refuse_format(path)
    with replaced_file(path) as temporary:
        if path.suffix.lower() == ".parquet":
            parquet.write_table(table, temporary)
            return
        with csv_writer(temporary, DIALECTS["iso"]) as write:
            write(table)
