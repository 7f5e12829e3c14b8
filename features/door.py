"""The door of one table: its columns found, its cells read, its bad rows rejected."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Never

import numpy as np
import pandas as pd
import pyarrow as pa

from features.drafts import Draft, fault, refuse_if_mostly_bad, reject, shown_value
from features.errors import InputContractError
from features.layout import Layout, layout_of
from features.project import Project, TableName, TableSettings
from features.schema import SPECS, Column, ColumnType, TableSpec
from features.sources import SourceTable, read_source
from features.times import naive_message
from features.values import ALWAYS_MISSING, DTYPES, Parsed, Reading, as_mapping, attribute, parse
from features.vocabulary import rows

OPTIONAL_WITHOUT_TIMES: Mapping[TableName, str] = {"leads": "created_at", "assessments": "assessed_at"}
STATUSES = ("open", "won", "lost")


def open_table(project: Project, table: TableName, *, untimed: bool = False) -> Draft:
    """`table` read, typed and checked row by row; rows are not yet compared with each other or with other tables.

    Raises:
        InputContractError: no such file or column, a naive time without a time zone, most rows unusable.
        ProjectFileError: names in the project file that do not exist.
    """
    draft = open_rows(project, read_source(project, table), untimed=untimed)
    refuse_if_mostly_bad(draft)
    return draft


def open_rows(project: Project, source: SourceTable, *, untimed: bool = False) -> Draft:
    """Rows of a source typed and checked one by one; `open_table` also refuses a table that is mostly bad."""
    table, settings = source.table, project.tables[source.table]
    spec = _spec(table, untimed)
    layout = layout_of(source, settings, spec)
    absent = _absent(layout, spec, source.rows.num_rows)
    parsed = {
        column.name: absent[column.type]
        if column.name not in layout.canonical
        else parse(source.rows[layout.canonical[column.name]], column.type, reading_of(project, table, column.name))
        for column in spec.columns
    }
    draft = _draft(project, source, layout, parsed)
    _refuse_naive(draft, parsed)
    draft = _without_bad_cells(draft, spec, parsed)
    return _CHECKS.get(table, _no_check)(draft)


def _spec(table: TableName, untimed: bool) -> TableSpec:
    spec = SPECS[table]
    if not untimed or table not in OPTIONAL_WITHOUT_TIMES:
        return spec
    loose = OPTIONAL_WITHOUT_TIMES[table]
    columns = tuple(replace(column, required=column.required and column.name != loose) for column in spec.columns)
    return replace(spec, columns=columns)


def reading_of(project: Project, table: TableName, name: str) -> Reading:
    """How the cells of one column of the project's table are read."""
    settings: TableSettings = project.tables[table]
    return Reading(
        missing=frozenset((*ALWAYS_MISSING, *(token.strip().lower() for token in settings.missing))),
        values=as_mapping(settings.values.get(name, {})),
        timezone=project.timezone,
        time_format=settings.time_format,
    )


def _absent(layout: Layout, spec: TableSpec, rows: int) -> dict[ColumnType, Parsed]:
    """What all columns of a type have that are not given: they share its memory."""
    kinds = {column.type: column for column in spec.columns if column.name not in layout.canonical}
    return {kind: Parsed(empty_column(column, rows)) for kind, column in kinds.items()}


def empty_column(column: Column, rows: int) -> pd.Series:
    """A canonical column that is not given: typed, all NA."""
    kind = pa.large_string() if DTYPES[column.type] == "str" else pa.float64()
    return pd.Series(pa.chunked_array([pa.nulls(rows, kind)]).to_pandas(), dtype=DTYPES[column.type])


def _draft(project: Project, source: SourceTable, layout: Layout, parsed: Mapping[str, Parsed]) -> Draft:
    canonical = {name: column.values for name, column in parsed.items()}
    attributes = {
        name: attribute(source.rows[column], reading_of(project, source.table, name))
        for name, column in layout.attributes.items()
    }
    return Draft(
        source=source,
        frame=pd.DataFrame(canonical | attributes, index=pd.RangeIndex(source.rows.num_rows)),
        names={**layout.canonical, **layout.attributes},
        others=layout.others,
        alive=np.ones(source.rows.num_rows, np.bool_),
        notes=layout.notes,
    )


