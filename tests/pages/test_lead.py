"""The page of a lead says what the store and the model say, in three languages, and nothing from after its date."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from published import found_in
from published_worlds import asked_of
from sqlalchemy import select, update

from features.frameworks.definition import read_frameworks
from features.stage_settings import StageSettings
from serving.language.phrases import phrases_of
from serving.language.translations import LANGUAGES, translation_to
from serving.live.account_history import AccountHistory
from serving.pages.lead import Ground, lead_page
from serving.pages.lead_score import Model
from serving.pages.lead_timeline import timeline
from serving.store.connection import open_store
from serving.store.schema import LEAD, SCORE_POINT

NOW = 1_767_225_600_000_000


@pytest.fixture(scope="module")
def store(published):
    opened = open_store(f"sqlite:///{published}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def grounds(world):
    asked = asked_of(world)
    project, bundle = asked.project, asked.bundle
    frameworks = read_frameworks(project.rules, project.directory)
    stages = project.section("stages", StageSettings)
    return {
        language: Ground(
            project.rules, frameworks, stages, ZoneInfo("Europe/Berlin"), "https://crm.example/{lead_id}",
            Model(bundle, phrases_of(bundle, language), 90), translation_to(language), NOW,
        )
        for language in LANGUAGES
    }  # fmt: skip


@pytest.fixture(scope="module")
def ids(store):
    with store.reading() as connection:
        return connection.scalars(select(LEAD.c.lead_id).where(LEAD.c.is_open).order_by(LEAD.c.rank).limit(60)).all()


def test_points_sum_to_the_score(store, grounds, ids):
    for lead_id in ids:
        page = lead_page(found_in(store, lead_id), grounds["en"])
        assert sum(line.points for line in page.score.lines) == page.score.score
        assert page.score.sentence.startswith(f"Score {page.score.score}: about ")
        assert all(line.points > 0 for line in page.score.speaks_for)
        assert all(line.points < 0 for line in page.score.speaks_against)


def test_numbers_are_the_same_in_every_language(store, grounds, ids):
    found = found_in(store, ids[0])
    pages = [lead_page(found, grounds[language]) for language in LANGUAGES]
    assert len({tuple((line.feature, line.points) for line in page.score.lines) for page in pages}) == 1
    assert len({page.score.sentence for page in pages}) == len(LANGUAGES)


def test_open_criteria_have_a_question(store, grounds, ids):
    page = lead_page(found_in(store, ids[1]), grounds["de"])
    assert [one.state == "met" for one in page.rules.criteria] == [one.question is None for one in page.rules.criteria]
    assert len(page.questions) == len(page.rules.criteria) - page.rules.met


def test_nothing_is_shown_from_the_date_on(store, grounds, ids):
    for lead_id in ids[:20]:
        page = lead_page(found_in(store, lead_id), grounds["en"])
        assert all(event.at < page.score.as_of for event in page.timeline)
        assert all(one.at >= other.at for one, other in pairwise(page.timeline))
        assert all(one.at < other.at for one, other in pairwise(page.scores))


def test_a_closed_lead_has_no_score(store, grounds):
    with store.reading() as connection:
        closed = connection.scalars(select(LEAD.c.lead_id).where(~LEAD.c.is_open)).first()
    page = lead_page(found_in(store, closed), grounds["en"])
    assert (page.score, page.rules) == (None, None)


def test_nobody_of_that_name(store):
    assert found_in(store, "nobody") is None


def test_why_the_score_moved(published, tmp_path, grounds, ids):
    import shutil

    shutil.copy(published, tmp_path / "store.db")
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    earlier = NOW - 30 * 86_400_000_000
    with store.writing() as connection:
        connection.execute(update(LEAD).where(LEAD.c.lead_id.in_(ids)).values(score_before=LEAD.c.score - 6))
        points = [{"lead_id": i, "as_of": earlier, "model_version": "x", "score": 1, "propensity": 0.1} for i in ids]
        connection.execute(SCORE_POINT.insert(), points)
    pages = [lead_page(found_in(store, lead_id), grounds["en"]) for lead_id in ids]
    store.close()
    assert all(page.score.moved[0] == "Up 6 since 2025-12-02." for page in pages)
    assert any(len(page.score.moved) > 1 for page in pages)


def test_alike_interactions_of_a_day_are_one_line():
    row = {"lead_id": "a", "kind": "page_view", "topic": "pricing"}
    times = ["2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z", "2026-01-02T10:00:00Z", "2026-01-03T00:00:00Z"]
    history = AccountHistory(None, [{"lead_id": "a"}], [row | {"occurred_at": at} for at in times])
    found, earlier = timeline(history, "a", datetime(2026, 1, 3, tzinfo=UTC), translation_to("en"), ZoneInfo("UTC"))
    assert [(event.at.day, event.times) for event in found] == [(2, 1), (1, 2)]
    assert earlier == 0
