"""What a person may do with a lead from each stage, and what is refused."""

import pytest
from worlds import day, moment

from features.errors import ProjectFileError
from features.stage_settings import StageSettings
from serving.lifecycle.events import events_table
from serving.lifecycle.machine import STAGES
from serving.lifecycle.moving import WORDS, Before, Wish, event_of, possible
from serving.lifecycle.replay import state_at

NOW = moment(day(5))


def moved(to, stage, silent=False, direct=False, **more):
    wish = Wish(to, NOW, "ann", "because", **more)
    return event_of(wish, Before("a", stage, silent), StageSettings(direct_sql=direct), NOW)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("direct", [True, False])
def test_m02_what_is_called_possible_is_possible_and_nothing_else(stage, direct):
    named = possible(stage, StageSettings(direct_sql=direct))
    more = {"snooze": {"until": moment(day(9))}, "reassign": {"owner": "bo"}, "merge": {"into": "b"}}
    for to in (*STAGES, *WORDS, *more):
        if to in named:
            assert moved(to, stage, direct=direct, **more.get(to, {})).from_stage == stage
        else:
            with pytest.raises(ProjectFileError, match="expected one of"):
                moved(to, stage, direct=direct)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "opportunity"])
def test_m02_a_move_that_is_accepted_takes_effect(stage):
    for to in set(possible(stage, StageSettings())) & set(STAGES):
        event = moved(to, stage)
        assert (event.from_stage, event.to_stage, event.actor, event.reason) == (stage, to, "ann", "because")
    assert moved("accept", "mql").to_stage == moved("sal", "mql").to_stage == "sal"


@pytest.mark.parametrize(("direct", "message"), [(False, "direct_sql = true would allow it"), (True, None)])
def test_m03_a_person_skips_the_sal_only_where_the_setting_allows_it(direct, message):
    if message is None:
        assert moved("sql", "mql", direct=True).to_stage == "sql"
    else:
        with pytest.raises(ProjectFileError, match=message):
            moved("sql", "mql")


@pytest.mark.parametrize(
    ("to", "stage", "more", "message"),
    [
        ("won", "sql", {}, "deals make opportunities"),
        ("nurture", "opportunity", {}, "a deal is open"),
        ("sall", "mql", {}, "cannot go to 'sall'"),
        ("snooze", "sal", {}, "expected --until"),
        ("nurture", "sal", {"until": moment(day(1))}, "expected a time after the move"),
        ("sql", "sal", {"until": moment(day(9))}, "leave it out"),
        ("reassign", "sal", {}, "expected --owner"),
        ("merge", "sal", {}, "expected --into"),
        ("sql", "sal", {"owner": "bo"}, "no use here"),
        ("sql", "sal", {"silent": True}, "must not be contacted"),
    ],
)
def test_what_is_refused_says_why(to, stage, more, message):
    with pytest.raises(ProjectFileError, match=message):
        moved(to, stage, **more)


def test_a_recycled_lead_has_a_date():
    event = moved("recycle", "sal")
    (state,) = state_at(events_table([event]), moment(day(6))).to_pylist()
    assert (state["stage"], state["until"]) == ("nurture", moment(day(95)))
