import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.crossings import crossings, threshold_for

THRESHOLDS = np.array([0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95])


def lead_weeks(draw):
    return draw(st.lists(st.lists(st.integers(0, 10), min_size=1, max_size=6), min_size=1, max_size=8))


def arrays(histories, first):
    lead = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    week = np.concatenate([np.arange(len(history)) for history in histories]) - first
    return lead, week, np.concatenate(histories) / 10


def first_weeks(lead, week, height, threshold):
    """Week by week and lead by lead: the rows in which a lead reaches the threshold for the first time."""
    found = []
    for each in np.unique(lead):
        reached = [row for row in np.flatnonzero(lead == each) if height[row] >= threshold]
        found += reached[:1] if reached and week[reached[0]] >= 0 else []
    return found


@given(st.data(), st.integers(0, 3))
def test_a_lead_newly_qualifies_in_the_first_week_above_the_threshold(data, first):
    lead, week, height = arrays(lead_weeks(data.draw), first)
    found = crossings(lead, week, height, periods=1.0)
    for threshold, total in zip(THRESHOLDS, found.totals(THRESHOLDS, found.height), strict=True):
        rows = first_weeks(lead, week, height, threshold)
        assert sorted(found.row[found.newly(threshold)]) == sorted(rows)
        assert total == pytest.approx(height[rows].sum())


@given(st.data(), st.integers(1, 6))
def test_no_threshold_at_or_above_the_chosen_one_lets_more_qualify_and_the_next_lower_one_does(data, most):
    lead, week, height = arrays(lead_weeks(data.draw), 0)
    found = crossings(lead, week, height, periods=1.0)
    chosen = threshold_for(found, most)
    counts = {h: found.newly(h).sum() for h in np.unique(found.height)}
    if chosen is None:
        assert counts[max(counts)] > most
        return
    assert max(count for height, count in counts.items() if height >= chosen) <= most
    lower = [height for height in counts if height < chosen]
    assert not lower or counts[max(lower)] > most


def test_the_order_of_rows_does_not_matter():
    lead, week, height = np.array([1, 0, 1, 0]), np.array([1, 0, 0, 1]), np.array([0.3, 0.2, 0.1, 0.4])
    found = crossings(lead, week, height, periods=2.0)
    assert found.per_period(np.array([0.15, 0.25, 0.35])).tolist() == [1.0, 1.0, 0.5]
    assert sorted(found.row) == [0, 1, 2, 3]


def test_no_rows_give_no_crossings():
    nothing = crossings(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), periods=1.0)
    assert nothing.per_period(THRESHOLDS).tolist() == [0.0] * 7
    assert threshold_for(nothing, 5) is None
