"""The rows that an update touches, computed and written beside those that are reused, and the state that names them."""

import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from features.build import Progress, refuse_unsorted
from features.catalog import Catalog
from features.engines.asked import Asked
from features.engines.event_logs import Limits
from features.engines.feature_rows import write_rows
from features.engines.fingerprints import FileMark, code_digest, settings_digest
from features.engines.store.arrivals import Arrived, Given
from features.engines.store.blocks import StoredEvents, feature_parts
from features.engines.store.compaction import compact_events, compact_rows
from features.engines.store.files import STORE_SCHEMA, Manifest, RowFiles, Tally, commit
from features.engines.store.placing import write_places
from features.engines.store.rows import rows_name
from features.engines.store.state import Numbering, State, files_of, save_pair, write_columns
from features.engines.store.touched import (
    ALWAYS,
    Known,
    Places,
    carried_over,
    changed_leads,
    earliest_by_lead,
    known_of,
    needed_rows,
    nowhere,
    same_snapshots,
)
from features.windows import Bools, Ints

KEYS = ("lead_id", "as_of")


@dataclass(frozen=True, slots=True)
class Step:
    """One update on its way: what was there, what came, and where the next state is written as update `number`.

    `tally` is there when all of what came is counted and on disk.
    """

    folder: Path
    number: int
    given: Given
    state: State
    numbering: Numbering
    arrived: Arrived
    tally: Future[Tally]

    @property
    def stored(self) -> StoredEvents:
        """All events, by today's leads."""
        return StoredEvents(
            parts=self.arrived.parts,
            dtype=self.arrived.dtype,
            kinds=self.arrived.labels["kinds"],
            topics=self.arrived.labels["topics"],
            rules=self.given.project.hygiene,
            histories=self.given.histories,
            lead_number=self.numbering.lead_number,
            account_number=self.numbering.of_account,
        )

    def path(self, kind: str, ending: str) -> Path:
        """A new file of this update."""
        return self.folder / f"{kind}-{self.number:06d}.{ending}"


def write_update(step: Step, asked: Asked, marks: Mapping[str, FileMark], limits: Limits, progress: Progress) -> int:
    """Compute the rows that are missing or touched and make all rows the state of the store; returns their number.

    Raises:
        ValueError: the snapshots are not sorted.
    """
    catalog, former = _plain(asked.catalog), step.state.manifest
    with ThreadPoolExecutor(1) as thread:
        same_rows = thread.submit(same_snapshots, step.state.snapshots, asked.snapshots)
        known = known_of(step.given.histories, asked.profile, step.numbering.lead_number, step.numbering.internal)
        same = _has_same_leads(step) and same_rows.result()
    if not same:
        refuse_unsorted(asked.snapshots)
    reused = former.rows if former.catalog == catalog else ()
    places = _places_so_far(step, asked, same=same) if reused else nowhere(len(asked.snapshots))
    changed = changed_leads(known, step.state.known, step.numbering.former)
    rows = needed_rows(places, asked.snapshots, changed, _since(step))
    parts = reused
    if len(rows) or not parts:
        written = _compute(step, asked, rows, limits, progress)
        parts, places = (*parts, written), _placed(places, rows, written)
    so_far = former.places if same and reused else ()
    if places is not step.state.places:
        moved = places
        parts, places = compact_rows(step.folder, step.number + 1, parts, moved)
        so_far = so_far if places is moved else ()
    events = compact_events(step.folder, step.number + 2, step.arrived)
    after = _state_of_events(step, marks).model_copy(
        update={
            "catalog": catalog,
            "events": events,
            "rows": parts,
            "leads": _leads(step, known, changed),
            "accounts": _accounts(step),
            "snapshots": _snapshots(step, asked, same=same),
            "places": _places(step, places, so_far, rows),
            "leading": _leading(step, asked),
        }
    )
    commit(step.folder, after, files_of(after), former.sizes)
    return len(rows)


