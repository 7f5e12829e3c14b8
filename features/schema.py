"""The canonical tables as data: their columns, types, keys, and the row accounting of the door."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from features.project import TableName

ColumnType = Literal["id", "time", "month", "label", "number", "text"]


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column: ids and labels are text, times UTC, numbers float64."""

    name: str
    type: ColumnType
    required: bool = False


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A canonical table: its columns, its key, and whether further columns are attributes."""

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    attributes: bool = False


SPECS: Mapping[TableName, TableSpec] = {
    "leads": TableSpec(
        (
            Column("lead_id", "id", required=True),
            Column("created_at", "time", required=True),
            Column("account_id", "id"),
            Column("source", "label"),
            Column("email", "text"),
            Column("name", "text"),
            Column("title", "text"),
            Column("owner", "text"),
        ),
        key=("lead_id",),
        attributes=True,
    ),
    "interactions": TableSpec(
        (
            Column("lead_id", "id"),
            Column("account_id", "id"),
            Column("occurred_at", "time", required=True),
            Column("kind", "label", required=True),
            Column("topic", "label"),
            Column("channel", "label"),
            Column("direction", "label"),
            Column("duration_s", "number"),
            Column("value", "number"),
            Column("actor", "text"),
            Column("interaction_id", "id"),
        )
    ),
    "deals": TableSpec(
        (
            Column("lead_id", "id"),
            Column("account_id", "id"),
            Column("closed_at", "time"),
            Column("status", "label", required=True),
            Column("opened_at", "time"),
            Column("amount", "number"),
            Column("lost_reason", "text"),
        )
    ),
    "accounts": TableSpec((Column("account_id", "id", required=True),), key=("account_id",), attributes=True),
    "lead_changes": TableSpec(
        (
            Column("lead_id", "id", required=True),
            Column("changed_at", "time", required=True),
            Column("field", "label", required=True),
            Column("value", "text"),
        )
    ),
    "assessments": TableSpec(
        (
            Column("lead_id", "id", required=True),
            Column("assessed_at", "time", required=True),
            Column("criterion", "label", required=True),
            Column("met", "number", required=True),
            Column("amount", "number"),
            Column("deadline", "time"),
            Column("note", "text"),
            Column("by", "text"),
        )
    ),
    "decisions": TableSpec(
        (
            Column("lead_id", "id", required=True),
            Column("decided_at", "time", required=True),
            Column("decision", "label", required=True),
            Column("by", "text"),
            Column("reason", "text"),
            Column("exploration", "number"),
            Column("worked_probability", "number"),
        )
    ),
    "spend": TableSpec(
        (
            Column("month", "month", required=True),
            Column("source", "label"),
            Column("amount", "number", required=True),
        )
    ),
}


@dataclass(frozen=True, slots=True)
class TableCount:
    """Row accounting of one table: `read == used + quarantined`, reasons with their counts."""

    table: TableName
    read: int
    used: int
    quarantined: int
    reasons: Mapping[str, int]
