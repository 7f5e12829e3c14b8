"""A feature store: a folder with a feature table and the events it was made of, brought up to date by what is new.

New events touch only the rows that can see them: those of their account at later as-of dates. Everything else is
reused. After any sequence of updates the table is, bit for bit, the one that a run over all files would write.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from features.build import Progress
from features.catalog import Catalog
from features.drafts import BadRows
from features.engines.asked import Asked
from features.engines.event_logs import Limits, known_leads
from features.engines.fingerprints import FileMark, code_digest, marks_of, refuse_changed, settings_digest
from features.engines.store.arrivals import Arrivals, Arrived, Given
from features.engines.store.events import names_of
from features.engines.store.files import DamagedStoreError, Tally, clock_of, last_number, locked, read_manifest, sync
from features.engines.store.hygiene import more_left_out
from features.engines.store.rejects import read_rejects
from features.engines.store.seen import Seen
from features.engines.store.state import Numbering, RebuildError, State, empty_state, number_leads, open_state
from features.engines.store.tally import count_of, notes_of, summed
from features.engines.store.writing import Step, write_update
from features.errors import InputContractError
from features.event_codes import KnownIds
from features.links import different_ids
from features.schema import TableCount
from features.sources import source_files
from features.traffic import internal_addresses
from features.windows import NEVER

__all__ = ["Given", "Seen", "Updated", "stored_catalog", "update_store"]
Ask = Callable[[Seen], Asked]


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did: rows of the table, how many were computed, new rows of events read, and notes for people.

    `tally` counts the rows of all files; `rebuilt` says why nothing could be reused (None: it could, or there was
    nothing).
    """

    rows: int
    recomputed: int
    read: int
    rebuilt: str | None
    tally: Tally
    notes: tuple[str, ...]
    rejected: tuple[Path, ...]

    @property
    def reused(self) -> int:
        """Rows that were there already."""
        return self.rows - self.recomputed

    @property
    def count(self) -> TableCount:
        """Row accounting of the interactions of all files."""
        return count_of(self.tally)

    def bad_rows(self) -> BadRows | None:
        """All quarantined interactions; to be asked for before the next update."""
        return read_rejects(self.rejected)


def update_store(folder: Path, given: Given, ask: Ask, limits: Limits, progress: tuple[Progress, Progress]) -> Updated:
    """Bring the store in `folder` up to date, or write it from scratch where it cannot be; made where it is missing.

    `ask` is told what the events are and answers which features of which snapshots are wanted (sorted by lead and
    as_of). `progress` is that of reading events and of computing rows. Until the end a reader sees the former state.

    Raises:
        InputContractError: the interactions cannot be used, or changed while they were read.
        ProjectFileError: the folder holds other things.
        SinkError: the folder cannot be written, or another update is under way.
        ValueError: the snapshots are not sorted.
    """
    if "interactions" not in given.project.tables:
        raise InputContractError("a feature store is made of interactions. Expected [tables.interactions]")
    with locked(folder), ThreadPoolExecutor(2) as beside:
        leads = beside.submit(known_leads, given.project, given.histories)
        run = _Run(folder, given, ask, limits, progress, leads, beside)
        try:
            state = open_state(folder)
            return run.advance(state, run.marks(state)) if state else run.advance(empty_state(), run.marks(None))
        except (RebuildError, DamagedStoreError) as reason:
            return run.advance(empty_state(), run.marks(None), str(reason))


def stored_catalog(folder: Path) -> Catalog | None:
    """The catalog of the table in a store; None where there is none that this version can read."""
    try:
        manifest = read_manifest(folder)
        return None if manifest is None else Catalog.from_json(manifest.catalog)
    except (DamagedStoreError, ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class _Run:
    folder: Path
    given: Given
    ask: Ask
    limits: Limits
    progress: tuple[Progress, Progress]
    leads: Future[KnownIds]
    beside: Executor

    def marks(self, state: State | None) -> dict[str, FileMark]:
        """Marks of all files of the interactions.

        Raises:
            RebuildError: those that the store has read, or something else that all rows rest on, are not as they were.
        """
        project = self.given.project
        if self.given.is_query:
            if state is not None:
                raise RebuildError("interactions of a query are read anew each time")
            return {}
        if state is not None:
            self._refuse_other_settings(state)
        known = state.manifest.sources if state is not None else {}
        marks = marks_of(source_files(project, "interactions"), known, clock_of(self.folder))
        for name, mark in known.items():
            if name not in marks:
                raise RebuildError(f"{name} is gone")
            if mark.sha256 != marks[name].sha256:
                raise RebuildError(f"{name} has changed")
        return marks

    def _refuse_other_settings(self, state: State) -> None:
        manifest = state.manifest
        if manifest.code != code_digest():
            raise RebuildError("it was made by another version")
        if manifest.settings != settings_digest(self.given.project):
            raise RebuildError("the project file reads interactions in another way now")
        if self.given.end_us < manifest.tally.latest:
            raise RebuildError("the end of the data lies before events that were used")

    def advance(self, state: State, marks: Mapping[str, FileMark], rebuilt: str | None = None) -> Updated:
        """Read what `state` does not have, compute what it touches, and write the next state."""
        files = {} if self.given.is_query else source_files(self.given.project, "interactions")
        number = max(last_number(self.folder), state.manifest.number) + 1
        numbering = self._numbering(state)
        with TemporaryDirectory(prefix="ripelead-") as scratch:
            arrivals = Arrivals(
                self.given, self.folder, number, Path(scratch), self.limits, self.progress[0], self.leads
            )
            new = {name: path for name, path in files.items() if name not in state.manifest.sources}
            arrived = arrivals.read(state, numbering, new)
        refuse_changed(files, marks)
        step = Step(self.folder, number, self.given, state, numbering, arrived, self._tally(state, arrived))
        catalog = Catalog.from_json(state.manifest.catalog) if state.manifest.rows else None
        asked = self.ask(Seen(step.stored, arrived.tally.latest, catalog))
        computed = write_update(step, asked, marks, self.limits, self.progress[1])
        tally = step.tally.result()
        notes = notes_of(tally, self.given.project)
        return Updated(
            rows=len(asked.snapshots),
            recomputed=computed,
            read=arrived.read,
            rebuilt=rebuilt,
            tally=tally,
            notes=((f"the feature store is written from scratch: {rebuilt}",) if rebuilt else ()) + notes,
            rejected=tuple(self.folder / name for name in (*arrived.rejected, *arrived.waiting_rows)),
        )

    def _tally(self, state: State, arrived: Arrived) -> Future[Tally]:
        """The tally with what hygiene leaves out now, once new events are on disk: both are waited for at the end."""
        rules, labels = self.given.project.hygiene, (arrived.labels["kinds"], arrived.labels["topics"])
        new = {name for part in arrived.events if part not in state.manifest.events for name in names_of(part)}
        on_disk = self.beside.submit(sync, self.folder, new)

        def complete() -> Tally:
            more = more_left_out(arrived.former, arrived.newest, labels, rules, self.limits.threads)
            on_disk.result()
            return summed([arrived.tally, Tally(left_out=more, latest=NEVER)])

        return self.beside.submit(complete)

    def _numbering(self, state: State) -> Numbering:
        given = self.given
        none_named = bool(state.parts) and "account" not in state.manifest.fields
        known = [given.tables.leads["account_id"], given.tables.accounts["account_id"]]
        accounts = known[0][:0] if none_named else different_ids(known)
        internal = internal_addresses(given.histories.leads["email"], given.project.hygiene.internal_domains)
        return number_leads(state, given.histories, accounts, internal)
