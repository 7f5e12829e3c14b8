"""The worklist: what it shows to whom, in which language, and that page and JSON are one."""

import re

import pytest
from published import DAY_US, HOUR_US, NOW, lead, publish
from sites import PAGE, client_of, sign_in, site_in

from serving.web.app import create_app

LEADS = [
    lead("L1", owner="Ann", name="Ada Østergaard", title="CEO", account_id="A1", account_name="Nord & Co",
         score=72, score_before=66, band="A", sales_qualified=True, agreement="ask", priority=900.0,
         stage="mql", due_at=NOW - 26 * HOUR_US, search="l1 ada østergaard nord & co"),
    lead("L2", owner=None, name="Bo", priority=500.0, due_at=NOW + 5 * HOUR_US, contact="going_cold"),
    lead("L3", owner="Cid", name="Cora", priority=700.0),
    lead("L4", owner="Ann", name="Dan", snoozed_until=NOW + 9 * DAY_US),
    lead("L5", owner="Ann", name="Eva", customer=True, is_open=False, score=None, trend="[]", reasons="[]"),
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    opened = site_in(tmp_path_factory.mktemp("site"), 'crm_record = "https://crm.example.com/c/{lead_id}"')
    publish(opened.store, LEADS)
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def app(site):
    return create_app(site)


@pytest.fixture(scope="module")
def ann(app, site):
    return sign_in(client_of(app), site, "rep", "Ann")


@pytest.fixture(scope="module")
def boss(app, site):
    return sign_in(client_of(app), site, "manager")


def shown(client, path="/leads", **headers):
    answer = client.get(path, headers=PAGE | headers)
    assert answer.status_code == 200
    return answer.text


def ids(client, query=""):
    return [one["lead_id"] for one in client.get(f"/leads{query}").json()["leads"]]


def test_a_rep_sees_own_leads_and_the_pool_by_priority(ann, boss):
    assert ids(ann) == ["L1", "L2"]
    assert ids(boss) == ["L1", "L3", "L2"]
    assert "Cora" not in shown(ann)


@pytest.mark.parametrize(
    ("flag", "language", "said"),
    [
        ("too_early", "en", "halved: still too early"),
        ("gone", "de", "halbiert: Interesse erloschen"),
        ("too_early", "da", "halveret: stadig for tidligt"),
        ("going_cold", "en", None),
        (None, "en", None),
    ],
)
def test_a_priority_that_is_halved_says_so(tmp_path, flag, language, said):
    site = site_in(tmp_path)
    publish(site.store, [lead("L1", contact=flag)])
    boss = sign_in(client_of(create_app(site)), site, "manager")
    (line,) = boss.get("/leads").json()["leads"]
    assert line["priority_halved"] is (said is not None)
    page = shown(boss, **{"accept-language": language})
    assert said is None or said in page
    assert ("halved" in page) is (said is not None and language == "en")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?owner=mine", ["L1"]),
        ("?owner=pool", ["L2"]),
        ("?tab=snoozed", ["L4"]),
        ("?tab=customer", ["L5"]),
        ("?qualified=yes", ["L1"]),
        ("?qualified=no&contact=going_cold", ["L2"]),
        ("?search=ØSTERGAARD+nord", ["L1"]),
        ("?search=zzz", []),
        ("?sort=due", ["L1", "L2"]),
        ("?band=&stage=mql", ["L1"]),
    ],
)
def test_filters(ann, query, expected):
    assert ids(ann, query) == expected


