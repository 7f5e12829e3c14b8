"""Labels of lead L1: won on some day, looked at on others."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import DAY, World, all_pairs, day, deal, lead, moment, snapshots, worlds

from features.deals import deals_by_lead
from features.errors import InputContractError, ProjectFileError
from features.project import SnapshotSettings, parse_section
from features.snapshots import closings_by_lead, is_open, training_snapshots
from training.labels import horizon_end, label_snapshots, labels_from_column, won_times
from training.settings import LabelSettings

LEADS = (lead("L0"), lead("L1", until="2026-02-01T00:00:00Z"))


def labelled(*deals, at, horizon=30, known_until=400.0, rule="all", leads=LEADS, who="L1", events=()):
    """(label, known) of each day."""
    world = World(leads, events, deals)
    histories = world.histories()
    seen = snapshots(histories, [(who, day(days)) for days in at])
    won = won_times(histories, deals_by_lead(world.tables(), rule))
    found = label_snapshots(won, seen, seen.as_of + horizon * DAY, day(known_until))
    return list(zip(found.label.tolist(), found.known.tolist(), strict=True))


def snapshots_left(*deals, ages=(0, 10, 20, 30)):
    """Ages at which the lead is still looked at."""
    world = World((lead(),), deals=deals)
    histories = world.histories()
    seen = training_snapshots(histories, SnapshotSettings(ages_days=ages), moment(day(400)))
    deals = deals_by_lead(world.tables(), "all")
    seen = seen.take(is_open(closings_by_lead(deals, pd.Index(histories.lead_ids)), seen))
    return ((seen.as_of - day(0)) / DAY).tolist()


def test_the_horizon_is_half_open():
    # Won on day 40: at day 10 that is exactly the end of 30 days, at day 40 exactly the as-of date.
    found = labelled(deal("won", 40), at=[9, 10, 10.001, 39, 40, 40.001])
    assert [label for label, _ in found] == [0, 0, 1, 1, 1, 0]


def test_only_won_deals_of_the_lead_itself_count():
    assert labelled(deal("lost", 5), deal("open", 5), deal("won", 5, who="L0"), at=[1]) == [(0, True)]


def test_what_has_not_matured_is_unknown_even_if_already_won():
    assert labelled(deal("won", 12), at=[10, 20], known_until=40) == [(1, True), (0, False)]
    assert labelled(deal("won", 12), at=[10], known_until=39.999) == [(1, False)]


def test_a_win_after_known_until_is_not_known_yet():
    assert labelled(deal("won", 12), at=[10], known_until=12) == [(0, False)]
    assert labelled(deal("won", 12), at=[10], known_until=12.001) == [(1, False)]
    assert labelled(deal("won", 5), at=[10], known_until=8) == [(0, False)]


def test_a_second_win_is_a_label_of_its_own():
    deals = (deal("won", 5), deal("won", 50))
    assert [label for label, _ in labelled(*deals, at=[0, 6, 30, 51])] == [1, 0, 1, 0]


@pytest.mark.parametrize(("rule", "winners"), [("all", ["L1", "L2"]), ("primary", ["L1"]), ("last_touch", ["L2"])])
def test_deals_of_an_account_by_rule(rule, winners):
    leads = (lead("L1", 0, account="A"), lead("L2", 1, account="A"))
    touch = {"lead_id": "L2", "occurred_at": day(4), "kind": "visit"}
    won = deal("won", 5, who=None, account_id="A")
    found = [labelled(won, at=[2], rule=rule, leads=leads, who=who, events=(touch,))[0][0] for who in ("L1", "L2")]
    assert [who for who, label in zip(("L1", "L2"), found, strict=True) if label] == winners


def test_a_lead_won_or_lost_before_as_of_gives_no_snapshot():
    assert snapshots_left(deal("won", 15)) == [0, 10]
    assert snapshots_left(deal("lost", 10)) == [0, 10]
    assert snapshots_left(deal("open", 15)) == [0, 10, 20, 30]


def test_a_reopened_deal_keeps_the_lead_open():
    assert snapshots_left(deal("lost", 5, opened=1), deal("open", None, opened=15)) == [0, 20, 30]


def test_the_end_of_the_horizon_in_days_and_per_lead():
    histories = World(LEADS).histories()
    seen = snapshots(histories, [("L1", day(3))])
    assert horizon_end(histories, seen, LabelSettings(horizon_days=30), None).tolist() == [day(33)]
    with pytest.raises(InputContractError, match=r"leads\.until: 1 leads have no end of horizon"):
        horizon_end(histories, seen, LabelSettings(until="until"), None)


def test_each_lead_may_have_its_own_end_of_horizon():
    histories = World(
        (lead("L1", until="2026-02-01T00:00:00Z"), lead("L2", until="2026-01-02 00:00+01:00"))
    ).histories()
    seen = snapshots(histories, [("L1", day(3)), ("L2", day(0))])
    assert horizon_end(histories, seen, LabelSettings(until="until"), None).tolist() == [day(31), day(23 / 24)]


def test_no_horizon_or_an_unknown_column_is_refused_with_what_to_do():
    histories = World(LEADS).histories()
    seen = snapshots(histories, [("L1", day(3))])
    with pytest.raises(ProjectFileError, match="say what counts: horizon_days = 90"):
        horizon_end(histories, seen, LabelSettings(), None)
    with pytest.raises(ProjectFileError, match=r"label.until = 'end': leads have no such column; they have lead_id"):
        horizon_end(histories, seen, LabelSettings(until="end"), None)


def test_only_one_kind_of_label_may_be_given():
    with pytest.raises(ProjectFileError, match="give only one of horizon_days, until and column"):
        parse_section({"label": {"horizon_days": 90, "column": "Converted"}}, "label", LabelSettings)


@pytest.mark.parametrize("values", [[1, 0, None], ["1", "0", None], ["Won", " lost", None], [True, False, None]])
def test_labels_from_a_column_of_any_type(values):
    histories = World(tuple(lead(f"L{i}", None, outcome=value) for i, value in enumerate(values))).histories()
    seen = snapshots(histories, [(f"L{i}", day(0)) for i in range(3)])
    found = labels_from_column(histories, seen, LabelSettings(column="outcome"))
    assert found.label.tolist() == [1, 0, 0]
    assert found.known.tolist() == [True, True, False]


def test_a_column_without_conversions_is_refused_with_what_was_seen():
    histories = World((lead("L1", outcome="gewonnen"),)).histories()
    seen = snapshots(histories, [("L1", day(0))])
    with pytest.raises(InputContractError, match=r"leads\.outcome: no value counts .*'gewonnen'.*\[label\] positive"):
        labels_from_column(histories, seen, LabelSettings(column="outcome"))


@settings(max_examples=30)
@given(worlds(), st.integers(0, 60), st.integers(1, 40))
def test_labels_equal_a_plain_loop(world, until, horizon):
    histories = world.histories()
    seen = snapshots(histories, all_pairs(world))
    found = label_snapshots(won_times(histories, world.tables().deals), seen, seen.as_of + horizon * DAY, day(until))
    for i, (number, as_of) in enumerate(zip(seen.lead, seen.as_of, strict=True)):
        wins = [row["closed_at"] for row in world.deals
                if row["lead_id"] == histories.lead_ids[number] and row["status"] == "won"]  # fmt: skip
        end = as_of + horizon * DAY
        assert found.label[i] == any(as_of <= win < end and win < day(until) for win in wins)
        assert found.known[i] == (end <= day(until))
    assert found.label.dtype == np.int8
