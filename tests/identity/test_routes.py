"""Every route × role × owner: who gets in, who does not, and that a hidden lead is like one that is not there."""

import pytest
from published import lead, publication
from sites import Clock, client_of, key_of, sign_in, site_in
from sqlalchemy import insert

from serving.identity.roles import ALLOWED, HUMAN_ROLES, PERMISSIONS
from serving.live.account_history import AccountHistory
from serving.store.schema import ACCOUNT, LEAD, PUBLICATION
from serving.web.app import ROUTERS, create_app

EVERYBODY, SIGNED_IN, LEADS = "everybody", "signed in", "leads.own_and_pool"
ROUTES = {
    "GET /health/live": EVERYBODY,
    "GET /health/ready": EVERYBODY,
    "GET /sign-in": EVERYBODY,
    "POST /sign-in": EVERYBODY,
    "POST /sign-out": EVERYBODY,
    "GET /sign-in/provider": EVERYBODY,
    "GET /sign-in/provider/return": EVERYBODY,
    "POST /preferences": EVERYBODY,
    "GET /": EVERYBODY,
    "GET /account": SIGNED_IN,
    "POST /account/password": SIGNED_IN,
    "GET /leads": LEADS,
    "GET /leads/{lead_id:path}": LEADS,
    "POST /acts/{lead_id:path}": "leads.act",
    "GET /handovers/{lead_id:path}": LEADS,
    "GET /what-if/{lead_id:path}": LEADS,
    "GET /similar/{lead_id:path}": LEADS,
    "GET /metrics": "metrics",
    "GET /disagreements": LEADS,
    "GET /accounts": LEADS,
    "GET /accounts/{key:path}": LEADS,
    "GET /model": "model",
    "GET /funnel": "funnel",
    "GET /quality": "quality",
    "GET /deliveries": "webhooks",
    "POST /deliveries/replay": "webhooks",
    "POST /v1/score": "score",
    "POST /v1/interactions": "interactions.write",
    "GET /v1/leads": LEADS,
    "GET /v1/leads/{lead_id:path}": LEADS,
    "GET /v1/leads/{lead_id:path}/reasons": LEADS,
    "GET /v1/leads/{lead_id:path}/decisions": LEADS,
    "POST /v1/leads/{lead_id:path}/decisions": "leads.act",
    "GET /v1/decisions": "export",
    "GET /v1/funnel": "funnel",
}
GUARDED = [route for route, permission in ROUTES.items() if permission in PERMISSIONS]
OF_A_LEAD = [route for route in GUARDED if "{" in route]
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    opened = site_in(tmp_path_factory.mktemp("project"), clock=Clock())
    with opened.store.writing() as connection:
        connection.execute(insert(PUBLICATION).values(publication()))
        for name, owner in (("mine", "Ann"), ("hers", "Bo"), ("pool", None)):
            connection.execute(insert(LEAD).values(lead(name, owner=owner, agreement="model_only")))
            history = AccountHistory(None, [{"lead_id": name, "created_at": "2025-12-01T00:00:00Z"}]).packed()
            connection.execute(insert(ACCOUNT).values(publication=1, account_key=name, history=history))
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def app(site):
    return create_app(site)


@pytest.fixture
def client(app):
    return client_of(app)


def ask(client, route, lead_id="mine", **headers):
    method, path = route.replace("{lead_id:path}", lead_id).replace("{key:path}", lead_id).split(" ")
    if method == "GET":
        return client.get(path, headers=headers)
    if path.startswith("/v1/"):
        return client.post(path, json={"kind": "note", "note": "x"}, headers=headers)
    return client.post(path, content="kind=note&note=x", headers={"content-type": FORM, **headers})


def test_every_route_is_in_the_table():
    routes = {f"{method} {route.path}" for router in ROUTERS for route in router.routes for method in route.methods}
    assert routes == set(ROUTES)


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in ("POST /sign-in", "GET /")])
def test_who_is_not_signed_in_gets_nowhere(client, route):
    assert (ask(client, route).status_code == 401) is (ROUTES[route] != EVERYBODY)


@pytest.mark.parametrize("role", HUMAN_ROLES)
def test_every_role_gets_exactly_where_it_may(client, site, role):
    sign_in(client, site, role, "Ann")
    refused = {route for route in GUARDED if ask(client, route).status_code == 403}
    assert refused == {route for route in GUARDED if ROUTES[route] not in ALLOWED[role]}


@pytest.mark.parametrize("scope", PERMISSIONS)
def test_every_key_gets_exactly_where_its_scope_says(client, site, scope):
    key = key_of(site, scope)
    refused = {route for route in GUARDED if ask(client, route, **key).status_code == 403}
    assert refused == {route for route in GUARDED if {ROUTES[route]} != {scope} & ALLOWED["service"]}


@pytest.mark.parametrize("route", OF_A_LEAD)
def test_a_hidden_lead_is_like_one_that_is_not_there(client, site, route):
    sign_in(client, site, "rep", "Ann")
    hidden, nothing = ask(client, route, "hers"), ask(client, route, "none")
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.text.replace("hers", "none") == nothing.text
    assert all(ask(client, route, one).status_code != 404 for one in ("mine", "pool"))


@pytest.mark.parametrize("route", OF_A_LEAD)
def test_who_sees_all_leads_sees_this_one(client, site, route):
    sign_in(client, site, "manager", "Ann")
    assert ask(client, route, "hers").status_code != 404
    assert ask(client, route, "none").status_code == 404


@pytest.mark.parametrize("route", ["GET /leads", "GET /v1/leads", "GET /disagreements", "GET /accounts"])
@pytest.mark.parametrize(("role", "owner", "seen"), [
    ("rep", "Ann", {"mine", "pool"}), ("rep", None, {"pool"}), ("manager", None, {"mine", "pool", "hers"}),
])  # fmt: skip
def test_lists_show_what_their_reader_sees(client, site, route, role, owner, seen):
    sign_in(client, site, role, owner)
    answer = ask(client, route)
    assert answer.status_code == 200
    assert {name for name in ("mine", "pool", "hers") if f'"{name}"' in answer.text} == seen
