"""The state of a feature store as it was left, and the numbers that today's leads and accounts have in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.engines.store.events import (
    EventPart,
    names_of,
    number_of_records,
    open_part,
    type_of,
)
from features.engines.store.files import (
    STORE_SCHEMA,
    DamagedStoreError,
    Manifest,
    Tally,
    load,
    read_manifest,
    refuse_incomplete,
    save,
)
from features.engines.store.placing import read_places
from features.engines.store.rows import rows_name
from features.engines.store.touched import Known, Places, nowhere
from features.histories import Histories
from features.identifiers import find_ids, index_ids
from features.snapshots import Snapshots
from features.windows import NEVER, Bools, Ints

NOTHING = np.zeros(0, np.int64)
NO_TEXT = pa.array([], pa.large_string())


class RebuildError(ValueError):
    """Why a store must be written from scratch; whoever updates it does so and says it."""


@dataclass(frozen=True, slots=True)
class State:
    """A store as it was left: `lead_ids`, `lead_number` and `known` are in the order of its rows."""

    manifest: Manifest
    lead_ids: pa.Array
    lead_number: Ints
    known: Known | None
    account_ids: pa.Array
    account_number: Ints
    parts: tuple[EventPart, ...]
    snapshots: Snapshots
    places: Places

    @property
    def dtype(self) -> np.dtype[np.void]:
        """Fields of the records."""
        return type_of(self.manifest.fields)


def empty_state() -> State:
    """A store that has nothing."""
    manifest = Manifest(
        schema_version=STORE_SCHEMA, number=0, code="", settings="", end=NEVER, columns=(), fields=(), catalog={},
        sources={}, labels={}, tally=Tally(latest=NEVER), waiting={}, next_lead=0, next_account=0, events=(), rows=(),
        leads="", accounts="", snapshots="", places=(), leading=None, waiting_rows=(), rejected=(),
    )  # fmt: skip
    snapshots = Snapshots(NOTHING, NOTHING)
    return State(manifest, NO_TEXT, NOTHING, None, NO_TEXT, NOTHING, (), snapshots, nowhere(0))


def open_state(folder: Path) -> State | None:
    """The state of the store in a folder; None when there is none yet.

    Raises:
        DamagedStoreError: it cannot be used.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    refuse_incomplete(folder, manifest)
    dtype = type_of(manifest.fields)
    leads, accounts = read_columns(folder / manifest.leads), read_columns(folder / manifest.accounts)
    rows = load(folder / manifest.snapshots)
    return State(
        manifest=manifest,
        lead_ids=leads["lead_id"],
        lead_number=np.asarray(leads["number"]),
        known=Known(*(np.asarray(leads[name]) for name in ("own", "of_account", "internal"))),
        account_ids=accounts["account_id"],
        account_number=np.asarray(accounts["number"]),
        parts=tuple(open_part(folder, files, dtype) for files in manifest.events),
        snapshots=Snapshots(*rows),
        places=read_places(folder, manifest.places),
    )


def files_of(manifest: Manifest) -> set[str]:
    """Names of all files of a state."""
    names = {manifest.leads, manifest.accounts, manifest.snapshots, *manifest.places, *manifest.waiting_rows}
    for part in manifest.events:
        names |= names_of(part)
    names |= {rows_name(part.number) for part in manifest.rows}
    return names | set(manifest.rejected) | ({manifest.leading} if manifest.leading else set())


def write_columns(path: Path, columns: Mapping[str, pa.Array]) -> str:
    """Write columns of one length; returns the file's name."""
    table = pa.table(dict(columns))
    with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    return path.name


def read_columns(path: Path) -> dict[str, pa.Array]:
    """Columns as `write_columns` wrote them.

    Raises:
        DamagedStoreError: it is no such file.
    """
    try:
        with pa.memory_map(str(path)) as stream:
            table = pa.ipc.open_file(stream).read_all()
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedStoreError(f"{path.name} cannot be read") from error
    return {
        # A piece stays where it is mapped: what nobody looks at is not read.
        name: column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        for name, column in zip(table.column_names, table.columns, strict=True)
    }


