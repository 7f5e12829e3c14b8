"""Who gets in: sessions and keys, every permission, hidden leads, and the guards around every answer."""

from contextlib import ExitStack
from typing import Annotated

import pytest
from argon2 import PasswordHasher
from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import PAGE, Clock, client_of, key_of, run_alone, sign_in, site_in
from sqlalchemy import event, func, select

from features.errors import SinkError
from serving.identity import passwords
from serving.identity.roles import ALLOWED, HUMAN_ROLES, PERMISSIONS
from serving.identity.who import Identity
from serving.store.audit import lines
from serving.store.keys import all_keys, revoke_keys
from serving.store.schema import SESSION
from serving.store.users import all_users, disable_user
from serving.web import app as web_app
from serving.web import auditing
from serving.web.access import must_see, needs, no_lead, signed_in
from serving.web.auditing import saw_lead
from serving.web.headers import security_headers

router = APIRouter()
OWNERS = {"mine": "Ann", "theirs": "Bo", "pool": None}


@router.get("/who")
@router.post("/who")
def who(one: Annotated[Identity, Depends(signed_in)]):
    return {"name": one.name, "role": one.role, "owner": one.owner, "kind": one.kind}


@router.get("/lead/{lead_id}")
def lead(lead_id: str, one: Annotated[Identity, needs("leads.own_and_pool")]):
    if lead_id not in OWNERS:
        raise no_lead(lead_id)
    must_see(one, lead_id, OWNERS[lead_id])
    return lead_id


@router.get("/seen/{lead_id}")
def seen(request: Request, lead_id: str, one: Annotated[Identity, needs("leads.own_and_pool")]):
    saw_lead(request, one, lead_id)


@router.post("/v1/body")
async def body(request: Request):
    return len(await request.body())


@router.get("/boom")
def boom():
    raise RuntimeError("x")


@router.get("/text")
def text():
    return PlainTextResponse("x", headers={"Cache-Control": "max-age=1"})


for permission in PERMISSIONS:

    def with_permission(one: Annotated[Identity, needs(permission)]):
        return one.name

    router.get(f"/may/{permission}")(with_permission)


@pytest.fixture(scope="module")
def serve(tmp_path_factory, clock):
    """Makes sites with their apps; all are closed at the end."""
    with ExitStack() as opened:

        def made(lines=""):
            site = site_in(tmp_path_factory.mktemp("project"), lines, clock)
            opened.callback(site.store.close)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(web_app, "ROUTERS", (*web_app.ROUTERS, router))
                return site, web_app.create_app(site)

        yield made


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def site_and_app(serve):
    return serve()


@pytest.fixture
def site(site_and_app):
    return site_and_app[0]


@pytest.fixture
def client(site_and_app):
    return client_of(site_and_app[1], raise_server_exceptions=False)


