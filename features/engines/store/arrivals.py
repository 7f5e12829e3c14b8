"""What is new in a feature store: rows of new files, and older rows that other leads, accounts or ends make usable."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from features.engines.event_logs import Limits, Progress, open_door
from features.engines.store.events import EventPart, EventWriter, ids_name, open_part
from features.engines.store.files import EventFiles, Tally, load
from features.engines.store.reading import Came, intake, let_in, settle
from features.engines.store.rejects import late_reasons, waiting_source, write_rejects
from features.engines.store.state import Numbering, RebuildError, State
from features.engines.store.tally import again, of_waiting, refuse_if_mostly_bad, summed, tally_of
from features.event_codes import KnownIds, Labels
from features.event_door import EventDoor
from features.event_source import BATCH_ROWS, EventSource, open_events
from features.histories import Histories
from features.project import Project
from features.tables import Tables
from features.windows import Ints

BATCH_BYTES_A_ROW = 1_000
LEAST_BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Given:
    """A project with its tables but the interactions, their histories, and the end after which rows are left out."""

    project: Project
    tables: Tables
    histories: Histories
    end: datetime

    @property
    def end_us(self) -> int:
        """The end in microseconds."""
        return int(pd.Timestamp(self.end).value // 1000)

    @property
    def is_query(self) -> bool:
        """Whether the interactions come from a query and not from files."""
        return self.project.tables["interactions"].sql is not None


@dataclass(frozen=True, slots=True)
class Arrived:
    """The events of a store after an update: those of former `parts`, and of the `newest`, which came now.

    `waiting` counts by reason the rows that may become usable; `read` the rows read now. What hygiene leaves out since
    the newest came is not in the `tally`.
    """

    former: tuple[EventPart, ...]
    events: tuple[EventFiles, ...]
    newest: EventPart | None
    dtype: np.dtype[np.void]
    columns: tuple[tuple[str, str], ...]
    labels: Mapping[str, Labels]
    tally: Tally
    waiting: Mapping[str, int]
    waiting_rows: tuple[str, ...]
    rejected: tuple[str, ...]
    read: int

    @property
    def parts(self) -> tuple[EventPart, ...]:
        """All parts."""
        return self.former if self.newest is None else (*self.former, self.newest)


def labels_of(state: State) -> dict[str, Labels]:
    """Kinds, topics and directions with the codes that they have in the store."""
    known = state.manifest.labels
    return {
        name: Labels({label: code for code, label in enumerate(known.get(name, ()))})
        for name in ("kinds", "topics", "directions")
    }


def as_they_were(state: State) -> Arrived:
    """The events of a store to which nothing came."""
    manifest = state.manifest
    return Arrived(
        former=state.parts,
        events=manifest.events,
        newest=None,
        dtype=state.dtype,
        columns=manifest.columns,
        labels=labels_of(state),
        tally=manifest.tally,
        waiting=manifest.waiting,
        waiting_rows=manifest.waiting_rows,
        rejected=manifest.rejected,
        read=0,
    )


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Reads what is new for the store in `folder`, as update `number`; `scratch` takes what exceeds the memory.

    `leads` are those that rows may name.
    """

    given: Given
    folder: Path
    number: int
    scratch: Path
    limits: Limits
    progress: Progress
    leads: Future[KnownIds]

    def read(self, state: State, numbering: Numbering, files: Mapping[str, Path]) -> Arrived:
        """Read the new `files`, and the rows that waited if what they wait for may have come.

        Raises:
            InputContractError: the interactions cannot be used.
            RebuildError: new rows do not go together with those that are there.
        """
        manifest = state.manifest
        ended = self.given.end_us != manifest.end and not late_reasons().isdisjoint(manifest.waiting)
        again = manifest.waiting_rows if numbering.moved or ended else ()
        if not (files or self.given.is_query or again):
            return as_they_were(state)
        with self._new_rows(files) as source:
            columns = _columns_of(source, files) if source else manifest.columns
            if state.parts and columns != manifest.columns:
                raise RebuildError("the new files have other columns")
            waits = waiting_source([self.folder / name for name in again], "waiting rows") if again else None
            return self._let_in(state, numbering, (waits, source), columns)

    @contextmanager
    def _new_rows(self, files: Mapping[str, Path]) -> Iterator[EventSource | None]:
        if not files and not self.given.is_query:
            yield None
            return
        memory, rows = self.limits.memory, BATCH_ROWS
        if memory is not None:
            most = memory // 8 // self.limits.threads // BATCH_BYTES_A_ROW
            rows = int(np.clip(most, LEAST_BATCH_ROWS, BATCH_ROWS))
        with open_events(self.given.project, rows, files or None) as source:
            yield source

    def _let_in(
        self,
        state: State,
        numbering: Numbering,
        sources: tuple[EventSource | None, EventSource | None],
        columns: tuple[tuple[str, str], ...],
    ) -> Arrived:
        waits, new = sources
        present = [source for source in sources if source is not None]
        door = self._door(present[-1], numbering, labels_of(state))
        if state.parts and door.dtype != state.dtype:
            raise RebuildError("the interactions have other columns")
        rows = sum(source.rows for source in present)
        into = intake(door, numbering.lead_number, rows, self.scratch, self.limits)
        came, offset = [], 0
        for source in present:
            came.append(let_in(source, into, offset, self.limits.threads, self.progress))
            offset += source.rows
        writer = EventWriter(self.folder, self.number, door.dtype)
        repeated = settle(into, came, state.parts, writer, self.limits.threads)
        _refuse_shared_ids(self.folder, state, came if waits else [None, *came], repeated)
        files = writer.close(came[-1].id_hashes if new else None)
        newest = open_part(self.folder, files, door.dtype)
        return self._arrived(state, door, came, (files, newest, columns, waits is not None))

    def _door(self, source: EventSource, numbering: Numbering, labels: Mapping[str, Labels]) -> EventDoor:
        given = self.given
        door = open_door(given.project, source, given.tables, given.histories, given.end, self.leads.result())
        of_lead = numbering.of_account[given.histories.account]
        kinds, topics, directions = (labels[name] for name in ("kinds", "topics", "directions"))
        return replace(
            door,
            account_number=numbering.account_number,
            account_of_lead=of_lead,
            kinds=kinds,
            topics=topics,
            directions=directions,
        )

    def _arrived(
        self,
        state: State,
        door: EventDoor,
        came: Sequence[Came],
        found: tuple[EventFiles, EventPart, tuple[tuple[str, str], ...], bool],
    ) -> Arrived:
        (files, newest, columns, waited), manifest = found, state.manifest
        tallies = [tally_of(source.accounting, door, source.blamed) for source in came]
        tallies = [again(tallies[0]), *tallies[1:]] if waited else tallies
        taken = [of_waiting(manifest.waiting)] if waited else []
        tally = summed([manifest.tally, *tallies], taken)
        refuse_if_mostly_bad(tally, came[-1].accounting.source.origin)
        bad = [rows for source in came if (rows := source.accounting.bad_rows()) is not None]
        names = (f"waiting-{self.number:06d}.parquet", f"rejected-{self.number:06d}.parquet")
        waiting, others = write_rejects(bad, self.folder / names[0], self.folder / names[1])
        before = Counter() if waited else Counter(manifest.waiting)
        return Arrived(
            former=state.parts,
            events=(*manifest.events, files),
            newest=newest,
            dtype=door.dtype,
            columns=columns,
            labels={"kinds": door.kinds, "topics": door.topics, "directions": door.directions},
            tally=tally,
            waiting=before + waiting,
            waiting_rows=(*(() if waited else manifest.waiting_rows), *(names[:1] if waiting else ())),
            rejected=(*manifest.rejected, *(names[1:] if others else ())),
            read=sum(source.accounting.source.rows for source in came[int(waited) :]),
        )


