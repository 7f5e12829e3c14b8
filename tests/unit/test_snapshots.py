import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import DAY, World, all_pairs, day, deal, lead, moment, snapshots, worlds

from features.errors import ProjectFileError
from features.project import SnapshotSettings
from features.snapshots import closings_by_lead, has_open_deal, in_order, is_open, snapshots_at, training_snapshots


def asked(*leads, end=100.0, **settings):
    """(lead_id, day) of the training snapshots."""
    histories = World(leads).histories()
    found = training_snapshots(histories, SnapshotSettings(**settings), moment(day(end)))
    return [(str(histories.lead_ids[i]), (at - day(0)) / DAY) for i, at in zip(found.lead, found.as_of, strict=True)]


def opened(*deals, at):
    """Whether lead L1 is open, and whether a deal is, as of each day."""
    histories = World((lead("L0"), lead())).histories()
    closings = closings_by_lead(World(deals=deals).tables().deals, pd.Index(histories.lead_ids))
    seen = snapshots(histories, [("L1", day(days)) for days in at])
    return is_open(closings, seen).tolist(), has_open_deal(closings, seen).tolist()


def test_snapshots_by_age_count_from_creation_and_stop_at_the_datas_end():
    found = asked(lead("L1", 0), lead("L2", 10.5), ages_days=(0, 7, 90), end=90)
    assert found == [("L1", 0), ("L1", 7), ("L1", 90), ("L2", 10.5), ("L2", 17.5)]


def test_the_calendar_grid_is_mondays_from_the_leads_creation_on():
    # 2026-01-01 is a Thursday: Mondays are days 4, 11, 18 …
    assert asked(lead("L1", 4), lead("L2", 4.001), every="7d", end=18) == [
        ("L1", 4), ("L1", 11), ("L1", 18), ("L2", 11), ("L2", 18),
    ]  # fmt: skip


def test_a_grid_in_weeks_is_one_in_days():
    assert asked(lead(), every="2w") == asked(lead(), every="14d")


def test_the_grid_does_not_move_with_the_data():
    late, early = asked(lead("L1", 30), every="3d"), asked(lead("L1", -500), every="3d")
    assert late == [snapshot for snapshot in early if snapshot[1] >= 30]


def test_fixed_dates_apply_to_leads_that_exist():
    assert asked(lead("L1", 0), lead("L2", 9), at=(moment(day(5)), moment(day(9)))) == [("L1", 5), ("L1", 9), ("L2", 9)]


def test_a_date_asked_for_twice_is_one_snapshot():
    assert asked(lead("L1", 4), ages_days=(0, 7), every="7d", at=(moment(day(4)),), end=12) == [("L1", 4), ("L1", 11)]


def test_a_lead_without_creation_time_has_no_training_snapshots():
    assert asked(lead("L1", None), lead("L2", 0), ages_days=(1,), every="7d", at=(moment(day(3)),), end=4) == [
        ("L2", 1), ("L2", 3), ("L2", 4),
    ]  # fmt: skip


def test_no_as_of_date_at_all_is_refused_with_what_to_do():
    with pytest.raises(ProjectFileError, match=r"\[snapshots\].*add ages_days"):
        asked(lead())


def test_scoring_looks_at_every_lead_created_by_then():
    histories = World((lead("L1", 5), lead("L2", 5.001), lead("L3", None))).histories()
    found = snapshots_at(histories, moment(day(5)))
    assert histories.lead_ids[found.lead].tolist() == ["L1", "L3"]
    assert set(found.as_of) == {day(5)}


def test_a_lead_is_open_until_its_deal_is_won_or_lost():
    assert opened(deal("won", 5), at=[4, 5, 5.001])[0] == [True, True, False]
    assert opened(deal("lost", 5), at=[4, 5, 5.001])[0] == [True, True, False]
    assert opened(deal("won", 5, who="L0"), at=[6])[0] == [True]


def test_an_open_deal_has_no_close_yet_whatever_date_is_planned():
    assert opened(deal("open", 5, opened=1), at=[1, 2, 6]) == ([True] * 3, [False, True, True])


def test_a_deal_opened_after_one_was_lost_opens_the_lead_again():
    deals = (deal("lost", 5, opened=1), deal("open", None, opened=10))
    assert opened(*deals, at=[3, 6, 10, 11]) == ([True, False, False, True], [True, False, False, True])


def test_a_reopened_deal_that_is_won_later_closes_the_lead_again():
    deals = (deal("lost", 5, opened=1), deal("won", 20, opened=10))
    assert opened(*deals, at=[6, 11, 20, 21])[0] == [False, True, True, False]


def test_a_deal_without_opening_date_does_not_count_as_open():
    assert opened(deal("won", 5), at=[4])[1] == [False]


@settings(max_examples=30)
@given(worlds())
def test_open_equals_a_plain_loop_over_the_deals(world):
    histories = world.histories()
    at = snapshots(histories, all_pairs(world))
    closings = closings_by_lead(world.tables().deals, pd.Index(histories.lead_ids))
    found = is_open(closings, at)
    for i, (number, as_of) in enumerate(zip(at.lead, at.as_of, strict=True)):
        mine = [row for row in world.deals if row["lead_id"] == histories.lead_ids[number]]
        closed = [row for row in mine if row["closed_at"] is not None and row["closed_at"] < as_of]
        started = [row for row in mine if row["opened_at"] is not None and row["opened_at"] < as_of]
        assert found[i] == (not closed or any(row not in closed for row in started))


def test_taking_snapshots_by_mask_or_by_number():
    histories = World((lead("L1"), lead("L2"))).histories()
    both = snapshots(histories, [("L1", day(1)), ("L2", day(2))])
    assert both.take(np.array([False, True])).lead.tolist() == [1]
    assert both.take(np.array([0])).as_of.tolist() == [day(1)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-3, 3)), max_size=12))
def test_pairs_in_any_order_become_sorted_snapshots(pairs):
    lead_numbers, as_of = (np.array([pair[i] for pair in pairs], np.int64) for i in (0, 1))
    found = in_order(lead_numbers, as_of, 4)
    assert list(zip(found.lead.tolist(), found.as_of.tolist(), strict=True)) == sorted(pairs)
