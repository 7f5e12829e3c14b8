"""The log adds up to the score, entry by entry, whatever the settings; and nothing of it is of the future."""

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import AS_OFS, POINTS, World, all_pairs, day, event, lead, past, snapshots, worlds

from features.attribute_points import attribute_points, tracked_fields
from features.histories import build_histories, restrict
from features.points import points_as_of, points_of
from features.points_log import points_log
from features.rule_settings import PointSettings

ATTRIBUTES = {"seniority": {"junior": -3.5, "chief": 20, "*": 1}, "employees": {"10..": 7.25}, "industry": {"steel": 4}}
some_rules = st.builds(
    PointSettings,
    kinds=st.fixed_dictionaries({kind: st.floats(-50, 50) for kind in POINTS}),
    topics=st.sampled_from([{}, {"price": 2.5, "security": -1}]),
    attributes=st.sampled_from([{}, ATTRIBUTES]),
    half_life_days=st.sampled_from([None, 1, 30]),
    cap_per_kind=st.sampled_from([None, 0.5, 40]),
    cap_total=st.sampled_from([None, 10.125]),
    repeats=st.sampled_from([{}, {"click": 1, "Visit": 2}]),
    repeat_days=st.sampled_from([None, 3]),
)


def one(histories, lead_id, as_of):
    return snapshots(histories, [(lead_id, as_of)])


def total(tables, histories, at, rules):
    attributes = attribute_points(histories.leads, tables, rules, tracked_fields(tables.lead_changes))
    return points_as_of(histories, at, rules, attributes)


def log_of(world, lead_id, as_of, rules):
    histories = world.histories()
    return points_log(
        histories, world.tables(), one(histories, lead_id, as_of), rules, tracked_fields(world.tables().lead_changes)
    )


@settings(max_examples=60)
@given(worlds(), some_rules)
def test_the_log_adds_up_to_the_score_exactly(world, rules):
    tables, histories = world.tables(), world.histories()
    at = snapshots(histories, all_pairs(world))
    for number, as_of, expected in zip(at.lead, at.as_of, total(tables, histories, at, rules), strict=True):
        lead_id = histories.lead_ids[number]
        log = points_log(histories, tables, one(histories, lead_id, as_of), rules, tracked_fields(tables.lead_changes))
        assert sum(entry.points for entry in log.entries) == log.total
        assert log.total / 1000 == expected
        for axis, points in (("engagement", log.engagement), ("fit", log.fit)):
            assert sum(entry.points for entry in log.entries if entry.axis == axis) == points


@settings(max_examples=40)
@given(worlds(), some_rules, st.sampled_from(AS_OFS))
def test_nothing_at_or_after_the_as_of_date_is_in_the_log(world, rules, as_of):
    cut = past(world, as_of)
    sides = [(one_world.tables(), one_world.histories()) for one_world in (world, cut)]
    tables, histories = sides[0]
    tracked = tracked_fields(tables.lead_changes)
    for row in world.leads:
        log = points_log(histories, tables, one(histories, row["lead_id"], as_of), rules, tracked)
        assert all(entry.at is None or entry.at < as_of for entry in log.entries)
        seen = [
            points_of(h, one(h, row["lead_id"], as_of), rules, attribute_points(h.leads, t, rules, tracked))
            for t, h in sides
        ]
        assert [int(found.total[0]) for found in seen] == [log.total, log.total]


@settings(max_examples=30)
@given(worlds(), some_rules, st.integers(0, 2**16))
def test_order_and_company_change_nothing(world, rules, seed):
    tables, histories = world.tables(), world.histories()
    at = snapshots(histories, all_pairs(world))
    whole = total(tables, histories, at, rules)
    names = ("interactions", "lead_changes")
    mixed = replace(tables, **{name: getattr(tables, name).sample(frac=1, random_state=seed) for name in names})

    np.testing.assert_array_equal(whole, total(mixed, build_histories(mixed), at, rules))
    tracked = tracked_fields(tables.lead_changes)
    for number, lead_id in enumerate(histories.lead_ids):
        alone = restrict(tables, pd.Index([lead_id]))
        own = build_histories(alone)
        pairs = snapshots(own, [(lead_id, as_of) for as_of in AS_OFS])
        found = points_as_of(own, pairs, rules, attribute_points(own.leads, alone, rules, tracked))
        np.testing.assert_array_equal(found, whole[at.lead == number])


def test_an_entry_says_what_it_is_for():
    world = World((lead(title="Prokuristin"),), (event(1, "a", topic="price"), event(2, "a"), event(3, "b")))
    rules = PointSettings(
        kinds={"a": 4}, topics={"price": 1}, attributes={"title_authority": {"decides": 9}}, repeats={"a": 1},
        caps={"a": 3}, cap_total=10,
    )  # fmt: skip
    found = log_of(world, "L1", day(9), rules)
    assert [(entry.at, entry.what, entry.points) for entry in found.entries] == [
        (None, "title_authority = Prokuristin", 9_000),
        (day(1), "a about price", 5_000),
        (day(2), "a (does not count)", 0),
        (None, "cap of a", -2_000),
        (None, "cap of the total", -2_000),
    ]
    assert found.grade == "C4"
