"""Segments of a small simulated world and of hand-made holdouts."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import ProjectFileError
from training.bootstrap import System, bootstrap_intervals, resamples
from training.metrics import shifted
from training.segments.found import NOT_KNOWN, REST
from training.segments.groups import PERSON, Grouping, _banded, _pooled, groupings, refuse_unknown_segments
from training.segments.measure import Judged, measured
from training.segments.run import judge_segments, segments
from training.segments.slope import slope_interval
from training.segments.words import headline, sentences


def asking(examined, *names):
    report = examined.settings.report.model_copy(update={"segments": names})
    return replace(examined, settings=replace(examined.settings, report=report))


def world(n=6000, off=1.0, seed=0):
    """A holdout of two halves; in the second, wins are `off` times as frequent as expected."""
    rng = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-rng.normal(-2, 1, n)))
    half = (np.arange(n) % 2).astype(np.int64)
    label = (rng.random(n) < np.minimum(probability * np.where(half, off, 1), 0.99)).astype(np.int64)
    return Judged(label, probability, np.arange(n), 0.3), Grouping("half", True, ("first", "second"), half)


def halves(off, seed=0):
    judged, grouping = world(off=off, seed=seed)
    (attribute,) = measured(judged, [grouping], np.random.default_rng(1))
    return attribute


def test_a_segment_that_is_off_is_found_and_the_sentence_says_by_how_much():
    attribute = halves(off=2.0)
    assert [segment.level_differs for segment in attribute.segments] == [True, True]
    said = sentences([attribute])
    assert said[0].startswith("Where half is ")
    assert "2 of 2 segments differ" in headline([attribute])


@pytest.mark.parametrize("seed", range(5))
def test_segments_that_fit_are_not_called_off(seed):
    assert not any(segment.differs for segment in halves(off=1.0, seed=seed).segments)


def test_a_shift_of_all_leads_is_no_finding_about_a_segment():
    judged, grouping = world()
    high = replace(judged, probability=np.minimum(judged.probability * 2, 0.99))
    (attribute,) = measured(high, [grouping], np.random.default_rng(1))
    assert not any(segment.level_differs for segment in attribute.segments)
    assert all(segment.difference.low > 0 for segment in attribute.segments)


def test_the_likely_rate_of_a_tiny_segment_is_near_that_of_all_and_of_a_large_one_its_own():
    rng = np.random.default_rng(0)
    code = np.repeat([0, 1, 2, 3], [3000, 2000, 1000, 4])
    label = (rng.random(6004) < np.array([0.1, 0.2, 0.3, 0])[code]).astype(np.int64)
    label[-4:] = 1
    judged = Judged(label, np.full(6004, 0.16), np.arange(6004), 0.5)
    (attribute,) = measured(judged, [Grouping("part", True, ("a", "b", "c", "d"), code)], rng)
    large, *_, tiny = attribute.segments
    assert large.likely == pytest.approx(large.observed.value, abs=0.01)
    assert tiny.observed.value == 1
    assert 0.2 < tiny.likely < 0.5


def test_shifted_probabilities_have_the_observed_mean():
    label, probability = np.array([1, 0, 0, 0]), np.array([0.9, 0.8, 0.7, 0.6])
    assert shifted(label, probability).mean() == pytest.approx(0.25)
    assert shifted(np.zeros(4, np.int64), probability) is probability


def test_a_slope_that_differs_in_one_segment_is_found():
    rng = np.random.default_rng(0)
    z, half = rng.normal(-1, 1.5, 12_000), np.arange(12_000) % 2
    true = np.where(half, 0.3 * (z + 1) - 1, z)
    judged = Judged(
        (rng.random(12_000) < 1 / (1 + np.exp(-true))).astype(np.int64), 1 / (1 + np.exp(-z)), np.arange(12_000), 0.5
    )
    (attribute,) = measured(judged, [Grouping("half", True, ("a", "b"), half)], rng)
    assert [segment.slope_differs for segment in attribute.segments] == [True, True]


@pytest.mark.parametrize("rows_per_lead", [1, 3])
def test_the_interval_of_a_slope_is_that_of_the_bootstrap(rows_per_lead):
    rng = np.random.default_rng(3)
    z = np.repeat(rng.normal(-1, 1, 2000), rows_per_lead)
    label = np.repeat(rng.random(2000) < 1 / (1 + np.exp(-z[::rows_per_lead])), rows_per_lead).astype(np.int64)
    groups = np.repeat(np.arange(2000), rows_per_lead)
    found = slope_interval(label, 1 / (1 + np.exp(-z)), groups)
    systems = [System("model", 1 / (1 + np.exp(-z)), True)]
    drawn = bootstrap_intervals(label, systems, {}, resamples(groups, rng, 300)).interval("model", "slope")
    assert found.value == pytest.approx(drawn.value)
    assert found.high - found.low == pytest.approx(drawn.high - drawn.low, rel=0.15)


@pytest.mark.parametrize(
    ("name", "person"),
    [("Seller", True), ("lead_owner", True), ("sales_rep", True), ("reported", False), ("source", False)],
)
def test_people_are_told_by_the_name_of_the_attribute(name, person):
    assert bool(PERSON.search(name.replace("_", " "))) == person


def test_too_few_wins_are_said_to_be_too_few():
    judged, _ = world(n=400)
    few = Grouping("rare", True, ("often", "seldom"), (np.arange(400) < 30).astype(np.int64))
    (attribute,) = measured(judged, [few], np.random.default_rng(0))
    seldom = attribute.segments[1]
    assert not seldom.tested
    assert seldom.roc_auc.value is None
    assert any("1 of 2 segments have not enough wins" in s for s in sentences([attribute]))


def test_numbers_become_quarters_or_stand_alone():
    names, code = _banded(np.array([1.0, 2, 2, 3, np.nan]))
    assert (names, code.tolist()) == (("1", "2", "3", NOT_KNOWN), [0, 1, 1, 2, 3])
    names, code = _banded(np.array([*range(1, 101)], float))
    assert names == ("up to 25", "26 to 50", "51 to 75", "76 and more", NOT_KNOWN)
    assert np.bincount(code).tolist() == [25, 25, 25, 25]
    assert _banded(np.array([7.0, 7, np.nan]))[0] == ()


def test_values_of_few_leads_are_pooled_and_unknown_ones_stay_apart():
    code = np.array([0] * 30 + [1] * 40 + [2] * 3 + [3] * 25 + [4] * 2)
    pooled = _pooled(Grouping("country", False, ("DE", "DK", "FR", NOT_KNOWN, REST), code), np.arange(100))
    assert pooled.values == ("DE", "DK", REST, NOT_KNOWN)
    assert np.bincount(pooled.code).tolist() == [30, 40, 5, 25]


def test_chosen_by_itself_attributes_of_the_model_are_looked_at_but_no_person(examined):
    found = judge_segments(examined)
    names = {attribute.name for attribute in found.attributes}
    assert "source" in names
    assert "owner" not in names
    for attribute in found.attributes:
        assert sum(segment.n for segment in attribute.segments) == examined.evaluation.n
        assert sum(segment.wins for segment in attribute.segments) == examined.evaluation.positives


def test_only_what_was_asked_for_is_looked_at_and_persons_only_then(examined):
    found = judge_segments(asking(examined, "source"))
    assert [attribute.name for attribute in found.attributes] == ["source"]
    leads = examined.dataset.histories.leads
    owned = leads.assign(owner=np.where(np.arange(len(leads)) % 2, "Ann Example", "Bo Example"))
    histories = replace(examined.dataset.histories, leads=owned)
    with_owner = replace(examined, dataset=replace(examined.dataset, histories=histories))
    assert "owner" not in {one.name for one in judge_segments(with_owner).attributes}
    (owner,) = judge_segments(asking(with_owner, "owner")).attributes
    assert [segment.value for segment in owner.segments] == ["Ann Example", "Bo Example"]


def test_a_tracked_attribute_has_the_value_of_the_as_of_date(examined):
    rows = examined.judged.folds[0].holdout
    (stage,) = groupings(asking(examined, "lifecycle_stage"), rows, examined.judged.groups)
    changes = examined.dataset.tables.lead_changes
    changes = changes[changes["field"] == "lifecycle_stage"].sort_values("changed_at", kind="stable")
    for row in range(0, len(rows), 97):
        lead = examined.judged.frame.loc[row, "lead_id"]
        before = changes[
            (changes["lead_id"] == lead) & (changes["changed_at"] < examined.judged.frame.loc[row, "as_of"])
        ]
        expected = NOT_KNOWN if before.empty else before["value"].iloc[-1]
        assert stage.values[stage.code[row]] in (expected, REST)
    assert stage.tracked


def test_a_misspelt_segment_is_refused_with_the_nearest_name(examined):
    report = examined.settings.report.model_copy(update={"segments": ("sorce",)})
    with pytest.raises(ProjectFileError, match=r"\[report\] segments: .*'sorce'; did you mean 'source'"):
        refuse_unknown_segments(report, examined.dataset)


def test_nothing_asked_for_gives_no_section(examined):
    assert segments(asking(examined)) is None


def test_the_same_training_gives_the_same_bytes(examined):
    assert segments(examined).json == segments(examined).json
