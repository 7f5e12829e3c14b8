"""Scored leads as a CRM takes them: the CRM's id of each lead, and values under the names of the CRM's fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from features.crm_settings import CrmField
from features.errors import ProjectFileError
from features.files import replaced_file
from features.tables import Tables
from serving.csv_dialects import DIALECTS, csv_writer, reasons_in_short
from serving.lifecycle.history import Process, all_events
from serving.lifecycle.replay import replay, states
from serving.score_files import read_score_file

NOBODY = "no id of the CRM"
TWICE = "another lead has the same id of the CRM"
Texts = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Mapped:
    """What of a lead goes where: pairs of a field and its name in the CRM; rep = id of a user there."""

    fields: tuple[tuple[CrmField, str], ...]
    owners: Mapping[str, str]

    @property
    def asks_for_owner(self) -> bool:
        """Whether somebody must say who has each lead."""
        return "owner" in dict(self.fields)


@dataclass(frozen=True, slots=True)
class Refused:
    """A lead that was not handed over, why, who says so, and whether the same may succeed another time."""

    lead_id: str
    reason: str
    by: str = "ripelead"
    again: bool = False


@dataclass(frozen=True, slots=True)
class CrmRows:
    """Leads to hand over, as columns: lead_ids, the CRM's ids, values by CRM name; and those that cannot be."""

    lead_ids: list[str]
    ids: list[str]
    values: pa.Table
    refused: tuple[Refused, ...]

    def take(self, keep: list[bool], refused: Iterator[Refused]) -> "CrmRows":
        """The rows to `keep`; the others were `refused`."""
        mask = pa.array(keep, pa.bool_())
        return CrmRows(
            [lead for lead, kept in zip(self.lead_ids, keep, strict=True) if kept],
            [one for one, kept in zip(self.ids, keep, strict=True) if kept],
            self.values.filter(mask),
            (*self.refused, *refused),
        )

    def without(self, name: str) -> "CrmRows":
        """The rows without one column of values."""
        return replace(self, values=self.values.drop_columns([name]))


def read_scores(path: Path, as_of: datetime, mapped: Mapped) -> pa.Table:
    """The columns of a score file that the mapped fields are made from, lead_id first.

    Raises:
        ProjectFileError: it cannot be read or is no score file.
    """
    wanted = dict.fromkeys(("lead_id", "as_of", *(field for field, _ in mapped.fields if field != "owner")))
    return read_score_file(path, tuple(wanted), as_of)


def owners_of(process: Process, tables: Tables, as_of: datetime) -> dict[str, str | None]:
    """Who has each lead as of a time, by lead_id: whom a person or routing gave it to, else the owner of the table."""
    found = states(replay(all_events(process, tables), as_of))
    said = zip(found["lead_id"].to_pylist(), found["owner"].cast(pa.string()).to_pylist(), strict=True)
    return ids_from(tables, "owner") | {lead: owner for lead, owner in said if owner is not None}


def ids_from(tables: Tables, column: str) -> dict[str, str | None]:
    """The CRM's id of each lead from a column of leads.

    Raises:
        ProjectFileError: leads have no such column.
    """
    if column not in tables.leads:
        raise ProjectFileError(f"id_column = {column!r}: leads have no such column")
    ids = tables.leads[column].astype("string").str.strip()
    texts = [None if one is None or one == "" else str(one) for one in ids.astype(object).where(ids.notna(), None)]
    return dict(zip(tables.leads["lead_id"].astype(str), texts, strict=True))


def crm_rows(scores: pa.Table, mapped: Mapped, ids: Texts | None, owners: Texts) -> CrmRows:
    """The leads of a score table for a CRM; `ids` are the CRM's, by lead_id (None: the lead_id is the id).

    A lead without an id, and the second of two leads with the same, are refused.
    """
    lead_ids = scores["lead_id"].to_pylist()
    own = lead_ids if ids is None else [ids.get(lead) for lead in lead_ids]
    values = pa.table({name: _column(scores, field, owners, mapped) for field, name in mapped.fields})
    refused = {number: NOBODY for number, one in enumerate(own) if not one}
    refused |= {number: TWICE for number in _repeated(own) if number not in refused}
    rows = CrmRows(lead_ids, [one or "" for one in own], values, ())
    keep = [number not in refused for number in range(len(own))]
    return rows.take(keep, (Refused(lead_ids[number], reason) for number, reason in sorted(refused.items())))


def _repeated(ids: list[str | None]) -> Iterator[int]:
    """Places of ids that came before, whatever the case of letters: e-mail addresses and GUIDs are the same then."""
    seen: set[str] = set()
    for number, one in enumerate(ids):
        key = (one or "").casefold()
        if key in seen:
            yield number
        seen.add(key)


def _column(scores: pa.Table, field: CrmField, owners: Texts, mapped: Mapped) -> pa.Array | pa.ChunkedArray:
    if field == "owner":
        reps = [owners.get(lead) for lead in scores["lead_id"].to_pylist()]
        return pa.array([None if rep is None else mapped.owners.get(rep) for rep in reps], pa.string())
    if field == "reasons":
        empty = pc.list_flatten(scores["reasons"]).slice(0, 0)
        filled = pc.coalesce(scores["reasons"], pa.scalar(empty.to_pylist(), scores["reasons"].type))
        return pa.array([text or None for text in reasons_in_short(filled)], pa.string())
    if field == "propensity":
        return _digits(scores[field])
    return scores[field]


def _digits(chances: pa.ChunkedArray) -> pa.ChunkedArray:
    """Six decimals, never 0 or 1 and never with an exponent, which not every CRM reads."""
    inside = pc.min_element_wise(pc.max_element_wise(pc.round(chances, 6), 1e-6), 1 - 1e-6)
    return pc.if_else(pc.is_valid(chances), inside, None).cast(pa.decimal128(7, 6))


def write_refused(rows: tuple[Refused, ...], path: Path) -> None:
    """Write lead_id, result (refused or retry), reason and by of each lead as CSV; an earlier file is removed.

    Raises:
        SinkError: it cannot be written.
    """
    if not rows:
        path.unlink(missing_ok=True)
        return
    columns = {
        "lead_id": [row.lead_id for row in rows],
        "result": ["retry" if row.again else "refused" for row in rows],
        "reason": [row.reason for row in rows],
        "by": [row.by for row in rows],
    }
    with replaced_file(path) as temporary, csv_writer(temporary, DIALECTS["iso"]) as write:
        write(pa.table(columns))
