"""Signing in with a provider: who gets in, as what, and every attack that is known on the way back."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey
from oidc_server import CLIENT, SECRET, oidc_server
from sites import Clock, client_of, site_in

from features.errors import ProjectFileError
from serving.identity.oidc import flow_of, flow_text, new_flow
from serving.store.users import all_users, disable_user, user_named
from serving.web.app import create_app
from serving.web.oidc import RETURN

SECTION = """
[serve.oidc]
issuer = "{issuer}"
client_id = "{client}"
client_secret = "${{OIDC_SECRET}}"
roles = {{ chiefs = "manager", sales = "rep" }}
owner_claim = "crm_name"
"""


@pytest.fixture(scope="module")
def server():
    with oidc_server() as running:
        yield running


@pytest.fixture
def provider(server):
    yield server
    server.attack.clear()


@pytest.fixture(scope="module")
def shared(server, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OIDC_SECRET", SECRET)
        section = SECTION.format(issuer=server.issuer, client=CLIENT)
        opened = site_in(tmp_path_factory.mktemp("project"), section, Clock())
    yield opened, create_app(opened)
    opened.store.close()


@pytest.fixture
def site(shared):
    shared[0].clock.passes(minutes=30)  # full buckets
    return shared[0]


@pytest.fixture
def client(site, shared):
    return client_of(shared[1])


def begin(client, page="/leads/7"):
    return client.get("/sign-in/provider", params={"next": page}).headers["location"]


def finish(client, answer):
    return client.get(RETURN, params=answer, headers={"sec-fetch-site": "cross-site"})


def enter(client, provider, site, **claims):
    return finish(client, provider.code(begin(client), site.now // 10**6, **claims))


def user(site, name="ann@x.com"):
    with site.store.reading() as connection:
        return user_named(connection, name)


def test_the_browser_is_sent_with_pkce_state_and_nonce(client, provider):
    location = urlsplit(begin(client))
    asked = {name: values[0] for name, values in parse_qs(location.query).items()}
    assert f"{location.scheme}://{location.netloc}{location.path}" == provider.metadata["authorization_endpoint"]
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", CLIENT)
    assert asked["redirect_uri"] == f"http://localhost{RETURN}"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert SECRET not in location.query
    assert flow_of(client.cookies["ripelead-flow"]).state == asked["state"]


def test_the_sign_in_page_names_the_provider(client):
    assert re.search(r'href="/sign-in/provider\?next=%2F">Sign in with 127.0.0.1<', client.get("/sign-in").text)


def test_who_signs_in_first_becomes_a_user_with_the_role_of_their_group(client, provider, site):
    answer = enter(client, provider, site, crm_name="Ann B.")
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads/7")
    assert "ripelead-flow" not in client.cookies
    ann = user(site)
    assert (ann.role, ann.owner, ann.password_hash) == ("rep", "Ann B.", None)
    assert client.get("/account", headers={"accept": "text/html"}).status_code == 200


def test_role_and_owner_follow_the_provider_and_the_name_stays(client, provider, site):
    enter(client, provider, site, crm_name="Ann B.")
    enter(client, provider, site, groups=["sales", "chiefs"], email="new@x.com")
    assert (user(site).role, user(site).owner, user(site, "new@x.com")) == ("manager", "Ann B.", None)
    enter(client, provider, site, groups="sales")
    assert user(site).role == "rep"


@pytest.mark.parametrize("groups", [[], ["others"], "salesx", None, 7, {"sales": 1}, [["sales"]]])
def test_who_has_no_role_gets_in_nowhere_and_loses_what_is_open(client, provider, site, groups):
    other = client_of(client.app)
    assert enter(other, provider, site).status_code == 303
    answer = enter(client, provider, site, groups=groups)
    assert (answer.status_code, "no role here" in answer.text) == (403, True)
    assert "ripelead" not in client.cookies
    assert other.get("/account").status_code == 401
    assert enter(client, provider, site, sub="never", email="never@x.com", groups=groups).status_code == 403
    assert user(site, "never@x.com") is None


def test_a_disabled_user_stays_out(client, provider, site):
    enter(client, provider, site, sub="8", email="cy@x.com")
    with site.store.writing() as connection:
        disable_user(connection, user(site, "cy@x.com").id, site.now)
    assert enter(client, provider, site, sub="8", email="cy@x.com").status_code == 403


def test_a_name_is_not_taken_over_by_another_subject(client, provider, site):
    enter(client, provider, site)
    assert enter(client, provider, site, sub="evil").status_code == 401


CLAIMS = [
    {"nonce": "other"}, {"nonce": None}, {"aud": "other"}, {"aud": ["other", "third"]}, {"aud": [CLIENT, "other"]},
    {"aud": [CLIENT, "other"], "azp": "other"}, {"azp": "other"}, {"aud": None}, {"aud": []}, {"aud": {CLIENT: 1}},
    {"iss": "http://evil.example"}, {"iss": None}, {"iss": 7}, {"exp": 0}, {"exp": None}, {"exp": "9999999999"},
    {"iat": 9_999_999_999}, {"iat": None}, {"nbf": 9_999_999_999}, {"sub": None}, {"sub": ""}, {"sub": 7},
    {"sub": "x" * 256}, {"sub": "a\0b"}, {"email": None}, {"email": ["ann@x.com"]}, {"email": "a b"},
    {"email": "key:crm"}, {"email_verified": False}, {"email_verified": "false"}, {"email_verified": None},
]  # fmt: skip


@pytest.mark.parametrize("claims", CLAIMS, ids=json.dumps)
def test_a_wrong_claim_signs_nobody_in(client, provider, site, claims):
    provider.attack["claims"] = claims
    answer = enter(client, provider, site)
    assert (answer.status_code, "ripelead" in client.cookies) == (401, False)
    assert "did not work" in answer.text


@pytest.mark.parametrize("kind", ["none", "hmac", "stranger", "embedded", "tampered"])
def test_a_token_that_the_provider_did_not_sign_signs_nobody_in(client, provider, site, kind):
    provider.attack["sign"] = kind
    assert (enter(client, provider, site).status_code, "ripelead" in client.cookies) == (401, False)


@pytest.mark.parametrize("changed", [
    {"state": "other"}, {"state": ""}, {"iss": "http://evil.example"}, {"code": ""}, {"code": "guessed"},
    {"error": "access_denied"}, {"state": "\xff"},
])  # fmt: skip
def test_an_answer_that_is_not_to_this_flow_signs_nobody_in(client, provider, site, changed):
    answer = provider.code(begin(client), site.now // 10**6)
    assert (finish(client, {**answer, **changed}).status_code, "ripelead" in client.cookies) == (401, False)


def test_an_answer_counts_once_whatever_is_kept_of_it(client, provider, site):
    answer = provider.code(begin(client), site.now // 10**6)
    kept, codes = client.cookies["ripelead-flow"], dict(provider.codes)
    assert finish(client, answer).status_code == 303
    assert finish(client, answer).status_code == 401
    client.cookies.set("ripelead-flow", kept)
    provider.codes.update(codes)
    assert finish(client, answer).status_code == 401


def test_an_answer_in_another_browser_signs_nobody_in(client, provider, site):
    other = client_of(client.app)
    begin(other)
    assert finish(other, provider.code(begin(client), site.now // 10**6)).status_code == 401


@pytest.mark.parametrize("page", ["//evil.example", "https://evil.example", "/\\evil.example", "/sign-in"])
def test_nobody_is_led_to_another_site(client, provider, site, page):
    answer = provider.code(begin(client, page), site.now // 10**6)
    assert finish(client, answer).headers["location"] == "/"


@pytest.mark.parametrize(
    "text", ["", "x", "e30", "W10", "bnVsbA", "\xe4", pytest.param(flow_text(new_flow("/"))[:-9], id="cut")]
)
def test_a_cookie_that_is_no_flow_is_none(text):
    assert flow_of(text) is None


def test_a_page_in_a_forged_cookie_is_on_this_server():
    flow = new_flow("/leads")
    assert flow_of(flow_text(flow)) == flow
    forged = flow_text(flow.__class__(flow.state, flow.nonce, flow.verifier, "//evil.example"))
    assert flow_of(forged).next_page == "/"


def test_many_wrong_answers_are_slowed_down(client, provider):
    statuses = [finish(client, {"code": "x", "state": "y"}).status_code for _ in range(51)]
    assert statuses == [401] * 50 + [429]


def test_new_keys_are_taken_and_the_old_ones_end(client, provider, site):
    enter(client, provider, site)
    former = provider.keys
    provider.keys = [ECKey.generate_key("P-256", {"kid": "b", "use": "sig"})]
    site.clock.passes(minutes=2)
    assert enter(client, provider, site).status_code == 303
    provider.keys = former
    assert enter(client, provider, site).status_code == 401
    site.clock.passes(minutes=2)
    assert enter(client, provider, site).status_code == 303


def test_what_was_read_is_kept(client, provider, site):
    enter(client, provider, site)
    before = len(provider.asked)
    enter(client, provider, site)
    assert provider.asked[before:] == ["/token"]


@pytest.mark.parametrize("changed", [
    {"issuer": "http://evil.example"}, {"jwks_uri": "http://169.254.169.254/keys"}, {"token_endpoint": None},
    {"authorization_endpoint": "javascript:alert(1)"}, {"jwks_uri": "http://127.0.0.1:1/keys"},
])  # fmt: skip
def test_metadata_that_lead_elsewhere_are_refused(client, provider, site, changed):
    right = dict(provider.metadata)
    provider.metadata |= changed
    site.clock.passes(hours=2)
    try:
        answer = client.get("/sign-in/provider")
    finally:
        provider.metadata = right
    assert (answer.status_code, "location" in answer.headers) == (401, False)
    asked = len(provider.asked)
    assert client.get("/sign-in/provider").status_code == 401
    assert len(provider.asked) == asked


def test_an_endpoint_inside_the_network_is_not_asked(client, provider, site):
    provider.metadata["token_endpoint"] = "http://169.254.169.254/token"
    site.clock.passes(hours=2)
    assert enter(client, provider, site).status_code == 401
    provider.metadata["token_endpoint"] = f"{provider.issuer}/token"


def test_without_a_provider_there_is_no_such_sign_in(tmp_path):
    site = site_in(tmp_path)
    client = client_of(create_app(site))
    assert client.get("/sign-in/provider").status_code == client.get(RETURN).status_code == 404
    assert "/sign-in/provider" not in client.get("/sign-in").text
    site.store.close()


@pytest.mark.parametrize("section", [
    'issuer = "https://id.example"', 'issuer = "https://id.example"\nclient_id = "x"',
    'issuer = "https://id.example"\nclient_id = "x"\nroles = { a = "service" }', 'issuer = "id.example"',
    'issuer = "https://id.example"\nclient_id = "x"\nroles = { a = "rep" }\nclient_secret = "${NOT_SET_ANYWHERE}"',
    'issuer = "https://id.example"\nclient_id = "x"\nroles = { a = "rep" }\nclient_secret = "plain"',
])  # fmt: skip
def test_a_section_that_cannot_work_is_said_when_the_server_starts(tmp_path, section):
    with pytest.raises(ProjectFileError):
        site_in(tmp_path, f"[serve.oidc]\n{section}")


def test_the_log_says_who_came_and_the_store_holds_no_secret(client, provider, site):
    enter(client, provider, site)
    with site.store.reading() as connection:
        assert {one.subject for one in all_users(connection)} >= {f"{provider.issuer} 7"}
