import numpy as np
import pytest
from worlds import World, day, event, lead, snapshots

from features.points import points_as_of
from features.project import PointSettings

EVENTS = (
    event(1, "content_download"), event(2, "newsletter_signup"), event(3, "webinar_attended"),
    *(event(4 + i / 100, "email_open") for i in range(10)), event(5, "unsubscribe"), event(6, "something unheard of"),
)  # fmt: skip


def points(*events, at, **settings):
    histories = World((lead(), lead("L2")), (*events, event(0, "demo_requested", "L2"))).histories()
    seen = snapshots(histories, [("L1", day(days)) for days in at])
    return points_as_of(histories, seen, PointSettings(**settings)).tolist()


def test_points_add_up_by_the_default_table_and_ten_opens_count_ten_times():
    assert points(*EVENTS, at=[1, 2, 3, 4, 4.5, 6, 7]) == [0, 10, 15, 35, 45, 30, 30]


def test_points_of_a_kind_are_capped_on_both_sides():
    assert points(*EVENTS, at=[7], cap_per_kind=4) == [4 + 4 + 4 + 4 - 4]


def test_points_fade_by_half_per_half_life():
    found = points(event(0, "a"), event(7, "a"), event(7, "b"), at=[7, 14], kinds={"a": 8, "b": 2}, half_life_days=7)
    assert found == pytest.approx([4, 2 + 4 + 1])


def test_the_cap_applies_to_faded_points():
    assert points(event(0, "a"), event(0, "a"), at=[7], kinds={"a": 8}, half_life_days=7, cap_per_kind=5) == [5]


def test_no_events_no_points():
    assert points(at=[1]) == [0]
    assert np.signbit(points(at=[1])[0]) == np.False_
