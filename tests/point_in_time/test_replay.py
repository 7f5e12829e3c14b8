"""Features backfilled for a past date are those of that day; what was back-dated or corrected since is found."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trained import small_world
from worlds import AS_OFS, all_pairs, full_catalog, moment, past, snapshots, worlds

from features.build import build_features
from features.cli import parse_limits
from features.errors import InputContractError, ProjectFileError
from features.histories import build_histories
from features.project import read_project
from features.snapshots import Snapshots
from features.tables import read_tables
from training import replay as replayed
from training.differences import same_bits
from training.earlier import compare_with
from training.feature_table import Job, write_feature_table
from training.replay import features_at, known_at, last_weeks, replay
from training.replay_words import check_against, check_replay, compared_text, replayed_text
from training.settings import SECTIONS, TrainingSettings, read_training_settings

CATALOG = full_catalog()
SETTINGS = TrainingSettings(**{name: section() for name, section in SECTIONS.items()})
CLOCK = pd.Timestamp("2026-07-01", tz="UTC").to_pydatetime()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Project, settings and tables of a small simulated world."""
    project = read_project(small_world(tmp_path_factory.mktemp("replay"), leads=400))
    return project, read_training_settings(project), read_tables(project, clock=CLOCK)


@pytest.fixture(scope="module")
def written(simulated, tmp_path_factory):
    """The feature table of the simulated world, written on an earlier day."""
    project, chosen, _ = simulated
    path = tmp_path_factory.mktemp("table") / "features.parquet"
    write_feature_table(Job(project, chosen, path, parse_limits(None, 1), CLOCK), lambda *_: None, lambda *_: None)
    return path


def rng():
    return np.random.default_rng(1)


@given(worlds(), st.sampled_from(AS_OFS))
def test_features_of_what_was_known_are_those_of_all_the_data(world, as_of):
    """Every family of features; also which leads are open."""
    tables = world.tables()
    now = features_at(SETTINGS, tables, CATALOG, moment(as_of))
    then = features_at(SETTINGS, known_at(tables, moment(as_of)), CATALOG, moment(as_of))
    assert now.lead_ids.tolist() == then.lead_ids.tolist()
    assert same_bits(now.values, then.values).all()


@settings(max_examples=20)
@given(worlds(), st.sampled_from(AS_OFS))
def test_what_was_known_is_the_past_of_the_world(world, as_of):
    """The rows that the tests of features cut by hand, but for leads that were not there yet."""
    known, by_hand = known_at(world.tables(), moment(as_of)), past(world, as_of).tables()
    pairs = [pair for pair in all_pairs(world, [as_of]) if pair[0] in set(known.leads["lead_id"])]
    values = [
        build_features(histories, tables, snapshots(histories, pairs), CATALOG).values
        for tables in (known, by_hand)
        for histories in [build_histories(tables)]
    ]
    assert sorted(map(bytes, values[0])) == sorted(map(bytes, values[1]))


def test_the_last_weeks_have_something_behind_them():
    end = pd.Timestamp("2026-01-29", tz="UTC")
    assert [f"{date:%m-%d}" for date in last_weeks(end)] == ["01-01", "01-08", "01-15", "01-22"]


def test_a_replay_of_all_the_data_is_equal(simulated, capsys):
    assert check_replay(*simulated, rng()) == 0
    assert "all equal, bit for bit" in capsys.readouterr().out


def test_drawn_leads_are_looked_at_with_their_whole_accounts(simulated):
    found = replay(*simulated, last_weeks(simulated[2].data_end), rng(), most=20)
    assert found.equal
    assert 0 < found.rows <= 80


def test_a_look_ahead_is_found_and_the_table_named(simulated, monkeypatch):
    monkeypatch.setattr(replayed, "build_features", three_days_ahead)
    found = replay(*simulated, last_weeks(simulated[2].data_end), rng(), most=100)
    assert not found.equal
    assert {one.feature for one in found.differences} >= {"interactions_30d", "interactions_ever"}
    assert any("rows of interactions dated 20" in one.cause for one in found.differences)
    assert "features differ" in replayed_text(found)


