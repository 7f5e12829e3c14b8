"""The canonical tables and the door they come in by: every row is checked once, used or quarantined with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

from features.door import empty_column, open_table
from features.drafts import BadRows, Draft, bad_rows, count_rows, refuse_if_mostly_bad, used_rows
from features.errors import InputContractError
from features.links import (
    CLOSED,
    LEAD_LOGS,
    ended_at,
    filled_accounts,
    latest_event,
    positions_in,
    repeated_spend,
    settled,
    without_orphans,
)
from features.memory import give_back, keep_for_reuse
from features.project import Project, TableName
from features.schema import SPECS, Column, ColumnType, TableCount, TableSpec
from features.times import to_utc
from features.values import Reading, parse
from features.vocabulary import direction_notes, kind_notes, rows

__all__ = [
    "SPECS",
    "Column",
    "ColumnType",
    "TableCount",
    "TableSpec",
    "Tables",
    "counts_text",
    "empty_table",
    "read_tables",
    "tables_from_frames",
    "to_utc",
]


@dataclass(frozen=True, slots=True)
class Tables:
    """The checked tables; a table that the project does not give is an empty frame with its canonical columns.

    Times are `datetime64[us, UTC]`, ids, labels and texts pandas strings, numbers float64, all with missing values as
    NA; months are their first midnight, UTC. `leads` and `accounts` carry their attributes as further columns (text,
    numbers, booleans or times, as read).
    Every `lead_id` of another table is in `leads`; a row of a lead that has an account stands under that account, and
    a row without a lead under an account that `accounts` or `leads` name. `timed` tells whether every lead has its
    creation time. `quarantine` holds the rows that are not used, `notes` what people should know about the rest.
    """

    leads: pd.DataFrame
    interactions: pd.DataFrame
    deals: pd.DataFrame
    accounts: pd.DataFrame
    lead_changes: pd.DataFrame
    assessments: pd.DataFrame
    decisions: pd.DataFrame
    spend: pd.DataFrame
    data_end: datetime
    timed: bool
    counts: tuple[TableCount, ...] = ()
    notes: tuple[str, ...] = ()
    quarantine: tuple[BadRows, ...] = ()


def read_tables(project: Project, *, clock: datetime, untimed: bool = False) -> Tables:
    """The tables of `project`, every row used or quarantined; `clock` (aware) is the command's now.

    The process keeps freed memory from then on (`features.memory`).

    `untimed`: leads and assessments need no times (flat tables with an outcome column).

    Raises:
        InputContractError: a table as a whole cannot be used: no such file or column, naive times without a time
            zone, no leads, more than half of its rows unusable.
        ProjectFileError: the project file names something that does not exist.
    """
    if clock.tzinfo is None:
        raise ValueError("clock has no time zone")
    keep_for_reuse()
    tables = _read(project, clock, untimed=untimed)
    give_back()
    return tables


def _read(project: Project, clock: datetime, *, untimed: bool) -> Tables:
    opened = {table: _opened(project, table, untimed=untimed) for table in SPECS if table in project.tables}
    drafts = settled(opened)
    end, note = _data_end(project, drafts, clock)
    chosen = project.project.data_end is not None
    # Without a chosen end, what happened after the last interaction (a lead created this evening) has still happened.
    ended = ended_at(drafts, end if chosen else clock, chosen=chosen)
    if not np.array_equal(ended["leads"].alive, drafts["leads"].alive):
        ended = without_orphans(ended)
    for draft in ended.values():
        refuse_if_mostly_bad(draft)
    return _tables(project, ended, end, note)


def _opened(project: Project, table: TableName, *, untimed: bool) -> Draft:
    draft = open_table(project, table, untimed=untimed)
    give_back()
    return draft


def without_interactions(project: Project) -> Project:
    """The project without its interactions, for engines that read those themselves."""
    return replace(project, tables={name: table for name, table in project.tables.items() if name != "interactions"})


def ended_by_events(project: Project, tables: Tables, latest: datetime | None, clock: datetime) -> Tables:
    """Tables read without interactions, with the data's end they have when the latest interaction is at `latest`."""
    chosen = project.project.data_end
    closed = tables.deals.loc[tables.deals["status"].isin(CLOSED), "closed_at"].max()
    happened = {"closed deal": None if closed is pd.NaT else closed.to_pydatetime(), "interaction": latest}
    named = {what: time for what, time in happened.items() if time is not None and time <= clock}
    if chosen is not None or not named:
        return tables
    what = max(named, key=lambda name: named[name])
    note = f"data_end is {named[what]:%Y-%m-%d %H:%M} UTC: the latest {what}"
    return replace(tables, data_end=named[what], notes=(note, *tables.notes[1:]))


