"""Decisions of people as rows of the canonical table `decisions`, for training."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from features.cells import EPOCH, MICROSECOND
from features.quarantine import safe_cell
from features.schema import SPECS
from serving.store.actions import Action

COLUMNS = tuple(column.name for column in SPECS["decisions"].columns)
KINDS = ("accept", "reject", "recycle", "disqualify", "already_customer", "reopen", "do_not_contact", "allow_contact")
"""Acts that are decisions; every other word of that table counts as a rejection, so notes must not be among them."""
Format = Literal["csv", "ndjson"]


def decision_row(action: Action) -> dict[str, Any]:
    """A decision with the columns of the canonical table; what is not known is None."""
    mark = action.seen.get("exploration")
    return {
        "lead_id": action.lead_id,
        "decided_at": f"{(EPOCH + action.at * MICROSECOND).isoformat().removesuffix('+00:00')}Z",
        "decision": action.kind,
        "by": action.by,
        "reason": action.reason,
        "exploration": None if mark is None else int(mark),
        "worked_probability": action.seen.get("worked_probability"),
    }


def written(actions: Iterable[Action], form: Format) -> Iterator[str]:
    """The decisions as lines of text; in CSV no cell is a formula."""
    rows = (decision_row(action) for action in actions if action.kind in KINDS)
    if form == "ndjson":
        return (json.dumps({k: v for k, v in row.items() if v is not None}, ensure_ascii=False) + "\n" for row in rows)
    return _csv(rows)


def _csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        yield text.getvalue()
        text.seek(0)
        text.truncate()
        writer.writerow(["" if row[name] is None else safe_cell(str(row[name])) for name in COLUMNS])
    yield text.getvalue()
