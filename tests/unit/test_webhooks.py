"""Webhooks: what they tell, when they are tried again, and the commands `deliver` and `outbox`."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from crm import crm_project
from hooks import hooks
from hypothesis import given
from hypothesis import strategies as st
from trained import command

from features.webhook_settings import Endpoint
from serving.delivery.events import LeadEvent, LeadSaid, ReasonSaid, messages_of
from serving.delivery.outgoing import Answer
from serving.delivery.schedule import DELAYS_S, SECOND, after_answer
from serving.store.connection import open_store
from serving.store.outbox import Message, enqueue

AT = datetime(2026, 6, 10, 8, 30, tzinfo=UTC)
LEAD = LeadSaid(
    "L 1/2", "sql", 68, 0.12, "A", True, 3, False, [ReasonSaid("Interest", 20, "2 demos")], "anna", AT, "m1"
)
EVENT = LeadEvent("lead.sales_qualified", AT, "sql 1780000000", LEAD)
CRM = Endpoint.model_validate({"name": "crm", "url": "https://x.example/h", "secret": "${S}"})
BOT = CRM.model_copy(update={"name": "bot", "events": ("lead.decided", "lead.sales_qualified")})
SECRET = "whsec_" + "A" * 32


def test_an_event_as_it_is_sent():
    (message,) = messages_of(EVENT, [CRM], "https://ripelead.example.com/")
    assert json.loads(message.payload) == {
        "type": "lead.sales_qualified",
        "timestamp": "2026-06-10T08:30:00.000000Z",
        "data": {
            "lead_id": "L 1/2", "stage": "sql", "decision": None, "reason": None, "score": 68, "propensity": 0.12,
            "band": "A", "sales_qualified": True, "bant_met": 3, "bant_qualified": False,
            "reasons": [{"group": "Interest", "points": 20, "sentence": "2 demos"}], "owner": "anna",
            "as_of": "2026-06-10T08:30:00.000000Z", "model_version": "m1",
            "link": "https://ripelead.example.com/leads/?id=L%201%2F2",
        },
    }  # fmt: skip


def test_each_endpoint_is_told_what_it_asked_for():
    decided = replace(EVENT, type="lead.decided", decision="accept")
    assert [one.endpoint for one in messages_of(EVENT, [CRM, BOT], None)] == ["crm", "bot"]
    assert [one.endpoint for one in messages_of(decided, [CRM, BOT], None)] == ["bot"]
    assert messages_of(replace(EVENT, type="lead.won"), [CRM, BOT], None) == ()


def test_the_same_happening_is_the_same_message_and_another_is_not():
    others = [EVENT, replace(EVENT, key="sql 2"), replace(EVENT, lead=replace(LEAD, lead_id="L2"))]
    ids = [one.id for event in others for one in messages_of(event, [CRM, BOT], None)]
    assert len(set(ids)) == 6
    again = replace(EVENT, lead=replace(LEAD, score=70, owner=None))
    assert messages_of(again, [CRM], None)[0].id == ids[0]


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_carried_whole(lead_id, sentence):
    lead = replace(LEAD, lead_id=lead_id, reasons=[ReasonSaid("Fit", 1, sentence)] * 20)
    (message,) = messages_of(replace(EVENT, lead=lead), [CRM], "https://r.example")
    data = json.loads(message.payload.encode())["data"]
    assert (data["lead_id"], data["reasons"][0]["sentence"], len(data["reasons"])) == (lead_id, sentence, 8)


@given(st.integers(0, len(DELAYS_S) + 3), st.integers(100, 599), st.sampled_from(["", "7", "100000", "soon", "-5"]))
def test_what_follows_from_an_answer(attempts, status, asked):
    noted = after_answer(Answer(status, {"retry-after": asked}, b"", True), attempts, 0, np.random.default_rng(3))
    if 200 <= status < 300:
        assert noted.state == "delivered"
    elif status == 410 or attempts >= len(DELAYS_S):
        assert noted.state == "dead"
    else:
        wanted = {"7": 7, "100000": 86_400}.get(asked, 0)
        least = max(0.9 * DELAYS_S[attempts], wanted)
        assert least <= noted.due_at / SECOND <= max(1.1 * DELAYS_S[attempts], wanted)


def test_attempts_are_spread_by_chance():
    rng = np.random.default_rng(3)
    dues = {after_answer(Answer(500, {}, b"", True), 3, 0, rng).due_at for _ in range(20)}
    assert len(dues) == 20


# The commands.


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project with a receiver and three messages."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with hooks() as server:
        settings = f"""
