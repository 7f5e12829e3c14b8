"""The events of the source documents, rows M13 to M19: each counts in features and points, by its default name."""

import pytest
from worlds import World, day, event, lead, snapshots

from features.attribute_points import tracked_fields
from features.build import build_features
from features.frameworks.definition import read_frameworks
from features.frameworks.facts import facts_of
from features.frameworks.statement import statements
from features.points import points_as_of
from features.project import FeatureSettings
from features.propose import learn_vocabulary, propose_catalog, recorded_in
from features.rule_settings import DEFAULT_POINTS, PointSettings, RuleSettings

AT = 10.0


def features_of(*events):
    """Every feature of a lead with these events, by name, as of day 10."""
    world = World((lead(),), events)
    histories, settings = world.histories(), FeatureSettings(columns="all")
    vocabulary = learn_vocabulary(histories, day(AT), settings)
    catalog = propose_catalog(recorded_in(histories), vocabulary, (), (), DEFAULT_POINTS, settings)
    table = build_features(histories, world.tables(), snapshots(histories, [("L1", day(AT))]), catalog)
    return dict(zip(catalog.names, table.values[0].tolist(), strict=True))


def points_of(*events):
    histories = World((lead(),), events).histories()
    return points_as_of(histories, snapshots(histories, [("L1", day(AT))]), PointSettings()).item()


def counts_and_points(*kinds):
    """How often each kind is counted within 30 days, and the points of all."""
    events = [event(5 + n / 10, kind) for n, kind in enumerate(kinds)]
    found = features_of(*events)
    return {kind: found[f"{kind}_30d"] for kind in kinds}, points_of(*events)


def intent(*events):
    world, rules, settings = World((lead(),), events), RuleSettings(frameworks=("sales_qualified",)), PointSettings()
    frameworks = read_frameworks(rules, None)
    tables, histories = world.tables(), world.histories()
    facts = facts_of(histories.leads, tables, frameworks, settings, tracked_fields(tables.lead_changes))
    seen = snapshots(histories, [("L1", day(AT))])
    found = statements(histories, facts, seen, frameworks, settings, "en")[0]
    return next(one for one in found.criteria if one.name == "intent")


def test_m13_content_newsletter_and_social_media():
    kinds = ("faq_view", "article_view", "content_download", "newsletter_signup", "social_interaction")
    counts, points = counts_and_points(*kinds)
    assert counts == dict.fromkeys(kinds, 1)
    assert points == 1 + 1 + 10 + 5 + 2


def test_m13_kinds_of_content_are_topics():
    found = features_of(*(event(5, "content_download", topic=topic) for topic in ("e-book", "checklist", "e-book")))
    assert (found["topic_e_book_90d"], found["topic_checklist_90d"]) == (2, 1)


def test_m14_requests_webinars_and_repeated_visits():
    asked = ("demo_requested", "call_requested", "webinar_registered", "webinar_attended")
    counts, points = counts_and_points(*asked)
    assert (counts, points) == (dict.fromkeys(asked, 1), 25 + 25 + 10 + 20)
    found = features_of(*(event(days, kind) for days in (1, 4, 9) for kind in ("page_view", "product_page_view")))
    assert (found["page_view_30d"], found["product_page_view_30d"], found["sessions_30d"]) == (3, 3, 3)


def test_m15_dwell_time_clicks_and_certain_pages():
    visit = event(5, "pricing_page_view", duration_s=90.0)
    found = features_of(visit, event(6, "pricing_page_view", duration_s=30.0), event(7, "email_click"))
    assert found["dwell_s_30d"] == 120
    assert (found["pricing_page_view_30d"], found["email_click_30d"], found["active_days_30d"]) == (2, 1, 3)


def test_m16_conversations():
    kinds = ("discovery_call", "demo_attended", "personal_conversation", "contract_review_planned")
    counts, points = counts_and_points(*kinds)
    assert (counts, points) == (dict.fromkeys(kinds, 1), 15 + 25 + 15 + 40)


def test_m17_late_content():
    kinds = ("case_study_view", "price_calculator_used", "product_comparison_view", "references_view", "reviews_view")
    counts, points = counts_and_points(*kinds, "data_sheet_download")
    assert counts == dict.fromkeys((*kinds, "data_sheet_download"), 1)
    assert points == 5 + 8 + 6 + 4 + 4 + 6


def test_m18_seen_advertisements_are_features_without_points_and_clicks_have_points():
    assert counts_and_points("ad_impression", "ad_click") == ({"ad_impression": 1, "ad_click": 1}, 2)


@pytest.mark.parametrize("kind", ["demo_requested", "call_requested", "webinar_registered", "form_submitted"])
def test_m19_giving_contact_data_is_a_sign_of_intent(kind):
    found = intent(event(5, kind))
    assert found.grade > 0.45
    assert [one.at for one in found.evidence] == [day(5)]
    assert points_of(event(5, kind)) >= 10
    assert intent(event(5, "page_view")).grade is None
