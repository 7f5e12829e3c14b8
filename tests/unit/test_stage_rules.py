"""The moves of a night: who decides what, gates, and what is left alone."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import World, day, lead, moment

from features.rule_settings import PointSettings
from features.stage_settings import StageSettings
from serving.lifecycle.events import StageEvent, events_of, events_table
from serving.lifecycle.evidence import Scored, Seen, Verdict
from serving.lifecycle.machine import MOVES, target_of
from serving.lifecycle.night import Night, new_events
from serving.lifecycle.replay import stage_at

AS_OF = moment(day(10))
NOBODY = World((lead("a"),)).tables()


def night(at=AS_OF, **settings):
    return Night(at, StageSettings(**settings), PointSettings(threshold=50), moment(day(11)))


def seen(points=60.0, qualified=True, score=80.0, ids=("a",), **verdicts):
    n = len(ids)
    scored = Scored(np.full(n, score), np.full(n, 0.4), np.full(n, qualified), np.full(n, points), "v1")
    found = {name: verdict(name, states, n) for name, states in verdicts.items()}
    return Seen(pa.array(ids), np.full(n, points), found, scored)


def verdict(name, states, n):
    rows = np.array([list(states.values())] * n, np.int8)
    return Verdict(name, tuple(states), rows.min(axis=1, initial=1), rows)


def event(action, at, **more):
    return StageEvent("a", moment(day(at)), action, to_stage=more.pop("to", target_of(action)), **more)


def moved(known, *history, at=AS_OF, tables=NOBODY, **settings):
    """The moves of one night, as (from, to)."""
    found = new_events(night(at, **settings), known, events_table(history), tables)
    return [(one.from_stage, one.to_stage) for one in events_of(found)]


ACCEPTED = event("accept", 1)
MQL = event("advance", 1, to="mql")


@pytest.mark.parametrize(
    ("decider", "points", "qualified", "expected"),
    [("rule", 60, False, True), ("rule", 40, True, False), ("model", 40, True, True), ("model", 60, False, False),
     ("both", 60, True, True), ("both", 60, False, False), ("both", 40, True, False), ("person", 60, True, False)],
)  # fmt: skip
def test_m02_rule_model_both_or_a_person_decides(decider, points, qualified, expected):
    assert moved(seen(points, qualified), mql=decider) == ([("lead", "mql")] if expected else [])


def test_m02_sales_accepts_before_the_model_makes_an_sql():
    assert moved(seen()) == [("lead", "mql")]
    assert moved(seen(), MQL) == []
    assert moved(seen(), ACCEPTED) == [("sal", "sql")]


def test_m03_directly_from_mql_to_sql_is_a_setting():
    assert moved(seen(), MQL, direct_sql=True) == [("mql", "sql")]
    assert moved(seen(), direct_sql=True) == [("lead", "mql"), ("mql", "sql")]
    assert moved(seen(), MQL, direct_sql=False) == []


@pytest.mark.parametrize(("score", "expected"), [(69, []), (70, [("mql", "sql")])])
def test_m03_at_a_score_threshold(score, expected):
    assert moved(seen(score=score, qualified=False), MQL, direct_sql=True, sql_score=70) == expected


@pytest.mark.parametrize("missing", ["fit", "need", "budget"])
@pytest.mark.parametrize(("state", "unknown", "passes"), [(-1, "asks", False), (0, "asks", True), (0, "blocks", False),
                                                          (1, "blocks", True)])  # fmt: skip
def test_m05_never_without_fit_need_and_budget(missing, state, unknown, passes):
    gates = {"fit": 1, "need": 1, "budget": 1} | {missing: state}
    found = moved(seen(gates=gates), ACCEPTED, gates=tuple(gates), gates_when_unknown=unknown)
    assert found == ([("sal", "sql")] if passes else [])


def test_an_sql_by_rule_says_which_framework_and_what_was_known():
    table = new_events(night(sql="rule", sql_framework="bant"), seen(bant={"budget": 1, "need": 1}),
                       events_table([ACCEPTED]), NOBODY)  # fmt: skip
    (one,) = events_of(table)
    assert (one.framework, one.verdict, one.evidence) == ("bant", "met", "budget met, need met")
    assert (one.points, one.score, one.model_version, one.by) == (60, 80, "v1", "rule")
    assert len(one.policy_version) == 12
    assert one.reason == "bant is met"


@pytest.mark.parametrize(
    ("email", "phone", "passes"),
    [("ann@acme.example", None, True), ("info@acme.example", None, False), ("ann@", "030 901820", True),
     (None, None, False)],
)  # fmt: skip
def test_an_sql_needs_verified_contact_data_where_asked_for(email, phone, passes):
    tables = World(({**lead("a"), "email": email, "phone": phone},)).tables()
    settings = {"contact_verified": True, "phone_country": "DE"}
    assert bool(moved(seen(), ACCEPTED, tables=tables, **settings)) == passes
    assert moved(seen(), tables=tables, **settings) == [("lead", "mql")]


@pytest.mark.parametrize("history", [(event("snooze", 2, until=moment(day(20))),), (event("do_not_contact", 2),)])
def test_who_is_snoozed_or_must_not_be_contacted_is_left_alone(history):
    assert moved(seen(), ACCEPTED, *history) == []


def test_a_snooze_ends():
    assert moved(seen(), ACCEPTED, event("snooze", 2, until=moment(day(10)))) == [("sal", "sql")]


@pytest.mark.parametrize(("action", "stage"), [("recycle", "nurture"), ("reject", "rejected")])
@pytest.mark.parametrize(("until", "expected"), [(11, []), (10, ["lead", "mql"])])
def test_m02_who_was_refused_comes_back_on_the_date(action, stage, until, expected):
    found = moved(seen(), ACCEPTED, event(action, 2, until=moment(day(until))))
    assert found == list(zip([stage, "lead"], expected, strict=False))


def test_a_merged_lead_is_not_moved_any_more():
    assert moved(seen(), event("merge", 2, into="b")) == []


@st.composite
def histories(draw):
    action = draw(st.sampled_from(sorted(set(MOVES) - {"open_deal", "win", "lose"})))
    targets = sorted({t for moves in MOVES[action].values() for t in moves})
    until = moment(day(draw(st.integers(0, 20)))) if action in ("recycle", "reject") else None
    return event(action, draw(st.integers(0, 15)), to=draw(st.sampled_from(targets)), until=until)


@given(st.lists(histories(), max_size=6), st.booleans(), st.booleans())
def test_the_second_run_of_a_night_appends_nothing_and_every_move_takes_effect(history, direct, rule):
    known = seen(bant={"need": 1})
    asked = night(direct_sql=direct, sql="rule" if rule else "model")
    first = new_events(asked, known, events_table(history), NOBODY)
    both = pa.concat_tables([events_table(history), first])
    assert len(new_events(asked, known, both, NOBODY)) == 0
    if len(first):
        assert stage_at(both, AS_OF)["a"] == first["to_stage"].to_pylist()[-1]


@given(st.lists(histories(), max_size=6))
def test_a_night_uses_nothing_at_or_after_its_date(history):
    early = [one for one in history if one.at < AS_OF]
    found = [new_events(night(direct_sql=True), seen(), events_table(some), NOBODY) for some in (history, early)]
    assert found[0].equals(found[1])
    assert all(one.at < AS_OF for one in events_of(found[0]))


def test_a_lead_without_any_event_is_a_lead():
    known = seen(ids=("a", "b"))
    found = new_events(night(), known, events_table([event("advance", 1, to="mql")]), NOBODY)
    assert [(one.lead_id, one.to_stage) for one in events_of(found)] == [("b", "mql")]
    assert new_events(night(), seen(ids=()), events_table([]), NOBODY).num_rows == 0


def test_contact_data_are_asked_for_at_the_hand_over_only():
    known = seen(sal={"budget": 1})
    assert moved(known, MQL, sal="rule", contact_verified=True) == [("mql", "sal")]
    assert moved(known, MQL, sal="rule") == [("mql", "sal"), ("sal", "sql")]
