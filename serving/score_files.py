"""Score files that `ripelead score` wrote, read for commands that take `--scores`."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from features.errors import ProjectFileError
from serving.sinks import SCHEMA


def read_score_file(path: Path, columns: tuple[str, ...], as_of: datetime, later: tuple[str, ...] = ()) -> pa.Table:
    """Columns of a score file of the time `as_of`; `as_of` must be among them. Those read `later` must be there too.

    Raises:
        ProjectFileError: it cannot be read, is no score file, or is of another time.
    """
    try:
        if missing := {*columns, *later} - set(parquet.read_schema(path).names):
            raise KeyError(f"no column {', '.join(sorted(missing))}")
        table = parquet.read_table(path, columns=list(columns)).cast(pa.schema([SCHEMA.field(c) for c in columns]))
        times = {_utc(moment) for moment in pc.unique(table["as_of"]).to_pylist()}
    except (OSError, KeyError, ValueError, NotImplementedError) as error:  # pyarrow's errors are among them
        expected = "expected a Parquet file that `ripelead score` wrote"
        raise ProjectFileError(f"--scores {path}: cannot be read ({error}): {expected}") from error
    if times - {as_of}:
        found = ", ".join(sorted("no time" if time is None else f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times)[:5])
        raise ProjectFileError(f"--scores {path}: is as of {found}: expected --as-of {as_of:%Y-%m-%dT%H:%M:%SZ}")
    return table


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
