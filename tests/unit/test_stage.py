"""What sales did with a lead, as of a date: open deals before decisions, the latest decision before as_of."""

from types import SimpleNamespace

import pytest
from worlds import World, day, deal, lead, snapshots

from serving.stage import standings_as_of

POLICY = SimpleNamespace(deals_of_account="all")


def decided(at, decision, who="L1"):
    return {"lead_id": who, "decided_at": day(at), "decision": decision}


def standing(*decisions, deals=(), at=10.0):
    world = World((lead("L0"), lead("L1")), decisions=decisions, deals=deals)
    histories = world.histories()
    asked = snapshots(histories, [("L1", day(at))])
    return standings_as_of(histories, world.tables(), asked, POLICY).to_pylist()


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ((), None),
        ((decided(3, "accept"),), "accepted"),
        ((decided(3, "Accept"), decided(5, "recycle")), "refused"),
        ((decided(3, "reject"), decided(5, "accept")), "accepted"),
        ((decided(3, "reject"), decided(3, "accept")), "refused"),
        ((decided(3, "accept"), decided(10, "reject")), "accepted"),
        ((decided(3, "accept", who="L0"),), None),
    ],
)
def test_the_latest_decision_before_as_of_counts(decisions, expected):
    assert standing(*decisions) == [expected]


def test_an_open_deal_makes_an_opportunity_whatever_was_decided():
    running = deal("open", None, opened=4)
    assert standing(decided(5, "reject"), deals=(running,)) == ["opportunity"]
    assert standing(decided(5, "reject"), deals=(deal("open", None, opened=12),)) == ["refused"]


def test_a_deal_that_closed_is_no_opportunity():
    assert standing(deals=(deal("lost", 8, opened=4),)) == [None]
    assert standing(deals=(deal("lost", 8, opened=4),), at=6) == ["opportunity"]
