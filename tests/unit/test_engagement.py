"""Literal timelines, checked by eye: days since 2026-01-01 00:00 UTC, a Thursday."""

import math

import numpy as np
import pytest
from worlds import DAY, HOUR, World, as_they_are, day, event, lead, view

from features import engagement
from features.engagement import View

MINUTE = 1 / 1440
KINDS = (event(1, "a"), event(2, "b"), event(3, "a"), event(4, "c"))


def interest(seen, worth, half_life):
    """Interest of each snapshot; `worth` has the points of each kind."""
    found = np.empty((len(seen.owner), 1))
    engagement.fill_interest(seen, np.array([*worth, 0.0]), np.array([half_life]), np.array([0]), found)
    return found[:, 0]


def many(per_lead=90):
    """Three leads with many events of three kinds, seen from many dates: more than are counted together."""
    rng = np.random.default_rng(4)
    events = [event(rng.uniform(0, 60), rng.choice(["a", "b", "c"]), f"L{i}") for i in range(3) for _ in range(150)]
    log = World([lead(f"L{i}") for i in range(3)], events).histories().by_lead
    owner, as_of = np.repeat(np.arange(3), per_lead), np.tile(day(1) + np.arange(per_lead) * DAY, 3)
    return View(log, owner, as_of, *as_they_are(log), 3)


def kinds_in_window(seen, days):
    """Of each snapshot: how many events of each kind its window holds, one by one."""
    log, every = seen.log, range(len(seen.owner))
    return np.array(
        [
            [
                ((log.owner == seen.owner[i]) & (log.time < seen.as_of[i]) & (log.kind == kind))[
                    (log.time >= (seen.as_of[i] - days * DAY if days else -(2**60)))
                ].sum()
                for kind in range(3)
            ]
            for i in every
        ]
    )


