"""The Spark engine gives the bits of one machine, and says what it cannot read."""

from dataclasses import replace

import pandas as pd
import pytest
from on_spark import counts_of
from project_world import CATALOG, CLOCK, HYGIENE, as_rows, assert_same_bits, case_of, many_worlds, read_rows
from worlds import World, event, lead

from features.build import build_features
from features.deals import deals_by_lead
from features.engines.spark.blocks import plan_blocks
from features.engines.spark.engine import (
    Request,
    last_touches,
    learn_vocabulary,
    recorded_in,
    spark_cluster,
    spark_run,
    write_features,
)
from features.errors import InputContractError, ProjectFileError, SinkError
from features.histories import build_histories
from features.project import read_project
from features.propose import learn_vocabulary as learn_locally
from features.propose import recorded_in as recorded_locally

pytestmark = pytest.mark.xdist_group("spark")
on = pytest.mark.parametrize("cluster", ["local[2]"], indirect=True)


def assert_questions_answered(run, case):
    """What training asks of the interactions has the answers of one machine."""
    chosen = case.project.features.model_copy(update={"max_kinds": 3, "max_topics": 2})
    before, everything = int(case.snapshots.as_of.max()), build_histories(case.local)
    assert learn_vocabulary(run.events, before, chosen) == learn_locally(everything, before, chosen)
    assert recorded_in(run.events, run.histories) == recorded_locally(everything)
    deals = case.local.deals.assign(lead_id=pd.Series([None] * len(case.local.deals), dtype="str"))
    deals["account_id"] = [f"{i % 2}-{'AB'[i // 2 % 2]}" for i in range(len(deals))]
    tables = replace(case.local, deals=deals)
    touches = last_touches(run.cluster, run.events, run.histories, deals)
    found = deals_by_lead(replace(tables, interactions=touches), "last_touch")
    pd.testing.assert_frame_equal(found, deals_by_lead(tables, "last_touch"))
    assert len(touches) < len(case.local.interactions)


@on
def test_json_lines_on_threads_as_on_one_machine(cluster, tmp_path):
    world = many_worlds(2)
    case = case_of(tmp_path, world, world.tables().interactions, "interactions.jsonl")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("of an earlier run")
    with spark_run(cluster, case.project, case.small, str(tmp_path / "out"), CLOCK) as run:
        written = write_features(run, Request(case.small, case.snapshots, CATALOG))
        assert_questions_answered(run, case)
    assert run.events.count == counts_of(case.local)
    assert run.events.latest == case.local.interactions["occurred_at"].max()
    assert_same_bits(read_rows(written.folder), case.expected)
    assert not (tmp_path / "out" / "old.txt").exists()


@on
def test_what_sales_did_is_left_out_as_on_one_machine(cluster, tmp_path):
    rules = HYGIENE.model_copy(update={"rep_activities": "exclude", "rep_actors": ("Jo *",), "rep_kinds": ("Visit",)})
    world = many_worlds(2)
    events = world.tables().interactions.assign(actor=lambda rows: ["jo 1" if i % 3 else "x" for i in rows.index])
    case = case_of(tmp_path, world, events, "interactions.parquet")
    project, catalog = replace(case.project, hygiene=rules), replace(CATALOG, hygiene=rules)
    histories = build_histories(case.local, rules)
    expected = build_features(histories, case.local, case.snapshots, catalog).values
    with spark_run(cluster, project, case.small, str(tmp_path / "out"), CLOCK) as run:
        written = write_features(run, Request(case.small, case.snapshots, catalog))
        before, chosen = int(case.snapshots.as_of.max()), case.project.features
        assert learn_vocabulary(run.events, before, chosen).kinds == learn_locally(histories, before, chosen).kinds
    assert_same_bits(read_rows(written.folder), as_rows(histories, case.snapshots, expected))
    # A cluster does not look at accounts without leads.
    assert 0 < written.left_out.pop("rep activity") <= histories.left_out["rep activity"]
    assert written.left_out.items() <= histories.left_out.items()


def test_a_heavy_account_stands_alone():
    blocks = plan_blocks(events=[3, 2, 5000, 2, 3, 1], snapshots=[1, 1, 10, 1, 1, 1], features=10, block_weight=10)
    # An event weighs 1, so does a snapshot of few features, and each account 1 more.
    assert list(blocks.of_account) == [0, 0, 1, 2, 2, 3]
    assert list(blocks.weight) == [9, 5011, 9, 3]


def project_with(folder, events, settings='file = "interactions.csv"', head='data_end = "2026-02-01T00:00:00Z"'):
    """Two leads and the given CSV of events."""
    (folder / "leads.csv").write_text("lead_id,created_at\n1,2026-01-01T00:00:00Z\n2,2026-01-01T00:00:00Z\n")
    (folder / "interactions.csv").write_text(events)
    toml = f'[project]\nname = "x"\n{head}\n[tables.leads]\nfile = "leads.csv"\n[tables.interactions]\n{settings}\n'
    (folder / "ripelead.toml").write_text(toml)
    return read_project(folder)


