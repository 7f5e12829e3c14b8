import numpy as np
import pytest
from worlds import World, day, event, lead

from features.catalog import AttributeCode
from features.project import FeatureSettings
from features.propose import Vocabulary, learn_vocabulary, propose_catalog, recorded_in

TEAM = (lead("L1", account="A"), lead("L2", account="A"))
EVENTS = (
    *(event(days, "visit", topic="price") for days in (1, 2, 3)), event(1, "click", topic="security"),
    event(2, "call"), event(9, "later"), event(9, "later"), event(9, "later"), event(9, "later"),
)  # fmt: skip


def proposed(*events, vocabulary=None, attributes=(), criteria=(), leads=TEAM, **settings):
    histories, chosen = World(leads, events).histories(), FeatureSettings(**{"columns": "all", **settings})
    vocabulary = vocabulary or learn_vocabulary(histories, day(5), chosen)
    return propose_catalog(
        recorded_in(histories), vocabulary, tuple(attributes), tuple(criteria), {"visit": 1.0}, chosen
    )


def test_the_vocabulary_is_what_is_frequent_before_a_date_ties_by_name():
    histories = World(TEAM, EVENTS).histories()
    found = learn_vocabulary(histories, day(5), FeatureSettings(max_kinds=2, max_topics=1))
    assert found == Vocabulary(kinds=("visit", "call"), topics=("price",))


def test_the_vocabulary_does_not_look_past_the_date():
    whole, cut = (World(TEAM, events).histories() for events in (EVENTS, EVENTS[:5]))
    settings = FeatureSettings()
    assert learn_vocabulary(whole, day(5), settings) == learn_vocabulary(cut, day(5), settings)


def test_no_topics_wanted():
    assert learn_vocabulary(World(TEAM, EVENTS).histories(), day(5), FeatureSettings(max_topics=0)).topics == ()


def test_every_kind_has_counts_per_window_and_a_recency():
    names = proposed(*EVENTS, windows_days=(7, 30)).names
    assert {"visit_7d", "visit_30d", "visit_ever", "days_since_visit", "topic_price_30d", "other_kinds_ever"} <= {
        *names
    }
    assert not any(name.startswith("later") for name in names)


def test_names_say_what_is_counted_and_in_which_window():
    catalog = proposed(*EVENTS, windows_days=(7, 30))
    for feature in catalog.features:
        if feature.family == "count":
            name, _, window = feature.name.removeprefix("account_").rpartition("_")
            assert window == ("ever" if feature.days is None else f"{feature.days}d")
            if name in catalog.kinds:
                assert feature.of == f"kind:{catalog.kinds.index(name)}"
    assert {f.owner for f in catalog.features if f.name.startswith("account_")} == {"account"}


def test_names_are_unique_however_kinds_topics_and_attributes_are_called():
    kinds = ("e-mail open", "e_mail_open", "inbound", "value", "sessions", "topic_x", "other_kinds", "?", "(other)")
    attributes = [AttributeCode(name, "number") for name in ("colleagues", "value_7d", "month", "lead_age_days")]
    catalog = proposed(*(event(1, kind, topic="x") for kind in kinds), attributes=attributes, calendar=True)
    assert len(set(catalog.names)) == len(catalog.names)
    assert [f.of for f in catalog.features if f.family == "attribute"] == [code.name for code in attributes]


def test_names_do_not_change_when_nothing_collides():
    assert not [name for name in proposed(*EVENTS).names if name.endswith("_2")]


@pytest.mark.parametrize(
    ("settings", "absent"),
    [
        ({"exclude": ("account_*",)}, "account_"),
        ({"account_history": False}, "colleagues"),
        ({}, "weekday"),
        ({"exclude": ("seniority",)}, "seniority"),
    ],
)
def test_settings_leave_features_out(settings, absent):
    catalog = proposed(*EVENTS, attributes=[AttributeCode("seniority", "number")], **settings)
    assert not [name for name in catalog.names if name.startswith(absent) and name != "seniorities_active_7d"]
    assert "interactions_7d" in catalog.names


def test_attributes_that_are_excluded_do_not_count_as_profile():
    codes = [AttributeCode("size", "number"), AttributeCode("city", "number")]
    assert proposed(attributes=codes, exclude=("city",)).attributes == (codes[0],)


def test_events_known_by_account_only_give_the_full_history_of_the_account():
    names = proposed(event(1, who=None, account_id="A")).names
    assert "account_gap_mean_days" in names
    assert "interactions_7d" not in names


def test_a_flat_table_has_attributes_only():
    catalog = proposed(leads=(lead("L1", None),), attributes=[AttributeCode("source", "category")])
    assert catalog.names == ("source", "profile_filled_share")
    assert catalog.features[0].group == "Source"


def test_criteria_and_calendar_where_asked():
    names = proposed(criteria=("need", "Time frame"), calendar=True, leads=(lead(created=None),)).names
    assert names == (
        "need_met", "need_age_days", "time_frame_met", "time_frame_age_days", "criteria_met", "criteria_known",
        "weekday", "month",
    )  # fmt: skip


def test_a_catalog_remembers_the_points_of_interest():
    assert proposed(*EVENTS).points == {"visit": 1.0}
    assert np.isclose(proposed(*EVENTS).met_from, 0.5)


def test_the_lean_catalog_keeps_what_earns_its_place():
    every = proposed(*EVENTS, windows_days=(7, 30, 90), half_lives_days=(7,))
    lean = proposed(*EVENTS, windows_days=(7, 30, 90), half_lives_days=(7,), columns="lean")
    assert set(lean.names) < set(every.names)
    assert {"visit_30d", "visit_ever", "days_since_visit", "interest_half_life_7d", "colleagues_active_90d"} <= set(
        lean.names
    )
    assert not {"visit_7d", "visit_90d", "trend_30d", "kind_entropy_30d", "active_days_30d"} & set(lean.names)
    assert [name for name in lean.names if name.startswith("account_")] == [
        "account_interactions_30d", "account_interactions_ever", "account_days_since_interactions",
        "account_interest_half_life_7d",
    ]  # fmt: skip


def test_the_lean_catalog_looks_closely_at_accounts_where_no_event_names_a_lead():
    events = tuple({**row, "lead_id": None, "account_id": "A"} for row in EVENTS)
    names = proposed(*events, windows_days=(7, 30, 90), columns="lean").names
    assert {"account_visit_30d", "account_days_since_visit", "account_sessions_ever"} <= set(names)
