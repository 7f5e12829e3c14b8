"""Nothing at or after an as-of date changes features, points or evidence, nor does how the data are cut."""

from dataclasses import replace
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from worlds import (
    AS_OFS,
    CRITERIA,
    DAY,
    HOUR,
    POINTS,
    TIMES,
    Row,
    World,
    all_pairs,
    any_assessment,
    any_change,
    any_event,
    day,
    event,
    full_catalog,
    lead,
    past,
    snapshots,
    worlds,
)

from features import build
from features.build import build_features
from features.catalog import Catalog
from features.histories import build_histories, restrict
from features.points import points_as_of
from features.qualification import evidence_as_of
from features.rule_settings import PointSettings
from features.snapshots import closings_by_lead, has_open_deal, is_open
from features.tables import Tables

CATALOG = full_catalog()
NAMES = (
    *CATALOG.names,
    "points",
    "fading points",
    *(f"{name} met" for name in CRITERIA),
    *(f"{n} age" for n in CRITERIA),
)
FADING = PointSettings(kinds=POINTS, half_life_days=7, cap_per_kind=30)
as_ofs = st.sampled_from(AS_OFS)
seeds = st.integers(0, 2**32 - 1)


def seen(tables: Tables, pairs: list[tuple[str, int]], catalog: Catalog = CATALOG) -> pd.DataFrame:
    """Everything that a score may rest on, one row per (lead, as_of)."""
    histories = build_histories(tables)
    at = snapshots(histories, pairs)
    evidence = evidence_as_of(histories, tables.assessments, at, CRITERIA)
    columns = [
        build_features(histories, tables, at, catalog).values,
        points_as_of(histories, at, PointSettings(kinds=POINTS)),
        points_as_of(histories, at, FADING),
        evidence.met,
        evidence.age_days,
    ]
    index = pd.MultiIndex.from_arrays([histories.lead_ids[at.lead], at.as_of])
    names = (*catalog.names, *NAMES[len(CATALOG.names) :])
    return pd.DataFrame(np.column_stack(columns), index, names).sort_index()


