"""What people did since the time of a publication changes its rows as it changed those of the former one."""

from features.project import Project
from serving.lifecycle.event_text import event_from_text
from serving.live.row_after import row_after
from serving.store.actions import change_lead, lead_to_change
from serving.store.carrying import events_since
from serving.store.connection import Transaction


def do_again(connection: Transaction, project: Project, as_of: int) -> int:
    """Let the events of people from `as_of` on take effect in the current publication; how many did.

    The publication knows the stage log before its time only; without this, what was decided in the morning would be
    undone on the page by a publication of midnight.
    """
    done = 0
    for text in events_since(connection, as_of):
        event = event_from_text(text)
        row = lead_to_change(connection, event.lead_id)
        if row is not None:
            change_lead(connection, row, row_after(project, row, event))
            done += 1
    return done