def checked(cluster, project, folder):
    from features.tables import read_tables

    alone = replace(project, tables={"leads": project.tables["leads"]})
    with spark_run(cluster, project, read_tables(alone, clock=CLOCK), str(folder / "out"), CLOCK) as run:
        return run.events.count


GOOD = "1,2026-01-03T00:00:00Z,visit\n"


@on
@pytest.mark.parametrize(
    ("events", "message"),
    [
        ("lead_id,occurred_at,kind\n1,2026-01-03,visit\n", "'2026-01-03' has no time zone"),
        ("lead_id,occurred_at,kind\n1,soon,visit\n2,then,visit\n" + GOOD, r"2 of 3 rows .* occurred_at is not a time"),
        ("lead_id,when,kind\n" + GOOD, "required column occurred_at is missing"),
    ],
)
def test_what_cannot_be_used_is_refused(cluster, tmp_path, events, message):
    with pytest.raises(InputContractError, match=message):
        checked(cluster, project_with(tmp_path, events), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"leads.csv", "interactions.csv", "ripelead.toml"}


@on
@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ('file = "nowhere.csv"', InputContractError, "nowhere.csv"),
        ('file = "e*.csv"', InputContractError, r"e\*.csv is empty"),
        ('file = "broken.parquet"', InputContractError, "Spark cannot read it.*broken.parquet"),
        ('spark = { format = "nonsense" }', InputContractError, "nonsense"),
        ('file = "interactions.xlsx"', ProjectFileError, "Spark does not read such files"),
        ("sql = \"select * from 'interactions.csv'\"", ProjectFileError, "read by DuckDB"),
    ],
)
def test_sources_that_spark_cannot_read_are_refused(cluster, tmp_path, settings, error, message):
    project = project_with(tmp_path, "lead_id,occurred_at,kind\n" + GOOD, settings)
    (tmp_path / "empty.csv").touch()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(error, match=message):
        checked(cluster, project, tmp_path)


@on
def test_a_place_that_cannot_be_written_is_refused_before_the_work(cluster, tmp_path):
    project = project_with(tmp_path, "lead_id,occurred_at,kind\n" + GOOD)
    with pytest.raises(SinkError, match="cannot write"):
        checked(cluster, project, tmp_path / "leads.csv")


@on
def test_more_leads_than_are_copied_to_executors(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("features.engines.spark.events.BROADCAST_LEADS", 1)
    count = checked(
        cluster, project_with(tmp_path, "lead_id,occurred_at,kind\n" + GOOD + "2,2026-01-04T00:00:00Z,a\n"), tmp_path
    )
    assert (count.read, count.used) == (2, 2)


@on
def test_events_known_by_account_only(cluster, tmp_path):
    world = World(
        leads=(lead("L1", account="A"), lead("L2", account="B")),
        interactions=tuple(event(day, who=None, account_id=name) for day in (1, 2, 3) for name in "ABZ"),
        accounts=({"account_id": "Z"},),
    )
    events = world.tables().interactions.drop(columns=["lead_id", "interaction_id"])
    case = case_of(tmp_path, world, events, "interactions.parquet")
    with spark_run(cluster, case.project, case.small, str(tmp_path / "out"), CLOCK) as run:
        written = write_features(run, Request(case.small, case.snapshots, CATALOG))
        assert recorded_in(run.events, run.histories) == recorded_locally(build_histories(case.local))
    assert run.events.count == counts_of(case.local)
    assert_same_bits(read_rows(written.folder), case.expected)


@on
def test_any_source_that_spark_knows(cluster, tmp_path):
    given = f'spark = {{ format = "csv", header = "true", sep = "|", path = "{tmp_path}/other.txt" }}'
    project = project_with(tmp_path, "", given)
    (tmp_path / "other.txt").write_text(("lead_id,occurred_at,kind\n" + GOOD + GOOD).replace(",", "|"))
    count = checked(cluster, project, tmp_path)
    assert (count.read, count.used, dict(count.reasons)) == (2, 1, {"repeats another row": 1})


@on
def test_a_running_session_is_not_started_twice(cluster, tmp_path):
    with pytest.raises(ProjectFileError, match="runs in this process already"), spark_cluster("local[1]"):
        pass
    with spark_cluster(cluster.session) as same:
        assert same.session is cluster.session
    assert cluster.session.range(3).count() == 3


@on
def test_lines_that_do_not_fit_the_header_are_quarantined(cluster, tmp_path):
    events = 'lead_id;occurred_at;kind\n1;2026-01-03T00:00:00Z;"a;b"\n1;2026-01-04T00:00:00Z\n' + GOOD.replace(",", ";")
    count = checked(cluster, project_with(tmp_path, events), tmp_path)
    assert (count.read, count.used, dict(count.reasons)) == (3, 2, {"does not fit the header": 1})
