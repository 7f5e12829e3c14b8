"""Leads are read page by page, each once, by who sees them."""

import pytest
from sites import key_of, sign_in
from trained import AS_OF

from serving.identity.roles import PERMISSIONS
from serving.reasons import REST


def pages(ask, **query):
    found, after = [], None
    while True:
        body = ask.get("/v1/leads", params=query | ({"after": after} if after else {})).json()
        found.append(body["leads"])
        after = body["next"]
        if after is None:
            return found


def test_every_open_lead_once_in_order(ask, some_rows):
    found = [lead for page in pages(ask, limit=3) for lead in page]
    wanted = [row for row in some_rows["lead"] if row["is_open"] and not row["customer"] and not row["do_not_contact"]]
    awake = [row["lead_id"] for row in wanted if not row["snoozed_until"]]
    assert sorted(lead["lead_id"] for lead in found) == sorted(awake)
    assert [lead["priority"] for lead in found] == sorted((lead["priority"] for lead in found), reverse=True)


@pytest.mark.parametrize("query", [{"band": "A"}, {"stage": "mql"}, {"sales_qualified": True}, {"search": "lead-"}])
def test_filters(ask, query):
    for lead in ask.get("/v1/leads", params=query).json()["leads"]:
        assert all(lead[name] == value for name, value in query.items() if name != "search")


@pytest.mark.parametrize("query", [
    "after=x", "after=WyJ4IiwxLCJhIl0", "limit=0", "limit=201", "sort=x", "place=x", "surprise=1", "search=%00",
    "band=", "sales_qualified=perhaps",
])  # fmt: skip
def test_wrong_queries_are_refused(ask, query):
    answer = ask.get(f"/v1/leads?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_lead_as_it_is_stored(ask, some_rows):
    row = some_rows["lead"][0]
    answer = ask.get(f"/v1/leads/{row['lead_id']}")
    body = answer.json()
    same = ("lead_id", "score", "propensity", "stage", "owner", "revision", "bant_met", "model_version")
    assert {name: body[name] for name in same} == {name: row[name] for name in same}
    assert body["as_of"] == AS_OF
    assert answer.headers["etag"] == f'"{row["publication"]}.{row["revision"]}"'


@pytest.mark.parametrize(("language", "start"), [("en", "Where every"), ("de", "Hier beginnt")])
def test_reasons_sum_to_the_score(ask, some_rows, language, start):
    row = next(row for row in some_rows["lead"] if row["is_open"])
    body = ask.get(f"/v1/leads/{row['lead_id']}/reasons?language={language}").json()
    assert sum(reason["points"] for reason in body["reasons"]) == body["score"] == row["score"]
    assert body["reasons"][0]["sentence"].startswith(start)
    assert body["reasons"][-1]["feature"] == REST


@pytest.mark.parametrize("path", ["", "/reasons", "/decisions"])
@pytest.mark.parametrize("lead_id", ["nobody", "a%2Fb", "%20"])
def test_nobody(ask, lead_id, path):
    assert ask.get(f"/v1/leads/{lead_id}{path}").status_code == 404


def test_reps_see_their_own_and_the_pool_s(ask, small, some_rows):
    owner = next(row["owner"] for row in some_rows["lead"] if row["owner"])
    seen = {row["lead_id"] for row in some_rows["lead"] if row["owner"] in (owner, None)}
    key = key_of(small, "leads.own_and_pool", owner=owner)
    for row in some_rows["lead"]:
        answer = ask.get(f"/v1/leads/{row['lead_id']}", headers=key)
        assert answer.status_code == (200 if row["lead_id"] in seen else 404)
    listed = ask.get("/v1/leads?limit=200", headers=key).json()["leads"]
    assert {lead["lead_id"] for lead in listed} <= seen


def test_before_the_first_publication(small, store, ask):
    from sqlalchemy import update

    from serving.store.schema import PUBLICATION

    with store.writing() as connection:
        connection.execute(update(PUBLICATION).values(state="former"))
    for path in ("/v1/leads", "/v1/leads/x", "/v1/funnel"):
        answer = ask.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_the_funnel_as_it_was_published(client, site, published):
    body = client.get("/v1/funnel", headers=key_of(site, *PERMISSIONS)).json()
    assert body["as_of"] == AS_OF
    assert len(body["rows"]) > 5


def test_roles(small, ask, some_rows):
    sign_in(ask, small, "rep", "Ann")
    del ask.headers["authorization"]
    assert ask.get("/v1/leads").status_code == 200
    assert ask.get("/v1/funnel").status_code == 403