@pytest.mark.parametrize(
    "query", ["?tab=all", "?sort=name", "?after=x", "?after=WyJkdWUiLCAxLCAiTDciXQ", "?search=" + "a" * 201]
)
def test_wrong_queries_are_said(ann, query):
    answer = ann.get(f"/leads{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_page_and_json_say_the_same(ann):
    line = ann.get("/leads?format=json").json()["leads"][0]
    page = shown(ann)
    assert (line["score"], line["change"], line["overdue"], line["company"]) == (72, 6, True, "Nord & Co")
    assert line["record"] == "https://crm.example.com/c/L1"
    for text in ("Ada Østergaard", "Nord &amp; Co", "72", "+6", "26 hours", 'href="https://crm.example.com/c/L1"'):
        assert text in page


def test_both_say_what_they_depend_on(ann):
    for headers in ({}, PAGE):
        assert ann.get("/leads", headers=headers).headers["vary"] == "Accept, Accept-Language, Cookie"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("Worklist", "overdue by 26 hours", "due in 5 hours", "2 hours ago", "Budget: met", "Timing: not known"),
        ),
        ("de", ("Arbeitsliste", "26 Stunden überfällig", "fällig in 5 Stunden", "vor 2 Stunden", "Budget: erfüllt")),
        ("da", ("Arbejdsliste", "26 timer over fristen", "forfalder om 5 timer", "for 2 timer siden")),
    ],
)
def test_languages(ann, language, words):
    page = shown(ann, **{"accept-language": language})
    assert f'<html lang="{language}"' in page
    assert not [word for word in words if word not in page]


def test_preferences_are_kept(app, site):
    client = sign_in(client_of(app), site, "rep", "Ann")
    answer = client.post("/preferences", data={"language": "da", "theme": "dark", "next": "/leads?band=A"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads?band=A")
    client.cookies.delete("ripelead-language")
    client.cookies.delete("ripelead-theme")
    assert '<html lang="da" data-theme="dark">' in shown(client, **{"accept-language": "de"})
    client.post("/preferences", data={"language": "xx", "theme": "<b>", "next": "//evil.example"})
    assert '<html lang="da" data-theme="dark">' in shown(client)


def test_preferences_before_signing_in(app):
    client = client_of(app)
    answer = client.post("/preferences", data={"language": "de", "next": "/sign-in?next=%2Fleads"})
    assert answer.headers["location"] == "/sign-in?next=%2Fleads"
    assert '<html lang="de"' in shown(client, "/sign-in")


def test_the_tabs_count_what_somebody_sees(ann, boss):
    assert ann.get("/leads").json()["counts"] == {"open": 2, "snoozed": 1, "do_not_contact": 0, "customer": 1}
    assert boss.get("/leads").json()["counts"]["open"] == 3


def test_pages_follow_one_another(tmp_path):
    site = site_in(tmp_path)
    publish(site.store, [lead(f"L{i:03}", priority=float(i % 5)) for i in range(95)])
    client = sign_in(client_of(create_app(site)), site, "manager")
    found, address = [], "/leads"
    while address:
        found += ids(client, address.removeprefix("/leads"))
        following = re.search(r'rel="next" href="([^"]+)"', shown(client, address))
        address = following and following[1].replace("&amp;", "&")
    assert sorted(found) == [f"L{i:03}" for i in range(95)]
    site.store.close()


def test_old_scores_and_feeds_are_said(tmp_path):
    site = site_in(tmp_path, "stale_after_hours = 36")
    publish(site.store, [lead("L1")], as_of=NOW - 40 * HOUR_US, newest_event=NOW - 3 * DAY_US)
    page = shown(sign_in(client_of(create_app(site)), site, "manager"))
    assert "These scores are old." in page
    assert "3 days ago" in page
    site.store.close()


def test_before_the_first_publication(tmp_path):
    site = site_in(tmp_path)
    client = sign_in(client_of(create_app(site)), site, "manager")
    assert "Nothing has been published yet." in shown(client)
    assert client.get("/leads").json()["scores"] is None
    site.store.close()


def test_an_error_is_a_page_in_the_readers_language(ann):
    answer = ann.get("/nothing", headers=PAGE | {"accept-language": "da"})
    assert answer.status_code == 404
    assert "Her er ikke noget" in answer.text


def test_the_first_page_leads_to_the_worklist(ann):
    assert ann.get("/", headers=PAGE).headers["location"] == "/leads"


def test_the_strongest_reason_is_told_without_the_model(ann):
    reason = ann.get("/leads").json()["leads"][0]["reason"]
    assert reason == {"feature": "demos_requested_90d", "points": 6, "sentence": "demos requested 90d"}
