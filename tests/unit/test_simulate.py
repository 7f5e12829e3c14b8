"""The simulated world: consistent, reproducible, with traps, and with a truth that its outcomes follow."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from benchmarks.truth import true_propensity
from features.errors import ProjectFileError
from features.project import read_project
from features.rule_settings import DEFAULT_POINTS
from features.schema import SPECS
from features.simulate import WorldSettings, simulate
from features.simulate_events import KINDS
from features.tables import read_tables

SETTINGS = WorldSettings(leads=6_000, seed=11)
CLOCK = datetime(2027, 1, 1, tzinfo=UTC)
HORIZON = pd.Timedelta(days=90)
TALKS = {"discovery_call", "demo_attended", "personal_conversation"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world")
    simulate(directory, SETTINGS)
    return directory


@pytest.fixture(scope="module")
def drifted(tmp_path_factory):
    directory = tmp_path_factory.mktemp("drifted")
    simulate(directory, replace(SETTINGS, drift=True))
    return directory


@pytest.fixture(scope="module")
def raw(folder):
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in SPECS}


@pytest.fixture(scope="module")
def events(raw):
    """Events of leads, with the creation and the closing of their lead (missing while it is open)."""
    closed = raw["deals"][raw["deals"]["status"] != "open"]
    about = raw["leads"].merge(closed[["lead_id", "status", "closed_at"]], on="lead_id", how="left")
    return raw["interactions"].merge(about[["lead_id", "created_at", "status", "closed_at"]], on="lead_id")


def snapshots(directory, age_days=30):
    """Matured snapshots of open leads at one age: as_of, label and true probability."""
    leads, deals = (pd.read_parquet(directory / f"{name}.parquet") for name in ("leads", "deals"))
    rows = leads[["lead_id", "created_at"]].merge(deals[deals["status"] != "open"], on="lead_id", how="left")
    rows["as_of"] = rows["created_at"] + pd.Timedelta(days=age_days)
    rows = rows[~(rows["closed_at"] < rows["as_of"]) & (rows["as_of"] + HORIZON <= SETTINGS.end)]
    won = (rows["status"] == "won") & (rows["closed_at"] < rows["as_of"] + HORIZON)
    truth = true_propensity(directory, rows["lead_id"], rows["as_of"])
    return pd.DataFrame({"as_of": rows["as_of"], "label": won, "truth": truth})


def assert_as_often_as_the_truth_says(rows):
    spread = np.sqrt((rows["truth"] * (1 - rows["truth"])).sum())
    assert abs(rows["label"].sum() - rows["truth"].sum()) < 3.5 * spread


def test_the_same_settings_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        simulate(tmp_path / name, WorldSettings(leads=300))
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*"))
    assert len(files) == len(SPECS) + 3
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)


def test_another_seed_gives_another_world(tmp_path):
    for seed in (1, 2):
        simulate(tmp_path / str(seed), WorldSettings(leads=100, seed=seed))
    first, second = (pd.read_parquet(tmp_path / str(seed) / "leads.parquet") for seed in (1, 2))
    assert not first["created_at"].equals(second["created_at"])


NOT_DRAWN = {"exploration", "worked_probability"}  # nobody draws leads at random in a simulated world


def test_canonical_columns_and_utc_microseconds(raw):
    for name, spec in SPECS.items():
        canonical = [column.name for column in spec.columns if column.name not in NOT_DRAWN]
        assert list(raw[name].columns[: len(canonical)]) == canonical
        assert spec.attributes or len(raw[name].columns) == len(canonical)
        times = [column.name for column in spec.columns if column.type == "time"]
        assert {str(raw[name][column].dtype) for column in times} <= {"datetime64[us, UTC]"}


def test_the_door_lets_everything_in(folder):
    tables = read_tables(read_project(folder), clock=CLOCK)
    assert {count.table: count.quarantined for count in tables.counts} == dict.fromkeys(SPECS, 0)
    assert tables.data_end == SETTINGS.end


@pytest.mark.parametrize("age_days", [0, 7, 60])
def test_outcomes_follow_the_true_probability(folder, age_days):
    rows = snapshots(folder, age_days)
    for _, part in rows.groupby(pd.qcut(rows["truth"], 5, duplicates="drop")):
        assert_as_often_as_the_truth_says(part)


def test_without_drift_win_rates_stay_the_same(folder):
    rows = snapshots(folder)
    late = rows["as_of"] >= SETTINGS.holdout_from
    assert rows["truth"][late].mean() == pytest.approx(rows["truth"][~late].mean(), rel=0.12)


def test_drift_lowers_wins_and_the_truth_with_them(drifted):
    rows = snapshots(drifted)
    change = replace(SETTINGS, drift=True).change_at
    after, before = rows[rows["as_of"] >= change], rows[rows["as_of"] < change - HORIZON]
    between = rows[(rows["as_of"] < change) & (rows["as_of"] >= change - HORIZON)]
    assert after["truth"].mean() < 0.7 * before["truth"].mean()
    for part in (after, between, before):
        assert_as_often_as_the_truth_says(part)


def test_drift_makes_sales_notes_kinder(drifted):
    notes = pd.read_parquet(drifted / "assessments.parquet")
    late = notes["assessed_at"] >= replace(SETTINGS, drift=True).change_at
    assert notes["met"][late].mean() > notes["met"][~late].mean() + 0.1


def test_before_the_change_both_worlds_are_one(folder, drifted):
    change = replace(SETTINGS, drift=True).change_at
    won = [pd.read_parquet(path / "deals.parquet").query("status == 'won'") for path in (folder, drifted)]
    early = [len(deals[deals["closed_at"] < change]) for deals in won]
    assert abs(early[0] - early[1]) < 4 * np.sqrt(sum(early))


def test_nothing_happens_before_a_lead_exists_or_after_the_data_end(events, raw):
    assert (events["occurred_at"] >= events["created_at"]).all()
    assert (raw["interactions"]["occurred_at"] < SETTINGS.end).all()
    assert (events.groupby("lead_id")["occurred_at"].min() == events.groupby("lead_id")["created_at"].min()).all()


def test_after_the_outcome_there_are_only_customers_and_chatter(events):
    after = events[events["occurred_at"] >= events["closed_at"]]
    assert {"won", "lost"} == set(after["status"])
    assert not set(after["kind"]) & (TALKS | {"email_sent", "demo_requested"})
    assert events.loc[events["kind"] == "customer_login", "status"].eq("won").all()


def test_mail_scanners_click_every_link_within_seconds(raw):
    clicks = raw["interactions"].query("kind == 'email_click'").sort_values(["lead_id", "occurred_at"])
    pause = clicks.groupby("lead_id")["occurred_at"].diff().dt.total_seconds()
    assert 0.3 < (pause < 20).mean() < 0.95


def test_visits_come_in_bursts(events):
    visits = events[events["channel"] == "web"].sort_values(["lead_id", "occurred_at"])
    pause = visits.groupby("lead_id")["occurred_at"].diff().dt.total_seconds().dropna()
    assert (pause < 3_600).mean() > 0.15
    assert (pause > 86_400).mean() > 0.3


def test_some_visits_are_known_by_company_only(raw):
    unknown = raw["interactions"][raw["interactions"]["lead_id"].isna()]
    assert 0.02 < len(unknown) / len(raw["interactions"]) < 0.2
    assert set(unknown["account_id"]) <= set(raw["accounts"]["account_id"])


def test_the_whole_vocabulary_of_the_points_table_happens(raw):
    kinds = set(raw["interactions"]["kind"])
    assert kinds == {kind.name for kind in KINDS}
    assert kinds >= set(DEFAULT_POINTS)


def test_deals_close_after_they_open_and_open_ones_in_the_future(raw):
    deals = raw["deals"]
    assert set(deals["status"]) == {"open", "won", "lost"}
    assert (deals["opened_at"] <= deals["closed_at"]).all()
    assert ((deals["closed_at"] >= SETTINGS.end) == (deals["status"] == "open")).all()
    assert deals["lead_id"].is_unique
    assert len(deals) < len(raw["leads"])


def test_sales_notes_come_after_the_first_talk_and_are_patchy(raw):
    talks = raw["interactions"][raw["interactions"]["kind"].isin(TALKS)].groupby("lead_id")["occurred_at"].min()
    notes = raw["assessments"]
    assert (notes["assessed_at"] > notes["lead_id"].map(talks)).all()
    assert notes["met"].between(0, 1).all()
    known = notes.groupby("lead_id")["criterion"].nunique()
    assert 0 < (known < 4).mean() < 1
    assert len(known) < len(raw["leads"]) / 2


def test_the_stage_of_the_export_knows_the_outcome_but_its_history_does_not(raw):
    won = raw["deals"].query("status == 'won'").set_index("lead_id")["closed_at"]
    stage = raw["leads"].set_index("lead_id")["lifecycle_stage"]
    assert (stage[won.index] == "customer").all()
    history = raw["lead_changes"][raw["lead_changes"]["lead_id"].isin(won.index)]
    early = history[history["changed_at"] < history["lead_id"].map(won)]
    assert set(early["value"]) == {"lead", "mql", "sal", "opportunity"}


def test_people_are_made_up(raw):
    leads = raw["leads"]
    assert leads["email"].dropna().str.fullmatch(r"[a-z0-9.]+@([a-z0-9]+\.example\.com|example\.net)").all()
    languages = {"Leitung IT", "Head of IT", "Afdelingschef for it"}
    assert languages <= set(leads["title"])
    assert leads[["source", "seniority", "email", "account_id"]].isna().any().all()


def test_truth_files_say_the_same_as_the_reader(folder):
    stays = pd.read_parquet(folder / "truth" / "propensity.parquet")
    some = stays[stays["level"] != "won"].iloc[::50]
    assert np.allclose(true_propensity(folder, some["lead_id"], some["valid_from"]), some["p_90"], atol=1e-9)
    assert (stays["p_30"] <= stays["p_180"] + 1e-12).all()


def test_there_is_no_truth_before_a_lead_exists(folder, raw):
    lead = raw["leads"].iloc[[0]]
    with pytest.raises(ValueError, match="not created yet"):
        true_propensity(folder, lead["lead_id"], lead["created_at"] - pd.Timedelta(days=1))


@pytest.mark.parametrize(
    "wrong", [{"leads": 0}, {"months": 6}, {"seed": -1}, {"start": datetime(2024, 1, 2, tzinfo=UTC)}]
)
def test_impossible_worlds_are_refused(wrong):
    with pytest.raises(ProjectFileError, match="got"):
        WorldSettings(**wrong)


def test_a_project_that_was_not_simulated_is_not_overwritten(tmp_path):
    (tmp_path / "ripelead.toml").write_text('[project]\nname = "mine"\n')
    with pytest.raises(ProjectFileError, match="already holds a project"):
        simulate(tmp_path, WorldSettings(leads=10))
    assert (tmp_path / "ripelead.toml").read_text() == '[project]\nname = "mine"\n'


def test_a_world_of_one_lead(tmp_path):
    simulate(tmp_path, WorldSettings(leads=1))
    assert len(pd.read_parquet(tmp_path / "leads.parquet")) == 1
