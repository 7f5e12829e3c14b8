"""Every feature family equals the slow oracle on random small worlds."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from oracle import APPROXIMATE, HISTORY, OTHERS, expected, points
from worlds import (
    ATTRIBUTES,
    CRITERIA,
    POINTS,
    World,
    all_pairs,
    day,
    event,
    full_catalog,
    lead,
    snapshots,
    worlds,
)

from features.build import build_features
from features.catalog import Catalog, Family, FeatureDef
from features.histories import build_histories
from features.points import points_as_of
from features.project import FeatureSettings
from features.propose import learn_vocabulary, propose_catalog, recorded_in
from features.rule_settings import PointSettings


def compare(world: World, catalog: Catalog, pairs) -> None:
    tables = world.tables()
    histories = build_histories(tables)
    table = build_features(histories, tables, snapshots(histories, pairs), catalog)
    for row, (lead_number, as_of) in enumerate(zip(table.snapshots.lead, table.snapshots.as_of, strict=True)):
        lead_id = histories.lead_ids[lead_number]
        for column, feature in enumerate(catalog.features):
            want = expected(world, catalog, feature, lead_id, int(as_of))
            got = table.values[row, column]
            close = 1e-9 if feature.family in APPROXIMATE else 0.0
            # Twelve digits of 1000 (the largest value of a world) may cancel in a sum.
            about = pytest.approx(want, rel=close, abs=1e-9 * close, nan_ok=True)
            assert got == about, (feature.name, lead_id, int(as_of), got, want)


def test_oracle_and_catalog_know_every_family():
    assert set(get_args(Family)) == set(HISTORY) | set(OTHERS)
    assert {feature.family for feature in full_catalog().features} == set(get_args(Family))


@settings(max_examples=40)
@given(worlds())
def test_features_equal_the_oracle(world):
    compare(world, full_catalog(), all_pairs(world))


@settings(max_examples=5)
@given(worlds())
def test_a_proposed_catalog_equals_the_oracle(world):
    chosen = FeatureSettings(
        columns="all", windows_days=(2, 7), half_lives_days=(7,), max_kinds=2, max_topics=1, calendar=True
    )
    vocabulary = learn_vocabulary(world.histories(), day(10), chosen)
    catalog = propose_catalog(recorded_in(world.histories()), vocabulary, ATTRIBUTES, CRITERIA, POINTS, chosen)
    compare(world, catalog, all_pairs(world, [day(5)]))


@settings(max_examples=10)
@given(worlds())
def test_points_equal_the_oracle(world):
    histories = world.histories()
    at = snapshots(histories, all_pairs(world))
    want = [points(world, POINTS, histories.lead_ids[i], as_of) for i, as_of in zip(at.lead, at.as_of, strict=True)]
    assert points_as_of(histories, at, PointSettings(kinds=POINTS)) == pytest.approx(want, rel=1e-9, abs=1e-9)


def test_ten_years_of_many_events_keep_their_digits():
    rng = np.random.default_rng(0)
    events = [event(float(days), rng.choice(list(POINTS)), duration_s=0.001) for days in rng.uniform(-3650, 0, 3_000)]
    full = [{"topic": None, "direction": None, "value": 1e6, "account_id": None, **row} for row in events]
    families = ("interest", "dwell_s", "value", "gap_std_days", "count")
    features = tuple(
        FeatureDef(name, name, "Interest", "", days=None if name != "interest" else 90) for name in families
    )
    compare(World((lead(),), tuple(full)), Catalog(features, (), tuple(POINTS), (), (), POINTS), [("L1", day(0))])


def test_a_lead_without_creation_time_has_no_age():
    world = World((lead("L1", None), lead("L2", -3)))
    histories, tables = world.histories(), world.tables()
    catalog = Catalog((FeatureDef("age", "lead_age_days", "Timing", ""),), (), (), (), ())
    table = build_features(histories, tables, snapshots(histories, all_pairs(world, [day(0)])), catalog)
    assert np.array_equal(table.values[:, 0], [np.nan, 3], equal_nan=True)


def test_a_feature_without_the_days_it_needs_is_refused():
    world = World((lead(),), (event(1),))
    histories = world.histories()
    catalog = Catalog((FeatureDef("trend", "trend", "Timing", ""),), (), (), (), ())
    with pytest.raises(ValueError, match="feature trend: family trend needs days"):
        build_features(histories, world.tables(), snapshots(histories, all_pairs(world)), catalog)


def test_snapshots_in_disorder_are_refused():
    world = World((lead("L1"), lead("L2")))
    histories = world.histories()
    backwards = snapshots(histories, all_pairs(world)).take(np.array([4, 0]))
    with pytest.raises(ValueError, match="not sorted by lead"):
        build_features(histories, world.tables(), backwards, full_catalog())


def test_progress_ends_at_all_leads():
    world = World((lead("L1"), lead("L2", account="A")), (event(1), event(2, who="L2")))
    histories, told = world.histories(), []
    at = snapshots(histories, all_pairs(world))
    build_features(histories, world.tables(), at, full_catalog(), lambda done, total: told.append((done, total)))
    assert told[-1] == (2, 2)
