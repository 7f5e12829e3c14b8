"""Decisions become one stored action each, move the lead at once, and go back into training."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from sites import key_of
from sqlalchemy import select

from features.stage_settings import StageSettings
from features.windows import NEVER
from serving.lifecycle.event_text import event_from_text
from serving.lifecycle.events import events_table
from serving.lifecycle.machine import STAGES
from serving.lifecycle.replay import state_at
from serving.live.acts import MOVES, possible_acts
from serving.live.decided import COLUMNS, KINDS
from serving.store.carrying import waiting_events
from serving.store.schema import AUDIT, LEAD, LEAD_ACTION

UNTIL = "2026-02-01T08:00:00Z"
COMPLETE = {"snooze": {"until": UNTIL}, "reassign": {"owner": "Bo"}}


@pytest.fixture
def lead(some_rows):
    return next(row for row in some_rows["lead"] if row["is_open"] and row["stage"] in ("lead", "mql"))


@pytest.fixture
def decide(ask, lead):
    def post(kind, headers=None, **more):
        body = {"kind": kind, **COMPLETE.get(kind, {}), **more}
        if kind in ("reject", "recycle", "disqualify", "override", "reason_wrong", "data_wrong"):
            body.setdefault("reason", "because")
        return ask.post(f"/v1/leads/{lead['lead_id']}/decisions", json=body, headers=headers)

    return post


def row_of(site, lead):
    with site.store.reading() as connection:
        return dict(connection.execute(select(LEAD).where(LEAD.c.lead_id == lead["lead_id"])).mappings().one())


def events_of(site):
    with site.store.reading() as connection:
        return [event_from_text(text) for text in waiting_events(connection).values()]


@pytest.mark.parametrize(("kind", "stage"), [
    ("accept", "sal"), ("reject", "rejected"), ("recycle", "nurture"), ("disqualify", "disqualified"),
    ("already_customer", "disqualified"),
])  # fmt: skip
def test_a_decision_moves_the_lead_at_once(decide, small, lead, kind, stage):
    answer = decide(kind)
    row = row_of(small, lead)
    assert (answer.status_code, answer.json()["stage"]) == (201, stage)
    assert (row["stage"], row["stage_since"], row["revision"]) == (stage, small.now, lead["revision"] + 1)
    assert row["customer"] == (lead["customer"] or kind == "already_customer")
    (event,) = events_of(small)
    assert (event.action, event.from_stage, event.to_stage, event.by) == (kind, lead["stage"], stage, "person")


@pytest.mark.parametrize("kind", MOVES)
def test_the_row_is_what_the_log_replays_to(decide, small, lead, kind):
    """Where the lead comes from is told to the replay by an event before."""
    if kind == "reopen":
        assert decide("disqualify").status_code == 201
    assert decide(kind).status_code == 201
    row = row_of(small, lead)
    events = events_of(small)
    (state,) = state_at(events_table([*_before(lead), *events]), datetime(2026, 1, 2, tzinfo=UTC)).to_pylist()
    assert state["stage"] == row["stage"]
    assert state["do_not_contact"] == row["do_not_contact"]
    assert (state["snoozed_until"] is None) == (row["snoozed_until"] is None)
    assert state["owner"] == (row["owner"] if kind == "reassign" else None)


def _before(lead):
    from serving.lifecycle.events import StageEvent

    at = datetime(2025, 12, 1, tzinfo=UTC)
    created = StageEvent(lead["lead_id"], at, "create", to_stage="lead")
    return [created] if lead["stage"] == "lead" else [
        created, StageEvent(lead["lead_id"], datetime(2025, 12, 2, tzinfo=UTC), "advance", "lead", lead["stage"]),
    ]  # fmt: skip


def test_snooze_stops_the_clock_and_wake_starts_it_again(decide, small, lead):
    decide("accept")
    assert row_of(small, lead)["due_at"] not in (None, NEVER)
    decide("snooze")
    row = row_of(small, lead)
    assert (row["due_at"], row["snoozed_until"]) == (None, int(datetime.fromisoformat(UNTIL).timestamp()) * 10**6)
    decide("wake")
    row = row_of(small, lead)
    assert row["snoozed_until"] is None
    assert row["due_at"] is not None


def test_what_does_not_fit_the_stage_is_refused_with_what_does(decide, small, lead):
    assert decide("accept").status_code == 201
    answer = decide("accept")
    assert answer.status_code == 409
    assert "cannot go to 'accept': expected one of reject, recycle" in answer.json()["detail"]
    assert answer.json()["possible"] == list(possible_acts("sal", StageSettings()))
    assert "accept" not in answer.json()["possible"]


def test_possible_acts_are_moves_of_the_machine():
    for stage in STAGES:
        assert set(possible_acts(stage, StageSettings())) <= set(MOVES)
    assert "accept" not in possible_acts("opportunity", StageSettings())


def test_who_must_not_be_contacted_is_not_accepted(decide):
    decide("do_not_contact")
    assert decide("accept").status_code == 409
    decide("allow_contact")
    assert decide("accept").status_code == 201


@pytest.mark.parametrize(("kind", "more"), [
    ("note", {"note": "call on Monday"}), ("override", {"verdict": "not_qualified"}),
    ("reason_wrong", {"feature": "page_views_30d"}), ("data_wrong", {"field": "title"}),
    ("outcome", {"outcome": "won", "amount": 1200}),
])  # fmt: skip
def test_remarks_change_neither_stage_nor_score(decide, small, lead, kind, more):
    body = decide(kind, **more).json()
    row = row_of(small, lead)
    apart = {"revision"}
    assert {k: v for k, v in row.items() if k not in apart} == {k: v for k, v in lead.items() if k not in apart}
    assert {**body["decision"]["details"], "note": body["decision"]["note"]}.items() >= more.items()
    assert events_of(small) == []


def test_what_was_shown_is_kept_with_the_decision(decide, ask, lead):
    decide("accept", note="n")
    (found,) = ask.get(f"/v1/leads/{lead['lead_id']}/decisions").json()["decisions"]
    seen = found["seen"]
    assert (seen["score"], seen["propensity"], seen["stage"]) == (lead["score"], lead["propensity"], lead["stage"])
    assert 0 < seen["worked_probability"] <= 1
    assert found["by"].startswith("key:")


def test_decisions_are_paged_newest_first(decide, ask, lead):
    for number in range(5):
        decide("note", note=str(number))
    found, after = [], None
    while True:
        query = {"limit": 2} | ({"after": after} if after else {})
        body = ask.get(f"/v1/leads/{lead['lead_id']}/decisions", params=query).json()
        found += [one["note"] for one in body["decisions"]]
        if (after := body["next"]) is None:
            break
    assert found == ["4", "3", "2", "1", "0"]


def test_who_looked_at_an_older_state_is_told(decide, ask, lead, small):
    tag = ask.get(f"/v1/leads/{lead['lead_id']}").headers["etag"]
    assert decide("note", note="a", headers={"if-match": tag}).status_code == 201
    assert decide("accept", headers={"if-match": tag}).status_code == 412
    assert decide("accept", headers={"if-match": "*"}).status_code == 201
    assert len(events_of(small)) == 1


def test_a_repeated_decision_with_its_key_is_one(decide, small):
    first = decide("note", note="a", headers={"idempotency-key": "k"})
    again = decide("note", note="a", headers={"idempotency-key": "k"})
    assert (again.status_code, again.json()) == (201, first.json())
    with small.store.reading() as connection:
        assert len(connection.scalars(select(LEAD_ACTION.c.id)).all()) == 1
        acted = connection.execute(select(AUDIT).where(AUDIT.c.action == "lead_acted")).mappings().all()
    assert [json.loads(line["details"]) for line in acted] == [{"kind": "note"}]


@pytest.mark.parametrize(("body", "said"), [
    ({"kind": "reject", "reason": None}, "reject: expected a reason"),
    ({"kind": "reject", "reason": " "}, "reject: expected a reason"),
    ({"kind": "snooze", "until": None}, "snooze: expected until"),
    ({"kind": "reassign", "owner": None}, "reassign: expected owner"),
    ({"kind": "note"}, "note: expected note"),
    ({"kind": "accept", "until": UNTIL}, "until is of snooze, recycle, reject, not of accept"),
    ({"kind": "merge"}, "expected 'accept'"),
    ({"kind": "accept", "note": "a\0"}, "string"),
])  # fmt: skip
def test_incomplete_decisions_are_refused(decide, body, said):
    answer = decide(**body)
    assert answer.status_code == 422
    assert said in answer.json()["errors"][0]["detail"]


def test_a_time_before_now_is_no_pause(decide):
    assert decide("snooze", until="2025-01-01T00:00:00Z").status_code == 409


def test_only_on_leads_that_one_sees(ask, small, some_rows):
    owned = next(row for row in some_rows["lead"] if row["owner"])
    key = key_of(small, "leads.own_and_pool", "leads.act", owner="somebody else")
    answer = ask.post(f"/v1/leads/{owned['lead_id']}/decisions", json={"kind": "note", "note": "a"}, headers=key)
    assert answer.status_code == 404
    looks = key_of(small, "leads.own_and_pool", "leads.all")
    answer = ask.post(f"/v1/leads/{owned['lead_id']}/decisions", json={"kind": "note", "note": "a"}, headers=looks)
    assert answer.status_code == 403


def test_the_export_is_a_table_that_training_reads(decide, ask, lead):
    decide("note", note="a")
    decide("reject", reason="=1+1")
    lines = ask.get("/v1/decisions").text.splitlines()
    (row,) = [json.loads(line) for line in lines]
    assert (row["lead_id"], row["decision"], row["reason"]) == (lead["lead_id"], "reject", "=1+1")
    table = list(csv.DictReader(io.StringIO(ask.get("/v1/decisions?format=csv").text)))
    assert tuple(table[0]) == COLUMNS
    assert table[0]["reason"] == "'=1+1"
    every = [json.loads(line) for line in ask.get("/v1/decisions?kinds=all").text.splitlines()]
    assert [one["kind"] for one in every] == ["note", "reject"]
    assert ask.get("/v1/decisions?kinds=all&format=csv").status_code == 422


def test_an_empty_export(ask):
    assert ask.get("/v1/decisions").text == ""
    assert ask.get("/v1/decisions?format=csv").text == ",".join(COLUMNS) + "\n"


def test_the_export_holds_only_leads_that_one_sees(decide, ask, small, lead):
    decide("reject")
    owner = lead["owner"] or "Ann"
    for name, lines in ((owner, 1), ("somebody else", 0 if lead["owner"] else 1)):
        key = key_of(small, "export", "leads.own_and_pool", owner=name)
        assert len(ask.get("/v1/decisions", headers=key).text.splitlines()) == lines


def test_exported_decisions_mean_the_same_to_the_stages():
    from serving.lifecycle.recorded import DECISIONS

    assert {DECISIONS.get(kind, "reject") for kind in KINDS} == set(KINDS)
