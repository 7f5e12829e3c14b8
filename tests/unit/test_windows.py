from bisect import bisect_left

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import windows
from features.windows import (
    DAY_US,
    NEVER,
    Segments,
    first_not_before,
    history,
    known_before,
    over,
    prefix_sums,
    spans,
    starts,
    times_by_owner,
)

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(-3, 3)), max_size=30)


def one_owner(*times):
    return Segments(np.array([0, len(times)]), np.array(times, np.int64))


def test_starts_give_owners_without_rows_an_empty_stretch():
    assert starts(np.array([1, 1, 3]), 5).tolist() == [0, 0, 2, 2, 3, 3]


def test_times_by_owner_sorts_times_within_each_owner():
    segments = times_by_owner(np.array([1, 0, 1]), np.array([30, 5, 10]), 3)
    assert segments.start.tolist() == [0, 1, 3, 3]
    assert segments.time.tolist() == [5, 10, 30]


@given(pairs, pairs)
def test_first_not_before_is_a_binary_search_per_owner(events, questions):
    owner, time = np.array(events, np.int64).reshape(-1, 2).T
    segments = times_by_owner(owner, time, 4)
    asked, moment = np.array(questions, np.int64).reshape(-1, 2).T
    found = first_not_before(segments, asked, moment)
    of = [sorted(t for o, t in events if o == who) for who in range(4)]
    want = [segments.start[who] + bisect_left(of[who], t) for who, t in questions]
    assert found.tolist() == want


def test_an_event_at_exactly_as_of_is_in_the_future():
    past = history(one_owner(10, 20, 30), np.array([0, 0, 0]), np.array([20, 21, 10]))
    assert past.count.tolist() == [1, 2, 0]


def test_an_event_at_exactly_the_start_of_the_window_is_inside():
    segments = one_owner(0, 1, DAY_US)
    found = spans(segments, np.array([0, 0]), np.array([DAY_US, DAY_US + 1]), [1])
    assert found[1].first.tolist() == [0, 1]


def test_known_before_counts_times_before_a_moment():
    segments = Segments(np.array([0, 2, 2]), np.array([10, 10]))
    assert known_before(segments, np.array([0, 0, 1]), np.array([10, 11, 11])).tolist() == [0, 2, 0]


def test_a_missing_time_is_before_everything_and_does_not_overflow():
    found = spans(one_owner(NEVER, -1), np.array([0]), np.array([0]), [3650])
    assert found[3650].first.tolist() == [1]


def test_sums_over_a_span_are_exact_although_the_running_sum_overflows():
    sums = prefix_sums(np.array([2**62, 2**62, 2**62, 5, 7]))
    assert over(sums, history(one_owner(0, 1, 2, 3, 4), np.array([0]), np.array([5]))) == 3 * 2**62 + 12 - 2**64
    assert sums[5] - sums[3] == 12


def test_prefix_sums_of_flags_count_them():
    assert prefix_sums(np.array([True, False, True])).tolist() == [0, 1, 1, 2]


def test_positions_far_from_the_last_one_are_found_in_any_order_of_moments():
    rng = np.random.default_rng(5)
    time = np.sort(rng.integers(0, 5_000, 3_000))
    segments, moment = Segments(np.array([0, 1_000, 3_000]), time), rng.integers(-10, 5_100, 400)
    owner = rng.integers(0, 2, 400)
    for order in (np.arange(400), np.lexsort((moment, owner))):
        found = first_not_before(segments, owner[order], moment[order])
        edges = [(0, 1_000), (1_000, 3_000)]
        expected = [
            edges[o][0] + np.searchsorted(time[slice(*edges[o])], m)
            for o, m in zip(owner[order], moment[order], strict=True)
        ]
        assert found.tolist() == expected


def test_all_windows_are_found_at_once():
    rng = np.random.default_rng(6)
    time = np.concatenate([np.sort(rng.integers(0, 400, 150)), np.sort(rng.integers(0, 400, 90))]) * DAY_US // 7
    segments, owner = Segments(np.array([0, 150, 150, 240]), time), np.sort(rng.integers(0, 3, 60))
    as_of = rng.integers(-10, 500, 60) * DAY_US // 7
    as_of = as_of[np.lexsort((as_of, owner))]
    found = spans(segments, owner, as_of, [30, 3, 7, 5_000])
    past = history(segments, owner, as_of)
    assert (found[None].first.tolist(), found[None].stop.tolist()) == (past.first.tolist(), past.stop.tolist())
    for days in (3, 7, 30, 5_000):
        begin = first_not_before(segments, owner, as_of - days * DAY_US)
        assert (found[days].first.tolist(), found[days].stop.tolist()) == (begin.tolist(), past.stop.tolist())


def test_more_events_than_positions_can_name_are_refused(monkeypatch):
    monkeypatch.setattr(windows, "MOST_EVENTS", 2)
    times = Segments(np.array([0, 3]), np.array([1, 2, 3]))
    with pytest.raises(ValueError, match="a block has 3 events: expected at most 2"):
        spans(times, np.array([0]), np.array([5]), [])
