"""A feature table read from a store: whole or some rows at a time, in order, as Arrow tables or one Parquet file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from features.engines.feature_rows import write_tables
from features.engines.store.files import DamagedStoreError, Manifest, load, read_manifest
from features.engines.store.placing import read_places
from features.engines.store.rows import RowParts, in_slices, open_rows_of
from features.engines.store.state import read_columns
from features.engines.store.touched import Places
from features.errors import InputContractError
from features.files import replaced_file
from features.snapshots import Snapshots

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class StoredTable:
    """The feature table of a store as it was when it was opened, whatever is written there meanwhile.

    Columns: lead_id, as_of, further columns such as outcomes, and the features; `len` is the number of rows.
    """

    snapshots: Snapshots
    places: Places
    lead_ids: pa.Array
    leading: pa.Table | None
    parts: RowParts

    def __len__(self) -> int:
        return len(self.places)

    def tables(self) -> Iterator[pa.Table]:
        """All rows in the order of the snapshots, some at a time; one table without rows when there are none."""
        if len(self) == 0:
            yield self._joined(slice(0, 0), self.parts.take(self.places))
        for rows, places in in_slices(self.places):
            yield self._joined(rows, self.parts.take(places))

    def whole(self) -> pa.Table:
        """All rows in memory."""
        return pa.concat_tables(self.tables()).unify_dictionaries()

    def write(self, path: Path) -> int:
        """Write all rows as one Parquet file, in place of one that is there; returns their number.

        Raises:
            SinkError: it cannot be written.
        """
        with replaced_file(path) as temporary:
            return write_tables(self.tables(), temporary)

    def _joined(self, rows: slice, features: pa.Table) -> pa.Table:
        lead_id = self.lead_ids.take(pa.array(self.snapshots.lead[rows]))
        as_of = pa.array(self.snapshots.as_of[rows], pa.timestamp("us", tz="UTC"))
        columns = {"lead_id": lead_id, "as_of": as_of}
        if self.leading is not None:
            here = self.leading.slice(rows.start, rows.stop - rows.start)
            columns |= {name: here[name] for name in here.column_names}
        return pa.table({**columns, **{name: features[name] for name in features.column_names}})


def read_store(folder: Path) -> StoredTable:
    """The feature table of a store.

    Raises:
        InputContractError: there is none, or it is damaged.
    """
    for attempt in range(ATTEMPTS):
        try:
            manifest = read_manifest(folder)
            if manifest is None:
                raise InputContractError(f"{folder}: no feature store. Expected a folder of `ripelead features --out`")
            return _open(folder, manifest)
        except (DamagedStoreError, FileNotFoundError) as error:
            # An update that ended meanwhile has removed files of the state that was being opened.
            if attempt == ATTEMPTS - 1:
                raise InputContractError(
                    f"{folder}: the feature store cannot be read: {error}. `ripelead features --out` writes it anew"
                ) from error
    raise AssertionError


def _open(folder: Path, manifest: Manifest) -> StoredTable:
    return StoredTable(
        snapshots=Snapshots(*load(folder / manifest.snapshots)),
        places=read_places(folder, manifest.places),
        lead_ids=read_columns(folder / manifest.leads)["lead_id"],
        leading=parquet.read_table(folder / manifest.leading) if manifest.leading else None,
        parts=open_rows_of(folder, manifest.rows),
    )
