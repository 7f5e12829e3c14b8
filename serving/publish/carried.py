"""What people did on the page goes into the project's stage log, every event once however often a run is killed."""

from serving.lifecycle.event_text import event_from_text
from serving.lifecycle.events import StageEvent, events_of, events_table
from serving.lifecycle.history import Process
from serving.lifecycle.log import append, read_log, writing
from serving.store.carrying import mark_carried, waiting_events
from serving.store.connection import Store


def carry_events(store: Store, process: Process, now: int) -> int:
    """Append the stage events that wait in the store to the log; gives their number.

    A run that is killed between the two finds its events in the log and only marks them.

    Raises:
        OverlapError: another run writes the log.
        SinkError: log or store cannot be written.
    """
    with store.reading() as connection:
        waiting = waiting_events(connection)
    if not waiting:
        return 0
    with writing(process.folder):
        known = {_key(event) for event in events_of(read_log(process.folder))}
        events = [event_from_text(text) for text in waiting.values()]
        append(process.folder, events_table(event for event in events if _key(event) not in known))
    with store.writing() as connection:
        mark_carried(connection, tuple(waiting), now)
    return len(events)


def _key(event: StageEvent) -> tuple[object, ...]:
    """What tells events of people apart: nobody does the same to a lead twice in a microsecond."""
    return event.lead_id, event.at, event.action, event.actor, event.recorded_at
