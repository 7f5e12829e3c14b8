"""Forms of the lead's page: what is done, what is refused on the page, and who may."""

import json

import pytest
from publications import published
from sites import OWN, PAGE, client_of, sign_in, site_in
from sqlalchemy import select, update

from serving.live.account_history import AccountHistory
from serving.store.schema import ACCOUNT, LEAD, LEAD_ACTION
from serving.web.app import create_app

FORM = PAGE | OWN
LEADS = [
    {"lead_id": "l1", "stage": "mql", "account_key": "a", "account_id": "a"},
    {"lead_id": "l2", "owner": "ben", "account_key": "a", "account_id": "a"},
]


@pytest.fixture
def site(tmp_path):
    opened = site_in(tmp_path)
    published(opened.store, *LEADS)
    packed = AccountHistory(None, [{"lead_id": one["lead_id"]} for one in LEADS]).packed()
    with opened.store.writing() as connection:
        connection.execute(ACCOUNT.insert().values(publication=1, account_key="a", history=packed))
    return opened


@pytest.fixture
def rep(site):
    with client_of(create_app(site)) as client:
        yield sign_in(client, site, "rep", owner="anna")


def stored(site):
    with site.store.reading() as connection:
        return connection.execute(select(LEAD_ACTION)).mappings().all()


def test_an_act_is_stored_and_the_page_shown_again(site, rep):
    answer = rep.post("/acts/l1", data={"kind": "accept", "note": "called"}, headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads/l1")
    (action,) = stored(site)
    assert (action["kind"], action["note"]) == ("accept", "called")
    page = rep.get("/leads/l1", headers={"accept": "application/json"}).json()
    assert page["stage"] == "sal"
    assert [one["kind"] for one in page["said"]] == ["accept"]


def test_a_snooze_ends_at_the_beginning_of_a_day(site, rep):
    assert rep.post("/acts/l1", data={"kind": "snooze", "until": "2026-03-01"}, headers=FORM).status_code == 303
    assert json.loads(stored(site)[0]["details"])["until"] == "2026-03-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("form", "status", "why"),
    [
        ({"kind": "reject"}, 422, "expected a reason"),
        ({"kind": "snooze", "until": "soon"}, 422, "until"),
        ({"kind": "outcome", "outcome": "won", "amount": "much"}, 422, "amount"),
        ({"kind": "fly"}, 422, "kind"),
        ({"kind": "wake", "owner": "ben"}, 422, "owner"),
        ({"kind": "reopen"}, 409, "cannot go"),
        ({"kind": "accept", "seen": '"1.7"'}, 409, "was changed in the meantime"),
    ],
)
def test_what_cannot_be_done_is_said_on_the_page(site, rep, form, status, why):
    answer = rep.post("/acts/l1", data=form, headers=FORM)
    assert answer.status_code == status
    assert why in answer.text
    assert "<h1>" in answer.text
    assert stored(site) == []


def test_somebody_elses_lead_is_as_if_it_were_not_there(site, rep):
    assert rep.post("/acts/l2", data={"kind": "accept"}, headers=FORM).status_code == 404
    assert rep.get("/leads/l2", headers=PAGE).status_code == 404
    assert stored(site) == []


def test_the_state_of_the_page_is_the_one_that_an_act_wants(site, rep):
    with site.store.writing() as connection:
        connection.execute(update(LEAD).where(LEAD.c.lead_id == "l1").values(revision=5))
    state = rep.get("/leads/l1", headers={"accept": "application/json"}).json()["state"]
    assert rep.post("/acts/l1", data={"kind": "accept", "seen": state}, headers=FORM).status_code == 303


def test_another_site_cannot_send_the_form(site, rep):
    answer = rep.post("/acts/l1", data={"kind": "accept"}, headers=PAGE | {"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert stored(site) == []


def test_colleagues_of_others_are_named_only_to_those_who_see_them(site, rep):
    asked = {"accept": "application/json"}
    assert rep.get("/leads/l1", headers=asked).json()["team"] == []
    boss = sign_in(client_of(rep.app), site, "manager")
    assert [one["lead_id"] for one in boss.get("/leads/l1", headers=asked).json()["team"]] == ["l2"]
