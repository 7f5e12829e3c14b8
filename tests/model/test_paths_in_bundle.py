"""The bundle's explanation tables: there, right, and replaced by LightGBM's own contributions where they do not fit."""

import numpy as np
import pytest

from features.build import FeatureTable
from features.snapshots import Snapshots
from training.bundle import Trained, load_bundle, write_bundle
from training.contributions import contributions
from training.value_codes import NoTablesError


@pytest.fixture(scope="module")
def bundle(run_folder):
    return load_bundle(run_folder / "bundle")


def rows(bundle, n):
    values = np.random.default_rng(0).poisson(2.0, (n, len(bundle.catalog.features))).astype(float)
    values[values == 3] = np.nan
    return values


def some_table(bundle):
    snapshots = Snapshots(np.arange(50), np.zeros(50, np.int64))
    return FeatureTable(snapshots, bundle.catalog.names, rows(bundle, 50))


def test_tables_of_a_trained_bundle_equal_lightgbm(bundle):
    values = rows(bundle, 300)
    found = contributions(bundle.booster, values, tables=bundle.tables)
    np.testing.assert_allclose(found, contributions(bundle.booster, values), rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), bundle.raw(values), rtol=0, atol=1e-9)


def test_without_tables_lightgbm_explains(bundle, tmp_path, monkeypatch):
    def too_large(*_):
        raise NoTablesError("too large")

    monkeypatch.setattr("training.contributions.build_path_tables", too_large)
    table = some_table(bundle)
    write_bundle(tmp_path / "b", Trained(bundle.booster, bundle.catalog, bundle.scale), table, bundle.policy, "card")
    assert load_bundle(tmp_path / "b").tables is None


def test_the_same_tables_again_give_the_same_file(bundle, run_folder, tmp_path):
    table = some_table(bundle)
    write_bundle(tmp_path / "b", Trained(bundle.booster, bundle.catalog, bundle.scale), table, bundle.policy, "card")
    assert (tmp_path / "b" / "paths.npz").read_bytes() == (run_folder / "bundle" / "paths.npz").read_bytes()