@dataclass(frozen=True, slots=True)
class Numbering:
    """Today's leads and accounts in the store: `former` is each lead's place in the former state (−1: new).

    `account_number` is that of each known account (`account_ids`), `of_account` that of each account of the histories
    (−1: an account of a lead without one). `internal` marks test leads; `moved`: others are known than before.
    """

    lead_ids: pa.Array
    former: Ints
    lead_number: Ints
    account_ids: pa.Array
    account_number: Ints
    of_account: Ints
    next_lead: int
    next_account: int
    internal: Bools
    moved: bool


def number_leads(state: State, histories: Histories, accounts: pd.Series, internal: Bools) -> Numbering:
    """Numbers of all leads and accounts, new ones for new ones.

    Raises:
        RebuildError: a lead or an account that has events is gone, or a lead is a test now, or no longer.
    """
    manifest = state.manifest
    lead_ids = _as_before(state.lead_ids, as_texts(histories.leads["lead_id"]))
    account_ids = _as_before(state.account_ids, as_texts(accounts))
    former, lead_number, next_lead = _numbered(state.lead_ids, state.lead_number, lead_ids, manifest.next_lead)
    former_account, account_number, next_account = _numbered(
        state.account_ids, state.account_number, account_ids, manifest.next_account
    )
    gone_leads = NOTHING if lead_ids is state.lead_ids else _absent(state.lead_number, former)
    gone = np.concatenate([gone_leads, -1 - _absent(state.account_number, former_account)])
    if number_of_records(state.parts, gone).any():
        raise RebuildError("leads or accounts that had interactions are gone")
    if state.known is not None and (internal != np.append(state.known.internal, False)[former])[former >= 0].any():
        raise RebuildError("the test leads are others")
    return Numbering(
        lead_ids=lead_ids,
        former=former,
        lead_number=lead_number,
        account_ids=account_ids,
        account_number=account_number,
        of_account=np.append(account_number, -1)[_account_places(histories, account_ids)],
        next_lead=next_lead,
        next_account=next_account,
        internal=internal,
        moved=len(gone) > 0 or next_lead > manifest.next_lead or next_account > manifest.next_account,
    )


def _account_places(histories: Histories, account_ids: pa.Array) -> Ints:
    """Place of each account of the histories among the known ones; −1: an account of a lead without one."""
    first = histories.account_start[:-1]
    if len(account_ids) == 0:
        return np.full(len(first), -1)
    names = as_texts(histories.leads["account_id"].iloc[first])
    return find_ids(index_ids(account_ids), pa.chunked_array([names]))


def _as_before(known: pa.Array, ids: pa.Array) -> pa.Array:
    """The ids, as the same object where they are those that are known."""
    return known if known.equals(ids) else ids


def _numbered(known: pa.Array, number: Ints, ids: pa.Array, first: int) -> tuple[Ints, Ints, int]:
    """Place of each id among the known ones (−1: new), its number, and the next free number."""
    if known is ids:
        return np.arange(len(ids)), number, first
    former = find_ids(index_ids(known), pa.chunked_array([ids]))
    new = former < 0
    numbers = np.append(number, -1)[former]
    numbers[new] = first + np.arange(new.sum())
    return former, numbers, first + int(new.sum())


def _absent(number: Ints, former: Ints) -> Ints:
    there = np.zeros(len(number), np.bool_)
    there[former[former >= 0]] = True
    return number[~there]


def as_texts(values: pd.Series) -> pa.Array:
    """Ids as one array of text."""
    cells = pa.array(values, from_pandas=True)
    cells = pa.concat_arrays(cells.chunks) if isinstance(cells, pa.ChunkedArray) and cells.chunks else cells
    return pc.cast(cells, pa.large_string()) if len(cells) else NO_TEXT


def save_pair(path: Path, first: npt.NDArray[Any], second: npt.NDArray[Any]) -> str:
    """Write two arrays of one length as one; returns the file's name."""
    return save(path, np.stack([first, second]))
