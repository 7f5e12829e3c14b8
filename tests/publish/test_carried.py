"""Events of people go into the project's stage log once."""

from datetime import UTC, datetime

import pytest

from serving.lifecycle.event_text import event_from_text, event_text
from serving.lifecycle.events import StageEvent, events_of
from serving.lifecycle.history import usual_process
from serving.lifecycle.log import read_log
from serving.publish import carried
from serving.publish.carried import carry_events
from serving.store.connection import open_store
from serving.store.schema import LEAD_ACTION

AT = datetime(2026, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)
EVENT = StageEvent(
    "l1", AT, "recycle", "mql", "nurture", by="person", actor="anna", reason="später", until=AT, recorded_at=AT
)


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    row = {"lead_id": "l1", "at": 0, "kind": "recycle", "by": "anna", "details": "{}", "seen": "{}"}
    with opened.writing() as connection:
        connection.execute(
            LEAD_ACTION.insert(), [{**row, "stage_event": event_text(EVENT)}, {**row, "stage_event": None}]
        )
    yield opened
    opened.close()


@pytest.fixture
def process(tmp_path):
    from dataclasses import replace

    return replace(usual_process("all"), folder=tmp_path / "log")


def test_text_keeps_every_field():
    assert event_from_text(event_text(EVENT)) == EVENT


def test_events_are_carried_once(store, process):
    assert carry_events(store, process, 1) == 1
    assert carry_events(store, process, 2) == 0
    assert events_of(read_log(process.folder)) == (EVENT,)


def test_a_run_that_was_killed_in_between_adds_nothing_twice(store, process, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(carried, "mark_carried", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            carry_events(store, process, 1)
    assert carry_events(store, process, 2) == 1
    assert events_of(read_log(process.folder)) == (EVENT,)
