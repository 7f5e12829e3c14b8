"""Disagreements, accounts, model, funnel and data quality: what they show, to whom, and where there is nothing yet."""

import json
import shutil

import pytest
from published import DAY_US, NOW, lead, publish
from sites import PAGE, client_of, sign_in, site_in
from sqlalchemy import insert

from serving.live.account_history import AccountHistory
from serving.pages.model_page import GainCurve, Interval, Reliability
from serving.pages.plots import calibration_plot, gain_plot, gain_table
from serving.store.schema import ACCOUNT, DOCUMENT
from serving.web.app import create_app

REASONS = [{"feature": f"f{i}", "column": i, "points": p, "value": 1.0} for i, p in enumerate((3, -9, 7, 1))]
LEADS = [
    lead("L1", owner="Ann", name="Ada", account_id="A1", agreement="model_only", priority=3.0, title="Einkaufsleiterin",
         reasons=json.dumps(REASONS), sales_qualified=True),
    lead("L2", owner="Bo", name="Bo L", account_id="A1", agreement="ask", priority=9.0, title="CEO"),
    lead("L3", owner=None, name="Cora", account_id="A2", agreement="model_only", priority=5.0),
]  # fmt: skip
FUNNEL = [
    {"figure": "conversion", "by": "all", "from_stage": "lead", "to_stage": "mql", "entered": 10, "went_on": 4,
     "value": 0.5, "low": 0.4, "high": 0.6, "days": 90.0},
    {"figure": "median_days", "by": "all", "from_stage": "lead", "to_stage": "mql", "value": 3.0},
    {"figure": "conversion", "by": "source", "group": "fair", "from_stage": "lead", "to_stage": "mql", "entered": 6,
     "went_on": 3, "value": 0.25},
    {"figure": "spend", "by": "all", "value": 900.0},
    {"figure": "cost_per_sql", "by": "all", "went_on": 3, "value": 300.0, "low": 200.0, "high": 400.0},
    {"figure": "forecast_by_model", "by": "all", "to_stage": "won", "days": 90.0, "entered": 5, "value": 2.0},
    {"figure": "velocity", "by": "month", "group": "2025-12", "to_stage": "mql", "entered": 2, "went_on": 3,
     "value": 0.5},
]  # fmt: skip
SUMMARY = {
    "leads": 3,
    "open": 3,
    "tables": [{"table": "leads", "read": 4, "used": 3, "quarantined": 1, "reasons": {"lead_id is empty": 1}}],
    "left_out": {},
    "notes": ["data_end is as configured"],
}
PATHS = ("/disagreements", "/accounts", "/model", "/funnel", "/quality")


def history(*leads, interactions=()):
    return AccountHistory({"account_id": "A1", "employees": 1250}, leads, interactions).packed()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    opened = site_in(tmp_path_factory.mktemp("site"))
    publish(opened.store, LEADS, summary=json.dumps(SUMMARY))
    interactions = [
        {"lead_id": "L1", "occurred_at": "2025-12-30T10:00:00Z", "kind": "demo_requested"},
        {"lead_id": "L2", "occurred_at": "2025-12-31T10:00:00Z", "kind": "pricing_viewed"},
        {"account_id": "A1", "occurred_at": "2025-12-29T10:00:00Z", "kind": "faq_viewed"},
    ]
    people = [{"lead_id": row["lead_id"], "title": row["title"]} for row in LEADS[:2]]
    with opened.store.writing() as connection:
        row = {"publication": 1, "account_id": None, "name": None}
        kept = [row | {"account_key": "A1", "name": "Nord", "history": history(*people, interactions=interactions)}]
        connection.execute(insert(ACCOUNT), [*kept, row | {"account_key": "A2", "history": history()}])
        body = json.dumps({"rows": FUNNEL, "note": None})
        connection.execute(insert(DOCUMENT).values(publication=1, name="funnel", body=body))
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