[serve]
allow_private_hosts = ["127.0.0.1"]
[[serve.webhooks.endpoints]]
name = "crm"
url = "{server.url}/s3cret-path"
secret = "${{HOOK_SECRET}}"
"""
        crm_project(tmp_path, settings)
        store = open_store(f"sqlite:///{tmp_path}/.ripelead/store.db")
        with store.writing() as connection:
            enqueue(connection, [Message(f"msg_{n}", "lead.sales_qualified", "crm", "{}") for n in range(3)], 0)
        store.close()
        yield SimpleNamespace(folder=tmp_path, server=server)


def test_messages_are_delivered_once(place, capsys):
    assert command("deliver", "-p", place.folder, "--once") == 0
    assert sorted(place.server.ids()) == ["msg_0", "msg_1", "msg_2"]
    assert "3 delivered, 0 failed attempts, 0 dead" in capsys.readouterr().out
    assert command("deliver", "-p", place.folder, "--once") == 0
    assert len(place.server.got) == 3


def test_dead_messages_are_shown_and_sent_again(place, capsys):
    place.server.status = 410
    assert command("deliver", "-p", place.folder, "--once") == 1
    assert command("outbox", "show", "-p", place.folder) == 0
    said = capsys.readouterr().out
    assert "0 pending, 0 delivered, 3 dead" in said
    assert "lead.sales_qualified to crm: the endpoint is gone (410) (after 1 attempts)" in said
    place.server.status = 200
    assert command("outbox", "replay", "msg_1", "msg_9", "-p", place.folder) == 0
    assert command("outbox", "replay", "--all", "-p", place.folder) == 0
    command("deliver", "-p", place.folder, "--once")
    assert {*place.server.ids()[-3:]} == {"msg_0", "msg_1", "msg_2"}
    assert "1 of the ids are of no dead message" in capsys.readouterr().err


@pytest.mark.parametrize("value", [None, "whsec_tooshort", "topsecret"])
def test_a_missing_or_wrong_secret_is_told_and_not_shown(place, monkeypatch, capsys, value):
    monkeypatch.delenv("HOOK_SECRET") if value is None else monkeypatch.setenv("HOOK_SECRET", value)
    assert command("deliver", "-p", place.folder, "--once") == 2
    said = capsys.readouterr().err
    assert "HOOK_SECRET" in said
    assert "tooshort" not in said
    assert "topsecret" not in said
    assert place.server.got == []


ONE = '[[serve.webhooks.endpoints]]\nname = "a"\nurl = "https://x.example"\n'


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "[serve.webhooks] names no endpoints"),
        (f'{ONE}secret = "whsec_abc"\n', "endpoints, item 1.secret: expected a variable such as"),
        (f'{ONE}secret = "${{A}}"\nevents = ["lead.x"]\n', "endpoints, item 1.events, item 1: expected 'lead.mark"),
        ("[serve.webhooks]\ntimeouts = 3\n", "unknown key 'timeouts'; did you mean 'timeout_s'?"),
    ],
)
def test_wrong_settings_are_one_sentence(tmp_path, capsys, lines, message):
    assert command("deliver", "-p", crm_project(tmp_path, lines), "--once") == 2
    said = capsys.readouterr().err
    assert message in said
    assert "whsec_abc" not in said


def test_a_worker_ends_at_sigterm_and_notes_what_it_sent(place):
    program = "from features.cli import app, run; import serving.deliver_cli, sys; sys.exit(run(app))"
    worker = subprocess.Popen([sys.executable, "-c", program, "deliver", "-p", str(place.folder)], text=True,
                              stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])  # fmt: skip
    deadline = time.monotonic() + 60
    while len(place.server.got) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.send_signal(signal.SIGTERM)
    said, _ = worker.communicate(timeout=60)
    assert (worker.returncode, said) == (0, "3 delivered, 0 failed attempts, 0 dead\n")


def test_replay_wants_to_know_which(tmp_path, capsys):
    assert command("outbox", "replay", "-p", crm_project(tmp_path)) == 2
    assert "expected ids of dead messages, or --all" in capsys.readouterr().err
