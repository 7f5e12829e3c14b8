"""The column `stage` of scores is the stage that the machine gives the lead, tonight's moves included."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_stage_rules import histories as one_event
from worlds import World, day, deal, lead, moment, snapshots

from features.rule_settings import PointSettings
from features.stage_settings import StageSettings
from serving.lifecycle.events import StageEvent, events_table
from serving.lifecycle.evidence import Scored, Seen, frameworks_of
from serving.lifecycle.history import Process, all_events
from serving.lifecycle.log import append, writing
from serving.lifecycle.night import Night, new_events
from serving.lifecycle.replay import stage_at
from serving.lifecycle.standings import nights, stages_with, standing_at

POINTS = PointSettings(threshold=50)
LEADS = ("a", "b", "c")


def process(folder, **settings):
    chosen = StageSettings(**settings)
    project = SimpleNamespace(rules=None, directory=folder)
    return Process(chosen, folder, "all", frameworks_of(project, chosen))


def assessed(criterion, met):
    return {"lead_id": "a", "assessed_at": day(1), "criterion": criterion, "met": met}


def column(world, how, asked, points, model, score=99.0):
    """The stage of each snapshot as `ripelead score` writes it."""
    found = world.histories()
    looked = snapshots(found, asked)
    night = nights(how, found, world.tables(), looked, POINTS)
    night.judge(found, looked, slice(0, len(looked)), 0, POINTS)
    n = len(looked)
    standing = night.standings(slice(0, n))
    return stages_with(standing, np.full(n, points), np.full(n, model), np.full(n, score)).to_pylist()


def machine(world, how, as_of, points, model, score=99.0):
    """The stage of each lead after `ripelead stages advance`."""
    tables = world.tables()
    scored = Scored(np.full(3, score), np.full(3, 0.4), np.full(3, model), np.full(3, 60.0), "v1")
    seen = Seen(pa.array(LEADS), np.full(3, 60.0 if points else 0.0), {}, scored)
    known = all_events(how, tables)
    made = new_events(Night(moment(as_of), how.settings, POINTS, moment(as_of)), seen, known, tables)
    found = stage_at(pa.concat_tables([known, made]), moment(as_of))
    return [found[name] for name in LEADS]


@settings(max_examples=8)
@given(st.lists(one_event(), max_size=5), st.booleans(), st.booleans(), st.booleans())
def test_m02_score_and_machine_agree(tmp_path_factory, history, points, model, direct):
    folder = tmp_path_factory.mktemp("log")
    world = World((lead("a"), lead("b"), lead("c")), deals=(deal("open", None, opened=3, lead_id="b"),))
    how = process(folder, direct_sql=direct, sql_score=70 if direct else None)
    with writing(folder):
        append(folder, events_table([*history, StageEvent("c", moment(day(4)), "merge", into="a")]))
    asked = [(name, day(10)) for name in LEADS]
    # A lead that went into another is not moved itself: its row shows where the other one was before the night.
    assert column(world, how, asked, points, model)[:2] == machine(world, how, day(10), points, model)[:2]


@pytest.mark.parametrize(("met", "stage"), [(1.0, "sql"), (0.0, "sal")])
def test_m05_a_shut_gate_keeps_a_lead_from_being_an_sql_in_the_scores_too(tmp_path, met, stage):
    decided = {"lead_id": "a", "decided_at": day(2), "decision": "accept"}
    world = World((lead("a"),), decisions=(decided,), assessments=(assessed("budget", met),))
    how = process(tmp_path, gates=("budget", "need"))
    assert column(world, how, [("a", day(10))], points=True, model=True) == [stage]


@pytest.mark.parametrize(("email", "stage"), [("ann@acme.example", "sql"), ("info@acme.example", "sal"), (None, "sal")])
def test_contact_data_count_in_the_scores_too(tmp_path, email, stage):
    decided = {"lead_id": "a", "decided_at": day(2), "decision": "accept"}
    world = World(({**lead("a"), "email": email},), decisions=(decided,))
    how = process(tmp_path, contact_verified=True)
    assert column(world, how, [("a", day(10))], points=True, model=True) == [stage]


@settings(max_examples=8)
@given(st.lists(one_event(), max_size=6), st.lists(st.integers(0, 16), min_size=1, max_size=4, unique=True))
def test_many_dates_at_once_are_the_same_as_one_after_the_other(history, days):
    world = World((lead("a"), lead("b")))
    looked = snapshots(world.histories(), [("a", day(at)) for at in sorted(days)])
    ids = pa.array(world.histories().lead_ids, pa.string())
    plain, merged = (standing_at(events_table(some), ids, looked)
                     for some in (history, [*history, StageEvent("x", moment(day(0)), "merge", into="y")]))  # fmt: skip
    for name in ("stage", "until", "left_alone"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(merged, name))
