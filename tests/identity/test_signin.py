"""Signing in and out: guessing, fixation, replay, redirects, languages; and what the log keeps of it."""

import re
from contextlib import ExitStack

import pytest
from argon2 import PasswordHasher
from sites import OWN, PAGE, Clock, client_of, sign_in, site_in

from serving.identity import passwords
from serving.identity.audit import READINGS
from serving.identity.tokens import hash_of
from serving.language.translations import LANGUAGES, translation_to
from serving.store.audit import lines
from serving.store.schema import SESSION
from serving.store.users import NewUser, add_user, disable_user, set_password_hash, user_named
from serving.web.app import create_app
from serving.web.attempts import turn

GOOD, OTHER = "brown tea at four", "green tea at eight"


@pytest.fixture(autouse=True, scope="module")
def _quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
        passwords._of_nobody.cache_clear()
        yield
    passwords._of_nobody.cache_clear()


@pytest.fixture
def site(tmp_path):
    opened = site_in(tmp_path, clock=Clock())
    with opened.store.writing() as connection:
        add_user(connection, NewUser("ann", "rep", "Ann B.", passwords.hashed(GOOD)), opened.now)
    yield opened
    opened.store.close()


@pytest.fixture
def client(site):
    opened = client_of(create_app(site))
    opened.headers.update(PAGE)
    return opened


def enter(client, name="ann", password=GOOD, **more):
    return client.post("/sign-in", data={"name": name, "password": password, **more})


def log_of(site):
    with site.store.reading() as connection:
        return lines(connection, 0, site.now + 1, READINGS["incident"].actions, None)


def test_the_right_password_begins_a_session(client, site):
    answer = enter(client, " ANN ", next="/leads/7?tab=why")
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads/7?tab=why")
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"ripelead=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax", cookie)
    assert client.get("/account").status_code == 200
    assert client.get("/sign-in").headers["location"] == "/"
    assert [(line.action, line.who, line.object) for line in log_of(site)] == [("signed_in", "ann", "ann")]


def test_by_https_the_cookie_is_secure(tmp_path):
    site = site_in(tmp_path, 'public_url = "https://ripelead.example.com"')
    with site.store.writing() as connection:
        add_user(connection, NewUser("ann", "rep", None, passwords.hashed(GOOD)), site.now)
    cookie = enter(client_of(create_app(site), "https://ripelead.example.com")).headers["set-cookie"]
    assert cookie.startswith("__Host-ripelead=")
    assert "; Secure" in cookie
    assert "Domain" not in cookie
    site.store.close()


def test_the_store_never_holds_a_token(client, site):
    enter(client)
    with site.store.reading() as connection:
        row = connection.execute(SESSION.select()).one()
    assert row.token_hash == hash_of(client.cookies["ripelead"])


@pytest.mark.parametrize(("name", "password"), [
    ("ann", "wrong"), ("nobody", GOOD), ("", ""), ("ann", ""), ("ann\0", GOOD), ("' or 1=1 --", "' or 1=1 --"),
    ("ann", GOOD.upper()), ("x" * 4000, "y" * 4000), ("gone", GOOD), ("elsewhere", ""),
])  # fmt: skip
def test_wrong_ones_get_the_same_answer_whoever_is_named(client, site, name, password):
    with site.store.writing() as connection:
        gone = add_user(connection, NewUser("gone", "rep", None, passwords.hashed(GOOD)), site.now)
        disable_user(connection, gone, site.now)
        add_user(connection, NewUser("elsewhere", "rep", subject="https://id.example 1"), site.now)
    answer = enter(client, name, password)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert translation_to("en").text("Name or password is wrong.") in answer.text
    failed = log_of(site)[-1]
    assert (failed.action, failed.who) == ("sign_in_failed", "nobody")
    assert failed.object in {None, "ann", "gone", "elsewhere"}


def test_guessing_a_name_is_slowed_down_and_comes_back(client, site):
    assert [enter(client, password="x").status_code for _ in range(11)] == [401] * 10 + [429]
    refused = enter(client)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert enter(client, "bo").status_code == 401
    site.clock.passes(minutes=1)
    assert enter(client).status_code == 303


def test_guessing_many_names_from_one_address_is_slowed_down(client, site):
    statuses = [enter(client, f"name{number}", "x").status_code for number in range(51)]
    assert statuses == [401] * 50 + [429]
    assert enter(client).status_code == 429


def test_signing_in_rightly_costs_no_attempts(client):
    assert {enter(client).status_code for _ in range(12)} == {303}