def three_days_ahead(histories, tables, at, catalog):
    return build_features(histories, tables, Snapshots(at.lead, at.as_of + 3 * 86_400_000_000), catalog)


def test_leads_without_times_cannot_be_replayed(simulated):
    project, chosen, tables = simulated
    with pytest.raises(InputContractError, match=r"no creation times.*expected created_at"):
        replay(project, chosen, replace(tables, timed=False), [CLOCK], rng())


def test_the_table_of_an_earlier_day_is_equal_when_nothing_was_back_dated(simulated, written, capsys):
    assert check_against(*simulated, written) == 0
    assert "nothing was back-dated or corrected since" in capsys.readouterr().out


def test_events_that_only_come_later_are_no_difference(simulated, written):
    project, chosen, tables = simulated
    later = tables.interactions.tail(5).assign(occurred_at=tables.data_end - timedelta(microseconds=1))
    more = pd.concat([tables.interactions, later.assign(interaction_id=None)], ignore_index=True)
    as_of = pd.read_parquet(written)["as_of"]
    assert (as_of < tables.data_end).all()
    assert compare_with(project, chosen, replace(tables, interactions=more), written).equal


def test_a_back_dated_interaction_is_found_with_its_kind_and_time(simulated, written):
    project, chosen, tables = simulated
    row = pd.read_parquet(written).iloc[[0]]
    lead_id, as_of = row["lead_id"].iloc[0], row["as_of"].iloc[0]
    late = tables.interactions.iloc[[0]].assign(
        lead_id=lead_id,
        account_id=None,
        kind="webinar_attended",
        interaction_id=None,
        occurred_at=as_of - timedelta(days=1),
    )
    changed = replace(tables, interactions=pd.concat([tables.interactions, late], ignore_index=True))
    found = compare_with(project, chosen, changed, written)
    assert not found.equal
    [one] = found.late
    assert (one.kind, one.added, one.removed, one.leads, one.lead_id) == ("webinar_attended", 1, 0, 1, lead_id)
    assert late["occurred_at"].iloc[0] in one.times
    assert "interactions_30d" in {one.feature for one in found.differences}


def test_an_attribute_that_changed_since_is_told_apart(simulated, written):
    project, chosen, tables = simulated
    moved = replace(tables, leads=tables.leads.assign(seniority=tables.leads["seniority"].shift()))
    found = compare_with(project, chosen, moved, written)
    causes = {one.feature: one.cause for one in found.differences}
    assert "the exported value has changed" in causes["seniority"]
    assert check_against(project, chosen, moved, written) == 1


def test_rows_of_leads_that_are_gone_are_counted(simulated, written):
    project, chosen, tables = simulated
    alone = tables.leads[tables.leads["account_id"].isna() | ~tables.leads["account_id"].duplicated(keep=False)]
    gone = set(pd.read_parquet(written)["lead_id"]) & set(alone["lead_id"])
    left = replace(tables, leads=tables.leads[~tables.leads["lead_id"].isin(gone)])
    left = replace(left, interactions=tables.interactions[~tables.interactions["lead_id"].isin(gone)])
    found = compare_with(project, chosen, left, written)
    assert found.gone > 0
    assert "no longer there" in compared_text(found, written)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"lead_id": ["1"]}), "has no column 'as_of'"),
        (pd.DataFrame({"lead_id": ["1"], "as_of": ["2026"]}), "not a time with a zone"),
        (pd.DataFrame({"lead_id": ["1"], "as_of": [pd.Timestamp(CLOCK)]}), "has none of the"),
    ],
)
def test_what_is_no_feature_table_is_refused(simulated, tmp_path, frame, message):
    frame.to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ProjectFileError, match=message):
        compare_with(*simulated, tmp_path / "x.parquet")


def test_a_table_that_is_not_there_is_refused(simulated, tmp_path):
    with pytest.raises(
        ProjectFileError, match=r"cannot be read: expected a Parquet file written by `ripelead features"
    ):
        compare_with(*simulated, tmp_path / "absent.parquet")
