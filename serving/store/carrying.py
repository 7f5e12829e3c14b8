"""Stage events of people that have not been written to the project's log yet."""

from sqlalchemy import Connection, select, update

from serving.store.schema import LEAD_ACTION

AT_ONCE = 500


def waiting_events(connection: Connection) -> dict[int, str]:
    """Stage events as text, by the number of the action, oldest first."""
    rows = connection.execute(
        select(LEAD_ACTION.c.id, LEAD_ACTION.c.stage_event)
        .where(LEAD_ACTION.c.carried_at.is_(None), LEAD_ACTION.c.stage_event.is_not(None))
        .order_by(LEAD_ACTION.c.id)
    )
    return {row.id: row.stage_event for row in rows}


def mark_carried(connection: Connection, numbers: tuple[int, ...], now: int) -> None:
    """Note that these actions are in the log."""
    for at in range(0, len(numbers), AT_ONCE):
        some = numbers[at : at + AT_ONCE]
        connection.execute(update(LEAD_ACTION).where(LEAD_ACTION.c.id.in_(some)).values(carried_at=now))


def events_since(connection: Connection, as_of: int) -> list[str]:
    """Stage events of people from a time on as text, oldest first."""
    rows = select(LEAD_ACTION.c.stage_event).where(LEAD_ACTION.c.at >= as_of, LEAD_ACTION.c.stage_event.is_not(None))
    return list(connection.scalars(rows.order_by(LEAD_ACTION.c.id)))