def test_a_proxy_says_where_a_request_comes_from_only_when_it_is_trusted(tmp_path):
    site = site_in(tmp_path, 'trusted_proxies = ["testclient", "10.0.0.1"]')
    client = client_of(create_app(site))
    for number in range(3):
        headers = {**OWN, "x-forwarded-for": f"6.6.6.{number}, 2001:db8:1:2::{number}, 10.0.0.1"}
        client.post("/sign-in", data={"name": f"n{number}"}, headers=headers)
    assert {line.details["from"] for line in log_of(site)} == {"2001:db8:1:2::/64"}
    site.store.close()


def test_without_a_trusted_proxy_what_it_says_is_not_believed(client, site):
    client.post("/sign-in", data={"name": "x"}, headers={"x-forwarded-for": "6.6.6.6"})
    assert log_of(site)[-1].details["from"] == "unknown"  # the test client is at no address


def test_another_sites_form_signs_nobody_in(client, site):
    answer = client.post("/sign-in", data={"name": "ann", "password": GOOD}, headers={"sec-fetch-site": "cross-site"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_a_token_that_was_planted_is_not_taken_over(client, site):
    client.cookies.set("ripelead", "a" * 43)
    enter(client)
    planted = client_of(client.app)
    planted.cookies.set("ripelead", "a" * 43)
    assert planted.get("/account").status_code == 401


def test_a_replayed_cookie_after_signing_out_is_worth_nothing(client, site):
    enter(client)
    token = client.cookies["ripelead"]
    assert client.post("/sign-out").headers["location"] == "/sign-in"
    assert "ripelead" not in client.cookies
    client.cookies.set("ripelead", token)
    assert client.get("/account", headers={"accept": "application/json"}).status_code == 401
    assert client.get("/account").headers["location"] == "/sign-in?next=%2Faccount"
    assert log_of(site)[-1].action == "signed_out"


def test_signing_in_again_ends_the_former_session(client, site):
    enter(client)
    former = client.cookies["ripelead"]
    enter(client)
    client.cookies.clear()
    client.cookies.set("ripelead", former)
    assert client.get("/account").status_code == 303


def test_a_changed_password_ends_all_other_sessions(client, site):
    other = client_of(client.app)
    enter(other)
    enter(client)
    before = client.cookies["ripelead"]
    answer = client.post("/account/password", data={"present": GOOD, "chosen": OTHER, "again": OTHER})
    assert answer.headers["location"] == "/account?changed=1"
    assert client.cookies["ripelead"] != before
    assert "signed out everywhere else" in client.get("/account?changed=1").text
    assert other.get("/account").status_code == 401
    assert (enter(other).status_code, enter(other, password=OTHER).status_code) == (401, 303)


@pytest.mark.parametrize(("typed", "status", "said"), [
    ((GOOD, OTHER, OTHER + "x"), 422, "differ"), ((GOOD, "short", "short"), 422, "12 to 1000"),
    ((OTHER, OTHER, OTHER), 401, "wrong"), (("", "", ""), 401, "wrong"),
])  # fmt: skip
def test_a_password_is_changed_by_who_knows_it_and_to_a_good_one(client, typed, status, said):
    enter(client)
    answer = client.post("/account/password", data=dict(zip(("present", "chosen", "again"), typed, strict=True)))
    assert (answer.status_code, said in answer.text) == (status, True)
    assert enter(client).status_code == 303


def test_a_weaker_hash_is_made_again(client, site):
    with site.store.writing() as connection:
        user = user_named(connection, "ann")
        set_password_hash(connection, user.id, PasswordHasher(1, 8, 1, hash_len=16).hash(GOOD))
    enter(client)
    with site.store.reading() as connection:
        assert not passwords.outdated(user_named(connection, "ann").password_hash)


@pytest.mark.parametrize("page", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site(client, site, page):
    assert enter(client, next=page).headers["location"] == "/"
    assert client.get("/sign-in", params={"next": page}).headers["location"] == "/"


def test_what_was_typed_is_shown_as_text(client):
    answer = enter(client, '"><script>alert(1)</script>{{7*7}}', next='/"><script>')
    assert "<script>" not in answer.text
    assert "{{7*7}}" in answer.text
    assert GOOD not in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_speak_the_browsers_language(client, site, language):
    to = translation_to(language)
    headers = {"accept-language": f"{language}-XX,en;q=0.5"}
    assert f"<h1>{to.text('Sign in')}</h1>" in client.get("/sign-in", headers=headers).text
    sign_in(client, site, "rep")
    assert f"<h1>{to.text('Account')}</h1>" in client.get("/account", headers=headers).text


def test_a_crowd_at_the_door_leaves_threads_for_the_pages(client, site):
    with ExitStack() as crowd:
        for _ in range(8):
            crowd.enter_context(turn())
        assert (enter(client).status_code, client.get("/sign-in").status_code) == (429, 200)
    assert enter(client).status_code == 303
