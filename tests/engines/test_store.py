"""A feature store, updated in whatever steps, holds the table and the row accounting of a run over all files."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project_world import assert_same_bits, bad_events, joined
from store_world import (
    LIMITS,
    NUMBERS,
    asked_for,
    changed_world,
    expected_of,
    given_by,
    split,
    table_of,
    updated,
    write_events,
    write_tables,
)
from worlds import AS_OFS, World, all_pairs, any_lead, day, event, lead, random_world

from features.build import silent
from features.engines.event_logs import Limits, open_door, read_event_logs
from features.engines.store import compaction as store_compaction
from features.engines.store import placing
from features.engines.store.engine import stored_catalog, update_store
from features.engines.store.files import DamagedStoreError, locked
from features.engines.store.reader import read_store
from features.engines.store.touched import Places
from features.errors import InputContractError, ProjectFileError, SinkError
from features.event_source import open_events

LEADS = (lead("L1", account="A"), lead("L2", account="A"), lead("L3", account="B"), lead("L4"))
OLD = (event(1), event(2, who="L2"), event(1, who="L3"), event(3, who="L4"), event(4, who=None, account_id="B"))
SMALL = World(leads=LEADS, interactions=OLD, accounts=({"account_id": "A"}, {"account_id": "B"}))
DAYS = (day(2), day(10), day(20))


def put(folder: Path, name: str, *rows) -> None:
    """A file of interactions."""
    write_events(World(interactions=rows).tables().interactions, folder / name)


@pytest.fixture
def project(tmp_path) -> Path:
    """A small project whose store is up to date."""
    write_tables(tmp_path, SMALL)
    put(tmp_path, "events-1.parquet", *OLD)
    updated(tmp_path, SMALL, DAYS)
    return tmp_path


def check(folder: Path, world: World, as_ofs=DAYS) -> None:
    expected = expected_of(folder, world, as_ofs)
    assert_same_bits(table_of(folder), expected.rows)


# Any sequence of updates ------------------------------------------------------------------------------------------
def worlds_of(rng: Random) -> World:
    return joined([random_world(rng.randint(1, 5), rng.randint(5, 40), rng.randrange(10**6)) for _ in range(2)])


def fresh_copy(folder: Path) -> Path:
    shutil.rmtree(folder / "again", ignore_errors=True)
    others = shutil.ignore_patterns("store", "again")
    return Path(shutil.copytree(folder, folder / "again", ignore=others))


def run_steps(folder: Path, rng: Random, suffix: str, hygiene: str = "") -> None:
    """Files that come in any order, leads that change meanwhile: each state against a run over all there is."""
    world = worlds_of(rng)
    files = split(bad_events(world.tables().interactions).drop(columns="interaction_id"), rng)
    names = [f"events-{number}{suffix}" for number in range(len(files))]
    rng.shuffle(names)
    for name, rows in zip(names, files, strict=True):
        write_tables(folder, world, f"events-*{suffix}", more=hygiene)
        write_events(rows, folder / name)
        as_ofs = tuple(sorted(rng.sample(AS_OFS, rng.randint(1, 4))))
        try:
            expected = expected_of(folder, world, as_ofs)
            done = updated(folder, world, as_ofs)
        except InputContractError:  # mostly bad rows so far
            continue
        assert_same_bits(table_of(folder), expected.rows)
        assert (done.count.read, done.count.used) == (expected.count.read, expected.count.used)
        assert {rule: n for rule, n in done.tally.left_out.items() if n} == {
            rule: n for rule, n in expected.left_out.items() if n
        }
        assert done.count == updated(fresh_copy(folder), world, as_ofs).count
        world = changed_world(world, rng)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_sequence_of_updates_gives_the_table_of_all_files(tmp_path_factory, suffix, seed):
    run_steps(tmp_path_factory.mktemp("steps"), Random(seed), suffix)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_sales_did_is_left_out_of_a_store_that_grows(tmp_path_factory, seed):
    rules = 'rep_activities = "exclude"\nrep_kinds = ["Visit"]\n'
    run_steps(tmp_path_factory.mktemp("steps"), Random(seed), ".parquet", rules)


def test_ids_of_rows_that_come_twice_are_settled_as_in_one_run(tmp_path):
    world = replace(SMALL, interactions=())
    write_tables(tmp_path, world)
    put(tmp_path, "events-1.parquet", event(1, interaction_id="a"), event(2, interaction_id="b"))
    updated(tmp_path, world, DAYS)
    put(tmp_path, "events-2.parquet", event(2, interaction_id="b"), event(3, interaction_id="c"))
    assert (done := updated(tmp_path, world, DAYS)).rebuilt is None
    assert done.count.reasons == {"repeats another row": 1}
    put(tmp_path, "events-3.parquet", event(5, interaction_id="c", topic="price"))
    assert "ids of older ones" in updated(tmp_path, world, DAYS).rebuilt
    check(tmp_path, world)


# What is touched --------------------------------------------------------------------------------------------------
def test_nothing_new_computes_nothing(project):
    done = updated(project, SMALL, DAYS)
    assert (done.recomputed, done.reused, done.read, done.rebuilt) == (0, 12, 0, None)


def test_an_event_touches_only_later_rows_of_its_account(project):
    put(project, "events-2.parquet", event(9))
    done = updated(project, SMALL, DAYS)
    assert (done.recomputed, done.read) == (4, 1)  # two leads of account A at days 10 and 20
    check(project, SMALL)


def test_an_event_after_all_snapshots_touches_no_row(project):
    put(project, "events-2.parquet", event(20), event(30, who="L4"))
    assert updated(project, SMALL, DAYS).recomputed == 0
    check(project, SMALL)


def test_a_late_event_of_an_account_is_merged_into_its_past(project):
    put(project, "events-0.parquet", event(0.5, who=None, account_id="B"))
    assert updated(project, SMALL, DAYS).recomputed == 3
    check(project, SMALL)


def test_a_changed_attribute_touches_only_its_lead(project):
    world = replace(SMALL, leads=(*LEADS[:1], {**LEADS[1], "employees": 12.0}, *LEADS[2:]))
    write_tables(project, world)
    assert updated(project, world, DAYS).recomputed == 3
    check(project, world)


def test_a_new_lead_touches_its_account(project):
    world = replace(SMALL, leads=(*LEADS, lead("L0", account="B")))
    write_tables(project, world)
    assert updated(project, world, DAYS).recomputed == 6
    check(project, world)


def test_a_lead_that_moves_takes_its_events_along(project):
    world = replace(SMALL, leads=({**LEADS[0], "account_id": "B"}, *LEADS[1:]))
    write_tables(project, world)
    assert updated(project, world, DAYS).recomputed == 9
    check(project, world)


def test_only_snapshots_that_are_new_are_computed(project):
    assert updated(project, SMALL, (day(10), day(15), day(20))).recomputed == 4
    check(project, SMALL, (day(10), day(15), day(20)))


def test_another_catalog_computes_all_rows_from_the_events_that_are_there(project):
    fewer = replace(NUMBERS, features=NUMBERS.features[:5])
    asked = asked_for(made := given_by(project), all_pairs(SMALL, DAYS), fewer)
    done = update_store(project / "store", made, lambda _: asked, LIMITS, (silent, silent))
    assert (done.recomputed, done.read, done.rebuilt) == (12, 0, None)
    assert stored_catalog(project / "store") == fewer


# Rows that are not used -------------------------------------------------------------------------------------------
def test_a_row_that_repeats_one_of_an_older_file_is_quarantined(project):
    put(project, "events-2.parquet", event(1, who="L3"), event(6, who="L3"))
    done = updated(project, SMALL, DAYS)
    assert done.count.reasons == {"repeats another row": 1}
    bad = done.bad_rows()
    assert (bad.faults["file"].iloc[0], bad.faults["line"].iloc[0]) == ("events-2.parquet", 1)


def test_rows_of_a_lead_that_was_not_known_are_used_when_it_comes(project):
    put(project, "events-2.parquet", event(6, who="L9"), event(7, who="L9"), event(8))
    assert updated(project, SMALL, DAYS).count.reasons == {"lead_id is not in leads": 2}
    world = replace(SMALL, leads=(*LEADS, lead("L9")))
    write_tables(project, world)
    done = updated(project, world, DAYS)
    assert (done.count.quarantined, done.bad_rows(), done.rebuilt, done.recomputed) == (0, None, None, 3)
    check(project, world)


def test_rows_after_the_end_are_used_when_the_end_has_moved_on(tmp_path):
    write_tables(tmp_path, SMALL, end="2026-01-06T00:00:00Z")
    put(tmp_path, "events-1.parquet", *OLD, event(8))
    assert updated(tmp_path, SMALL, DAYS).count.reasons == {"occurred_at is after the data's end": 1}
    write_tables(tmp_path, SMALL)
    done = updated(tmp_path, SMALL, DAYS)
    assert (done.count.quarantined, done.rebuilt, done.recomputed) == (0, None, 4)
    check(tmp_path, SMALL)


def test_a_store_that_would_be_mostly_bad_stays_as_it_was(project):
    before = table_of(project)
    put(project, "events-2.parquet", *(event(n, kind=None) for n in range(9)))
    with pytest.raises(InputContractError, match=r"9 of 14 rows of .* cannot be used"):
        updated(project, SMALL, DAYS)
    pd.testing.assert_frame_equal(table_of(project), before)


# Starting from scratch --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_an_old_file_that_is_another_one_now_starts_from_scratch(project, harm):
    put(project, "events-2.parquet", event(9))
    updated(project, SMALL, DAYS)
    if harm == "gone":
        (project / "events-2.parquet").unlink()
    else:
        put(project, "events-2.parquet", event(8))
    done = updated(project, SMALL, DAYS)
    assert f"events-2.parquet {'is gone' if harm == 'gone' else 'has changed'}" in done.notes[0]
    check(project, SMALL)


def test_a_file_that_was_only_touched_is_not_read_again(project):
    os.utime(project / "events-1.parquet", (1, 1))
    done = updated(project, SMALL, DAYS)
    assert (done.read, done.rebuilt) == (0, None)


@pytest.mark.parametrize("pattern", ["manifest.json", "events-*.bin", "rows-*.parquet", "leads-*.arrow"])
@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_a_damaged_store_starts_from_scratch(project, pattern, harm):
    path = next((project / "store").glob(pattern))
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1])
    done = updated(project, SMALL, DAYS)
    assert done.recomputed == 12
    assert (done.rebuilt is None) == (path.name == "manifest.json" and harm == "gone")
    check(project, SMALL)


def test_a_lead_with_events_that_is_gone_starts_from_scratch(project):
    world = replace(SMALL, leads=LEADS[1:])
    write_tables(project, world)
    done = updated(project, world, DAYS)
    assert "are gone" in done.rebuilt
    assert done.count.reasons == {"lead_id is not in leads": 1}
    check(project, world)


def test_other_settings_start_from_scratch(project):
    toml = project / "ripelead.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("= 3600", "= 1800"), encoding="utf-8")
    assert "in another way now" in updated(project, SMALL, DAYS).rebuilt


def test_interactions_of_a_query_are_read_anew(project):
    toml = project / "ripelead.toml"
    text = toml.read_text(encoding="utf-8").replace(
        'file = "events-*.parquet"', "sql = \"select * from 'events-1.parquet'\""
    )
    toml.write_text(text, encoding="utf-8")
    updated(project, SMALL, DAYS)
    done = updated(project, SMALL, DAYS)
    assert (done.recomputed, done.read) == (12, 5)
    assert "of a query" in done.rebuilt
    check(project, SMALL)


# Half-written states, readers and other writers -------------------------------------------------------------------
def test_an_update_that_ends_halfway_leaves_the_former_state(project, monkeypatch):
    before = table_of(project)
    put(project, "events-2.parquet", event(9))
    monkeypatch.setattr("features.engines.store.writing.commit", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        updated(project, SMALL, DAYS)
    pd.testing.assert_frame_equal(table_of(project), before)
    monkeypatch.undo()
    assert updated(project, SMALL, DAYS).recomputed == 4
    check(project, SMALL)


def test_an_update_whose_events_do_not_reach_the_disk_leaves_the_former_state(project, monkeypatch):
    before = table_of(project)
    put(project, "events-2.parquet", event(9))

    def full(path):
        if path.name.startswith("events-"):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("features.engines.store.files._sync", full)
    with pytest.raises(SinkError, match="No space left on device"):
        updated(project, SMALL, DAYS)
    pd.testing.assert_frame_equal(table_of(project), before)
    monkeypatch.undo()
    assert updated(project, SMALL, DAYS).recomputed == 4
    check(project, SMALL)


def test_snapshots_in_no_order_are_refused(project):
    made = given_by(project)
    asked = asked_for(made, all_pairs(SMALL, DAYS))
    turned = replace(asked, snapshots=asked.snapshots.take(np.arange(len(asked.snapshots))[::-1]))
    with pytest.raises(ValueError, match="sorted"):
        update_store(project / "store", made, lambda _: turned, LIMITS, (silent, silent))
    check(project, SMALL)


def test_nothing_of_former_states_stays(project):
    put(project, "events-2.parquet", event(9))
    updated(project, SMALL, DAYS)
    (project / "store" / "rows-000099.parquet").write_bytes(b"left over")
    updated(project, SMALL, DAYS)
    assert len(list((project / "store").glob("places-*"))) == 1
    assert not (project / "store" / "rows-000099.parquet").exists()


def test_an_open_table_stays_what_it_was(project):
    table = read_store(project / "store")
    before = table.whole()
    put(project, "events-2.parquet", event(9))
    updated(project, SMALL, DAYS)
    assert table.whole().equals(before)


def test_two_updates_at_once_are_refused(project):
    with locked(project / "store"), pytest.raises(SinkError, match="another update is under way"):
        updated(project, SMALL, DAYS)


def test_a_folder_of_other_things_is_refused_and_left_alone(tmp_path):
    write_tables(tmp_path, SMALL)
    put(tmp_path, "events-1.parquet", *OLD)
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ProjectFileError, match="holds other files"):
        updated(tmp_path, SMALL, DAYS)
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["letter.txt"]


def test_a_reader_of_no_store_is_told(tmp_path):
    with pytest.raises(InputContractError, match="no feature store"):
        read_store(tmp_path)


# Compaction and memory --------------------------------------------------------------------------------------------
def test_parts_are_written_as_one_when_they_are_many(project, monkeypatch):
    monkeypatch.setattr(store_compaction, "MOST_PARTS", 2)
    rng, world = Random(3), SMALL
    for number in range(2, 9):
        put(project, f"events-{number}.parquet", event(rng.uniform(0, 20), who=f"L{rng.randint(1, 4)}"))
        world = replace(SMALL, leads=(*LEADS, any_lead(rng, "L5")))
        write_tables(project, world)
        updated(project, world, DAYS)
        check(project, world)
    assert len(list((project / "store").glob("events-*.bin"))) <= 3
    assert len(list((project / "store").glob("rows-*.parquet"))) <= 3


@pytest.mark.parametrize(("most", "files"), [(12, 4), (2, 2)])
def test_places_of_rows_that_moved_stand_beside_those_of_all(project, monkeypatch, most, files):
    monkeypatch.setattr(placing, "MOVED_SHARE", 1.0)
    monkeypatch.setattr(placing, "MOST_FILES", most)
    for number, who in ((2, "L1"), (3, "L4"), (4, "L2")):
        put(project, f"events-{number}.parquet", event(9 + number, who=who))
        updated(project, SMALL, DAYS)
        check(project, SMALL)
    assert updated(project, SMALL, DAYS).recomputed == 0
    assert len(list((project / "store").glob("places-*"))) == files


def test_places_of_rows_that_are_not_there_are_damage(tmp_path):
    everywhere = Places(np.array([1, 1], np.int32), np.array([0, 1], np.int32))
    names = placing.write_places(tmp_path / "places-000001.npy", everywhere, (), np.arange(2))
    np.save(tmp_path / "places-000002.npy", np.array([[2], [3], [0]], np.int32))
    with pytest.raises(DamagedStoreError, match="not there"):
        placing.read_places(tmp_path, (*names, "places-000002.npy"))


def test_little_memory_gives_the_same_table(project):
    world = joined([random_world(5, 50, seed) for seed in range(4)])
    write_tables(project, world)
    write_events(world.tables().interactions, project / "events-2.parquet")
    updated(project, world, limits=Limits(memory=2_000, threads=2))
    check(project, world, AS_OFS)


# What readers and askers get --------------------------------------------------------------------------------------
def test_further_columns_are_those_of_the_newest_update(project):
    for label in (False, True):
        asked = asked_for(made := given_by(project), all_pairs(SMALL, DAYS))
        own = asked.leading
        labelled = replace(asked, leading=lambda rows, own=own, label=label: {
            **own(rows), "label": pa.array([label] * (rows.stop - rows.start), pa.bool_())
        })  # fmt: skip
        done = update_store(project / "store", made, lambda _, asked=labelled: asked, LIMITS, (silent, silent))
        table = read_store(project / "store").whole()
        assert table.column_names[:3] == ["lead_id", "as_of", "label"]
        assert set(table["label"].to_pylist()) == {label}
    assert done.recomputed == 0


def test_a_store_is_exported_as_one_file(project, tmp_path):
    assert read_store(project / "store").write(tmp_path / "out.parquet") == 12
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["lead_id"].tolist() == [name for name in ("L4", "L1", "L2", "L3") for _ in DAYS]


def test_what_a_store_tells_of_its_events_is_what_the_engine_tells(tmp_path):
    world = joined([random_world(5, 50, seed) for seed in range(3)])
    write_tables(tmp_path, world)
    rows = world.tables().interactions
    write_events(rows[::2], tmp_path / "events-1.parquet")
    updated(tmp_path, world)
    write_events(rows[1::2], tmp_path / "events-2.parquet")
    made, told = given_by(tmp_path), []
    asked = asked_for(made, all_pairs(world))
    update_store(tmp_path / "store", made, lambda seen: told.append(seen) or asked, LIMITS, (silent, silent))
    with open_events(made.project) as source:
        door = open_door(made.project, source, made.tables, made.histories, made.end)
        logs = read_event_logs(source, door, made.histories, tmp_path, LIMITS, silent)
    deals = pd.DataFrame({"lead_id": [None], "account_id": ["0-A"]})
    features = made.project.features
    assert told[0].recorded == logs.recorded
    assert told[0].vocabulary(day(10), features) == logs.vocabulary(day(10), features)
    order = ["lead_id", "occurred_at"]
    assert np.array_equal(*(found.touches(deals).sort_values(order).to_numpy() for found in (told[0], logs)))
