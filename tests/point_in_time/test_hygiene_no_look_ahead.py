"""Whether an event counts depends on nothing after it, nor on the order of rows."""

from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from logs import KINDS, Event, any_event, any_rules, log_of, timelines
from worlds import World, all_pairs, event, frame, full_catalog, lead, snapshots, worlds

from features.build import build_features
from features.histories import EventLog, build_histories
from features.hygiene import unwanted, without
from features.project import HygieneSettings
from features.tables import Tables
from features.traffic import excluded_rows

ROWS = (
    event(1),
    event(1, who="L2"),
    event(2, actor="Googlebot/2.1"),
    event(2, actor="qa-7"),
    event(2, actor="qa-7", direction="outbound"),
    event(-20_000),
    event(3, who=None, account_id="A"),
)


def decisions(log: EventLog, rules: HygieneSettings) -> list[bool]:
    return unwanted(log, KINDS, rules).mask.tolist()


@given(timelines, any_rules, any_event)
def test_history_cut_at_any_time_has_the_same_decisions(timeline, rules, border):
    log = log_of(timeline)
    past = log_of([e for e in timeline if e.time < border.time])
    assert decisions(past, rules) == unwanted(log, KINDS, rules).mask[log.time < border.time].tolist()


@given(timelines, any_rules, st.lists(any_event, max_size=5), any_event)
def test_later_events_change_no_decision(timeline, rules, more, border):
    before = [e for e in timeline if e.time < border.time]
    later = [e for e in more if e.time >= border.time]
    log = log_of([*before, *later])
    assert unwanted(log, KINDS, rules).mask[log.time < border.time].tolist() == decisions(log_of(before), rules)


@given(timelines, any_rules, st.integers(0, 3))
def test_the_order_of_rows_changes_nothing(timeline, rules, seed):
    mixed = Random(seed).sample(timeline, len(timeline))
    assert decisions(log_of(mixed), rules) == decisions(log_of(timeline), rules)


def test_histories_of_mixed_rows_have_the_same_decisions():
    second = 1 / 86_400
    clicks = [event(1 + n // 3 * second, "email_click", topic=f"t{n % 2}") for n in (*range(3, 24), 60)]
    tables = World((lead(),), (event(1, "email_sent"), *clicks)).tables()
    mixed = [replace(tables, interactions=tables.interactions.sample(frac=1, random_state=seed)) for seed in (1, 2)]
    kept = [[(e.time, e.topic) for e in what_counts(t, HygieneSettings(scanner_seconds=1))] for t in (tables, *mixed)]
    assert kept[0] == kept[1] == kept[2]
    assert 1 < len(kept[0]) < 23


@given(worlds(), st.randoms(use_true_random=False))
def test_what_sales_did_changes_no_feature_and_neither_does_its_future(world, rng):
    rules = HygieneSettings(rep_activities="exclude", rep_actors=("rep*",), rep_kinds=("webinar",), duplicate_seconds=0)
    rows = [{**row, "actor": rng.choice((None, "rep 1", "visitor"))} for row in world.interactions]
    buyers = [
        row
        for row in rows
        if not (row["direction"] == "outbound" or row["actor"] == "rep 1" or row["kind"] == "webinar")
    ]
    found = [values_of(replace(world, interactions=tuple(part)), rules) for part in (rows, buyers)]
    np.testing.assert_array_equal(*found)


def values_of(world: World, rules: HygieneSettings) -> np.ndarray:
    tables = world.tables()
    histories = build_histories(tables, rules)
    return build_features(histories, tables, snapshots(histories, all_pairs(world)), full_catalog()).values


def what_counts(tables: Tables, rules: HygieneSettings) -> list[Event]:
    histories = build_histories(tables)
    log = without(histories.by_lead, unwanted(histories.by_lead, histories.kinds, rules).mask)
    columns = (log.lead, log.time, log.kind, log.topic, log.duration)
    return [Event(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@given(st.lists(st.sampled_from(ROWS), max_size=8))
def test_each_row_of_the_table_is_judged_by_itself(rows):
    rules = HygieneSettings(internal_domains=("acme.com",), internal_actors=("qa-*",))
    leads = frame("leads", [lead("L1"), lead("L2", email="t@acme.com")])
    together = excluded_rows(frame("interactions", rows), leads, rules).mask
    alone = [excluded_rows(frame("interactions", [row]), leads, rules).mask[0] for row in rows]
    assert together.tolist() == alone
