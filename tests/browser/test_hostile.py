"""Hostile texts in every text column: nothing runs, nothing breaks, nothing is lost."""

import json
from urllib.parse import quote

import pytest
from browsers import served, visit
from hostile import HOSTILE
from published import NOW, lead, publish
from sites import PAGE, client_of, sign_in, site_in
from sqlalchemy import insert

from serving.language.page_words import account_path, lead_path, shown
from serving.live.account_history import AccountHistory
from serving.pages import accounts, disagreements, worklist
from serving.store.publications import document
from serving.store.schema import ACCOUNT, DOCUMENT, LEAD_ACTION
from serving.web.app import create_app

LISTS = (
    "/leads", "/leads?tab=snoozed", "/leads?tab=customer", "/disagreements?kind=ask", "/accounts", "/funnel",
    "/quality",
)  # fmt: skip
TEXTS = [(i, text.replace("\0", "\ufffd")) for i, text in enumerate(HOSTILE) if text.strip()]
"""As a publication has them: databases know no NUL."""


def row(number, text):
    """A lead with this text wherever a text can be."""
    there = {"account_key": text, "account_id": text, "account_name": text, "name": text, "title": text, "source": text}
    criteria = json.dumps({"budget": "met", text: "unknown"})
    reasons = json.dumps([{"feature": text, "column": 0, "points": 5, "value": None}])
    places = [{}, {"snoozed_until": NOW + 10**12}, {"customer": True}]
    more = {
        "owner": text,
        "stage": text,
        "band": text[:400],
        "contact": text,
        "email": text,
        "search": text[:400].lower(),
    }
    return lead(text, **there, **more, **places[number % 3], criteria=criteria, reasons=reasons, agreement="ask")


def history(text):
    people = [{"lead_id": text, "name": text, "title": text}]
    events = [{"lead_id": text, "occurred_at": "2025-12-30T10:00:00Z", "kind": text, "topic": text, "actor": text}]
    notes = [
        {
            "lead_id": text,
            "assessed_at": "2025-12-30T10:00:00Z",
            "criterion": "budget",
            "met": 1.0,
            "note": text,
            "by": text,
        }
    ]
    return AccountHistory({"account_id": text, "name": text, text: text}, people, events, (), notes).packed()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    opened = site_in(tmp_path_factory.mktemp("hostile"), 'crm_record = "https://crm.example.com/{lead_id}"')
    tables = [{"table": t, "read": 1, "used": 0, "quarantined": 1, "reasons": {t: 1}} for _, t in TEXTS]
    notes = [text for _, text in TEXTS]
    summary = {"leads": 1, "open": 1, "tables": tables, "left_out": dict.fromkeys(notes, 1), "notes": notes}
    publish(opened.store, [row(i, text) for i, text in TEXTS], summary=json.dumps(summary))
    with opened.store.writing() as connection:
        companies = [
            {"publication": 1, "account_key": t, "account_id": t, "name": t, "history": history(t)} for _, t in TEXTS
        ]
        connection.execute(insert(ACCOUNT), companies)
        said = [
            {"lead_id": t, "at": NOW, "kind": t, "by": t, "reason": t, "note": t, "details": "{}", "seen": "{}"}
            for _, t in TEXTS
        ]
        connection.execute(insert(LEAD_ACTION), said)
        funnel = [
            {"figure": "conversion", "by": "source", "group": t, "from_stage": "lead", "to_stage": "mql", "entered": 1,
             "went_on": 1, "value": 0.5}
            for t in notes
        ]  # fmt: skip
        steps = [{**funnel[0], "by": "all", "from_stage": t, "to_stage": t} for t in notes]
        body = json.dumps({"rows": [*steps, *funnel], "note": notes[0]})
        connection.execute(insert(DOCUMENT).values(publication=1, name="funnel", body=body))
        assert document(connection, 1, "funnel") == body
    with pytest.MonkeyPatch.context() as patch:
        for module in (worklist, disagreements, accounts):  # many texts end a page
            patch.setattr(module, "ROWS", 5)
        yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def boss(site):
    return sign_in(client_of(create_app(site)), site, "admin")


def test_there_are_enough_of_them():
    assert len(HOSTILE) >= 60


def pages(client, path, key):
    """All values of a list's JSON, page by page."""
    found, after = [], ""
    while after is not None:
        joint = "&" if "?" in path else "?"
        page = client.get(f"{path}{joint}after={after}").json()
        found, after = found + page[key], page["next"]
    return found


def test_nothing_is_lost_in_json(boss, site):
    whole = {text for _, text in TEXTS}
    leads = [one for tab in ("open", "snoozed", "customer") for one in pages(boss, f"/leads?tab={tab}", "leads")]
    assert {one["lead_id"] for one in leads} == whole
    for one in leads:
        assert {one["name"], one["title"], one["company"], one["source"], one["owner"], one["stage"]} == {
            one["lead_id"]
        }
    assert {one["name"] for one in pages(boss, "/accounts", "accounts")} == whole
    assert {one["lead"]["lead_id"] for one in pages(boss, "/disagreements?kind=ask", "leads")} < whole


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_links_lead_to_the_lead_and_its_account(boss, number):
    _, text = TEXTS[number]
    for path, key in ((lead_path(text), "lead_id"), (account_path(text), "account_key")):
        answer = boss.get(path)
        assert answer.status_code == 200
        assert answer.json()[key] == text
        page = boss.get(path, headers=PAGE)
        assert page.status_code == 200
        assert quote(text, safe="") in page.text


def test_every_search_is_answered(boss):
    for _, text in TEXTS:
        answer = boss.get("/leads", params={"search": text[:200], "band": text[:200], "source": text[:200]})
        assert answer.status_code == 200
        assert boss.get("/leads", params={"search": text[:200]}, headers=PAGE).status_code == 200


def test_nothing_runs_and_texts_are_shown_as_they_are(browser, site):
    with served(site) as address, visit(browser, site, address, ("admin", None)) as (page, seen):
        names = []
        for path in LISTS:
            following = path
            while following:
                page.goto(address + following)
                assert page.evaluate("window.ran") is None
                assert page.locator("h1").count() == 1
                names += page.locator("tbody th a.name").all_inner_texts()
                link = page.locator("a[rel=next]")
                following = link.get_attribute("href") if link.count() else None
        wanted = {" ".join(shown(text).split()) for _, text in TEXTS}
        assert wanted <= {" ".join(name.split()) for name in names}
        seen.nothing_but(address)


def test_pages_of_leads_and_accounts_run_nothing(browser, site):
    with served(site) as address, visit(browser, site, address, ("admin", None)) as (page, seen):
        for text in {*(text for _, text in TEXTS[::6]), *(text for _, text in TEXTS if "%2" in text)}:
            if len(text) < 1_000:
                for path in (lead_path(text), account_path(text)):
                    page.goto(address + path)
                    assert page.evaluate("window.ran") is None
                    assert page.locator("h1").inner_text().split() == shown(text).split()
        seen.nothing_but(address)
