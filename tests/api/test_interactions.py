"""Interactions are stored once each, and the leads they are of are scored anew with them."""

import json
from datetime import datetime

import pytest
import sqlalchemy.event
from sites import key_of
from sqlalchemy import func, select

from serving.live.account_history import unpacked
from serving.live.catching_up import CatchingUp
from serving.live.history_score import score_history
from serving.store.schema import ACCOUNT, IDEMPOTENCY, INTERACTION, LEAD, SCORE_POINT
from serving.store.upkeep import forget_expired
from serving.web.api import interactions as route

LATER = "2026-01-01T08:00:00Z"


@pytest.fixture
def lead(some_rows):
    return next(row for row in some_rows["lead"] if row["is_open"])


def event(lead, **more):
    return {"lead_id": lead["lead_id"], "occurred_at": LATER, "kind": "demo_requested", **more}


def send(ask, *rows, **headers):
    return ask.post("/v1/interactions", json={"interactions": rows}, headers=headers)


def stored(site, column):
    with site.store.reading() as connection:
        return connection.scalars(select(column)).all()


def now_of(site, lead):
    with site.store.reading() as connection:
        return connection.execute(select(LEAD).where(LEAD.c.lead_id == lead["lead_id"])).mappings().one()


def test_stored_and_scored_anew_as_the_kernel_says(ask, small, lead):
    body = send(ask, event(lead, interaction_id="e1"), event(lead, kind="pricing_page_view", value=2)).json()
    assert [one["status"] for one in body["results"]] == ["stored", "stored"]
    row = now_of(small, lead)
    with small.store.reading() as connection:
        packed = connection.scalar(select(ACCOUNT.c.history).where(ACCOUNT.c.account_key == lead["account_key"]))
    more = [event(lead), event(lead, kind="pricing_page_view", value=2.0)]
    history = unpacked(packed).with_interactions(more).of_lead(lead["lead_id"])
    said = score_history(small.model.required().bundle, history, small.clock(), 0).scored
    assert (row["propensity"], row["score"], row["band"]) == (said.propensity, said.score, said.band)
    assert row["propensity"] != lead["propensity"]
    assert (row["as_of"], row["scored_at"], row["revision"]) == (small.now, small.now, lead["revision"] + 1)
    assert row["score"] in stored(small, SCORE_POINT.c.score)


def test_the_page_shows_what_arrived(ask, lead):
    def page():
        return ask.get(f"/leads/{lead['lead_id']}").json()

    before = page()["timeline"]
    send(ask, event(lead, kind="fair_visit", topic="pricing"))
    (new,) = [one for one in page()["timeline"] if one not in before]
    assert (new["what"], new["detail"], new["at"]) == ("“fair visit”", "pricing", LATER)


def test_a_page_asks_the_store_little(ask, small, lead):
    page = f"/leads/{lead['lead_id']}"
    ask.get(page)  # who looked is written down once
    asked = []

    def count(_connection, _cursor, statement, *_):
        asked.append(statement)

    sqlalchemy.event.listen(small.store.engines.reading, "before_cursor_execute", count)
    try:
        assert ask.get(page, headers={"accept": "text/html"}).status_code == 200
    finally:
        sqlalchemy.event.remove(small.store.engines.reading, "before_cursor_execute", count)
    assert len([one for one in asked if one.startswith("SELECT")]) == 5, "lead, account, scores, colleagues, neighbours"


def test_colleagues_are_scored_anew_and_others_are_not(ask, small, lead, some_rows):
    account = {"account_id": lead["account_id"], "occurred_at": LATER, "kind": "discovery_call"}
    assert send(ask, account).json()["stored"] == 1
    revisions = {row["lead_id"]: now_of(small, row)["revision"] for row in some_rows["lead"]}
    for row in some_rows["lead"]:
        concerned = row["is_open"] and row["account_key"] == lead["account_key"]
        assert revisions[row["lead_id"]] == row["revision"] + concerned


def test_the_same_again_is_a_duplicate(ask, small, lead):
    one, without = event(lead, interaction_id="e1", topic=" price "), event(lead, kind="email_click")
    assert send(ask, one, without, one, without).json()["duplicates"] == 2
    again = send(ask, {**one, "topic": "price", "occurred_at": "2026-01-01T09:00:00+01:00"}, without).json()
    assert (again["stored"], again["duplicates"]) == (0, 2)
    assert len(stored(small, INTERACTION.c.id)) == 2


def test_an_interaction_of_the_export_is_known(ask, small, some_rows):
    packed = next(row for row in some_rows["account"])
    known = next((row for row in unpacked(packed["history"]).interactions if "interaction_id" in row), None)
    if known is None:
        pytest.skip("the world's interactions have no ids")
    assert send(ask, known).json()["duplicates"] == 1


