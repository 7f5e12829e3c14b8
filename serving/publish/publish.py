"""Publishing: gather, write beside the current publication, make it current, remove the former."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.build import Progress, silent
from features.cells import instant
from features.errors import OverlapError
from features.tables import Tables
from features.times import microseconds
from features.windows import NEVER
from serving.delivery.telling import moved_messages, telling_of
from serving.publish.arrivals import with_arrivals
from serving.publish.documents import documents
from serving.publish.done_since import do_again
from serving.publish.drift import champion_drift
from serving.publish.gathered import Asked, Gathered, gather
from serving.publish.histories import account_rows
from serving.publish.lead_rows import Former, lead_rows
from serving.render import VERSION_LENGTH
from serving.store import publications
from serving.store.arrived import arrived_rows
from serving.store.connection import Store
from serving.store.outbox import enqueue
from serving.store.told_leads import moved_leads


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication holds."""

    number: int
    leads: int
    open: int
    accounts: int
    moved: tuple[str, ...]
    """Features that moved far from where they were in training."""


def publish(asked: Asked, tables: Tables, store: Store, progress: Progress = silent) -> Published:
    """Publish a project as of a time. Readers see the former publication until all of the new one is there.

    Raises:
        InputContractError: something that the model was trained with is not there.
        OverlapError: a newer publication is current already.
        SinkError: the store cannot be written.
    """
    as_of, telling = instant(asked.as_of), telling_of(asked.project, asked.bundle)
    with store.reading() as connection:
        _refuse_older(publications.current(connection), as_of)
        former = Former(publications.former_scores(connection, as_of))
        arrived = arrived_rows(connection)
    whole = with_arrivals(tables, arrived)
    found = gather(asked, whole, progress)
    drift = champion_drift(asked, found)
    number = publications.begin(store, _head(asked, found))
    leads = publications.add(store, number, "lead", lead_rows(asked, found, former))
    accounts = publications.add(store, number, "account", account_rows(whole))
    publications.add(store, number, "document", documents(asked, found, drift))
    if leads != len(found.existing):
        raise RuntimeError(f"leads do not add up: {len(found.existing)} exist, {leads} were written")
    with store.writing() as connection:
        _refuse_older(publications.current(connection), as_of)
        publications.finish(connection, number, {"finished_at": instant(asked.clock)})
        do_again(connection, asked.project, as_of)
        told = moved_messages(moved_leads(connection, number), telling)
        enqueue(connection, told, instant(asked.clock))
        over = list(publications.former(connection))
    for one in over:
        publications.remove(store, one)
    return Published(number, leads, len(found.open), accounts, drift.moved)


def _refuse_older(present: publications.Publication | None, as_of: int) -> None:
    if present is not None and present.as_of > as_of:
        raise OverlapError("a publication of a later time is current: expected a later --as-of; nothing was changed")


def _head(asked: Asked, found: Gathered) -> Mapping[str, Any]:
    times = microseconds(found.tables.interactions["occurred_at"])
    past = times[times < instant(asked.as_of)]
    return {
        "as_of": instant(asked.as_of),
        "started_at": instant(asked.clock),
        "model_version": asked.bundle.version[:VERSION_LENGTH],
        "data_end": instant(found.tables.data_end),
        "newest_event": int(past.max()) if len(past) and past.max() != NEVER else None,
        "summary": json.dumps(_summary(asked, found)),
    }


def _summary(asked: Asked, found: Gathered) -> Mapping[str, Any]:
    return {
        "project": asked.project.project.name,
        "leads": len(found.existing),
        "open": len(found.open),
        "sales_qualified": int(found.scores.qualified.sum()),
        "tables": [
            {"table": one.table, "read": one.read, "used": one.used, "quarantined": one.quarantined,
             "reasons": dict(one.reasons)}
            for one in found.tables.counts
        ],
        "left_out": dict(found.histories.left_out),
        "notes": list(found.tables.notes),
    }  # fmt: skip
