"""Rows of a feature table that are not scored, as a file for people: `quarantine/feature_table.csv`."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from features.files import replaced_file
from features.quarantine import COLUMNS, FOLDER, safe_cell
from serving.batch.checkpoints import RejectedRow

NAME = "feature_table.csv"


def write_rejected(directory: Path, file: str, rows: Sequence[RejectedRow]) -> None:
    """Write row number, column, reason, expected and value of each row; a file of an earlier run is removed.

    Raises:
        SinkError: the folder cannot be written.
    """
    path = directory / FOLDER / NAME
    if not rows:
        path.unlink(missing_ok=True)
        return
    with replaced_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            said = json.dumps({"lead_id": row.lead_id}, ensure_ascii=False)
            cells = (str(row.row), row.column, row.reason, row.expected, row.value, said, file)
            writer.writerow([safe_cell(cell) for cell in cells])