def _columns_of(source: EventSource, files: Mapping[str, Path]) -> tuple[tuple[str, str], ...]:
    """Columns of a source; with their types where files of several types are brought together."""
    alike = all(path.suffix.lower() == ".parquet" for path in files.values())
    return tuple((field.name, "" if alike else str(field.type)) for field in source.schema)


def _refuse_shared_ids(folder: Path, state: State, came: Sequence[Came | None], repeated: Ints) -> None:
    """Rows with one id of their own compete for being used: those of different updates are settled from scratch.

    `came` has the rows that waited (their ids are in the store once) and the new ones (theirs should not be).

    Raises:
        RebuildError: a usable row has the id of another row with other contents.
    """
    known = [load(folder / ids_name(part.number)) for part in state.manifest.events if part.has_ids]
    for source, own in zip(came, (1, 0), strict=False):
        if source is None or source.ids.column is None:
            continue
        noted = source.ids.all()
        hashes, rows = noted["hash"], noted["row"] + source.offset
        times = sum(
            (np.searchsorted(old, hashes, "right") - np.searchsorted(old, hashes) for old in known), np.zeros(1)
        )
        shared = rows[np.broadcast_to(times > own, rows.shape)]
        shared = shared[np.isin(shared, source.alive) & ~np.isin(shared, repeated)]
        if len(shared):
            raise RebuildError("new rows of interactions have ids of older ones, with other contents")
