"""`POST /v1/score` gives the numbers of the nightly table, and says what is wrong with a history."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from sites import key_of
from stored_rows import history_of
from trained import AS_OF

from features.project import read_project
from features.tables import read_tables
from serving.score import score_leads
from serving.web.api.examples import HISTORY, SCORE_EXAMPLES

ONE = {"as_of": AS_OF, **HISTORY}
TABLE = ("lead_id", "score", "band", "propensity", "propensity_low", "propensity_high", "familiar", "sales_qualified")
LATER = {"lead_id": "x", "occurred_at": AS_OF, "kind": "demo_requested"}


@pytest.fixture(scope="module")
def post(client, may_score):
    return lambda body: client.post("/v1/score", json=body, headers=may_score)


@pytest.fixture(scope="module")
def known(site, served_folder):
    """Leads with the histories that are in the tables, and the rows of the nightly table."""
    tables = read_tables(read_project(served_folder), clock=datetime(2026, 6, 1, tzinfo=UTC))
    frame = score_leads(site.model.required().bundle, tables, datetime.fromisoformat(AS_OF)).frame
    rows = frame.iloc[np.linspace(0, len(frame) - 1, 60).astype(int)].to_dict("records")
    return {row["lead_id"]: (history_of(tables, row["lead_id"]), row) for row in rows}


def same(answer, row):
    assert {name: answer[name] for name in TABLE} == {name: row[name] for name in TABLE}
    assert (answer["reasons"], answer["model_version"]) == (list(row["reasons"]), row["model_version"])
    assert sum(reason["points"] for reason in answer["reasons"]) == answer["score"]
    assert (answer["bant"]["met"], answer["bant"]["qualified"]) == (row["bant_met"], row["bant_qualified"])


def test_alone_and_in_a_batch_as_in_the_nightly_table(post, known):
    batch = post({"as_of": AS_OF, "histories": [history for history, _ in known.values()]}).json()
    assert (batch["scored"], batch["refused"]) == (len(known), 0)
    for (history, row), result in zip(known.values(), batch["results"], strict=True):
        same(post({"as_of": AS_OF, **history}).json(), row)
        same(result["score"], row)


def test_what_happens_from_the_date_on_is_not_seen(post, known):
    for history, row in list(known.values())[:10]:
        later = {**LATER, "lead_id": history["lead"]["lead_id"]}
        more = [*history["interactions"], later, {**later, "occurred_at": "2026-02-01T00:00:00+02:00"}]
        assessed = {"assessed_at": AS_OF, "criterion": "budget", "met": 1.0}
        changed = {**history, "interactions": more, "assessments": [*history["assessments"], assessed]}
        same(post({"as_of": AS_OF, **changed}).json(), row)


def test_rules_stand_beside_with_their_criteria(post):
    found = post(ONE).json()["bant"]
    assert found["criteria"] == {"budget": "met", "authority": "unknown", "need": "unknown", "timing": "unknown"}
    assert (found["met"], found["unknown"], found["qualified"]) == (1, 3, False)


@pytest.mark.parametrize(("explain", "named"), [(0, None), (1, 1), (3, 3), (1000, None)])
def test_as_many_reasons_as_asked(post, explain, named):
    body = post({**ONE, "explain": explain}).json()
    rows = [row for row in body["reasons"] if row["group"] not in ("Start", "Other")]
    assert len(rows) == named or (explain == 0 and not body["reasons"]) or (named is None and len(rows) > 3)
    assert not body["reasons"] or sum(row["points"] for row in body["reasons"]) == body["score"]


@pytest.mark.parametrize(("language", "start"), [("en", "Where every"), ("de", "Hier beginnt"), ("da", "Her starter")])
def test_reasons_speak_the_language_asked_for(post, language, start):
    assert post({**ONE, "language": language}).json()["reasons"][0]["sentence"].startswith(start)


def test_one_bad_history_costs_no_other(post):
    bad = [3, {"lead": {"lead_id": "a"}}, {**HISTORY, "interactions": [{**LATER}]}, {**HISTORY, "surprise": 1}]
    body = post({"as_of": AS_OF, "histories": [HISTORY, *bad, HISTORY]}).json()
    assert [result["status"] for result in body["results"]] == ["scored", *["refused"] * 4, "scored"]
    assert body["results"][0]["score"] == body["results"][5]["score"] == post(ONE).json()
    said = [result["error"]["detail"] for result in body["results"][1:5]]
    places = ("item: expected a valid dictionary, got 3", "/lead/created_at: is missing",
              "interactions, item 1, lead_id: expected 'L-1042'", "/surprise: unknown key")  # fmt: skip
    assert all(text.startswith(place) for text, place in zip(said, places, strict=True)), said


@pytest.mark.parametrize(("change", "pointer", "detail"), [
    ({"as_of": None}, "/as_of", "expected a time such as"),
    ({"as_of": "2026-01-01T00:00:00"}, "/as_of", "no time zone"),
    ({"lead": {"lead_id": [], "created_at": None}}, "/lead/lead_id", "expected text (1 to 500 signs) or a number, got"),
    ({"interactions": [{**LATER, "value": "x"}]}, "/interactions/0/value", "expected a valid number, got 'x'"),
    ({"interactions": [{**LATER, "actor": "a\0b"}]}, "/interactions/0/actor", "expected"),
    ({"explain": -1}, "/explain", "expected greater than or equal to 0, got -1"),
    ({"language": "fr"}, "/language", "expected 'en', 'de' or 'da', got 'fr'"),
    ({"surprise": 1}, "/surprise", "unknown key"),
])  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(post, change, pointer, detail):
    answer = post({**ONE, **change})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert detail in error["detail"].replace("string should match pattern", "expected")


def test_the_date_is_never_guessed(post):
    body = post(HISTORY).json()
    assert body["errors"] == [{"pointer": "/as_of", "in": "body", "detail": "is missing: expected a value"}]


def test_at_most_a_thousand_in_one_call(post):
    assert post({"as_of": AS_OF, "histories": [3] * 1001}).status_code == 422
    assert post({"as_of": AS_OF, "histories": []}).status_code == 422


@pytest.mark.parametrize("body", ["{", "\udcff", "[1", '{"as_of": NaN}'])
def test_no_json_is_no_defect(client, may_score, body):
    sent = body.encode("utf-8", "surrogateescape")
    answer = client.post("/v1/score", content=sent, headers={**may_score, "content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_stranger_s_body_is_not_even_read(client):
    answer = client.post("/v1/score", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 401


def test_without_the_permission_nothing_is_scored(client, site):
    assert client.post("/v1/score", json=ONE).status_code == 401
    assert client.post("/v1/score", json=ONE, headers=key_of(site, "metrics")).status_code == 403


def test_examples_of_the_description_are_accepted(post, client):
    for example in SCORE_EXAMPLES.values():
        assert post(example["value"]).status_code == 200
    described = client.get("/v1/openapi.json").json()["paths"]["/v1/score"]["post"]
    assert json.dumps(SCORE_EXAMPLES) in json.dumps(described)


def test_a_long_history_is_scored_like_a_short_one(post):
    events = [
        {**LATER, "lead_id": "L-1042", "occurred_at": f"2025-12-01T00:{n // 60:02}:{n % 60:02}Z"} for n in range(1500)
    ]
    batch = post({"as_of": AS_OF, "histories": [{**HISTORY, "interactions": events}]}).json()
    assert batch["results"][0]["score"] == post({**ONE, "interactions": events}).json()
