"""Requests for one lead, as JSON would bring them, from the rows of a world."""

from datetime import UTC, datetime
from typing import Any

from worlds import TIMES, Row, World, moment


def written(microseconds: int | None) -> str | None:
    """A time as JSON has it."""
    return None if microseconds is None else moment(microseconds).isoformat()


def request_of(world: World, lead_id: str) -> dict[str, Any]:
    """The whole account of a lead as a request; every interaction is told apart by an id of its own."""
    account = world.account_of(lead_id)
    leads = {row["lead_id"]: row for row in world.leads}
    team = [name for name, row in leads.items() if name == lead_id or (account and row["account_id"] == account)]
    of_account = [row for row in world.accounts if account and row["account_id"] == account]
    return {
        "lead": _json(leads[lead_id], "leads"),
        "account": dict(of_account[0]) if of_account else None,
        "colleagues": [_json(leads[name], "leads") for name in team if name != lead_id],
        "interactions": [
            {**_json(row, "interactions"), "interaction_id": str(number)}
            for number, row in enumerate(world.interactions)
            if row["lead_id"] in team or (row["lead_id"] is None and account and row.get("account_id") == account)
        ],
        "lead_changes": [_json(row, "lead_changes") for row in world.lead_changes if row["lead_id"] in team],
        "assessments": [_json(row, "assessments") for row in world.assessments if row["lead_id"] in team],
    }


def _json(row: Row, table: str) -> dict[str, Any]:
    return {**row, TIMES[table]: written(row[TIMES[table]])}


def at(days: float = 0) -> datetime:
    """An aware time so many days after 2026-01-01."""
    from worlds import day

    return datetime.fromtimestamp(day(days) / 1e6, UTC)