def test_disagreements_are_told_with_reasons_of_both_sides(ann):
    found = ann.get("/disagreements").json()
    assert [one["lead"]["lead_id"] for one in found["leads"]] == ["L3", "L1"]
    assert found["counts"] == {"model_only": 2, "framework_only": 0, "ask": 0}
    ada = found["leads"][1]
    assert [one["points"] for one in ada["reasons"]] == [-9, 7, 3]
    assert (ada["not_met"], ada["to_ask"]) == (["authority"], ["need", "timing"])
    page = ann.get("/disagreements", headers=PAGE | {"accept-language": "de"}).text
    assert "nachfragen: Bedarf, Zeitpunkt" in page or "nachfragen: Bedarf" in page


def test_accounts_show_what_somebody_sees(ann, boss):
    assert [(one["account_key"], one["leads"]) for one in ann.get("/accounts").json()["accounts"]] == [
        ("A2", 1),
        ("A1", 1),
    ]
    first = boss.get("/accounts").json()["accounts"][0]
    assert (first["account_key"], first["leads"], first["qualified"], first["best_priority"]) == ("A1", 2, 1, 9.0)


def test_an_account_tells_of_colleagues_only_what_somebody_sees(ann, boss):
    mine, all_of_it = (client.get("/accounts/A1").json() for client in (ann, boss))
    assert [one["lead_id"] for one in mine["leads"]] == ["L1"]
    assert [one["lead_id"] for one in mine["happenings"]] == ["L1", None]
    assert [one["lead_id"] for one in all_of_it["happenings"]] == ["L2", "L1", None]
    covered = {one["role"]: one["people"] for one in mine["roles"]}
    assert (covered["purchaser"], covered["management"], len(mine["tasks"])) == (1, 1, 3)
    assert mine["facts"] == [{"name": "employees", "label": "employees", "value": "1,250"}]
    assert "Nord" in ann.get("/accounts/A1", headers=PAGE).text


@pytest.mark.parametrize("key", ["A9", "..%2f", "%00", ""])
def test_an_account_of_nobody_is_not_there(ann, key):
    assert ann.get(f"/accounts/{key}").status_code == 404


def test_accounts_follow_one_another(tmp_path):
    site = site_in(tmp_path)
    publish(site.store, [lead(f"L{i}", account_id=f"A{i % 70}", priority=float(i % 3)) for i in range(140)])
    client = sign_in(client_of(create_app(site)), site, "manager")
    found, after = [], ""
    while after is not None:
        page = client.get("/accounts", params={"after": after}).json()
        found, after = found + [one["account_key"] for one in page["accounts"]], page["next"]
    assert sorted(found) == sorted({f"A{i}" for i in range(70)})
    site.store.close()


def test_the_funnel_has_steps_money_and_forecasts(boss):
    found = boss.get("/funnel").json()
    assert found["steps"][0]["rate"] == {"value": 0.5, "low": 0.4, "high": 0.6}
    assert found["steps"][0]["median_days"] == 3.0
    assert found["sources"][0]["rates"][0]["value"] == 0.25
    assert (found["money"][0]["spend"], found["money"][0]["cost_per_sql"]["value"]) == (900.0, 300.0)
    assert (found["expected"][0]["by"], found["velocity"][0]["reached"]) == ("model", 3)
    assert "40% – 60%" in boss.get("/funnel", headers=PAGE).text


def test_the_quality_of_data_balances(boss):
    found = boss.get("/quality").json()
    assert found["tables"][0]["reasons"] == [{"reason": "lead_id is empty", "rows": 1}]
    page = boss.get("/quality", headers=PAGE | {"accept-language": "da"}).text
    assert "i karantæne" in page
    assert "1 × lead_id is empty" in page


def test_before_the_first_promotion_the_model_page_says_so(boss):
    assert boss.get("/model").json()["champion"] is None
    assert "No model has been promoted yet" in boss.get("/model", headers=PAGE).text


def test_the_model_page_shows_the_champion(world_site):
    client = sign_in(client_of(create_app(world_site)), world_site, "data_scientist")
    found = client.get("/model").json()
    assert found["champion"] == found["promotions"][0]["bundle"]
    assert found["results"]["systems"][0]["name"] == "model"
    page = client.get("/model", headers=PAGE).text
    assert found["results"]["headline"]["text"].replace("'", "&#39;") in page
    assert page.count("<svg") >= 2


