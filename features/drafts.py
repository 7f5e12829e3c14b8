"""A table between reading and use: its rows, and what is wrong with which of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from features.errors import InputContractError
from features.schema import TableCount
from features.sources import SourceTable
from features.text_files import Positions, UnreadableRow
from features.times import Mask
from features.values import as_text


@dataclass(frozen=True, slots=True)
class Rejected:
    """Rows that cannot be used for one reason; `expected_loss` marks reasons that say nothing against the table."""

    positions: Positions
    column: str
    reason: str
    expected: str
    expected_loss: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """All rows of a source with typed columns; `alive` marks those not rejected so far.

    `frame` has one row per row of the source; `names` gives the source column of each of its columns that is given.
    `others` are source columns without a canonical name: they only tell rows apart.
    """

    source: SourceTable
    frame: pd.DataFrame
    names: Mapping[str, str]
    others: tuple[str, ...]
    alive: Mask
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BadRows:
    """The quarantined rows of a table: `rows` as they were read, and beside each what is wrong with it.

    `faults` has the columns file, line, column, reason, expected and value, row for row with `rows`;
    `unreadable` are the rows that could not be split into cells.
    """

    table: str
    rows: pa.Table
    faults: pd.DataFrame
    unreadable: tuple[UnreadableRow, ...]


def reject(draft: Draft, mask: Mask, fault: Rejected) -> Draft:
    """`draft` without the rows of `mask` that are still alive; `fault.positions` is filled in here."""
    bad = mask & draft.alive
    if not bad.any():
        return draft
    found = replace(fault, positions=np.flatnonzero(bad))
    return replace(draft, alive=draft.alive & ~bad, rejected=(*draft.rejected, found))


def fault(column: str, reason: str, expected: str, *, expected_loss: bool = False) -> Rejected:
    """What is wrong with rows that `reject` finds."""
    return Rejected(np.empty(0, np.int64), column, reason, expected, expected_loss)


def shown_value(draft: Draft, column: str, position: int) -> str:
    """The cell of a row as it was read, empty where the column was not read."""
    return _values(draft, column, np.array([position]))[0]


def _values(draft: Draft, column: str, positions: Positions) -> list[str]:
    if column not in draft.names:
        return [""] * len(positions)
    cells = as_text(draft.source.rows[draft.names[column]].take(pa.array(positions)))
    return [cell or "" for cell in cells.to_pylist()]


def refuse_if_mostly_bad(draft: Draft) -> None:
    """Stop at a table of which more than half the rows cannot be used: it is wrong as a whole."""
    counts = reasons_of(draft, blamed_only=True)
    bad, read = sum(counts.values()), rows_read(draft)
    if bad * 2 <= read:
        return
    reason, count = counts.most_common(1)[0]
    raise InputContractError(
        f"{draft.source.table}: {bad:,} of {read:,} rows of {draft.source.origin} cannot be used, so the table is "
        f"refused as a whole. Most often ({count:,}): {_example(draft, reason)}"
    )


def _example(draft: Draft, reason: str) -> str:
    for row in draft.source.unreadable:
        if row.reason == reason:
            return f"{reason}, such as {row.file} line {row.line}: {row.text!r}. Expected {row.expected}"
    first = next(found for found in draft.rejected if found.reason == reason)
    position = int(first.positions[0])
    value = shown_value(draft, first.column, position)
    return f"{reason}, such as {draft.source.place(position)}: {value!r}. Expected {first.expected}"


def rows_read(draft: Draft) -> int:
    """Rows of the source, those that could not be split included."""
    return len(draft.alive) + len(draft.source.unreadable)


def reasons_of(draft: Draft, *, blamed_only: bool = False) -> Counter[str]:
    """Number of rejected rows by reason; `blamed_only`: only reasons that say something against the table."""
    counts = Counter(row.reason for row in draft.source.unreadable)
    for found in draft.rejected:
        if not (blamed_only and found.expected_loss):
            counts[found.reason] += len(found.positions)
    return counts


def count_rows(draft: Draft) -> TableCount:
    """Row accounting: read = used + quarantined; most frequent reasons first."""
    read, used = rows_read(draft), int(draft.alive.sum())
    reasons = sorted(reasons_of(draft).items(), key=lambda item: (-item[1], item[0]))
    return TableCount(draft.source.table, read, used, read - used, dict(reasons))


def used_rows(draft: Draft) -> pd.DataFrame:
    """The rows that are used."""
    frame = draft.frame if draft.alive.all() else draft.frame[draft.alive]
    return frame.reset_index(drop=True)


def bad_rows(draft: Draft) -> BadRows | None:
    """The rejected rows with their places, in the order of the source; None when there are none."""
    if draft.alive.all() and not draft.source.unreadable:
        return None
    faults = pd.concat([_faults(draft, found) for found in draft.rejected] or [_NO_FAULTS])
    faults = faults.sort_index()
    positions = faults.index.to_numpy(dtype=np.int64)
    of_part, lines = draft.source.lines(positions)
    files = [draft.source.parts[part].file for part in of_part.tolist()]
    faults = faults.reset_index(drop=True).assign(line=lines, file=files)
    rows = draft.source.rows.take(pa.array(positions))
    return BadRows(draft.source.table, rows, faults, draft.source.unreadable)


_NO_FAULTS = pd.DataFrame({"column": [], "reason": [], "expected": [], "value": []}, dtype="str")


def _faults(draft: Draft, found: Rejected) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "column": found.column,
            "reason": found.reason,
            "expected": found.expected,
            "value": _values(draft, found.column, found.positions),
        },
        index=pd.Index(found.positions),
        dtype="str",
    )
