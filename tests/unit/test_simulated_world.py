"""The simulated world: its tables are canonical, its truth is true, and the traps it promises are there."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.truth import true_propensity
from features.project import read_project
from features.schema import SPECS
from features.simulate import WorldSettings, simulate
from features.tables import read_tables

CLOCK = pd.Timestamp("2027-01-01", tz="UTC").to_pydatetime()
AS_OF = pd.Timestamp("2025-03-01", tz="UTC")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world")
    simulate(directory, WorldSettings(leads=6000, seed=11))
    return directory


@pytest.fixture(scope="module")
def tables(folder):
    return read_tables(read_project(folder), clock=CLOCK)


def test_every_table_comes_through_the_door_whole(tables):
    assert {count.table for count in tables.counts} == set(SPECS)
    assert sum(count.quarantined for count in tables.counts) == 0


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        simulate(tmp_path / name, WorldSettings(leads=300, seed=seed))
    content = {name: (tmp_path / name / "interactions.parquet").read_bytes() for name in "abc"}
    assert content["a"] == content["b"] != content["c"]


def test_no_interaction_before_its_lead_was_created(tables):
    created = tables.leads.set_index("lead_id")["created_at"]
    own = tables.interactions[tables.interactions["lead_id"].notna()]
    assert (own["occurred_at"].to_numpy() >= created.loc[own["lead_id"]].to_numpy()).all()


def test_the_truth_is_calibrated(folder, tables):
    """In tenths of the true probability, wins happen as often as it says (within 4 standard errors)."""
    won = tables.deals[tables.deals["status"] == "won"].set_index("lead_id")["closed_at"]
    closed = tables.deals.dropna(subset="closed_at").set_index("lead_id")["closed_at"]
    created = tables.leads.set_index("lead_id")["created_at"]
    open_leads = created.index[(created < AS_OF) & ~(closed.reindex(created.index) < AS_OF)]
    truth = true_propensity(folder, pd.Series(open_leads), pd.Series([AS_OF] * len(open_leads)))
    happened = (won.reindex(open_leads) < AS_OF + pd.Timedelta(days=90)).to_numpy()
    for tenth in np.array_split(np.argsort(truth, kind="stable"), 10):
        expected = truth[tenth].mean()
        error = np.sqrt(max(expected * (1 - expected), 1e-4) / len(tenth))
        assert abs(happened[tenth].mean() - expected) < 4 * error + 1e-3


def test_mail_scanners_click_within_seconds(tables):
    clicks = tables.interactions.query("kind == 'email_click'").sort_values(["lead_id", "occurred_at"])
    gap = clicks.groupby("lead_id")["occurred_at"].diff()
    assert (gap < pd.Timedelta(seconds=10)).sum() > 50


def test_some_visits_are_known_only_by_account_and_some_deals_are_still_open(tables):
    assert tables.interactions["lead_id"].isna().any()
    assert {"open", "won", "lost"} == set(tables.deals["status"])


def test_evidence_is_incomplete(tables):
    assessed = tables.assessments.groupby("lead_id")["criterion"].nunique()
    assert 0 < len(assessed) < len(tables.leads)
    assert (assessed < 4).any()


def test_the_policy_change_lowers_the_true_probability(tmp_path):
    rates = {}
    for drift in (False, True):
        simulate(tmp_path / str(drift), WorldSettings(leads=2000, seed=2, drift=drift))
        leads = pd.read_parquet(tmp_path / str(drift) / "leads.parquet")
        late = leads[(leads["created_at"] > "2025-08-15") & (leads["created_at"] < "2025-09-25")]
        as_of = pd.Series([pd.Timestamp("2025-09-30", tz="UTC")] * len(late))
        rates[drift] = true_propensity(tmp_path / str(drift), late["lead_id"], as_of).mean()
    assert rates[True] < 0.75 * rates[False]
