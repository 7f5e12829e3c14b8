"""Deliveries: who sees them, page and JSON alike, and what was not delivered is sent again, on record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import PAGE, client_of, key_of, sign_in, site_in
from sqlalchemy import select

from features.errors import InputContractError
from serving.pages.deliveries import Asked, deliveries
from serving.store import outbox
from serving.store.connection import open_store
from serving.store.outbox import Message, Noted, Taker
from serving.store.schema import AUDIT
from serving.web.app import create_app

HOOK = '[[serve.webhooks.endpoints]]\nname = "crm"\nurl = "https://x.example"\nsecret = "${S}"\n'


@pytest.fixture
def site(tmp_path):
    opened = site_in(tmp_path, HOOK)
    with opened.store.writing() as connection:
        rows = [Message(f"msg_{n}", "lead.sales_qualified", "crm", "{}") for n in range(60)]
        outbox.enqueue(connection, rows, opened.now)
        outbox.lease(connection, Taker("w", 55, 99), opened.now, opened.now + 1)
        for n in range(55):
            state, error = ("dead", "answered 500 <b>") if n < 52 else ("delivered", None)
            noted = Noted(state, 500 if error else 200, error, opened.now)
            outbox.note(connection, sorted(one.id for one in rows)[n], "w", noted, opened.now)
    yield opened
    opened.store.close()


@pytest.fixture
def admin(site):
    return sign_in(client_of(create_app(site)), site, "admin", name="root")


def counted(site):
    with site.store.reading() as connection:
        return outbox.counts(connection)


def test_only_who_looks_after_webhooks_sees_them(site):
    client = client_of(create_app(site))
    for role in ("rep", "manager", "marketing", "data_scientist"):
        sign_in(client, site, role)
        assert client.get("/deliveries").status_code == 403
        assert client.post("/deliveries/replay", data={"all": "true"}).status_code == 403
        assert "/deliveries" not in client.get("/leads", headers=PAGE).text
    client.cookies.clear()
    assert client.get("/deliveries", headers=key_of(site, "leads.all")).status_code == 403
    assert client.get("/deliveries", headers=key_of(site, "webhooks")).status_code == 200


def test_pages_go_on_where_they_ended(admin):
    first = admin.get("/deliveries").json()
    second = admin.get(f"/deliveries?after={first['next']}").json()
    assert first["counts"] == {"pending": 5, "delivered": 3, "dead": 52}
    assert [len(first["deliveries"]), len(second["deliveries"]), second["next"]] == [50, 2, None]
    assert len({one["id"] for one in first["deliveries"] + second["deliveries"]}) == 52
    assert [one["state"] for one in admin.get("/deliveries?state=delivered").json()["deliveries"]] == ["delivered"] * 3


@pytest.mark.parametrize(("language", "word"), [("en", "Deliveries"), ("de", "Zustellungen"), ("da", "Leveringer")])
def test_the_page_in_three_languages(admin, language, word):
    text = admin.get("/deliveries", headers=PAGE | {"accept-language": language}).text
    assert f"<h1>{word}</h1>" in text
    assert "answered 500 &lt;b&gt;" in text
    for state in ("pending", "delivered"):
        assert admin.get(f"/deliveries?state={state}", headers=PAGE).status_code == 200


def test_chosen_messages_are_sent_again_and_that_is_on_record(admin, site):
    answer = admin.post("/deliveries/replay", data={"id": ["msg_0", "msg_1", "msg_none"]}, headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/deliveries?state=pending")
    assert counted(site) == {"pending": 7, "delivered": 3, "dead": 50}
    with site.store.reading() as connection:
        (line,) = connection.execute(select(AUDIT).where(AUDIT.c.action == "webhook_replayed")).all()
    assert (line.who, '"messages": 2' in line.details) == ("root", True)


def test_a_program_sends_all_again(admin, site):
    answer = admin.post("/deliveries/replay", data={"all": "true"}, headers=key_of(site, "webhooks"))
    assert answer.json() == {"replayed": 52}
    assert counted(site)["dead"] == 0


@pytest.mark.parametrize(
    "data", [{}, {"id": ["a"], "all": "true"}, {"id": ["a b"]}, {"id": ["é"]}, {"all": "perhaps"}, {"id": ["x" * 201]}]
)
def test_what_is_not_clear_is_refused(admin, site, data):
    assert admin.post("/deliveries/replay", data=data).status_code == 422
    assert counted(site)["dead"] == 52


def test_another_site_cannot_have_messages_sent_again(admin, site):
    answer = admin.post("/deliveries/replay", data={"all": "true"}, headers={"sec-fetch-site": "cross-site"})
    assert (answer.status_code, counted(site)["dead"]) == (403, 52)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('empty')}/store.db")
    yield opened
    opened.close()


@given(st.text(min_size=1, max_size=30))
def test_any_text_is_no_cursor(empty, after):
    with pytest.raises(InputContractError, match="after: expected the `next` of a page of deliveries"):
        deliveries(empty, Asked("dead", f"{after}é", "en", ()))
