"""Writing scores: Parquet or CSV, atomically."""

import csv
import json
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import ProjectFileError
from features.files import replaced_file

FORMATS = (".parquet", ".csv")
REASON = pa.struct([("group", pa.string()), ("feature", pa.string()), ("value", pa.string()),
                    ("points", pa.int64()), ("sentence", pa.string())])  # fmt: skip
SCHEMA = pa.schema(
    [
        ("lead_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("propensity", pa.float64()),
        ("score", pa.int64()),
        ("band", pa.string()),
        ("sales_qualified", pa.bool_()),
        ("bant_met", pa.int64()),
        ("bant_qualified", pa.bool_()),
        ("points", pa.float64()),
        ("stage", pa.string()),
        ("reasons", pa.list_(REASON)),
        ("model_version", pa.string()),
    ]
)
# A spreadsheet runs a cell that starts like this; only text is ever escaped, never a number.
FORMULA_START = ("=", "+", "-", "@", "\t", "\r")


def check_format(path: Path) -> None:
    """Refuse an output file of an unknown kind before any work is done."""
    if path.suffix.lower() not in FORMATS:
        raise ProjectFileError(f"--out {path}: expected a file ending in {' or '.join(FORMATS)}")


def write_scores(frame: pd.DataFrame, path: Path) -> None:
    """Write the score table; in CSV, reasons are one JSON cell and times ISO 8601.

    Raises:
        SinkError: the file cannot be written; nothing half-written stays.
    """
    with replaced_file(path) as temporary:
        if path.suffix.lower() == ".parquet":
            pq.write_table(_as_arrow(frame), temporary)
        else:
            # Before Python 3.13, csv leaves a carriage return unquoted where it is not part of the line end.
            has_return = frame["lead_id"].str.contains("\r", regex=False).any()
            quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if has_return else csv.QUOTE_MINIMAL
            _as_csv(frame).to_csv(temporary, index=False, lineterminator="\n", quoting=quoting)


def _as_arrow(frame: pd.DataFrame) -> pa.Table:
    moments = frame["as_of"].dt.tz_convert(None).to_numpy()
    columns = {name: frame[name].to_numpy() for name in SCHEMA.names} | {"as_of": moments}
    return pa.table({name: pa.array(columns[name], SCHEMA.field(name).type, from_pandas=True) for name in columns})


def _as_csv(frame: pd.DataFrame) -> pd.DataFrame:
    texts = frame.select_dtypes(["object", "str"]).columns.difference(["reasons"])
    escaped = {name: frame[name].map(_unformula) for name in texts}
    return frame.assign(
        **escaped,
        as_of=frame["as_of"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        reasons=[json.dumps(rows, ensure_ascii=False) for rows in frame["reasons"]],
    )


def _unformula(cell: str) -> str:
    return "'" + cell if cell.startswith(FORMULA_START) else cell
