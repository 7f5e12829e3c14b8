import numpy as np
import pytest
from worlds import World, change, day, event, lead, snapshots

from features.attribute_points import attribute_points, points_of_value, tracked_fields
from features.errors import ProjectFileError
from features.points import points_as_of, points_of
from features.points_log import grades
from features.project import read_project
from features.rule_settings import DEFAULT_POINTS, PointSettings

EVENTS = (
    event(1, "content_download"), event(2, "newsletter_signup"), event(3, "webinar_attended"),
    *(event(4 + i / 100, "email_open") for i in range(10)), event(5, "unsubscribe"), event(6, "something unheard of"),
)  # fmt: skip
OPENS = tuple(event(days, "email_open") for days in range(6))


def points(*events, at, **settings):
    histories = World((lead(), lead("L2")), (*events, event(0, "demo_requested", "L2"))).histories()
    seen = snapshots(histories, [("L1", day(days)) for days in at])
    return points_as_of(histories, seen, PointSettings(**settings)).tolist()


def by_axis(world, at=10.0, **settings):
    tables, histories, rules = world.tables(), world.histories(), PointSettings(**settings)
    attributes = attribute_points(histories.leads, tables, rules, tracked_fields(tables.lead_changes))
    return points_of(histories, snapshots(histories, [("L1", day(at))]), rules, attributes), rules


def fit(world, at=10.0, **settings):
    found, _ = by_axis(world, at, **settings)
    return found.fit[0] / 1000


def test_m11_points_add_up_by_the_default_table_and_ten_opens_count_ten_times():
    assert points(*EVENTS, at=[1, 2, 3, 4, 4.5, 6, 7]) == [0, 10, 15, 35, 45, 30, 30]


def test_m11_defaults_are_those_of_the_source_and_the_threshold_is_configuration():
    source = {"content_download": 10, "newsletter_signup": 5, "webinar_attended": 20}
    assert source.items() <= DEFAULT_POINTS.items()
    assert (PointSettings().threshold, PointSettings(threshold=80).threshold) == (50, 80)


def test_m12_all_interactions_and_attributes_flow_into_one_total():
    world = World((lead(employees=300),), (event(1, "webinar_attended"), event(2, "unsubscribe")))
    found, _ = by_axis(world, attributes={"employees": {"250..": 10}})
    assert (found.engagement[0], found.fit[0], found.total[0]) == (5_000, 10_000, 15_000)


def test_points_of_a_kind_are_capped_on_both_sides():
    assert points(*EVENTS, at=[7], cap_per_kind=4) == [4 + 4 + 4 + 4 - 4]


def test_a_kind_may_have_a_cap_of_its_own_and_the_total_one():
    assert points(*OPENS, event(1, "a"), at=[9], kinds={"email_open": 1, "a": 9}, caps={"email_open": 2}) == [11]
    assert points(*OPENS, at=[9], kinds={"email_open": 10}, cap_total=25) == [25]


def test_points_fade_by_half_per_half_life():
    found = points(event(0, "a"), event(7, "a"), event(7, "b"), at=[7, 14], kinds={"a": 8, "b": 2}, half_life_days=7)
    assert found == [4, 2 + 4 + 1]


def test_the_cap_applies_to_faded_points():
    assert points(event(0, "a"), event(0, "a"), at=[7], kinds={"a": 8}, half_life_days=7, cap_per_kind=5) == [5]


def test_no_events_no_points():
    assert points(at=[1]) == [0]
    assert np.signbit(points(at=[1])[0]) == np.False_


def test_a_limit_of_repeats_counts_the_first_ones_and_more_after_its_time():
    assert points(*OPENS, at=[9], kinds={"email_open": 1}, repeats={"email_open": 2}) == [2]
    # Days 0 and 1 count, 2 to 3 are too soon, 4 and 5 are more than four days after 0 and 1.
    assert points(*OPENS, at=[9], kinds={"email_open": 1}, repeats={"email_open": 2}, repeat_days=4) == [4]


def test_repeats_that_have_faded_still_count_as_repeats():
    found = points(*OPENS, at=[900], kinds={"email_open": 1}, repeats={"email_open": 1}, half_life_days=1)
    assert found == [0]


def test_a_topic_gives_further_points_where_the_kind_gives_some():
    events = (event(1, "a", topic="price"), event(2, "unsubscribe", topic="price"), event(3, "a", topic="other"))
    assert points(*events, at=[9], kinds={"a": 2, "unsubscribe": -5}, topics={"price": 3}) == [2 + 3 - 5 + 2]


def test_competitors_and_students_cost_points_by_default():
    assert fit(World((lead(competitor=True, title="Werkstudentin"),))) == -120
    assert fit(World((lead(competitor=False, title="CEO"),))) == 0


def test_attributes_of_the_account_count_under_their_name():
    world = World((lead(account="A"),), accounts=({"account_id": "A", "industry": "steel"},))
    for name in ("industry", "account_industry"):
        assert fit(world, attributes={name: {"steel": 7, "*": 1}}) == 7


def test_the_title_is_worth_what_it_says_as_of_the_date():
    world = World((lead(title="CEO"),), lead_changes=(change(3, "title", "Trainee"), change(8, "title", "CEO")))
    rule = {"title_authority": {"decides": 10, "works_on_it": 1}}
    assert [fit(world, at, attributes=rule) for at in (3, 5, 8, 9)] == [0, 1, 1, 10]


@pytest.mark.parametrize(
    ("value", "worth"),
    [(49, 0), (50, 10), ("249.9", 10), (250, 20), ("many", 0), ("none yet", 5), (None, np.nan), (True, 0)],
)
def test_ranges_of_numbers_hold_their_lower_end(value, worth):
    found = points_of_value("employees", {"50..250": 10, "250..": 20, "None yet": 5}, value)
    np.testing.assert_equal(found, worth * 1000.0)


def test_grades_stand_on_both_axes():
    rule = {"attributes": {"size": {"big": 30, "small": -10, "middle": 15}}, "kinds": {"a": 60}}
    for size, letter in (("big", "A"), ("middle", "B"), ("other", "C"), ("small", "D"), (None, "?")):
        found, settings = by_axis(World((lead(size=size),), (event(1, "a"),)), **rule)
        assert grades(found, settings) == [f"{letter}2"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('attributes = { employees = { "50..many" = 3 } }', r"expected a range of numbers such as"),
        ("fit_steps = [1, 2, 3]", "expected three falling numbers"),
        ("kinds = { a = 1e9 }", "at most"),
        ("repeats = { a = 0 }", "at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, line, said):
    (tmp_path / "ripelead.toml").write_text(f'[project]\nname="x"\n[tables.leads]\nfile="l.csv"\n[points]\n{line}\n')
    with pytest.raises(ProjectFileError, match=said):
        read_project(tmp_path)