def assert_identical(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Equal bit for bit: −0 is not 0."""
    assert one.index.equals(other.index)
    a, b = (np.ascontiguousarray(frame.to_numpy()) for frame in (one, other))
    same = (a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))
    row, column = (int(i[0]) if len(i) else 0 for i in np.nonzero(~same))
    assert same.all(), (one.index[row], one.columns[column], a[row, column], b[row, column])


def recorded_from_the_start(world: World) -> World:
    """The world with a first value, long ago, of every field that has recorded changes."""
    fields = {(row["lead_id"], row["field"]) for row in world.lead_changes}
    first = [{"lead_id": name, "changed_at": day(-90), "field": field, "value": "12"} for name, field in sorted(fields)]
    return replace(world, lead_changes=(*first, *world.lead_changes))


def at_or_after(as_of: int):
    return lambda rng: as_of + rng.choice((0, 0, 1, HOUR, 3 * DAY, 30 * DAY))


def disturbed(world: World, as_of: int, rng: Random) -> World:
    """The world with its rows at or after `as_of` changed, deleted and added, in another order, and a new colleague."""
    names, when = [row["lead_id"] for row in world.leads], at_or_after(as_of)
    makers = {"interactions": any_event, "assessments": any_assessment, "lead_changes": any_change}
    rows = {}
    for table, make in makers.items():
        before = [row for row in getattr(world, table) if row[TIMES[table]] < as_of]
        later = [row for row in getattr(world, table) if row[TIMES[table]] >= as_of and rng.random() < 0.4]
        added = [make(rng, names, when) for _ in range(rng.randrange(6))]
        rows[table] = [*before, *later, *(_known_field(row, world) for row in added if _known_field(row, world))]
    rows["interactions"] += [event(0, "aaa new", "L0", topic="aaa new") | {"occurred_at": when(rng)} for _ in range(3)]
    newcomer = lead("L0", account="A", seniority="chief") | {"created_at": as_of}
    shuffled = {table: tuple(rng.sample(values, len(values))) for table, values in rows.items()}
    return replace(world, leads=(newcomer, *world.leads), **shuffled)


def _known_field(row: Row, world: World) -> Row | None:
    """The row, unless it is the first recorded change of a field: that one makes the exported value unusable."""
    recorded = {(r["lead_id"], r["field"]) for r in world.lead_changes}
    return row if "field" not in row or (row["lead_id"], row["field"]) in recorded else None


@given(worlds(), as_ofs)
def test_cutting_all_tables_at_as_of_changes_nothing(world, as_of):
    world = recorded_from_the_start(world)
    pairs = all_pairs(world, [as_of])
    assert_identical(seen(world.tables(), pairs), seen(past(world, as_of).tables(), pairs))


@given(worlds(), as_ofs, seeds)
def test_rows_at_or_after_as_of_change_nothing(world, as_of, seed):
    world = recorded_from_the_start(world)
    pairs = all_pairs(world, [as_of])
    assert_identical(seen(world.tables(), pairs), seen(disturbed(world, as_of, Random(seed)).tables(), pairs))


@settings(max_examples=20)
@given(worlds(), as_ofs, seeds)
def test_an_event_one_microsecond_before_as_of_counts(world, as_of, seed):
    assume(world.leads[0]["created_at"] < as_of)
    new = any_event(Random(seed), [world.leads[0]["lead_id"]], lambda _: as_of - 1) | {"lead_id": "L1"}
    pairs = [("L1", as_of)]
    before = seen(world.tables(), pairs)
    after = seen(replace(world, interactions=(*world.interactions, new)).tables(), pairs)
    grown = [name for name in CATALOG.names if name.startswith("count") and " None " in name]
    assert (after[grown] - before[grown] == 1).all(axis=None)


@given(worlds(), seeds)
def test_row_order_of_the_tables_changes_nothing(world, seed):
    tables, pairs = world.tables(), all_pairs(world)
    frames = {name: getattr(tables, name).sample(frac=1, random_state=seed) for name in (*TIMES, "accounts", "deals")}
    assert_identical(seen(tables, pairs), seen(replace(tables, **frames), pairs))


@settings(max_examples=20)
@given(worlds())
def test_block_size_changes_nothing(world):
    tables, pairs = world.tables(), all_pairs(world)
    whole = seen(tables, pairs)
    for size in (1, 3, 10**12):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(build, "BLOCK_EVENTS", size)
            assert_identical(whole, seen(tables, pairs))


@settings(max_examples=20)
@given(worlds())
def test_one_lead_with_its_account_equals_the_same_lead_in_the_batch(world):
    tables = world.tables()
    whole = seen(tables, all_pairs(world))
    for row in world.leads:
        name = row["lead_id"]
        alone = seen(restrict(tables, pd.Index([name])), [(name, as_of) for as_of in AS_OFS])
        assert_identical(whole.loc[[name]], alone)


@settings(max_examples=20)
@given(worlds(), as_ofs)
def test_one_snapshot_alone_equals_the_same_among_many(world, as_of):
    tables = world.tables()
    many = all_pairs(world, [*AS_OFS, *(as_of + hours * HOUR for hours in range(-5, 5))])
    whole = seen(tables, list(dict.fromkeys(many)))
    for row in world.leads:
        assert_identical(whole.loc[[(row["lead_id"], as_of)]], seen(tables, [(row["lead_id"], as_of)]))


@settings(max_examples=20)
@given(worlds(), seeds)
def test_a_smaller_catalog_gives_the_same_columns(world, seed):
    tables, pairs = world.tables(), all_pairs(world)
    kept = Random(seed).sample(CATALOG.names, 40)
    smaller = CATALOG.keep(frozenset({*kept, "profile_filled lead None None"}))
    whole, part = seen(tables, pairs), seen(tables, pairs, smaller)
    assert_identical(whole[list(smaller.names)], part[list(smaller.names)])


@settings(max_examples=20)
@given(worlds(), as_ofs)
def test_whether_a_lead_is_open_rests_on_the_past(world, as_of):
    pairs = all_pairs(world, [as_of])
    for question in (is_open, has_open_deal):
        answers = [
            question(closings_by_lead(w.tables().deals, pd.Index(h.lead_ids)), snapshots(h, pairs)).tolist()
            for w in (world, past(world, as_of))
            for h in [w.histories()]
        ]
        assert answers[0] == answers[1]
