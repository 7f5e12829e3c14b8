"""What would change a score: real rows in the history, the same model, only what raises the shown score."""

import dataclasses

import pandas as pd
import pytest
from linear import AGE, AUTHORITY, BUDGET, CALLS, TEAM, VISITS, linear_bundle
from worlds import World, assessment, event, lead, moment
from worlds import day as at

from serving.lead.what_if import Action, Usual, possible_actions, usual_interactions, what_would_change, with_action

NOW = moment(at(30))
ALONE = World(leads=(lead(),), interactions=(event(3), event(9)))
TEAM_OF_THREE = World(
    leads=(lead(account="A"), lead("L2", account="A"), lead("L3", -20, "A"), lead("L4", created=40, account="A")),
    interactions=(event(3), event(20, who="L2"), event(-5, who="L3")),
)


def effects(world, weights, **more):
    return what_would_change(linear_bundle(weights, **more), world.tables(), "L1", NOW, {})


def test_a_call_that_doubles_the_odds_is_ten_points():
    (effect,) = effects(ALONE, {VISITS: 0.1, CALLS: 1.0})
    assert effect.action == Action("interaction", "discovery_call", "L1")
    assert (effect.before.score, effect.after.score, effect.points) == (52, 62, 10)
    assert effect.after.propensity / (1 - effect.after.propensity) == pytest.approx(2**1.2)


def test_what_lowers_the_score_is_not_advised():
    assert effects(ALONE, {CALLS: -1.0, BUDGET: -1.0}) == ()


def test_what_does_not_change_the_shown_score_is_not_advised():
    assert effects(ALONE, {CALLS: 0.04, BUDGET: 0.04}) == ()


def test_nothing_is_advised_beyond_the_end_of_the_scale():
    assert effects(ALONE, {CALLS: 1.0}, bias=6.0) == ()


def test_best_first_and_at_most_five():
    found = effects(TEAM_OF_THREE, {CALLS: 0.5, BUDGET: 1.0, AUTHORITY: 0.7, TEAM: 0.2})
    assert [(effect.action.name, effect.points) for effect in found] == [
        ("budget", 10), ("authority", 7), ("discovery_call", 5), ("discovery_call", 2)
    ]  # fmt: skip
    assert [effect.action.what for effect in found][-1] == "colleague"


def test_the_colleague_silent_for_longest_who_is_known_by_then():
    actions = possible_actions(linear_bundle({TEAM: 1.0}), TEAM_OF_THREE.tables(), "L1", NOW)
    assert [action.lead_id for action in actions if action.what == "colleague"] == ["L3"]


def test_without_colleagues_there_is_none_to_involve():
    actions = possible_actions(linear_bundle({TEAM: 1.0}), ALONE.tables(), "L1", NOW)
    assert "colleague" not in {action.what for action in actions}


def test_only_criteria_that_are_not_met_or_outdated_are_asked_about():
    said = (assessment(1, "budget", 1.0), assessment(25, "Authority", 1.0), assessment(25, "need", 0.0))
    bundle = linear_bundle({BUDGET: 1.0}, max_age_days=20)
    actions = possible_actions(bundle, World(leads=(lead(),), assessments=said).tables(), "L1", NOW)
    assert [action.name for action in actions if action.what == "criterion"] == ["budget", "need", "timing"]


def test_class_and_verdict_that_would_change_are_told():
    said = (assessment(1, "authority", 1.0), assessment(1, "need", 1.0))
    world = dataclasses.replace(ALONE, assessments=said)
    budget = next(e for e in effects(world, {BUDGET: 1.0, AGE: 0.0}, bias=-0.5) if e.action.name == "budget")
    assert (budget.changes_class, budget.changes_bant) == (True, True)


def test_the_action_is_one_row_just_before_the_date():
    tables = with_action(TEAM_OF_THREE.tables(), Action("interaction", "discovery_call", "L1"), NOW, {})
    added = tables.interactions.iloc[-1]
    assert (added["occurred_at"], added["account_id"]) == (pd.Timestamp(NOW) - pd.Timedelta(seconds=1), "A")
    assert tables.interactions.dtypes.equals(TEAM_OF_THREE.tables().interactions.dtypes)


def test_interactions_are_as_they_usually_are():
    rows = World(leads=(lead(),), interactions=(
        event(1, "demo", direction="inbound", duration_s=60.0), event(2, "demo", direction="inbound", duration_s=20.0),
        event(3, "demo", direction="outbound"), event(4, "call"),
    )).tables().interactions  # fmt: skip
    usual = usual_interactions(rows, ("demo", "call", "never"))
    assert usual == {"demo": Usual("inbound", 40.0), "call": Usual(None, None), "never": Usual(None, None)}
