"""The tables as a few leads need them: every table whole but the interactions, of which only some accounts' are read.

One lead among millions needs its own account's events. The rest is looked through in batches and left alone.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.door import open_rows, open_table, reading_of
from features.drafts import Draft, bad_rows, count_rows, used_rows
from features.event_source import EventSource, open_events
from features.links import ended_at, settled, without_orphans
from features.project import Project, TableName
from features.schema import SPECS
from features.tables import Tables, empty_table
from features.times import Mask
from features.values import as_text, clean_text
from features.windows import Ints

MOST_EXAMPLES = 200
"""Interactions that are read as examples of each kind, from the end of the table."""
NO_ROWS = np.zeros(0, np.int64)
Choose = Callable[[pd.DataFrame, pd.DataFrame], Collection[str]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose interactions are read: those of the leads that `choose(leads, deals)` names, with their whole accounts,
    and some examples of each kind of `kinds`, whoever's they are.
    """

    choose: Choose
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """The tables with the wanted interactions (and the examples), and the examples of kinds alone."""

    tables: Tables
    examples: pd.DataFrame


def read_some(project: Project, wanted: Wanted, *, clock: datetime, untimed: bool = False) -> Some:
    """The tables of `project` with the wanted interactions; `clock` (aware) is the command's now.

    Rows of the wanted accounts are those of `features.tables.read_tables`, checked by the same rules. Whether the
    interactions are bad as a whole is not asked, and `data_end`, where the project sets none, is the clock.

    Raises:
        InputContractError: a table as a whole cannot be used.
        ProjectFileError: the project file names something that does not exist.
    """
    opened = {name: open_table(project, name, untimed=untimed) for name in SPECS if _is_small(project, name)}
    examples = empty_table("interactions")
    with open_events(project) as source:
        if source is not None:
            own, of_kinds = _rows(_Search(project, source), wanted, opened)
            numbers = np.union1d(own, of_kinds)
            draft = opened["interactions"] = open_rows(project, source.take(numbers), untimed=untimed)
            examples = draft.frame[draft.alive & np.isin(numbers, of_kinds)]
    return Some(_tables(project, {name: opened[name] for name in SPECS if name in opened}, clock), examples)


def _is_small(project: Project, name: TableName) -> bool:
    return name in project.tables and name != "interactions"


def _tables(project: Project, opened: dict[TableName, Draft], clock: datetime) -> Tables:
    chosen = project.project.data_end
    end = clock if chosen is None else min(chosen, clock)
    drafts = settled(opened)
    ended = ended_at(drafts, end, chosen=chosen is not None)
    if not np.array_equal(ended["leads"].alive, drafts["leads"].alive):
        ended = without_orphans(ended)
    frames = {name: used_rows(ended[name]) if name in ended else empty_table(name) for name in SPECS}
    return Tables(
        **{str(name): frame for name, frame in frames.items()},  # type: ignore[arg-type]
        data_end=end,
        timed=bool(frames["leads"]["created_at"].notna().all()),
        counts=tuple(count_rows(draft) for draft in ended.values()),
        quarantine=tuple(bad for draft in ended.values() if (bad := bad_rows(draft)) is not None),
    )


def _rows(search: "_Search", wanted: Wanted, opened: dict[TableName, Draft]) -> tuple[Ints, Ints]:
    """Numbers of the rows of the wanted leads and their accounts, and of the examples; both ascending."""
    leads = _alive(opened["leads"])
    deals = _alive(opened["deals"]) if "deals" in opened else empty_table("deals")
    ids = pd.Index(list(wanted.choose(leads, deals)), dtype="str")
    accounts = leads.loc[leads["lead_id"].isin(ids), "account_id"].dropna().unique()
    of_accounts = leads.loc[leads["account_id"].isin(accounts), "lead_id"]
    asked = {"lead_id": pd.Index(of_accounts).union(ids), "account_id": pd.Index(accounts)}
    found = search.look({name: _texts(values) for name, values in asked.items()}, wanted.kinds)
    # Rows of one interaction_id are compared with each other, whoever's they are.
    return np.flatnonzero(found.own | search.with_ids(found.ids)), found.examples