def _data_end(project: Project, drafts: Mapping[TableName, Draft], clock: datetime) -> tuple[datetime, str]:
    chosen = project.project.data_end
    if chosen is not None and chosen <= clock:
        return chosen.astimezone(UTC), f"data_end is {chosen.astimezone(UTC):%Y-%m-%d %H:%M} UTC, as configured"
    if chosen is not None:
        return clock.astimezone(UTC), f"data_end is now: {chosen:%Y-%m-%d} as configured has not come yet"
    end, what = latest_event(drafts, clock)
    return end.astimezone(UTC), f"data_end is {end:%Y-%m-%d %H:%M} UTC: {what}"


def _tables(project: Project, drafts: Mapping[TableName, Draft], end: datetime, end_note: str) -> Tables:
    frames = {table: used_rows(drafts[table]) if table in drafts else empty_table(table) for table in SPECS}
    if frames["leads"].empty:
        count, origin = count_rows(drafts["leads"]), drafts["leads"].source.origin
        why = "; ".join(f"{rows(number)}: {reason}" for reason, number in count.reasons.items())
        raise InputContractError(
            f"leads: {origin} has no usable row. Expected at least one lead, got {rows(count.read)}"
            f"{f' ({why})' if why else ''}"
        )
    notes = [note for draft in drafts.values() for note in draft.notes]
    notes += kind_notes(frames["interactions"]["kind"].value_counts(), project.points.kinds)
    notes += direction_notes(frames["interactions"]["direction"].value_counts())
    notes += repeated_spend(frames["spend"])
    given: dict[str, Any] = {str(table): frame for table, frame in frames.items()}
    return Tables(
        **given,
        data_end=end,
        timed=bool(frames["leads"]["created_at"].notna().all()),
        counts=tuple(count_rows(draft) for draft in drafts.values()),
        notes=(end_note, *notes),
        quarantine=tuple(bad for draft in drafts.values() if (bad := bad_rows(draft)) is not None),
    )


def empty_table(table: TableName) -> pd.DataFrame:
    """A canonical table without rows, its columns typed."""
    return _empty_table(table).copy()


@cache
def _empty_table(table: TableName) -> pd.DataFrame:
    # Made once: for one lead or a small project seven of them take longer than all else about its tables.
    return pd.DataFrame({column.name: empty_column(column, 0) for column in SPECS[table].columns})


def tables_from_frames(data_end: datetime, **frames: pd.DataFrame) -> Tables:
    """Tables of frames that are known to be good, by table name: columns typed, absent ones NA, absent tables empty.

    Naive times are UTC. Nothing is checked or dropped; rows of a lead get its account as at the door.
    """
    if unknown := set(frames) - set(SPECS):
        raise ValueError(f"unknown tables {sorted(unknown)}; known are {', '.join(SPECS)}")
    typed = {table: _typed(frames[table], table) if table in frames else empty_table(table) for table in SPECS}
    leads = typed["leads"]
    for table in LEAD_LOGS:
        if "account_id" in typed[table]:
            at = positions_in(typed[table]["lead_id"], leads["lead_id"])
            account = filled_accounts(typed[table]["account_id"], leads["account_id"], at)
            typed[table] = typed[table].assign(account_id=account)
    given: dict[str, Any] = {str(table): frame for table, frame in typed.items()}
    return Tables(**given, data_end=data_end, timed=bool(typed["leads"]["created_at"].notna().all()))


def _typed(frame: pd.DataFrame, table: TableName) -> pd.DataFrame:
    frame = frame.reset_index(drop=True)
    columns = {column.name: _typed_column(frame, column) for column in SPECS[table].columns}
    attributes = {str(name): frame[name] for name in frame.columns if name not in columns}
    return pd.DataFrame({**columns, **attributes}, index=frame.index)


def _typed_column(frame: pd.DataFrame, column: Column) -> pd.Series:
    if column.name not in frame:
        return empty_column(column, len(frame))
    if column.type == "time":
        return to_utc(frame[column.name], ZoneInfo("UTC"))
    cells = pa.chunked_array([pa.Array.from_pandas(frame[column.name])])
    return parse(cells, column.type, Reading(missing=frozenset())).values


def counts_text(tables: Tables) -> str:
    """The row accounting for people: one line per table, its reasons below."""
    lines = [f"{'table':<14}{'read':>12}{'used':>12}{'quarantined':>14}"]
    for count in tables.counts:
        lines.append(f"{count.table:<14}{count.read:>12,}{count.used:>12,}{count.quarantined:>14,}")
        lines += [f"    {rows(number)}: {reason}" for reason, number in count.reasons.items()]
    return "\n".join(lines)