DRIFT = {
    "model_version": "x", "since": NOW - 30 * DAY_US, "rows": 90, "leads": 80, "base_rate": 0.08, "propensity": 0.11,
    "watched": 2, "missing": None,
    "features": [
        {"feature": "employees", "level": "moved", "index": 0.4, "not_known_then": 0.05, "not_known_now": 0.6,
         "mean_then": 120.0, "mean_now": 90.0},
        {"feature": "visits_30d", "level": "steady", "index": 0.01, "not_known_then": 0.0, "not_known_now": 0.0,
         "mean_then": 2.0, "mean_now": 2.1},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "80 open leads since Dec 2, 2025 against those of training: 1 of 2 features shifted."),
        ({"missing": "too_few", "features": [], "propensity": None}, "Too few leads of the last 30 days"),
        ({"missing": "undated", "features": [], "propensity": None}, "Leads have no dates here"),
        (None, "run ripelead publish"),
    ],
)
def test_the_model_page_shows_drift(world, tmp_path, change, said):
    shutil.copytree(world / "models", tmp_path / "models")
    site = site_in(tmp_path)
    if change is not None:
        publish(site.store, LEADS)
        with site.store.writing() as connection:
            connection.execute(insert(DOCUMENT).values(publication=1, name="drift", body=json.dumps(DRIFT | change)))
    client = sign_in(client_of(create_app(site)), site, "data_scientist")
    page = client.get("/model", headers=PAGE).text
    assert said in page
    assert ("<code>employees</code>" in page, "<code>visits_30d</code>" in page) == (change == {}, False)
    assert (client.get("/model").json()["drift"] is None) == (change is None)
    site.store.close()


@pytest.mark.parametrize("language", ["de", "da"])
def test_what_training_said_is_told_in_the_readers_language(world_site, language):
    client = sign_in(client_of(create_app(world_site)), world_site, "data_scientist")
    found = client.get("/model", headers={"accept-language": language}).json()
    results = found["results"]
    said = [results["headline"], results["describes"], *results["sentences"], *found["promotions"][0]["reasons"]]
    assert {one["language"] for one in said} == {language}
    page = client.get("/model", headers=PAGE | {"accept-language": language}).text
    assert f">{results['headline']['text']}</p>" in page


@pytest.fixture(scope="module")
def world_site(world):
    from datetime import UTC, datetime

    from serving.web.site import open_site

    opened = open_site(world, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    yield opened
    opened.store.close()


@pytest.mark.parametrize("path", PATHS)
def test_pages_before_the_first_publication(tmp_path, path):
    site = site_in(tmp_path)
    client = sign_in(client_of(create_app(site)), site, "admin")
    for headers in ({}, PAGE):
        assert client.get(path, headers=headers).status_code == 200
    site.store.close()


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/disagreements", 200), ("/accounts", 200), ("/model", 200), ("/funnel", 403), ("/quality", 403)],
)
def test_reps_see_what_reps_may(ann, path, allowed):
    assert ann.get(path).status_code == allowed
    navigation = ann.get("/leads", headers=PAGE).text.partition("<nav")[2].partition("</nav>")[0]
    assert (f'href="{path}"' in navigation) == (allowed == 200)


def test_plots_stand_where_their_numbers_are():
    def band(p, o):
        return Reliability("x", 10, 1, Interval(p, None, None), Interval(o, 0.0, o * 2))

    plot = calibration_plot([band(0.0, 0.0), band(0.1, 0.05)])
    assert [(mark.x, mark.y) for mark in plot.marks] == [(46.0, 260.0), (408.0, 136.0)]
    assert calibration_plot([]) is None
    curve = GainCurve("model", (0.0, 0.5, 1.0), (0.0, 0.8, 1.0))
    assert gain_plot([curve]).lines == {"model": "46.0,260.0 227.0,61.6 408.0,12.0"}
    assert gain_plot([]) is None
    assert [round(found[0], 6) for _, found in gain_table([curve])] == [0.08, 0.16, 0.32, 0.48, 0.8]
