"""A project's interactions read in batches into event logs, for all who compute features on one machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from features.build import Progress
from features.engines.event_logs import EventLogs, Limits, open_door, read_event_logs
from features.event_source import BATCH_ROWS, EventSource
from features.histories import Histories
from features.project import Project
from features.tables import Tables

# Smaller batches where memory is limited: a batch takes a few hundred bytes a row while it is checked.
LEAST_BATCH_ROWS = 50_000
BATCH_BYTES_A_ROW = 1_000


@dataclass(frozen=True, slots=True)
class Reading:
    """How interactions are read: what the run may use, the command's clock, and who watches.

    What exceeds the limit of memory goes to the folder `scratch` (default: the system's for temporary files).
    """

    limits: Limits
    clock: datetime
    progress: Progress
    scratch: Path | None = None


def batch_rows(limits: Limits) -> int:
    """Rows of a batch of interactions."""
    if limits.memory is None:
        return BATCH_ROWS
    return int(np.clip(limits.memory // 8 // limits.threads // BATCH_BYTES_A_ROW, LEAST_BATCH_ROWS, BATCH_ROWS))


@contextmanager
def project_logs(
    project: Project, source: EventSource, tables: Tables, histories: Histories, reading: Reading
) -> Iterator[EventLogs]:
    """The interactions of a source; `tables` and `histories` are the project's without them.

    Raises:
        InputContractError: the table cannot be used as a whole.
    """
    end = tables.data_end if project.project.data_end is not None else reading.clock
    with TemporaryDirectory(prefix="ripelead-", dir=reading.scratch) as scratch:
        door = open_door(project, source, tables, histories, end)
        yield read_event_logs(source, door, histories, Path(scratch), reading.limits, reading.progress)


def accounted(tables: Tables, logs: EventLogs) -> Tables:
    """The tables with the row accounting, notes and quarantine of the interactions among them."""
    bad = logs.accounting.bad_rows()
    return replace(
        tables,
        counts=(*tables.counts, logs.accounting.count()),
        notes=(*tables.notes, *logs.accounting.notes(logs.door, logs.door.layout.notes)),
        quarantine=(*tables.quarantine, *([] if bad is None else [bad])),
    )
