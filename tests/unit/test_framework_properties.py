"""Properties of all shipped frameworks on random worlds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import AS_OFS, CRITERIA, World, all_pairs, day, event, past, snapshots, worlds

from features import build
from features.attribute_points import tracked_fields
from features.frameworks.definition import read_frameworks, shipped_names
from features.frameworks.facts import facts_of
from features.frameworks.statement import statements, statements_of
from features.frameworks.verdict import judge, judge_all, sight_of
from features.histories import build_histories, restrict
from features.qualification import bant, evidence_as_of
from features.rule_settings import PointSettings, RuleSettings
from features.snapshots import Snapshots

ALL = read_frameworks(RuleSettings(frameworks=shipped_names()), Path())
POINTS = PointSettings(kinds={"click": 3, "webinar": 20, "Visit": 1}, attributes={"seniority": {"chief": 30, "*": -5}})
KINDS = ("demo_requested", "pricing_page_view", "introduction", "contract_review_planned", "price_calculator_used")
TITLES = ("CEO", "Trainee", "Student", None)


def lively(world, seed):
    """The world with kinds and titles that frameworks look for."""
    rng = np.random.default_rng(seed)
    rows = tuple({**row, "kind": str(rng.choice(KINDS))} if rng.random() < 0.5 else row for row in world.interactions)
    leads = tuple({**row, "title": rng.choice(np.array(TITLES, object))} for row in world.leads)
    noted = tuple({**row, "deadline": row["assessed_at"] + int(rng.integers(0, 500)) * 86_400_000_000}
                  if rng.random() < 0.3 else row for row in world.assessments)  # fmt: skip
    return replace(world, interactions=rows, leads=leads, assessments=noted)


some_worlds = st.builds(lively, worlds(), st.integers(0, 2**16))


def verdicts(world, pairs=None, tracked=None, frameworks=ALL):
    tables, histories = world.tables(), world.histories()
    tracked = tracked_fields(tables.lead_changes) if tracked is None else tracked
    facts = facts_of(histories.leads, tables, frameworks, POINTS, tracked)
    at = snapshots(histories, all_pairs(world) if pairs is None else pairs)
    return judge(histories, facts, at, frameworks, POINTS).verdicts


def assert_same(one, other):
    for name in ALL:
        for column in ("states", "outcome", "score", "possible"):
            np.testing.assert_array_equal(getattr(one[name], column), getattr(other[name], column))


@settings(max_examples=30)
@given(some_worlds, st.sampled_from(AS_OFS))
def test_nothing_at_or_after_the_as_of_date_is_evidence(world, as_of):
    tracked = tracked_fields(world.tables().lead_changes)
    pairs = all_pairs(world, [as_of])
    assert_same(verdicts(world, pairs, tracked), verdicts(past(world, as_of), pairs, tracked))


@settings(max_examples=20)
@given(some_worlds)
def test_without_evidence_nothing_is_met_and_nothing_is_denied(world):
    bare = World(tuple({"lead_id": row["lead_id"], "created_at": row["created_at"]} for row in world.leads))
    for found in verdicts(bare).values():
        assert (found.states == 0).all()
        assert (found.outcome == 0).all()
        assert not found.qualified.any()


@settings(max_examples=20)
@given(some_worlds, st.sampled_from([0.001, 0.3, 7, 1e6]))
def test_the_scale_of_weights_changes_no_verdict(world, factor):
    scaled = {
        name: framework.model_copy(update={"min_score": 0.5, "criteria": {
            key: one.model_copy(update={"weight": one.weight * factor}) for key, one in framework.criteria.items()
        }})
        for name, framework in ALL.items()
    }  # fmt: skip
    plain = {name: framework.model_copy(update={"min_score": 0.5}) for name, framework in ALL.items()}
    one, other = verdicts(world, frameworks=plain), verdicts(world, frameworks=scaled)
    for name in ALL:
        np.testing.assert_array_equal(one[name].outcome, other[name].outcome)


more = st.one_of(
    st.builds(lambda name, when: ("assessments", name, when), st.sampled_from(CRITERIA), st.floats(-20, 50)),
    st.builds(lambda kind, when: ("interactions", kind, when), st.sampled_from(KINDS), st.floats(-20, 50)),
)


@settings(max_examples=60)
@given(some_worlds, more)
def test_favourable_evidence_never_lowers_a_verdict(world, added):
    table, what, when = added
    who = world.leads[0]["lead_id"]
    row = (
        {"lead_id": who, "assessed_at": day(when), "criterion": what, "met": 1.0}
        if table == "assessments"
        else event(when, what, who)
    )
    richer = replace(world, **{table: (*getattr(world, table), row)})
    before, after = verdicts(world), verdicts(richer)
    for name in ALL:
        assert (after[name].outcome >= before[name].outcome).all()
        assert (after[name].qualified >= before[name].qualified).all()


@settings(max_examples=20)
@given(some_worlds, st.integers(0, 2**16))
def test_order_chunks_and_company_change_nothing(world, seed):
    whole = verdicts(world)
    tables = world.tables()
    tracked = tracked_fields(tables.lead_changes)
    names = ("leads", "interactions", "lead_changes", "assessments")
    mixed = replace(tables, **{name: getattr(tables, name).sample(frac=1, random_state=seed) for name in names})
    histories = build_histories(mixed)
    facts = facts_of(histories.leads, mixed, ALL, POINTS, tracked)
    at = snapshots(histories, all_pairs(world))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "BLOCK_LEADS", 1)
        assert_same(whole, judge_all(histories, facts, at, ALL, POINTS, 2).verdicts)
    for number, lead_id in enumerate(histories.lead_ids):
        alone = restrict(tables, pd.Index([lead_id]))
        own = build_histories(alone)
        pairs = snapshots(own, [(lead_id, as_of) for as_of in AS_OFS])
        found = judge(own, facts_of(own.leads, alone, ALL, POINTS, tracked), pairs, ALL, POINTS).verdicts
        for name in ALL:
            np.testing.assert_array_equal(found[name].states, whole[name].states[at.lead == number])


@settings(max_examples=30)
@given(some_worlds, st.sampled_from([None, 10]), st.integers(1, 4), st.sampled_from([0.4, 0.5, 1.0]))
def test_bant_is_the_baseline_of_every_evaluation_whatever_the_keys(world, max_age_days, at_least, met_from):
    rules = RuleSettings(max_age_days=max_age_days, at_least=at_least, met_from=met_from, frameworks=("bant",))
    found = verdicts(world, frameworks=read_frameworks(rules, Path()))["bant"]
    histories = world.histories()
    at = snapshots(histories, all_pairs(world))
    known = bant(evidence_as_of(histories, world.tables().assessments, at, rules.criteria), rules)
    np.testing.assert_array_equal(found.met, known.met)
    np.testing.assert_array_equal(found.unknown, known.unknown)
    np.testing.assert_array_equal(found.qualified, known.qualified)


@settings(max_examples=15)
@given(some_worlds)
def test_what_is_said_of_one_lead_is_its_verdict(world):
    tables, histories = world.tables(), world.histories()
    facts = facts_of(histories.leads, tables, ALL, POINTS, tracked_fields(tables.lead_changes))
    whole = verdicts(world)
    at = snapshots(histories, all_pairs(world))
    for row in range(0, len(at), 3):
        one = Snapshots(at.lead[row : row + 1], at.as_of[row : row + 1])
        for statement in statements(histories, facts, one, ALL, POINTS):
            states = [{"not_met": -1, "unknown": 0, "met": 1}[c.state] for c in statement.criteria]
            assert states == whole[statement.framework].states[row].tolist()
            for piece in (piece for c in statement.criteria for piece in c.evidence):
                assert piece.at is None or piece.at < one.as_of[0]


@settings(max_examples=15)
@given(some_worlds)
def test_statements_of_many_are_those_of_each_alone(world):
    tables, histories = world.tables(), world.histories()
    facts = facts_of(histories.leads, tables, ALL, POINTS, tracked_fields(tables.lead_changes))
    every = snapshots(histories, all_pairs(world, AS_OFS[:2]))
    found = judge(histories, facts, every, ALL, POINTS).verdicts
    sight = sight_of(histories, facts, every, ALL, POINTS)
    rows = {name: statements_of(sight, name, framework, found[name]) for name, framework in ALL.items()}
    for row in range(len(every)):
        alone = statements(histories, facts, every.take(np.array([row])), ALL, POINTS)
        assert alone == tuple(rows[name][row] for name in ALL)
