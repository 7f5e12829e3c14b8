"""What the store keeps of an account: the rows of its canonical tables, for the scoring and the page of its leads."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]
TABLES = ("leads", "interactions", "lead_changes", "assessments", "deals", "decisions")
LEVEL = 6


@dataclass(frozen=True, slots=True)
class AccountHistory:
    """The account's own row (None: the lead has none), and rows by table: times as text in UTC, nulls left out."""

    account: Row | None
    leads: Sequence[Row]
    interactions: Sequence[Row] = ()
    lead_changes: Sequence[Row] = ()
    assessments: Sequence[Row] = ()
    deals: Sequence[Row] = field(default=())
    decisions: Sequence[Row] = field(default=())

    def packed(self) -> bytes:
        """The history as the store keeps it."""
        return pack(json.dumps(self.as_json(), separators=(",", ":"), ensure_ascii=False, allow_nan=False))

    def as_json(self) -> dict[str, Any]:
        """All rows, tables without any left out."""
        return {"account": self.account} | {name: rows for name in TABLES if (rows := getattr(self, name))}

    def with_interactions(self, more: Iterable[Row]) -> "AccountHistory":
        """The history with further interactions; those whose interaction_id is there already are left out."""
        known = {row["interaction_id"] for row in self.interactions if "interaction_id" in row}
        new = [row for row in more if row.get("interaction_id") not in known]
        rows = {name: getattr(self, name) for name in TABLES}
        return AccountHistory(self.account, **{**rows, "interactions": [*self.interactions, *new]})

    def of_lead(self, lead_id: str) -> dict[str, Any]:
        """What `features.lead_history.read_history` takes for one of its leads.

        Raises:
            KeyError: no such lead.
        """
        lead = next((row for row in self.leads if row["lead_id"] == lead_id), None)
        if lead is None:
            raise KeyError(lead_id)
        own = ("lead_changes", "assessments")
        return {
            "lead": {"created_at": None, **lead},
            "account": self.account,
            "colleagues": [{"created_at": None, **row} for row in self.leads if row["lead_id"] != lead_id],
            "interactions": self.interactions,
            **{name: [row for row in getattr(self, name) if row["lead_id"] == lead_id] for name in own},
        }


def pack(text: str) -> bytes:
    """JSON text as the store keeps it."""
    return zlib.compress(text.encode(), LEVEL)


def unpacked(packed: bytes) -> AccountHistory:
    """The history that was packed."""
    return AccountHistory(**json.loads(zlib.decompress(packed)))