def test_an_id_with_other_contents_is_refused(ask, lead):
    send(ask, event(lead, interaction_id="e1"))
    (result,) = send(ask, event(lead, interaction_id="e1", kind="email_click")).json()["results"]
    assert result["status"] == "refused"
    assert "'e1' is known with other contents" in result["detail"]


@pytest.mark.parametrize(("wrong", "said"), [
    ({"lead_id": "nobody"}, "lead_id: expected a known lead, got 'nobody'"),
    ({"lead_id": None}, "lead_id: is missing"),
    ({"lead_id": None, "account_id": "no"}, "account_id: expected the account of a known lead, got 'no'"),
    ({"account_id": "other"}, "account_id: expected '"),
    ({"occurred_at": "2026-01-01T09:03:00Z"}, "occurred_at: expected a time that is over"),
    ({"occurred_at": "yesterday"}, "occurred_at: expected a time such as"),
    ({"kind": " "}, "kind: is missing"),
    ({"kind": 7}, "/kind: expected a valid string, got 7"),
    ({"surprise": 1}, "/surprise: unknown key"),
    ({"value": 1e300}, "/value: expected less than"),
    ({"actor": "a\0"}, "/actor:"),
    ({"topic": "\ud800"}, "/topic:"),
])  # fmt: skip
def test_what_is_wrong_is_refused_alone(ask, lead, wrong, said):
    sent = json.dumps({"interactions": [event(lead, **wrong), event(lead)]})
    body = ask.post("/v1/interactions", content=sent, headers={"content-type": "application/json"}).json()
    assert (body["stored"], body["refused"]) == (1, 1)
    assert body["results"][0]["detail"].startswith(said)


def test_a_clock_that_is_a_little_ahead_is_seen_at_once(ask, small, lead):
    ahead = "2026-01-01T09:00:30Z"
    assert send(ask, event(lead, occurred_at=ahead)).json()["stored"] == 1
    row = now_of(small, lead)
    assert row["as_of"] == small.now + 30_000_001
    assert row["propensity"] != lead["propensity"]


def test_only_leads_that_the_sender_sees(ask, small, some_rows):
    owned = next(row for row in some_rows["lead"] if row["owner"])
    other = key_of(small, "leads.own_and_pool", "interactions.write", owner="somebody else")
    body = send(ask, event(owned), {"account_id": "none", "occurred_at": LATER, "kind": "x"}, **other).json()
    assert body["refused"] == 2
    assert "known lead" in body["results"][0]["detail"]


def test_a_repeated_request_with_its_key_does_nothing_again(ask, small, lead):
    key = {"idempotency-key": "k1"}
    first = send(ask, event(lead), **key)
    again = send(ask, event(lead), **key)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    with small.store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(INTERACTION)) == 1
    assert send(ask, event(lead, kind="email_click"), **key).status_code == 422
    small.clock.passes(hours=24)
    assert send(ask, event(lead), **key).json()["duplicates"] == 1


def test_kept_answers_are_forgotten_after_a_day(ask, small, lead):
    send(ask, event(lead), **{"idempotency-key": "k1"})
    for hours, left in ((23, 1), (1, 0)):
        small.clock.passes(hours=hours)
        with small.store.writing() as connection:
            forget_expired(connection, small.now, 30)
        assert len(stored(small, IDEMPOTENCY.c.key)) == left


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ü"])
def test_a_key_that_is_none(ask, lead, key):
    assert send(ask, event(lead), **{"idempotency-key": key.encode("latin-1")}).status_code == 422


def test_what_no_request_scored_is_caught_up_with(ask, small, lead, monkeypatch):
    monkeypatch.setattr(route, "rescore", lambda *_: [])
    waiting = CatchingUp(small.store, small.project)
    bundle = small.model.required().bundle
    assert waiting.step(bundle, small.now) == 0
    small.clock.passes(minutes=5)
    send(ask, event(lead))
    assert now_of(small, lead)["revision"] == lead["revision"]
    assert waiting.step(bundle, small.now) >= 1
    assert now_of(small, lead)["revision"] == lead["revision"] + 1
    assert waiting.step(bundle, small.now) == 0


def test_a_thousand_in_one_call(ask, small, some_rows):
    leads = [row["lead_id"] for row in some_rows["lead"]]
    rows = [{"lead_id": leads[n % len(leads)], "occurred_at": LATER, "kind": f"kind {n}"} for n in range(1000)]
    assert send(ask, *rows).json()["stored"] == 1000
    with small.store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(INTERACTION)) == 1000
    assert send(ask, *rows, rows[0]).status_code == 422


def test_the_time_is_kept_in_utc(ask, small, lead):
    send(ask, event(lead, occurred_at="2026-01-01T09:00:00.25+01:00"))
    (row,) = stored(small, INTERACTION.c.row)
    assert '"occurred_at":"2026-01-01T08:00:00.250000Z"' in row
    assert stored(small, INTERACTION.c.occurred_at) == [
        int(datetime.fromisoformat(LATER).timestamp()) * 10**6 + 250_000
    ]
