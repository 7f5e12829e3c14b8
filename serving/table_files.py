"""Small result tables as one file, Parquet or CSV, written as a whole or not at all."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import ProjectFileError
from features.files import replaced_file
from serving.csv_dialects import DIALECTS, DialectName, csv_writer

ENDINGS = (".csv", ".parquet")


def refuse_other_files(path: Path | None) -> None:
    """Refuse a file whose ending names neither format, before any work is done.

    Raises:
        ProjectFileError: another ending.
    """
    if path is not None and path.suffix.lower() not in ENDINGS:
        raise ProjectFileError(f"--out {path}: expected a file ending in {' or '.join(ENDINGS)}")


def write_table(path: Path, table: pa.Table, dialect: DialectName = "iso") -> None:
    """Write a table in the format that the file's ending names.

    Raises:
        SinkError: the file cannot be written.
    """
    with replaced_file(path) as temporary:
        if path.suffix.lower() == ".parquet":
            pq.write_table(table, temporary)
            return
        with csv_writer(temporary, DIALECTS[dialect]) as write:
            write(table)
