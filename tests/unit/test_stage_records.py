"""Decisions, deals and owners as stage events: what people did needs no log of its own."""

import pytest
from worlds import World, day, deal, lead, moment

from serving.lifecycle.recorded import Pauses, recorded_events
from serving.lifecycle.replay import stage_at, state_at


def decided(at, decision, who="L1"):
    return {"lead_id": who, "decided_at": day(at), "decision": decision}


def events(*decisions, deals=(), changes=()):
    world = World((lead("L0"), lead("L1")), decisions=decisions, deals=deals, lead_changes=changes)
    return recorded_events(world.tables(), "all", Pauses(recycle_days=60, reject_days=30))


def stage(*decisions, deals=(), at=10.0):
    return stage_at(events(*decisions, deals=deals), moment(day(at)))["L1"]


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ((), "lead"),
        ((decided(3, "accept"),), "sal"),
        ((decided(3, "Accept"), decided(5, "recycle")), "nurture"),
        ((decided(3, "reject"), decided(5, "accept")), "sal"),
        ((decided(3, "reject"), decided(3, "accept")), "rejected"),
        ((decided(3, "accept"), decided(10, "reject")), "sal"),
        ((decided(3, "no thanks"),), "rejected"),
        ((decided(3, "accept", who="L0"),), "lead"),
        ((decided(3, "accept"), decided(4, "Disqualified")), "disqualified"),
    ],
)
def test_m02_the_latest_decision_before_the_date_counts(decisions, expected):
    assert stage(*decisions) == expected


def test_an_open_deal_makes_an_opportunity_whatever_was_decided():
    running = deal("open", None, opened=4)
    assert stage(decided(5, "reject"), deals=(running,)) == "opportunity"
    assert stage(decided(5, "reject"), deals=(deal("open", None, opened=12),)) == "rejected"


def test_deals_are_won_and_lost():
    assert stage(deals=(deal("lost", 8, opened=4),)) == "lost"
    assert stage(deals=(deal("lost", 8, opened=4),), at=6) == "opportunity"
    assert stage(decided(3, "accept"), deals=(deal("won", 8),)) == "won"
    assert stage(deals=(deal("lost", 8), deal("won", 8))) == "won"


def test_a_refused_lead_has_a_date_on_which_it_comes_back():
    until = {row["lead_id"]: row["until"] for row in state_at(
        events(decided(3, "recycle"), decided(4, "reject", who="L0")), moment(day(10))).to_pylist()}  # fmt: skip
    assert until == {"L1": moment(day(63)), "L0": moment(day(34))}


def test_the_history_of_the_owner_counts():
    changes = ({"lead_id": "L1", "changed_at": day(2), "field": "owner", "value": "ann"},
               {"lead_id": "L1", "changed_at": day(8), "field": "owner", "value": None})  # fmt: skip
    owners = [state_at(events(changes=changes), moment(day(at)))["owner"].to_pylist()[1] for at in (1, 5, 9)]
    assert owners == [None, "ann", None]


def test_a_project_without_decisions_and_deals_has_leads_only():
    assert set(stage_at(events(), moment(day(400))).values()) == {"lead"}
