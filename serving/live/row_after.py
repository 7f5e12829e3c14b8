"""The lead's row after an event of a person: what the next publication will say, said at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from features.cells import instant
from features.project import Project
from features.windows import NEVER
from serving.lifecycle.events import StageEvent
from serving.lifecycle.replay import STATES
from serving.lifecycle.service_levels import clock_of, promise_of

Row = Mapping[str, Any]


def row_after(project: Project, row: Row, event: StageEvent) -> dict[str, Any]:
    """Columns of a lead's row after an event of a person, as the replay of the stage log gives them."""
    assert event.at is not None
    at, stage = instant(event.at), event.to_stage or row["stage"]
    after = {
        "stage": stage,
        "stage_since": at if stage != row["stage"] else row["stage_since"],
        "snoozed_until": row["snoozed_until"],
        "owner": event.owner if event.action == "reassign" else row["owner"],
        "do_not_contact": row["do_not_contact"],
        "customer": row["customer"] or event.action == "already_customer",
    }
    if event.action == "snooze" and event.until is not None:
        after["snoozed_until"] = instant(event.until)
    if event.action == "wake":
        after["snoozed_until"] = None
    if event.action in ("do_not_contact", "allow_contact"):
        after["do_not_contact"] = event.action == "do_not_contact"
    return {**after, "due_at": _due(project, row["lead_id"], after, event.at)}


def _due(project: Project, lead_id: str, after: Row, at: datetime) -> int | None:
    state = {
        "lead_id": lead_id,
        "stage": after["stage"],
        "since": after["stage_since"],
        "until": None,
        "snoozed_until": after["snoozed_until"],
        "owner": after["owner"],
        "do_not_contact": after["do_not_contact"],
        "customer": after["customer"],
        "open_deals": 0,
    }
    due = int(clock_of(pa.Table.from_pylist([state], schema=STATES), promise_of(project), at).due[0])
    return None if due == NEVER else due
