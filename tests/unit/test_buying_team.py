"""Account A: L1 and L2 from the start, L3 from day 10; L9 is alone."""

import numpy as np
from worlds import World, day, event, lead, snapshots

from features.buying_team import colleagues, colleagues_active, seniorities_active
from features.engagement import sight

TEAM = (lead("L1", account="A"), lead("L2", account="A"), lead("L3", 10, account="A"), lead("L9"))
EVENTS = (event(1, who="L1"), event(5, who="L2"), event(5.5, who="L2"), event(12, who="L3"), event(12, who="L9"))


def at(histories, lead_id, *days):
    return snapshots(histories, [(lead_id, day(days)) for days in days])


def seen_from(histories, lead_id, *days):
    return sight(histories, at(histories, lead_id, *days), (histories.kinds, ()))


def test_colleagues_are_the_other_leads_created_before():
    histories = World(TEAM).histories()
    assert colleagues(histories, at(histories, "L1", 5, 10, 10.001)).tolist() == [1, 1, 2]
    assert colleagues(histories, at(histories, "L3", 10, 11)).tolist() == [2, 2]
    assert colleagues(histories, at(histories, "L9", 11)).tolist() == [0]


def test_a_lead_without_creation_time_has_always_been_there():
    histories = World((lead("L1", account="A"), lead("L2", None, account="A"))).histories()
    assert colleagues(histories, at(histories, "L1", -5)).tolist() == [1]
    assert colleagues(histories, at(histories, "L2", 5)).tolist() == [1]


def test_an_active_colleague_counts_once_and_the_window_is_half_open():
    histories = World(TEAM, EVENTS).histories()
    seen = seen_from(histories, "L1", 5, 5.001, 6, 7.5, 7.501)
    assert colleagues_active(seen, 2).tolist() == [0, 1, 1, 1, 0]


def test_ones_own_activity_is_not_a_colleagues():
    histories = World(TEAM, EVENTS).histories()
    assert colleagues_active(seen_from(histories, "L2", 6), 2).tolist() == [0]
    assert colleagues_active(seen_from(histories, "L2", 6), 7).tolist() == [1]
    assert colleagues_active(seen_from(histories, "L9", 13), 7).tolist() == [0]


def test_events_exactly_one_window_apart_keep_a_colleague_active():
    histories = World(TEAM, (event(1, who="L2"), event(3, who="L2"))).histories()
    assert colleagues_active(seen_from(histories, "L1", 1, 3, 3.001, 5, 5.001), 2).tolist() == [0, 1, 1, 1, 0]


def test_different_seniorities_active_count_the_lead_itself():
    histories = World(TEAM, EVENTS).histories()
    level = {"L9": -1, "L1": 1, "L2": 1, "L3": 0}
    seniority = np.array([level[name] for name in histories.lead_ids])
    seen = seen_from(histories, "L1", 1, 6, 12.2, 20)
    assert seniorities_active(seen, seniority, 7).tolist() == [0, 1, 2, 0]


def test_nobody_with_a_known_seniority():
    histories = World(TEAM, EVENTS).histories()
    assert seniorities_active(seen_from(histories, "L1", 6), np.full(4, -1), 7).tolist() == [0]