def _state_of_events(step: Step, marks: Mapping[str, FileMark]) -> Manifest:
    """The former state with what the new one says about events."""
    arrived, numbering = step.arrived, step.numbering
    return Manifest(
        schema_version=STORE_SCHEMA,
        number=step.number + 2,
        code=code_digest(),
        settings=settings_digest(step.given.project),
        end=step.given.end_us,
        columns=arrived.columns,
        fields=arrived.dtype.names or (),
        catalog={},
        sources=marks,
        labels={name: tuple(labels.codes) for name, labels in arrived.labels.items()},
        tally=step.tally.result(),
        waiting=arrived.waiting,
        next_lead=numbering.next_lead,
        next_account=numbering.next_account,
        events=arrived.events,
        rows=(),
        leads="",
        accounts="",
        snapshots="",
        places=(),
        leading=None,
        waiting_rows=arrived.waiting_rows,
        rejected=arrived.rejected,
    )


def _plain(catalog: Catalog) -> Mapping[str, object]:
    plain: Mapping[str, object] = json.loads(json.dumps(catalog.to_json()))
    return plain


def _has_same_leads(step: Step) -> bool:
    """Whether the leads are those of the former state, in the same order."""
    return step.state.lead_ids is step.numbering.lead_ids


def _places_so_far(step: Step, asked: Asked, *, same: bool) -> Places:
    state = step.state
    if same:
        return state.places
    return carried_over(state.snapshots, state.places, step.numbering.former, len(state.lead_number), asked.snapshots)


def _since(step: Step) -> Ints:
    """Time of the earliest new event of each lead's account."""
    histories, newest = step.given.histories, step.arrived.newest
    if newest is None:
        return np.full(len(histories.account), ALWAYS)
    event = (newest.owner, newest.records["time"][newest.first].astype(np.int64))
    return earliest_by_lead(event, (step.numbering.lead_number, step.numbering.of_account), histories)


def _compute(step: Step, asked: Asked, rows: Ints, limits: Limits, progress: Progress) -> RowFiles:
    wanted = replace(asked, leading=lambda _: {}, snapshots=asked.snapshots.take(rows))
    parts = feature_parts(step.stored, asked, rows, limits)
    write_rows(parts, wanted, step.folder / rows_name(step.number), progress)
    return RowFiles(number=step.number, rows=len(rows))


def _placed(places: Places, rows: Ints, written: RowFiles) -> Places:
    part, position = places.part.copy(), places.position.copy()
    part[rows], position[rows] = written.number, np.arange(len(rows))
    return Places(part, position)


def _leads(step: Step, known: Known, changed: Bools) -> str:
    state, numbering = step.state, step.numbering
    # Where another lead is a test now, nothing is reused.
    if state.known is not None and _has_same_leads(step) and not changed.any():
        return state.manifest.leads
    columns = {"lead_id": numbering.lead_ids, "number": numbering.lead_number}
    hashes = {"own": known.own, "of_account": known.of_account, "internal": known.internal}
    return write_columns(step.path("leads", "arrow"), {name: pa.array(c) for name, c in (columns | hashes).items()})


def _accounts(step: Step) -> str:
    if step.state.manifest.accounts and step.state.account_ids is step.numbering.account_ids:
        return step.state.manifest.accounts
    ids, number = step.numbering.account_ids, step.numbering.account_number
    if "account" not in (step.arrived.dtype.names or ()):
        ids, number = ids[:0], number[:0]  # no row names one
    columns = {"account_id": ids, "number": pa.array(number)}
    return write_columns(step.path("accounts", "arrow"), columns)


def _snapshots(step: Step, asked: Asked, *, same: bool) -> str:
    now = asked.snapshots
    if same and step.state.manifest.snapshots:
        return step.state.manifest.snapshots
    return save_pair(step.path("snapshots", "npy"), now.lead, now.as_of)


def _places(step: Step, places: Places, so_far: tuple[str, ...], rows: Ints) -> tuple[str, ...]:
    if places is step.state.places and so_far:
        return so_far
    return write_places(step.path("places", "npy"), places, so_far, rows)


def _leading(step: Step, asked: Asked) -> str | None:
    """Columns of all rows that are no features, such as outcomes, written anew each time; None when there are none."""
    if set(asked.leading(slice(0, 0))) <= set(KEYS):
        return None
    columns = asked.leading(slice(0, len(asked.snapshots)))
    others = {name: cells for name, cells in columns.items() if name not in KEYS}
    path = step.path("leading", "parquet")
    parquet.write_table(pa.table(others), path, write_statistics=False)
    return path.name
