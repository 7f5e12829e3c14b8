"""The same world in other forms: ids that are strings, rows in no order, the newest events apart."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.features.world import ROW_GROUP

FILES = ("interactions", "leads", "training", "scoring")


def write_with_string_ids(world: Path, folder: Path) -> None:
    """The world with ids like `L-000123456` and `A-000000012`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        _write(folder / f"{name}.parquet", map(_with_string_ids, _row_groups(world / f"{name}.parquet")))


def write_unsorted(world: Path, folder: Path, seed: int = 11) -> None:
    """The world with the rows of the interactions in random order."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES[1:]:
        copyfile(world / f"{name}.parquet", folder / f"{name}.parquet")
    table = pq.read_table(world / "interactions.parquet", read_dictionary=["kind", "url", "direction"])
    order = np.random.default_rng(seed).permutation(len(table))
    groups = (table.take(order[first : first + ROW_GROUP]) for first in range(0, len(table), ROW_GROUP))
    _write(folder / "interactions.parquet", map(_without_dictionaries, groups))


def split_newest(world: Path, old: Path, new: Path, share: float = 0.01) -> None:
    """Interactions before (`old`) and after (`new`) the moment that leaves the newest `share` of them after it."""
    count = pq.read_metadata(world / "interactions.parquet").num_rows
    groups = _row_groups(world / "interactions.parquet")
    kept = count - round(share * count)
    before: list[pa.Table] = []
    after: list[pa.Table] = []
    for group in groups:
        left = kept - sum(len(table) for table in before)
        before.append(group[: max(left, 0)])
        after.append(group[max(left, 0) :])
    _write(old, iter(before))
    _write(new, (table for table in after if len(table)))


def split_accounts(world: Path, old: Path, new: Path, every: int = 50) -> None:
    """Interactions of each `every`-th account in the second half of their events (`new`, about 1 %), and the rest."""
    leads = pq.read_table(world / "leads.parquet", columns=["lead_id", "account_id"])
    chosen = leads["lead_id"].to_numpy()[leads["account_id"].to_numpy() % every == 0]
    groups = list(_row_groups(world / "interactions.parquet"))
    theirs = [np.isin(group["lead_id"].to_numpy(), chosen) for group in groups]
    rank = np.cumsum(np.concatenate(theirs))
    late = np.split(rank > rank[-1] // 2, np.cumsum([len(group) for group in groups])[:-1])
    masks = [mask & is_late for mask, is_late in zip(theirs, late, strict=True)]
    _write(old, (group.filter(pa.array(~mask)) for group, mask in zip(groups, masks, strict=True)))
    _write(new, (group.filter(pa.array(mask)) for group, mask in zip(groups, masks, strict=True)))


def _row_groups(path: Path) -> Iterator[pa.Table]:
    file = pq.ParquetFile(path)
    return (file.read_row_group(i) for i in range(file.num_row_groups))


def _write(path: Path, tables: Iterator[pa.Table]) -> None:
    first = next(tables)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        for table in (first, *tables):
            writer.write_table(table, row_group_size=ROW_GROUP)


def _with_string_ids(table: pa.Table) -> pa.Table:
    for column, letter in (("lead_id", "L"), ("account_id", "A")):
        if column in table.column_names:
            digits = pc.utf8_lpad(table[column].cast(pa.string()), 9, "0")
            at = table.column_names.index(column)
            table = table.set_column(at, column, pc.binary_join_element_wise(letter, digits, "-"))
    return table


def _without_dictionaries(table: pa.Table) -> pa.Table:
    plain = [field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in table.schema]
    return table.cast(pa.schema(zip(table.column_names, plain, strict=True)))