def _refuse_naive(draft: Draft, parsed: Mapping[str, Parsed]) -> None:
    for name, column in parsed.items():
        if column.naive is not None and column.naive.any():
            refuse_naive_at(draft, name, int(np.argmax(column.naive)))


def refuse_naive_at(draft: Draft, name: str, position: int) -> Never:
    """Stop at a time that nobody can place.

    Raises:
        InputContractError: always.
    """
    shown = naive_message(shown_value(draft, name, position))
    raise InputContractError(f"{draft.source.table}.{name}, {draft.source.place(position)}: {shown}")


def _without_bad_cells(draft: Draft, spec: TableSpec, parsed: Mapping[str, Parsed]) -> Draft:
    """Rows without a readable required value are rejected; an unreadable optional value becomes NA, with a note."""
    for column in spec.columns:
        faults = parsed[column.name].faults
        for found in faults if column.required else ():
            reason = f"{column.name} is {found.reason}"
            draft = reject(draft, found.mask, fault(column.name, reason, found.expected))
        if column.required:
            missing = draft.frame[column.name].isna().to_numpy()
            reason = f"{column.name} is missing"
            draft = reject(draft, missing, fault(column.name, reason, "a value in every row"))
        else:
            draft = replace(draft, notes=(*draft.notes, *_unreadable_notes(draft, column.name, parsed)))
    return draft


def _unreadable_notes(draft: Draft, name: str, parsed: Mapping[str, Parsed]) -> Iterator[str]:
    for found in parsed[name].faults:
        count = int(found.mask.sum())
        if count:
            position = int(np.argmax(found.mask))
            yield (
                f"{draft.source.table}.{name}: {rows(count)} with an unreadable value, used as missing: "
                f"{found.reason}, such as {draft.source.place(position)}: {shown_value(draft, name, position)!r}. "
                f"Expected {found.expected}"
            )


def _no_check(draft: Draft) -> Draft:
    return draft


def _checked_deals(draft: Draft) -> Draft:
    status = draft.frame["status"].str.lower()
    draft = replace(draft, frame=draft.frame.assign(status=status))
    expected = 'open, won or lost; others are mapped so: values = { status = { "Closed Won" = "won", "*" = "open" } }'
    unknown = ~status.isin(STATUSES).to_numpy()
    draft = reject(draft, unknown, fault("status", "status is not open, won or lost", expected))
    undated = status.isin(("won", "lost")).to_numpy() & draft.frame["closed_at"].isna().to_numpy()
    expected = "the time of closing of every deal that is won or lost"
    draft = reject(draft, undated, fault("closed_at", "won or lost without closed_at", expected))
    return _with_an_id(draft)


def _with_an_id(draft: Draft) -> Draft:
    neither = draft.frame["lead_id"].isna().to_numpy() & draft.frame["account_id"].isna().to_numpy()
    expected = "a lead_id or an account_id in every row"
    return reject(draft, neither, fault("lead_id", "neither lead_id nor account_id", expected))


def _checked_assessments(draft: Draft) -> Draft:
    met = draft.frame["met"].to_numpy()
    outside = (met < 0) | (met > 1)
    return reject(draft, outside, fault("met", "met is outside 0…1", "a number from 0 (not met) to 1 (met)"))


def _checked_decisions(draft: Draft) -> Draft:
    probability, drawn = draft.frame["worked_probability"].to_numpy(), draft.frame["exploration"].to_numpy()
    impossible = (probability <= 0) | (probability > 1)
    expected = "more than 0 and at most 1, as scoring wrote it: a lead that was handed over could be handed over"
    draft = reject(draft, impossible, fault("worked_probability", "worked_probability is outside 0…1", expected))
    unclear = ~np.isnan(drawn) & (drawn != 0) & (drawn != 1)
    return reject(draft, unclear, fault("exploration", "exploration is neither true nor false", "true or false"))


_CHECKS = {
    "deals": _checked_deals,
    "interactions": _with_an_id,
    "assessments": _checked_assessments,
    "decisions": _checked_decisions,
}
