"""Replaying stage events gives the state of a lead: against a slow, obvious machine, whatever the order of events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.lifecycle.events import StageEvent, events_of, events_table
from serving.lifecycle.machine import ACTIONS, DEAL_ACTIONS, MOVES, STAGES, target_of
from serving.lifecycle.merges import survivors
from serving.lifecycle.replay import replay, stage_at, state_at, transitions

ZERO = datetime(2026, 1, 1, tzinfo=UTC)
LEADS = ("a", "b", "c")


def day(n):
    return ZERO + timedelta(days=n)


def event(action, at, lead="a", to=None, **more):
    deals = {"open_deal": 1, "lose": -1, "win": -1}.get(action, 0)
    return StageEvent(lead, day(at), action, to_stage=to or target_of(action), **{"deals": deals, **more})


@st.composite
def events(draw):
    action = draw(st.sampled_from([name for name in ACTIONS if name != "create"]))
    targets = sorted({t for moves in MOVES.get(action, {}).values() for t in moves}) or [None]
    more = {"into": draw(st.sampled_from(LEADS))} if action == "merge" else {}
    more |= {"owner": draw(st.sampled_from(["ann", "bo"]))} if action == "reassign" else {}
    more |= {"until": day(draw(st.integers(5, 30)))} if action in ("snooze", "recycle", "reject") else {}
    to = target_of(action) if action in DEAL_ACTIONS else draw(st.sampled_from(targets))
    return event(action, draw(st.integers(0, 12)), draw(st.sampled_from(LEADS)), to=to, **more)


logs = st.lists(events(), max_size=14)


def by_hand(found, as_of):
    """State of each lead by applying one event after the other."""
    known = sorted((e for e in found if e.at < as_of), key=in_order)
    into = survivors((e.lead_id, e.into) for e in sorted(known, key=lambda e: (e.at, e.lead_id, e.into or ""))
                     if e.action == "merge")  # fmt: skip
    state = {}
    for one in known:
        lead = state.setdefault(into.get(one.lead_id, one.lead_id), {"stage": "lead", "since": one.at, "deals": 0,
                                "until": None, "owner": None, "snoozed": None, "silent": False})  # fmt: skip
        apply(lead, one)
    return state


def in_order(e):
    rest = (str(STAGES.index(e.to_stage) if e.to_stage else ""), str(e.until), str(e.owner), str(e.into))
    return e.at, ACTIONS.index(e.action), *rest


def apply(lead, e):
    to = e.to_stage
    if e.action in DEAL_ACTIONS:
        lead["deals"] += e.deals
        to = "opportunity" if lead["deals"] > 0 else None if e.action == "open_deal" else to
    elif to not in MOVES.get(e.action, {}).get(lead["stage"], ()):
        to = None
    lead["snoozed"] = {"snooze": e.until, "wake": None}.get(e.action, lead["snoozed"])
    lead["owner"] = e.owner if e.action == "reassign" else lead["owner"]
    lead["silent"] = {"do_not_contact": True, "allow_contact": False}.get(e.action, lead["silent"])
    if to is not None:
        lead["since"] = lead["since"] if to == lead["stage"] else e.at
        lead["stage"], lead["until"] = to, e.until if to in ("nurture", "rejected") else None


def seen(found, as_of):
    rows = state_at(events_table(found), as_of).to_pylist()
    return {row["lead_id"]: {"stage": row["stage"], "since": row["since"], "deals": row["open_deals"],
                             "until": row["until"], "owner": row["owner"], "snoozed": row["snoozed_until"],
                             "silent": row["do_not_contact"]} for row in rows}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(logs, st.integers(0, 14))
def test_m02_replaying_the_events_gives_the_state(found, at):
    assert seen(found, day(at)) == by_hand(found, day(at))


@settings(max_examples=30, deadline=None)
@given(logs, logs, st.integers(0, 12))
def test_nothing_at_or_after_the_date_matters(found, later, at):
    late = [replace(e, at=e.at + timedelta(days=at)) for e in later]
    assert seen(found + late, day(at)) == seen([e for e in found if e.at < day(at)], day(at))


@settings(max_examples=30, deadline=None)
@given(logs.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_order_of_ingestion_does_not_matter(pair):
    first, second = (transitions(events_table(found)).drop_columns("lead_id").to_pylist() for found in pair)
    assert first == second
    assert seen(pair[0], day(50)) == seen(pair[1], day(50))


@settings(max_examples=30, deadline=None)
@given(logs)
def test_an_event_that_comes_twice_changes_no_stage(found):
    singles = [e for e in found if e.action not in DEAL_ACTIONS]
    assert {k: v["stage"] for k, v in seen(singles * 2, day(50)).items()} == {
        k: v["stage"] for k, v in seen(singles, day(50)).items()
    }


@settings(max_examples=40, deadline=None)
@given(logs)
def test_m02_no_transition_is_impossible_and_each_starts_where_the_last_one_ended(found):
    changes = events_of(transitions(events_table(found)))
    for one in changes:
        assert one.to_stage in MOVES[one.action][one.from_stage]
    for one, after in pairwise(changes):
        assert after.from_stage == (one.to_stage if one.lead_id == after.lead_id else "lead")


def test_m02_lead_to_won_with_every_stage_on_the_way():
    path = [event("create", 0), event("advance", 1, to="mql"), event("accept", 2), event("advance", 3, to="sql"),
            event("open_deal", 4), event("win", 5)]  # fmt: skip
    stages = [stage_at(events_table(path), day(n))["a"] for n in range(1, 7)]
    assert stages == ["lead", "mql", "sal", "sql", "opportunity", "won"]


@pytest.mark.parametrize(("action", "stage"), [("reject", "rejected"), ("recycle", "nurture")])
def test_m02_sales_may_reject_or_recycle_until_a_date(action, stage):
    table = events_table([event("advance", 1, to="mql"), event("accept", 2), event(action, 3, until=day(90))])
    (state,) = state_at(table, day(4)).to_pylist()
    assert (state["stage"], state["since"], state["until"]) == (stage, day(3), day(90))


def test_a_lead_stays_an_opportunity_until_its_last_deal_is_closed():
    table = events_table([event("open_deal", 1), event("open_deal", 2), event("lose", 3), event("lose", 4)])
    assert [stage_at(table, day(n))["a"] for n in (3, 4, 5)] == ["opportunity", "opportunity", "lost"]


def test_merged_leads_have_one_history_from_the_merge_on():
    table = events_table([event("advance", 1, "old", to="mql"), event("create", 0, "new"),
                          event("accept", 2, "new"), event("merge", 3, "old", into="new")])  # fmt: skip
    assert stage_at(table, day(3)) == {"old": "mql", "new": "sal"}
    assert stage_at(table, day(4)) == {"old": "sal", "new": "sal"}
    told = [(e.from_stage, e.to_stage) for e in events_of(transitions(table))]
    assert told == [("lead", "mql"), ("mql", "sal")]


def test_a_state_names_who_owns_the_lead_and_whether_it_may_be_contacted():
    table = events_table([event("create", 0), event("reassign", 1, owner="ann"), event("reassign", 2, owner="bo"),
                          event("do_not_contact", 3), event("snooze", 3, until=day(20))])  # fmt: skip
    first, last = (state_at(table, day(at)).to_pylist()[0] for at in (2, 4))
    assert (first["owner"], first["do_not_contact"], last["owner"], last["do_not_contact"]) == (
        "ann",
        False,
        "bo",
        True,
    )
    assert last["snoozed_until"] == day(20)


def test_events_without_a_date_were_always_known():
    table = events_table([StageEvent("a", None, "create"), event("accept", 1)])
    (state,) = state_at(table, day(0)).to_pylist()
    assert (state["stage"], state["since"]) == ("lead", None)


def test_no_events_no_states():
    empty = events_table([])
    assert len(state_at(empty, day(1))) == len(replay(empty).events) == 0
    assert isinstance(transitions(empty), pa.Table)


def test_many_events_of_one_lead_are_sorted_as_well():
    actions = [event("advance" if n % 2 else "reject", n // 3, to="mql" if n % 2 else None) for n in range(99)]
    some = [*actions, event("accept", 1, "b")]
    assert seen(some[::-1], day(50)) == seen(some, day(50)) == by_hand(some, day(50))