@pytest.mark.parametrize("per_lead", [90, 128 // 3, 129])
def test_counts_of_many_snapshots_are_those_of_each(per_lead):
    seen = many(per_lead)
    asked = [(0, None), (2, 7), (0, 7), (1, 30)]
    found = np.full((len(seen.owner), 5), -1, np.int32, order="F")
    engagement.fill_counts(seen, engagement.count_table("kind", asked), np.array([3, 0, 4, 1]), found)
    for column, (kind, days) in zip([3, 0, 4, 1], asked, strict=True):
        np.testing.assert_array_equal(found[:, column], kinds_in_window(seen, days)[:, kind])
    assert (found[:, 2] == -1).all()


@pytest.mark.parametrize("days", [3, 30, None])
def test_entropy_of_few_and_of_many_events_is_the_same_formula(days):
    seen = many()
    counts = kinds_in_window(seen, days)
    total = counts.sum(axis=1)
    expected = [-sum(n / t * math.log(n / t) for n in row if 0 < n < t) for row, t in zip(counts, total, strict=True)]
    np.testing.assert_allclose(engagement.entropy(seen, days), expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(engagement.variety(seen, days), (counts > 0).sum(axis=1))
    assert days == 3 or (total.min() < 64 < total.max())  # both ways are taken


def test_count_is_half_open():
    seen = view(event(3), event(4), event(5), event(10), as_of=10)
    assert engagement.count(seen, None, 6) == 2
    assert engagement.count(seen, None, 7) == 3
    assert engagement.count(seen, None, None) == 3


def test_count_of_a_kind_a_topic_and_a_direction():
    events = (
        event(1, "a", topic="x", direction="inbound"),
        event(2, "b", topic="x"),
        event(3, "a", direction="outbound"),
    )
    seen = view(*events, as_of=4)
    selections = ("kind:0", "kind:1", "topic:0", "direction:inbound", "direction:outbound")
    assert [float(engagement.count(seen, of, None)[0]) for of in selections] == [2, 1, 2, 1, 1]


def test_days_since_last_of_all_and_of_a_kind():
    seen = view(*KINDS, event(9, "b"), as_of=6.5)
    assert engagement.days_since_last(seen, None) == 2.5
    assert engagement.days_since_last(seen, "kind:1") == 4.5
    assert np.isnan(engagement.days_since_last(view(event(9), as_of=6), None))


def test_days_since_first():
    assert engagement.days_since_first(view(event(1), event(4), as_of=6.5)) == 5.5
    assert np.isnan(engagement.days_since_first(view(event(9), as_of=6)))


def test_recency_is_elapsed_time_and_not_calendar_days():
    assert engagement.days_since_last(view(event(1.99), as_of=2.01), None) == pytest.approx(0.02)


def test_interest_halves_every_half_life():
    seen = view(event(0), event(7), event(14), as_of=14)
    assert interest(seen, [8], 7) == 2 + 4
    assert interest(view(as_of=3), [0], 7) == 0


def test_interest_of_one_lead_does_not_leak_into_the_next():
    histories = World(
        (lead("L1"), lead("L2"), lead("L3")), (event(0, "a", who="L1"), event(7, "b", who="L3"))
    ).histories()
    log = histories.by_lead
    seen = View(log, np.array([0, 1, 2]), np.full(3, day(7, 1)), *as_they_are(log), 1)
    assert interest(seen, [16, 4], 7) == pytest.approx([8, 0, 4])


def test_interest_is_right_when_the_next_lead_begins_decades_earlier():
    histories = World((lead("L1"), lead("L2")), (event(20_000, "a", who="L1"), event(0, "b", who="L2"))).histories()
    log = histories.by_lead
    seen = View(log, np.array([0, 1]), np.array([day(20_001), day(1)]), *as_they_are(log), 1)
    assert interest(seen, [2, 4], 1).tolist() == [1, 2]


def test_active_days_are_utc_dates():
    seen = view(event(1.0), event(1.99), event(2.0), event(4.5), as_of=5)
    assert engagement.active_days(seen, None) == 3
    # The window starts inside the day of the second event: that day counts once.
    assert engagement.active_days(view(event(1.2), event(1.9), event(2.1), as_of=8.5), 7) == 2


def test_sessions_end_after_thirty_minutes():
    seen = view(*(event(1 + minutes * MINUTE) for minutes in (0, 30, 60, 91)), as_of=2)
    assert engagement.sessions(seen, None) == 2


def test_a_session_that_began_before_the_window_counts_once():
    seen = view(event(1 - 10 * MINUTE), event(1 + 10 * MINUTE), event(1.5), as_of=3)
    assert engagement.sessions(seen, 2) == 2
    assert engagement.sessions(view(event(0), as_of=3), 2) == 0


def test_dwell_and_value_sum_in_the_window():
    events = (event(1, duration_s=100.0, value=5.0), event(2, duration_s=0.25), event(3, duration_s=0.5, value=-2.25))
    seen = view(*events, as_of=4)
    assert [engagement.dwell_s(seen, days)[0] for days in (2, None)] == [0.75, 100.75]
    assert [engagement.value(seen, days)[0] for days in (2, None)] == [-2.25, 2.75]


def test_trend_is_the_last_window_less_the_one_before():
    seen = view(event(0), event(2), event(3), event(5), event(6), event(7), event(8), as_of=8)
    assert engagement.trend(seen, None, 3) == 3 - 2
    assert engagement.trend_ratio(seen, 3) == (3 + 1) / (2 + 1)


def test_variety_counts_kinds():
    assert engagement.variety(view(*KINDS, as_of=5), None) == 3
    assert engagement.variety(view(*KINDS, as_of=5), 3) == 3
    assert engagement.variety(view(*KINDS, as_of=4), 2) == 2
    assert engagement.variety(view(*KINDS, as_of=1), None) == 0


def test_kinds_outside_the_vocabulary_count_as_one():
    seen = view(*KINDS, as_of=5)
    pooled = View(seen.log, seen.owner, seen.as_of, np.minimum(seen.kind_codes, 1), seen.topic_codes, 1)
    assert engagement.variety(pooled, None) == 2


def test_entropy_of_the_kinds_in_nats():
    assert engagement.entropy(view(*KINDS, as_of=5), None) == pytest.approx(1.5 * math.log(2))
    assert engagement.entropy(view(event(1), event(2), as_of=3), None) == 0
    assert engagement.entropy(view(event(1), as_of=0), None) == 0


def test_gaps_between_events():
    seen = view(event(0), event(1), event(4), event(6), event(9), as_of=7)
    assert engagement.gap_mean_days(seen) == 2
    assert engagement.gap_std_days(seen) == pytest.approx(math.sqrt(2 / 3))
    assert engagement.gap_max_days(seen) == 3


@pytest.mark.parametrize("family", ["gap_mean_days", "gap_std_days", "gap_max_days"])
def test_one_event_has_no_gaps(family):
    assert np.isnan(getattr(engagement, family)(view(event(1), event(5), as_of=2)))


def test_a_gap_of_a_century_stays_with_its_lead():
    events = (event(-45_000, who="L1"), event(0, who="L1"), event(1, who="L2"), event(2, who="L2"))
    log = World((lead("L1"), lead("L2")), events).histories().by_lead
    seen = View(log, np.array([0, 1]), np.full(2, day(3)), *as_they_are(log), 1)
    assert engagement.gap_max_days(seen).tolist() == [45_000, 1]


def test_gaps_are_counted_in_whole_seconds():
    histories = World((lead(),), (event(0), event(0) | {"occurred_at": day(0, 1_999_999)})).histories()
    log = histories.by_lead
    seen = View(log, np.array([0]), np.array([day(1)]), *as_they_are(log), 1)
    assert engagement.gap_mean_days(seen) == 1 / 86_400


def test_first_and_last_kind():
    seen = view(*KINDS, as_of=4)
    assert (engagement.first_kind(seen), engagement.last_kind(seen)) == (0, 0)
    assert np.isnan(engagement.first_kind(view(event(9), as_of=1)))
    assert np.isnan(engagement.last_kind(view(event(9), as_of=1)))


def test_of_events_at_the_same_time_the_last_kind_is_the_last_by_name():
    assert engagement.last_kind(view(event(1, "b"), event(1, "a"), as_of=2)) == 1


def test_one_lead_seen_from_many_dates():
    log = World((lead(),), (event(1), event(2))).histories().by_lead
    as_of = np.array([day(0), day(1), day(1, 1), day(3)])
    seen = View(log, np.zeros(4, np.int64), as_of, *as_they_are(log), 1)
    assert engagement.count(seen, None, None).tolist() == [0, 0, 1, 2]
    assert engagement.days_since_last(seen, None)[2:].tolist() == [1 / (24 * HOUR), 1]
