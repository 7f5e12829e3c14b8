"""M23 for one lead: the flag, since when it is silent, when sales called; nothing later is seen; in words."""

import pytest
from worlds import World, day, event, lead

from features.project import read_project
from serving.language.translations import translation_to
from serving.lead.contact_advice import contact_advice
from serving.lead.explain_words import advice_sentence

STORY = World(
    (lead(), lead("L2")),
    interactions=(
        event(10, "webinar_attended"),
        event(12, "call_attempt", direction="outbound"),
        event(40, "demo_requested"),
    ),
)


@pytest.fixture
def advise(tmp_path):
    (tmp_path / "ripelead.toml").write_text('[project]\nname = "x"\n[tables.leads]\nfile = "l.csv"\n', encoding="utf-8")
    project = read_project(tmp_path)
    return lambda lead_id, days: contact_advice(project, STORY.tables(), lead_id, day(days))


def test_m23_a_lead_ripens_is_called_cools_and_comes_back(advise):
    found = [advise("L1", days).flag for days in (5, 10, 10.5, 24, 30, 40.5, 60, 120)]
    assert found == ["too_early", "too_early", "now", "now", "going_cold", "now", "going_cold", "gone"]


def test_m23_days_of_silence_and_since_the_call(advise):
    early, called, cold = advise("L1", 11), advise("L1", 13), advise("L1", 60)
    assert (early.silent_days, early.contacted_days) == (1.0, None)
    assert (called.silent_days, called.contacted_days) == (3.0, 1.0)
    assert (cold.flag, cold.silent_days, cold.contacted_days) == ("going_cold", 20.0, 48.0)
    assert (cold.most_interest, cold.interest) == pytest.approx((29.5, 11.0), abs=0.06)


def test_a_lead_that_did_nothing_is_too_early(advise):
    found = advise("L2", 100)
    assert (found.flag, found.interest, found.silent_days, found.contacted_days) == ("too_early", 0.0, None, None)
    assert advice_sentence(translation_to("en"), found) == (
        "Contact: too early, still looking around (interest 0 at most, 20 needed). Not contacted by sales so far."
    )


def test_what_is_recent_is_said_so(advise):
    assert "Heard from within the last day. Contacted by sales 28 days ago." in advice_sentence(
        translation_to("en"), advise("L1", 40.5)
    )
    assert "Contacted by sales within the last day." in advice_sentence(translation_to("en"), advise("L1", 12.5))
