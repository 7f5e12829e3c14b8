"""The page of a lead as HTML: what it shows in three languages, its forms, and whom they obey."""

import re
from datetime import UTC, datetime

import pytest
from sites import OWN, PAGE, client_of, sign_in, world_site
from sqlalchemy import select

from serving.language.translations import LANGUAGES
from serving.pages.lead_content import Event, ScorePoint
from serving.pages.score_history import score_history
from serving.store.schema import LEAD, LEAD_ACTION
from serving.web.app import create_app


@pytest.fixture(scope="module")
def site(world, published, tmp_path_factory):
    opened = world_site(world, published, tmp_path_factory.mktemp("lead_page") / "acme")
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def app(site):
    return create_app(site)


@pytest.fixture(scope="module")
def boss(app, site):
    return sign_in(client_of(app), site, "manager", name="boss")


@pytest.fixture(scope="module")
def lead_ids(site):
    stages = LEAD.c.stage.in_(("mql", "lead"))
    with site.store.reading() as connection:
        chosen = select(LEAD.c.lead_id).where(LEAD.c.is_open, stages, LEAD.c.do_not_contact.is_(False))
        return connection.scalars(chosen.order_by(LEAD.c.stage.desc(), LEAD.c.rank).limit(8)).all()


def shown(client, lead_id, language="en"):
    answer = client.get(f"/leads/{lead_id}", headers=PAGE | {"accept-language": language})
    assert answer.status_code == 200
    return answer.text


def act(client, lead_id, **form):
    return client.post(f"/acts/{lead_id}", data=form, headers=PAGE | OWN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_the_json_says(boss, lead_ids, language):
    found = boss.get(f"/leads/{lead_ids[0]}", headers={"accept-language": language}).json()
    page = shown(boss, lead_ids[0], language)
    said = [found["score"]["sentence"], found["rules"]["agreement_sentence"], *(one["label"] for one in found["said"])]
    assert not [text for text in said if text.replace("'", "&#39;") not in page]
    points = re.findall(r"<tr><td class=\"n\"><b class=\"(?:plus|minus)\">([+−]\d+)</b>", page)
    assert sum(int(one.replace("−", "-")) for one in points) == found["score"]["score"]
    assert "<svg" in page


def test_forms_offer_what_is_possible_to_whom_may(app, site, boss, lead_ids):
    page = shown(boss, lead_ids[0])
    assert 'name="kind" value="reject"' in page
    assert 'value="wake"' not in page
    assert '<form method="post" action="/leads/' not in shown(sign_in(client_of(app), site, "marketing"), lead_ids[0])


def test_a_decision_is_stored_and_shown(boss, site, lead_ids):
    lead_id = lead_ids[1]
    state = re.search(r'name="seen" value="([^"]+)"', shown(boss, lead_id))[1].replace("&#34;", '"')
    answer = act(boss, lead_id, kind="reject", reason="no budget until <2027>", seen=state)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/leads/{lead_id}")
    page = shown(boss, lead_id)
    assert "no budget until &lt;2027&gt;" in page
    assert "boss" in page
    with site.store.reading() as connection:
        stored = connection.execute(select(LEAD_ACTION).where(LEAD_ACTION.c.lead_id == lead_id)).one()
    assert (stored.kind, stored.reason) == ("reject", "no budget until <2027>")


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"kind": "reject"}, 422, "expected a reason"),
        ({"kind": "snooze", "until": "soon"}, 422, "until"),
        ({"kind": "fly"}, 422, 'role="alert"'),
        ({"kind": "reopen"}, 409, "cannot go to"),
        ({"kind": "note", "note": "late", "seen": '"0.0"'}, 409, "was changed in the meantime"),
    ],
)
def test_what_does_not_fit_is_said_above_the_lead(boss, lead_ids, form, status, said):
    answer = act(boss, lead_ids[2], **form)
    assert answer.status_code == status
    assert said in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "snooze", "until": "2026-02-01"},
        {"kind": "note", "note": "call after the fair"},
        {"kind": "override", "verdict": "qualified", "reason": "I know them"},
        {"kind": "reason_wrong", "feature": "webinars_attended_30d", "reason": "was a colleague"},
        {"kind": "data_wrong", "field": "job title", "reason": "left the company"},
        {"kind": "reassign", "owner": "Bo"},
    ],
)
def test_every_form_is_taken(boss, site, lead_ids, form):
    assert act(boss, lead_ids[3], **form).status_code == 303
    with site.store.reading() as connection:
        chosen = select(LEAD_ACTION.c.kind).where(LEAD_ACTION.c.lead_id == lead_ids[3])
        assert connection.scalars(chosen.order_by(LEAD_ACTION.c.id.desc())).first() == form["kind"]


def test_nobody_acts_on_leads_of_others(app, site, boss, lead_ids):
    act(boss, lead_ids[4], kind="reassign", owner="Somebody")
    rep = sign_in(client_of(app), site, "rep", "Nobody")
    assert act(rep, lead_ids[4], kind="note", note="x").status_code == 404
    assert act(sign_in(client_of(app), site, "marketing"), lead_ids[4], kind="note", note="x").status_code == 403


def test_other_sites_cannot_act(boss, lead_ids):
    answer = boss.post(
        f"/leads/{lead_ids[5]}", data={"kind": "note", "note": "x"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403


def test_the_history_of_scores_is_drawn_where_its_numbers_are():
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 6, 11)]
    scores = [
        ScorePoint(at, score, published=n > 0) for n, (at, score) in enumerate(zip(days, (0, 50, 100), strict=True))
    ]
    found = score_history(
        scores,
        [Event(days[1], "sales", "call", None, 1), Event(datetime(2025, 1, 1, tzinfo=UTC), "lead", "x", None, 1)],
    )
    assert [(dot.x, dot.y) for dot in found.dots] == [(34.0, 154.0), (370.0, 83.0), (706.0, 12.0)]
    assert (found.earlier, found.shown) == ("34.0,154.0 370.0,83.0", "370.0,83.0 706.0,12.0")
    assert [(mark.x, mark.by_sales) for mark in found.marks] == [(370.0, True)]
    assert score_history(scores[:1], []) is None
