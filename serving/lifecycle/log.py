"""The log of stage events on disk: a folder of Parquet files that are only ever added.

A file appears whole or not at all, with the next number, so that a run that is killed leaves the log as it was.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import InputContractError
from features.files import replaced_file
from serving.batch.output_lock import output_lock
from serving.lifecycle.events import EVENTS

PART = re.compile(r"(\d{8})\.parquet")


def log_files(folder: Path) -> list[Path]:
    """Files of the log in the order in which they were added."""
    return sorted(path for path in folder.glob("*.parquet") if PART.fullmatch(path.name)) if folder.is_dir() else []


def read_log(folder: Path) -> pa.Table:
    """All events of the log, columns `EVENTS`; none when there is no log yet.

    Raises:
        InputContractError: a file is damaged, or none of this log's.
    """
    tables = [_read(path) for path in log_files(folder)]
    return pa.concat_tables(tables) if tables else EVENTS.empty_table()


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path).select(EVENTS.names).cast(EVENTS)
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError, KeyError, OSError) as error:
        raise InputContractError(
            f"{path}: expected a file of stage events as ripelead writes them, got {error}: "
            "bring the file back from a backup; nothing was changed"
        ) from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the log for reading, deciding and appending; raises `OverlapError` when another run does."""
    with output_lock(folder / ".lock", f"the stage log {folder}"):
        for left in folder.glob(".*.part"):  # of a run that was killed
            with suppress(OSError):
                left.unlink()
        yield


def append(folder: Path, events: pa.Table) -> Path | None:
    """Add events (columns `EVENTS`) as one new file, durably; None when there are none. Only while `writing`.

    Raises:
        SinkError: the file cannot be written.
    """
    if not len(events):
        return None
    files = log_files(folder)
    number = int(files[-1].stem) + 1 if files else 1
    path = folder / f"{number:08d}.parquet"
    with replaced_file(path) as temporary:
        pq.write_table(events.cast(EVENTS), temporary)
    return path
