"""Why a score moved: parts that sum, and one cause alone leaves the others at nothing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear import AGE, BUDGET, FRESH_VISITS, OF_ACCOUNT, VISITS, linear_bundle
from worlds import World, assessment, day, event, lead, moment

from serving.lead.appraisal import appraise
from serving.lead.movement import Then, apportioned, movement

THEN, NOW = moment(day(10)), moment(day(20))
QUIET = World(leads=(lead(account="A"), lead("L2", account="A")), interactions=(event(8, "visit"),))
FRESH = linear_bundle({FRESH_VISITS: 1.0})
EVER = linear_bundle({VISITS: 1.0})


def recorded(bundle, world):
    standing = appraise(bundle, world.tables(), "L1", THEN)
    return Then(THEN, standing.score, standing.propensity, bundle.version[:12])


def moved(models, world, then=None):
    return movement(models, world.tables(), "L1", (THEN, NOW), then)


def points(found):
    return {part.cause: part.points for part in found.parts}


def test_only_time_passed():
    found = moved((FRESH, FRESH), QUIET, recorded(FRESH, QUIET))
    assert (found.score_then, found.score_now) == (60, 50)
    assert points(found) == {"corrections": 0, "time": -10, "arrived": 0, "model": 0}


def test_only_something_arrived():
    came = replace(QUIET, interactions=(*QUIET.interactions, event(10, "visit"), event(15, "visit")))
    found = moved((EVER, EVER), came, recorded(EVER, came))
    assert points(found) == {"corrections": 0, "time": 0, "arrived": 20, "model": 0}
    assert (found.arrived.own, found.arrived.account) == ({"visit": 2}, {})


def test_only_data_were_corrected():
    late = replace(QUIET, interactions=(*QUIET.interactions, event(9, "visit")))
    assert points(moved((EVER, EVER), late, recorded(EVER, QUIET))) == {
        "corrections": 10, "time": 0, "arrived": 0, "model": 0
    }  # fmt: skip


def test_only_the_model_changed():
    other = linear_bundle({VISITS: 2.0}, version="b" * 64)
    found = moved((EVER, other), QUIET, recorded(EVER, QUIET))
    assert points(found) == {"corrections": 0, "time": 0, "arrived": 0, "model": 10}


def test_a_model_that_is_gone_leaves_one_part_for_it_and_for_corrections():
    other = linear_bundle({VISITS: 2.0}, version="b" * 64)
    found = moved((None, other), QUIET, recorded(EVER, QUIET))
    assert points(found) == {"corrections_and_model": 10, "time": 0, "arrived": 0}


def test_without_a_recorded_score_corrections_are_not_known():
    found = moved((EVER, EVER), QUIET)
    assert (found.not_known, points(found)) == (("corrections",), {"time": 0, "arrived": 0, "model": 0})
    assert moved((None, EVER), QUIET).not_known == ("corrections", "model")


def test_beyond_the_end_of_the_scale_the_rest_has_a_part_of_its_own():
    steep = linear_bundle({VISITS: 3.0})
    came = replace(QUIET, interactions=(*QUIET.interactions, event(15, "visit")))
    found = moved((steep, steep), came, recorded(steep, came))
    assert (found.score_then, found.score_now) == (80, 100)
    assert points(found) == {"corrections": 0, "time": 0, "arrived": 30, "model": 0, "end_of_scale": -10}


def test_a_colleague_who_is_new_arrives_with_all_she_did():
    came = replace(
        QUIET,
        leads=(*QUIET.leads, lead("L3", created=10, account="A")),
        interactions=(event(5, "visit", who="L3"), event(12, "visit", who="L2")),
        assessments=(assessment(12, "Budget", 1.0),),
    )
    model = linear_bundle({OF_ACCOUNT: 1.0, BUDGET: 0.5})
    found = moved((model, model), came)
    assert points(found) == {"time": 0, "arrived": 25, "model": 0}
    assert (found.arrived.account, found.arrived.colleagues) == ({"visit": 2}, 1)
    assert found.arrived.assessments == {"budget": 1}


def test_dates_must_be_in_order():
    with pytest.raises(ValueError, match="expected a date before"):
        movement((EVER, EVER), QUIET.tables(), "L1", (NOW, NOW), None)


@settings(max_examples=20)
@given(
    st.lists(st.floats(-5, 25), max_size=6),
    st.tuples(*[st.floats(-4, 4)] * 4),
    st.floats(-6, 6),
    st.booleans(),
    st.one_of(st.none(), st.tuples(st.integers(0, 100), st.floats(0.0, 1.0))),
)
def test_parts_always_sum_to_the_change_that_people_saw(days, weights, bias, kept, then):
    world = replace(QUIET, interactions=tuple(event(when, "visit") for when in days))
    features = (FRESH_VISITS, VISITS, OF_ACCOUNT, AGE)
    former = linear_bundle(dict(zip(features, weights, strict=True)), bias=bias, version="b" * 64)
    present = linear_bundle({FRESH_VISITS: weights[1], AGE: weights[0] / 10})
    given_then = None if then is None else Then(THEN, *then, "b")
    found = moved((former if kept else None, present), world, given_then)
    assert sum(part.points for part in found.parts) == found.score_now - found.score_then
    assert 0 <= found.score_now <= 100


@given(st.lists(st.floats(-300, 300), min_size=1, max_size=5), st.integers(-3, 3))
def test_apportioned_numbers_sum_and_what_is_nothing_stays_nothing(exact, off):
    total = round(sum(exact)) + off
    whole = apportioned([*exact, 0.0], total)
    assert sum(whole) == total
    assert whole[-1] == 0
