"""The engine that reads in batches gives the same table and the same row accounting as the path through memory."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from project_world import CATALOG, CLOCK, Case, as_rows, assert_same_bits, bad_events, case_of, many_worlds
from store_world import HYGIENE
from worlds import World, lead

from features.build import build_features
from features.engines import account_ranges
from features.engines.asked import Asked, lead_columns
from features.engines.event_logs import EventLogs, Limits, open_door, read_event_logs
from features.engines.local import write_features
from features.errors import InputContractError
from features.event_source import open_events
from features.histories import build_histories
from features.profile import build_profile
from features.project import HygieneSettings, read_project

UNLIMITED = Limits(memory=None, threads=2)
TINY = Limits(memory=2_000, threads=2)


def silent(_done, _total):
    pass


def engine_table(
    case: Case, folder: Path, limits: Limits, batch_rows: int, hygiene: HygieneSettings = CATALOG.hygiene
) -> tuple[pd.DataFrame, EventLogs]:
    """The feature table of the engine, categories as the codes of the kernel."""
    folder.mkdir(exist_ok=True)
    histories, project = case.histories, replace(case.project, hygiene=hygiene)
    with open_events(project, batch_rows) as source:
        door = open_door(project, source, case.small, histories, case.local.data_end)
        logs = read_event_logs(source, door, histories, folder, limits, silent)
        profile = build_profile(histories, case.small, CATALOG)
        ids = pa.array(histories.lead_ids, pa.large_string())
        numbers = replace(CATALOG, features=tuple(replace(f, type="number") for f in CATALOG.features))
        asked = Asked(profile, case.snapshots, numbers, lead_columns(ids, case.snapshots))
        write_features(logs, asked, folder / "out.parquet", limits, silent)
        rows = pd.read_parquet(folder / "out.parquet")
    frame = rows.assign(as_of=rows["as_of"].astype("int64"))
    return frame.sort_values(["lead_id", "as_of"], ignore_index=True), logs


@pytest.fixture(scope="module", params=["events.parquet", "events.csv", "events.jsonl"])
def case(request, tmp_path_factory) -> Case:
    world = many_worlds(12)
    return case_of(tmp_path_factory.mktemp("case"), world, bad_events(world.tables().interactions), request.param)


@pytest.mark.parametrize("limits", [UNLIMITED, TINY])
@pytest.mark.parametrize(("few", "partitions"), [(1, 8), (400, 2), (10**6, 1)])
def test_few_events_are_not_cut_into_many_partitions(case, tmp_path, monkeypatch, few, partitions, limits):
    monkeypatch.setattr(account_ranges, "FEW", few)
    found, logs = engine_table(case, tmp_path / "spill", limits, 10**6)
    assert len(logs) == partitions
    assert_same_bits(found, case.expected)


def test_many_leads_with_few_events_are_cut_into_partitions(case, monkeypatch):
    monkeypatch.setattr(account_ranges, "FEW", len(case.histories.created) // 3)
    assert len(account_ranges._starts(case.histories, rows=0)) - 1 > 2


@pytest.mark.parametrize(("limits", "batch_rows"), [(UNLIMITED, 10**6), (TINY, 37)])
def test_engine_equals_memory_bit_for_bit(case, tmp_path, limits, batch_rows):
    found, logs = engine_table(case, tmp_path / "spill", limits, batch_rows)
    assert_same_bits(found, case.expected)
    expected = next(count for count in case.local.counts if count.table == "interactions")
    got = logs.accounting.count()
    assert (got.read, got.used, got.quarantined) == (expected.read, expected.used, expected.quarantined)
    assert set(got.reasons) == set(expected.reasons)
    assert not list((tmp_path / "spill").glob("*.events"))


def test_quarantined_rows_come_with_their_lines_and_contents(case, tmp_path):
    _, logs = engine_table(case, tmp_path / "spill", UNLIMITED, 50)
    bad = logs.accounting.bad_rows()
    expected = next(rows for rows in case.local.quarantine if rows.table == "interactions")
    key = ["line", "reason", "value"]
    assert len(bad.rows) == len(bad.faults) == logs.accounting.count().quarantined
    own = bad.faults[~bad.faults["reason"].str.contains("repeats|conflicts")]
    theirs = expected.faults[~expected.faults["reason"].str.contains("repeats|conflicts")]
    assert set(map(tuple, theirs[key].astype(str).to_numpy())) <= set(map(tuple, own[key].astype(str).to_numpy()))


def test_what_people_are_told_is_the_same(case, tmp_path):
    _, logs = engine_table(case, tmp_path / "spill", UNLIMITED, 10**6)
    notes = logs.accounting.notes(logs.door, ())
    assert any("interactions.duration_s" in note and "1 row" in note for note in notes)


def test_rows_that_repeat_others_count_also_where_an_account_has_no_leads(tmp_path):
    row = {"lead_id": None, "account_id": "empty", "occurred_at": "2026-01-03T00:00:00Z", "kind": "click"}
    world = World((lead("L1", account="A"),), accounts=({"account_id": "empty"}, {"account_id": "other"}))
    rows = [row, row, {**row, "account_id": "other"}, {**row, "lead_id": "L1", "account_id": "A"}]
    case = case_of(tmp_path, world, pd.DataFrame(rows), "events.parquet")
    _, logs = engine_table(case, tmp_path / "spill", UNLIMITED, 2)
    count = logs.accounting.count()
    assert (count.used, dict(count.reasons)) == (3, {"repeats another row": 1})


MONTH_S = 30 * 86_400


@pytest.mark.parametrize(("longest_s", "row"), [(60, np.uint32), (MONTH_S, np.int64)])
def test_records_are_narrow_where_durations_allow_it_and_say_the_same(tmp_path, longest_s, row):
    rows = many_worlds(6).tables().interactions
    rows = rows.assign(duration_s=np.where(np.arange(len(rows)) % 3, np.arange(len(rows)) % 50, np.nan))
    rows.loc[4, "duration_s"] = longest_s
    case = case_of(tmp_path, many_worlds(6), pd.concat([rows, rows[:5]]), "events.parquet")
    for limits in (UNLIMITED, TINY):
        found, logs = engine_table(case, tmp_path / "spill", limits, 37)
        assert_same_bits(found, case.expected)
        assert logs.door.dtype["row"] == row
        assert logs.accounting.count().reasons["repeats another row"] == 5


def test_durations_that_a_value_map_makes_long_are_kept(tmp_path):
    rows = many_worlds(6).tables().interactions.assign(duration_s=1.0)
    case = case_of(tmp_path, many_worlds(6), rows, "events.parquet")
    settings = case.project.tables["interactions"].model_copy(update={"values": {"duration_s": {"1": str(MONTH_S)}}})
    project = replace(case.project, tables={**case.project.tables, "interactions": settings})
    found, logs = engine_table(replace(case, project=project), tmp_path / "spill", UNLIMITED, 37)
    assert logs.door.dtype["duration"] == np.int64
    assert found.filter(like="dwell_mean_s").max().max() == MONTH_S


def test_a_later_file_may_write_ids_and_durations_as_texts(tmp_path):
    rows = many_worlds(6).tables().interactions.assign(duration_s=5)
    case = case_of(tmp_path, many_worlds(6), rows, "events.parquet")
    later = rows.assign(kind="later", duration_s=["1", "9", "10000000"] * (len(rows) // 3) + ["7"] * (len(rows) % 3))
    rows.to_parquet(tmp_path / "part-0.parquet")
    later.to_parquet(tmp_path / "part-1.parquet")
    settings = case.project.tables["interactions"].model_copy(update={"file": "part-*.parquet"})
    project = replace(case.project, tables={**case.project.tables, "interactions": settings})
    found, logs = engine_table(replace(case, project=project), tmp_path / "spill", UNLIMITED, 37)
    assert logs.door.dtype["duration"] == np.int64
    assert found.filter(like="dwell_s").max().max() >= 10_000_000


def test_a_file_whose_statistics_are_not_those_of_its_rows_is_refused(tmp_path):
    rows = many_worlds(6).tables().interactions.assign(duration_s=float(MONTH_S))
    case = case_of(tmp_path, many_worlds(6), rows, "events.parquet")
    with open_events(case.project) as source:
        lying = replace(source, largest={"duration_s": 1.0})
        door = open_door(case.project, lying, case.small, case.histories, CLOCK)
        with pytest.raises(InputContractError, match=r"duration_s: has larger numbers than the statistics"):
            read_event_logs(lying, door, case.histories, tmp_path, UNLIMITED, silent)


def test_a_table_that_is_mostly_bad_is_refused(case, tmp_path):
    strangers = replace(case.histories, leads=case.histories.leads.assign(lead_id="x"))
    with open_events(case.project) as source:
        door = open_door(case.project, source, case.small, strangers, CLOCK)
        with pytest.raises(InputContractError, match=r"lead_id is not in leads, such as events\.\w+ (row|line) [12]:"):
            read_event_logs(source, door, strangers, tmp_path, UNLIMITED, silent)


MORE_HYGIENE = f'{HYGIENE}internal_domains = ["test.example"]\nfirst_year = 2026\n'


REPS = 'rep_activities = "exclude"\nrep_actors = ["rep*"]\nrep_kinds = ["Visit"]\n'


@pytest.mark.parametrize(("reps", "absent"), [("", []), (REPS, []), (REPS, ["direction"]), (REPS, ["actor"])])
def test_hygiene_leaves_out_the_same_events(tmp_path, reps, absent):
    world = many_worlds(6)
    leads = tuple(
        {**row, "email": f"{i}@{'test.example' if i % 5 == 0 else 'x.org'}"} for i, row in enumerate(world.leads)
    )
    again = tuple({**row, "occurred_at": row["occurred_at"] + 400_000} for row in world.interactions[::3])
    world = replace(world, leads=leads, interactions=(*world.interactions, *again))
    events = world.tables().interactions.assign(
        actor=lambda rows: [f"rep {i}" if i % 5 == 0 else "x" for i in rows.index]
    )
    case = case_of(tmp_path, world, events.drop(columns=absent), "events.parquet")
    toml = tmp_path / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + MORE_HYGIENE + reps, encoding="utf-8")
    project = read_project(tmp_path)
    clean = build_histories(case.local, project.hygiene)
    assert all(clean.left_out[rule] for rule in ("duplicate", "mail scanner", "internal lead", "clock never set"))
    assert bool(reps) == bool(clean.left_out["rep activity"])
    expected = build_features(clean, case.local, case.snapshots, CATALOG).values
    found, logs = engine_table(case, tmp_path / "spill", TINY, 50, project.hygiene)
    assert_same_bits(found, as_rows(clean, case.snapshots, expected))
    assert logs.accounting.left_out == dict(clean.left_out)