def test_nobody_gets_in_without_a_session_or_key(client):
    answer = client.get("/who")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    page = client.get("/who?a=1", headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=%2Fwho%3Fa%3D1")
    assert client.post("/who", headers=PAGE).headers["location"] == "/sign-in"


def test_everybody_may_exactly_what_their_role_says(client, site):
    for role in HUMAN_ROLES:
        sign_in(client, site, role)
        allowed = {one for one in PERMISSIONS if client.get(f"/may/{one}").status_code == 200}
        assert allowed == ALLOWED[role], role


@pytest.mark.parametrize("scope", PERMISSIONS)
def test_a_key_may_exactly_what_its_scope_says(client, site, scope):
    answers = {one: client.get(f"/may/{one}", headers=key_of(site, scope)).status_code for one in PERMISSIONS}
    assert {one for one, status in answers.items() if status == 200} == {scope} & ALLOWED["service"]
    assert set(answers.values()) <= {200, 403}


@pytest.mark.parametrize(("role", "owner", "seen"), [
    ("rep", "Ann", {"mine", "pool"}), ("rep", None, {"pool"}), ("rep", "Bo", {"theirs", "pool"}),
    ("manager", None, set(OWNERS)), ("marketing", "Ann", set(OWNERS)), ("admin", None, set(OWNERS)),
])  # fmt: skip
def test_a_lead_that_one_may_not_see_is_as_if_it_were_not_there(client, site, role, owner, seen):
    sign_in(client, site, role, owner)
    answers = {lead_id: client.get(f"/lead/{lead_id}") for lead_id in [*OWNERS, "none"]}
    assert {lead_id for lead_id, answer in answers.items() if answer.status_code == 200} == seen
    nothing = answers.pop("none")
    for lead_id, answer in answers.items():
        if lead_id not in seen:
            assert answer.status_code == nothing.status_code == 404
            assert answer.text.replace(lead_id, "none") == nothing.text
            assert answer.headers == {**nothing.headers, "content-length": answer.headers["content-length"]}


def test_a_session_ends_by_time_or_by_hand(client, site, clock):
    sign_in(client, site, "rep")
    clock.passes(minutes=119)
    assert client.get("/who").status_code == 200
    clock.passes(minutes=121)
    assert client.get("/who").status_code == 401
    sign_in(client, site, "rep", name="bo")
    with site.store.writing() as connection:
        disable_user(connection, next(user.id for user in all_users(connection) if user.name == "bo"), site.now)
    assert client.get("/who").status_code == 401


def test_reading_writes_nothing_within_a_minute(client, site, clock):
    def seen_at():
        with site.store.reading() as connection:
            return connection.scalar(select(func.max(SESSION.c.seen_at)))

    clock.passes(days=2)
    sign_in(client, site, "rep")
    clock.passes(seconds=59)
    client.get("/who")
    first = seen_at()
    clock.passes(seconds=1)
    client.get("/who")
    assert (first, seen_at()) == (site.now - 60_000_000, site.now)


@pytest.mark.parametrize("sent", ["", "x", "rl_abc", f"rl_{'0' * 12}_{'a' * 43}", "\xff", "rl_' or 1=1"])
def test_a_wrong_key_is_refused_and_the_cookie_is_not_read(client, site, sent):
    sign_in(client, site, "admin")
    answer = client.get("/who", headers={"authorization": f"bearer {sent}".encode("latin-1")})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_what_a_proxy_in_front_asked_for_is_not_looked_at(client, site):
    sign_in(client, site, "rep", name="cy")
    assert client.get("/who", headers={"authorization": "Basic YTpi"}).json()["name"] == "cy"


def test_a_revoked_key_is_refused(client, site, clock):
    headers = key_of(site, "score")
    assert client.get("/who", headers=headers).json()["kind"] == "key"
    with site.store.writing() as connection:
        used = next(key for key in all_keys(connection) if key.prefix in headers["authorization"])
        assert used.used_at == site.now
        revoke_keys(connection, [used.prefix], site.now)
    assert client.get("/who", headers=headers).status_code == 401


def test_a_busy_programs_key_is_looked_up_once_a_second(client, site, clock):
    headers, asked = key_of(site, "score"), []
    prefix = headers["authorization"][len("Bearer rl_") :][:12]

    def status():
        return client.get("/may/score", headers=headers).status_code

    event.listen(site.store.engines.single, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    assert [status() for _ in range(5)] == [200] * 5
    assert sum("api_key" in one and one.startswith("SELECT") for one in asked) == 1
    wrong = {"authorization": headers["authorization"][:-1] + ("B" if headers["authorization"][-1] == "A" else "A")}
    assert client.get("/may/score", headers=wrong).status_code == 401
    with site.store.writing() as connection:
        revoke_keys(connection, [prefix], site.now)
    clock.passes(seconds=1)
    assert status() == 401


def test_requests_that_wait_for_nothing_are_counted_too(serve):
    site, app = serve("requests_per_minute = 1000")
    client, headers = client_of(app), key_of(site, "score")
    statuses = [client.get("/may/score", headers=headers).status_code for _ in range(102)]
    assert statuses == [200] * 100 + [429] * 2


def test_the_budget_of_a_key_ends_and_comes_back(serve, clock):
    site, app = serve("requests_per_minute = 12")
    client, headers, other = client_of(app), key_of(site, "score"), key_of(site, "score")
    assert [client.get("/who", headers=headers).status_code for _ in range(11)] == [200] * 10 + [429]
    refused = client.get("/who", headers=headers)
    assert (refused.headers["retry-after"], refused.json()["status"]) == ("5", 429)
    assert client.get("/who", headers=other).status_code == 200
    clock.passes(seconds=6)
    assert client.get("/who", headers=headers).status_code == 200


CHANGES = [
    ({"sec-fetch-site": "same-origin"}, True), ({"sec-fetch-site": "none"}, True),
    ({"sec-fetch-site": "same-site"}, False), ({"sec-fetch-site": "cross-site"}, False),
    ({"sec-fetch-site": "cross-site", "origin": "http://localhost"}, False), ({"sec-fetch-site": "Same-Origin"}, False),
    ({"origin": "http://localhost"}, True), ({"origin": "http://localhost:80"}, True), ({"origin": "null"}, False),
    ({"origin": "https://localhost"}, False), ({"origin": "http://localhost:81"}, False), ({"origin": ""}, False),
    ({"origin": "http://localhost.evil.example"}, False), ({"origin": "http://evil.example"}, False),
    ({"referer": "http://localhost/leads/1"}, True), ({"referer": "http://evil.example/localhost"}, False),
    ({"origin": "http://evil.example", "referer": "http://localhost/"}, False), ({"origin": "http://[::1"}, False),
    ({"origin": "http://localhost:x"}, False), ({}, False),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "taken"), CHANGES)
def test_changes_are_taken_from_own_pages_only(client, site, headers, taken):
    sign_in(client, site, "rep")
    del client.headers["sec-fetch-site"]
    assert client.post("/who", headers=headers).status_code == (200 if taken else 403)
    assert client.get("/who", headers=headers).status_code == 200


def test_a_program_with_a_key_needs_no_origin_and_a_call_without_anything_is_asked_who_it_is(client, site):
    del client.headers["sec-fetch-site"]
    assert client.post("/who", headers=key_of(site, "score")).status_code == 200
    assert client.post("/v1/body").status_code == 200
    sign_in(client, site, "rep")
    assert client.post("/v1/body").status_code == 403
    assert client.post("/v1/body", headers={"authorization": "Basic YTpi"}).status_code == 403


@pytest.mark.parametrize(("host", "known"), [
    ("localhost", True), ("LOCALHOST:8000", True), ("127.0.0.1:8000", True), ("[::1]:8000", True), ("10.0.0.8", True),
    ("ripelead.example.com", True), ("evil.example", False), ("localhost.evil.example", False), ("a@localhost", False),
    ("localhost:x", False), ("", False), ("localhost/x", False), ("127.0.0.1.evil.example", False),
])  # fmt: skip
def test_only_requests_for_this_server_are_answered(serve, host, known):
    _, app = serve('public_url = "https://ripelead.example.com"')
    assert (client_of(app).get("/health/live", headers={"host": host}).status_code != 421) is known


@pytest.mark.parametrize(("hosts", "status"), [([], 200), ([b"localhost"], 200), ([b"localhost", b"evil"], 421)])
def test_old_health_checks_send_no_host_and_nobody_sends_two(site_and_app, hosts, status):
    sent = []

    async def keep(message):
        sent.append(message)

    scope = {"type": "http", "http_version": "1.0", "method": "GET", "path": "/health/live", "query_string": b"",
             "headers": [(b"host", host) for host in hosts], "scheme": "http", "client": None}  # fmt: skip
    run_alone(site_and_app[1], scope, None, keep)
    assert sent[0]["status"] == status


def test_large_bodies_are_refused_by_length_and_while_they_come(serve):
    _site, app = serve("max_body_kb = 16")
    client, most = client_of(app), 16 * 1024
    assert client.post("/v1/body", content=b"x" * most).json() == most
    assert client.post("/v1/body", content=b"x" * (most + 1)).status_code == 413
    came = []
    pieces = (came.append(1) or b"x" * 1024 for _ in range(10_000))
    assert client.post("/v1/body", content=pieces).status_code == 413
    assert client.post("/v1/body", content=iter([b"x" * most])).json() == most
    assert client.post("/v1/body", content=b"", headers={"content-length": "9" * 5000}).status_code == 413


@pytest.mark.parametrize("path", ["/who", "/text", "/boom", "/nothing", "/static/x", "/v1/openapi.json"])
@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_every_answer_has_the_headers(client, path, host):
    answer = client.get(path, headers={"host": host})
    for name, value in security_headers(secure=False).items():
        assert answer.headers.get_list(name) == [value], name
    expected = "max-age=1" if (path, host) == ("/text", "localhost") else "no-cache" if "static" in path else "no-store"
    assert answer.headers["cache-control"] == expected
    assert "strict-transport-security" not in answer.headers


def test_by_https_browsers_are_told_to_insist_and_the_cookie_is_of_this_host_only(serve):
    site, app = serve('public_url = "https://ripelead.example.com"')
    client = client_of(app, "https://ripelead.example.com")
    assert client.get("/health/live").headers["strict-transport-security"] == "max-age=31536000"
    sign_in(client, site, "rep")
    assert list(client.cookies.keys()) == ["__Host-ripelead"]
    assert client.get("/who").status_code == 200
    del client.headers["sec-fetch-site"]
    through_proxy = {"host": "ripelead.example.com", "origin": "https://ripelead.example.com"}
    assert client_of(app, "http://ripelead.example.com").post("/v1/body", headers=through_proxy).status_code == 200


def test_no_style_or_script_may_stand_in_a_page():
    policy = security_headers(secure=True)["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:")


def test_a_look_at_a_lead_is_written_down_once_in_ten_minutes(client, site, clock):
    def looks():
        with site.store.reading() as connection:
            return [line.object for line in lines(connection, 0, site.now + 1, {"lead_seen"}, None)]

    sign_in(client, site, "rep")
    for lead_id in ("L1", "L2", "L1", "L1"):
        assert client.get(f"/seen/{lead_id}").status_code == 200
    assert looks() == ["L1", "L2"]
    clock.passes(minutes=10)
    client.get("/seen/L1")
    sign_in(client, site, "rep")
    client.get("/seen/L1")
    assert looks() == ["L1", "L2", "L1", "L1"]


def test_a_page_that_cannot_be_written_down_is_not_shown(client, site, monkeypatch):
    sign_in(client, site, "rep")
    with monkeypatch.context() as patch:
        patch.setattr(auditing, "log", lambda *_: (_ for _ in ()).throw(SinkError("the store: full")))
        assert client.get("/seen/L9").status_code == 503
        assert client.get("/seen/L9").status_code == 503
    assert client.get("/seen/L9").status_code == 200


def test_the_description_of_the_api_says_how_to_sign_in(client):
    described = client.get("/v1/openapi.json").json()
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert described["paths"]["/may/score"]["get"]["security"] == [{"key": []}]


NAMES = "host", "origin", "referer", "sec-fetch-site", "authorization", "cookie", "x-forwarded-for", "accept"
VALUES = st.sampled_from([b"localhost", b"Bearer rl_", b"same-origin", b"text/html"]) | st.binary(max_size=60)
METHODS, PATHS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "X"), ("/who", "/sign-in", "/v1/body", "/sign-out")
FORM = (b"content-type", b"application/x-www-form-urlencoded")


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES)), st.sampled_from(METHODS), st.sampled_from(PATHS))
def test_no_header_whatsoever_breaks_the_guards(site_and_app, headers, method, path):
    started, came = [], [{"type": "http.request", "body": b"name=%00&password=%ff&next=//x", "more_body": False}]

    async def receive():
        return came.pop() if came else {"type": "http.disconnect"}

    async def send(message):
        started.append(message.get("status"))

    raw = [*((name.encode(), value) for name, value in headers), FORM]
    scope = {"type": "http", "http_version": "1.1", "method": method, "path": path, "query_string": b"next=%ff%00//x",
             "headers": raw, "scheme": "http", "client": ("10.0.0.1", 1), "server": ("localhost", 80)}  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
        run_alone(site_and_app[1], scope, receive, send)
    assert started[0] < 500
