"""Every feature family equals the slow oracle on random small worlds."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from oracle import APPROXIMATE, HISTORY, OTHERS, expected, points
from worlds import KINDS, POINTS, World, all_pairs, assessment, day, event, full_catalog, lead, snapshots, worlds

from features.build import build_features
from features.catalog import Catalog, Family
from features.histories import build_histories
from features.points import points_as_of
from features.project import FeatureSettings, PointSettings
from features.propose import learn_vocabulary, propose_catalog


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


@settings(max_examples=50)
@given(worlds())
def test_features_equal_the_oracle(world):
    compare(world, full_catalog(), all_pairs(world))
