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
    table = _read(path, columns, later)
    if _times(table) - {as_of}:
        raise ProjectFileError(
            f"--scores {path}: is as of {_shown(table)}: expected --as-of {as_of:%Y-%m-%dT%H:%M:%SZ}"
        )
    return table


def time_of_score_file(path: Path) -> datetime:
    """The time that all scores of a file are as of.

    Raises:
        ProjectFileError: it cannot be read, is no score file, or has no time or several.
    """
    table = _read(path, ("as_of",), ())
    times = _times(table)
    if len(times) != 1 or None in times:
        found = f"as of {_shown(table)}" if times else "empty"
        raise ProjectFileError(f"--scores {path}: is {found}: expected scores as of one time")
    return next(time for time in times if time is not None)


def _read(path: Path, columns: tuple[str, ...], later: tuple[str, ...]) -> pa.Table:
    try:
        if missing := {*columns, *later} - set(parquet.read_schema(path).names):
            raise KeyError(f"no column {', '.join(sorted(missing))}")
        return parquet.read_table(path, columns=list(columns)).cast(pa.schema([SCHEMA.field(c) for c in columns]))
    except (OSError, KeyError, ValueError, NotImplementedError) as error:  # pyarrow's errors are among them
        expected = "expected a Parquet file that `ripelead score` wrote"
        raise ProjectFileError(f"--scores {path}: cannot be read ({error}): {expected}") from error


def _times(table: pa.Table) -> set[datetime | None]:
    return {None if moment is None else moment.astimezone(UTC) for moment in pc.unique(table["as_of"]).to_pylist()}


def _shown(table: pa.Table) -> str:
    times = sorted("no time" if time is None else f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in _times(table))
    return ", ".join(times[:5])