def _alive(draft: Draft) -> pd.DataFrame:
    return draft.frame[draft.alive]


def _texts(values: pd.Index | pd.Series) -> pa.Array:
    return pa.array(values.to_numpy(object), pa.string())


@dataclass(frozen=True, slots=True)
class _Found:
    """Whether each row is wanted, the interaction_ids of those that are, and the numbers of the examples."""

    own: Mask
    ids: pa.Array
    examples: Ints


@dataclass(frozen=True, slots=True)
class _Search:
    """Rows of the interactions by the cells of a few columns, looked through batch by batch."""

    project: Project
    source: EventSource

    @property
    def columns(self) -> dict[str, str]:
        """Source column of each canonical one that is there."""
        mapped = self.project.tables["interactions"].columns
        names = {column.name: mapped.get(column.name, column.name) for column in SPECS["interactions"].columns}
        return {name: column for name, column in names.items() if column in self.source.schema.names}

    def look(self, asked: Mapping[str, pa.Array], kinds: tuple[str, ...]) -> _Found:
        """Which rows have an asked value in one of the asked columns; and the last rows of each kind."""
        own, ids = np.zeros(self.source.rows, np.bool_), [pa.array([], pa.string())]
        last = dict.fromkeys(kinds, NO_ROWS)
        for first, table in self._batches((*asked, "interaction_id", *(("kind",) if kinds else ()))):
            here = slice(first, first + table.num_rows)
            for name, values in asked.items():
                own[here] |= self._is_in(table, name, values)
            ids += self._ids(table, own[here])
            for kind in kinds:
                rows = first + np.flatnonzero(self._is_in(table, "kind", pa.array([kind])))
                last[kind] = np.append(last[kind], rows)[-MOST_EXAMPLES:]
        return _Found(own, pa.concat_arrays(ids), np.unique(np.concatenate([NO_ROWS, *last.values()])))

    def with_ids(self, ids: pa.Array) -> Mask:
        """Which rows have one of some interaction_ids."""
        found = np.zeros(self.source.rows, np.bool_)
        for first, table in self._batches(("interaction_id",)) if len(ids) else ():
            found[first : first + table.num_rows] = self._is_in(table, "interaction_id", ids)
        return found

    def _ids(self, table: pa.Table, rows: Mask) -> list[pa.Array]:
        """The interaction_ids of some rows of a batch, cleaned."""
        column = self.columns.get("interaction_id")
        if column is None:
            return []
        cells = as_text(table[column].filter(pa.array(rows)))
        cleaned = clean_text(cells, reading_of(self.project, "interactions", "interaction_id"))
        return [chunk.cast(pa.string()) for chunk in cleaned.drop_null().chunks]

    def _batches(self, names: tuple[str, ...]) -> Iterator[tuple[int, pa.Table]]:
        columns = tuple(dict.fromkeys(self.columns[name] for name in names if name in self.columns))
        for piece in self.source.pieces if columns else ():
            for first, table in self.source.batches(piece, columns):
                yield first, table.rows

    def _is_in(self, table: pa.Table, name: str, values: pa.Array) -> Mask:
        """Whether a cell, cleaned, is one of some values, none of which stands for a missing one."""
        if name not in self.columns or not len(values):
            return np.zeros(table.num_rows, np.bool_)
        reading = reading_of(self.project, "interactions", name)

        def clean(texts: pa.ChunkedArray) -> pa.ChunkedArray:
            return clean_text(texts, reading) if reading.values else pc.utf8_trim_whitespace(as_text(texts))

        chunks = [_chunk_is_in(chunk, values, clean) for chunk in table[self.columns[name]].chunks]
        return np.concatenate([*chunks, np.zeros(0, np.bool_)])


def _chunk_is_in(chunk: pa.Array, values: pa.Array, clean: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> Mask:
    """Of a dictionary each text is looked at once."""
    if pa.types.is_dictionary(chunk.type):
        of_texts = np.append(_chunk_is_in(chunk.dictionary, values, clean), False)
        return of_texts[chunk.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)]
    texts = clean(pa.chunked_array([chunk]))
    found: Mask = pc.is_in(texts, value_set=values.cast(texts.type)).to_numpy()
    return found.astype(np.bool_)
