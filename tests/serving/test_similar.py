"""Similar leads: nearest by contributions, only outcomes known by then, never the lead's own account."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear import CALLS, VISITS, linear_bundle
from worlds import World, day, deal, event, lead, moment

from features.project import SnapshotSettings
from serving.lead.similar import around_closed, newest_closed, similar_leads

NOW = moment(day(60))
WEEKLY = SnapshotSettings(ages_days=[7, 14])
MODEL = linear_bundle({VISITS: 1.0, CALLS: 0.5})


def visits(who, n, days=1.0):
    return tuple(event(days, "visit", who=who) for _ in range(n))


def around(*others):
    """Lead L1 with three visits, and other leads: (id, visits, status, closing day, account)."""
    return World(
        leads=(lead(account="A"), *(lead(name, account=account) for name, *_, account in others)),
        interactions=(*visits("L1", 3), *(row for name, n, *_ in others for row in visits(name, n))),
        deals=tuple(deal(status, closed, who=name) for name, _, status, closed, _ in others),
    )


def found(world, as_of=NOW):
    return similar_leads(MODEL, world.tables(), "L1", as_of, WEEKLY)


def test_nearest_won_then_nearest_lost_three_each():
    world = around(*[(f"W{n}", n, "won", 30, None) for n in range(1, 7)], ("X", 9, "lost", 30, None))
    assert [(one.lead_id, one.outcome) for one in found(world)] == [
        ("W3", "won"), ("W2", "won"), ("W4", "won"), ("X", "lost")
    ]  # fmt: skip
    assert found(world)[1].distance == pytest.approx(np.log(2))


def test_only_outcomes_known_before_the_date_and_of_other_accounts():
    world = around(("OWN", 3, "won", 30, "A"), ("LATER", 3, "won", 60, None), ("OPEN", 3, "open", None, None))
    assert found(world) == ()


def test_a_past_lead_is_looked_at_before_its_outcome():
    world = around(("W", 3, "won", 10, None))
    later = World(
        world.leads, (*world.interactions, *visits("W", 9, days=8), event(9, "discovery_call", who="W")), world.deals
    )
    for known in (world, later):
        (one,) = found(known)
        assert (one.as_of, one.score, one.distance) == (moment(day(7)), 80, 0.0)


def test_a_lead_closed_before_its_first_snapshot_is_not_shown():
    assert found(around(("W", 3, "won", 5, None))) == ()


def test_shared_reasons_move_both_scores_the_same_way_strongest_first():
    world = around(("W", 2, "won", 30, None))
    (one,) = found(World(world.leads, (*world.interactions, event(2, "discovery_call", who="W")), world.deals))
    assert [(shared.column, shared.value, round(shared.points)) for shared in one.shared] == [(0, 2.0, 20)]


def test_only_the_newest_closed_leads_are_looked_at():
    deals = around(*[(f"W{n}", 1, "won", n, None) for n in range(1, 9)], ("X", 1, "open", 50, None)).tables().deals
    assert newest_closed(deals, moment(day(7)), most=2)["lead_id"].tolist() == ["W6", "W5"]


def test_interactions_are_needed_of_leads_with_deals_of_their_own_or_their_account():
    world = World((lead(), lead("L2"), lead("L3", account="A")), (), (deal("won", 3, who="L2"),
                  deal("lost", 4, who=None, account_id="A"), deal("won", 90)))  # fmt: skip
    tables = world.tables()
    assert set(around_closed(tables.leads, tables.deals, NOW)) == {"L2", "L3"}


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["won", "lost"]), st.integers(8, 59)), max_size=7))
def test_later_rows_change_nothing(rows):
    world = around(*[(f"W{i}", n, status, closed, None) for i, (n, status, closed) in enumerate(rows)])
    early = moment(day(30))
    ended = [row for row in world.deals if row["closed_at"] < day(30)]
    past = World(world.leads, world.interactions, tuple(ended))
    assert found(world, early) == found(past, early)
    assert all(one.as_of < early - timedelta(days=1) for one in found(world, early))
