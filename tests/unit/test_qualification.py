import numpy as np
import pytest
from worlds import World, assessment, day, lead, snapshots

from features.qualification import Evidence, bant, evidence_as_of
from features.rule_settings import RuleSettings

BANT = ("budget", "authority", "need", "timing")


def evidence(*assessments, at=10.0, criteria=BANT):
    world = World((lead("L0"), lead("L1")), assessments=assessments)
    histories = world.histories()
    return evidence_as_of(histories, world.tables().assessments, snapshots(histories, [("L1", day(at))]), criteria)


def verdict(*met, ages=(1, 1, 1, 1), **settings):
    seen = Evidence(BANT, np.array([met], float), np.array([ages], float))
    found = bant(seen, RuleSettings(**settings))
    return int(found.met[0]), int(found.unknown[0]), bool(found.qualified[0])


def test_the_latest_assessment_before_as_of_counts():
    found = evidence(assessment(2, "need", 1), assessment(6, "need", 0.2), assessment(10, "need", 1))
    assert found.met[0, 2] == 0.2
    assert found.age_days[0, 2] == 4


def test_what_was_never_assessed_is_unknown_and_not_unmet():
    found = evidence(assessment(2, "need", 0), assessment(2, "budget", 1, who="L0"))
    assert np.isnan(found.met[0]).tolist() == [True, True, False, True]
    assert np.isnan(found.age_days[0]).tolist() == [True, True, False, True]


def test_of_assessments_at_the_same_moment_the_most_favourable_counts():
    assert evidence(assessment(2, "need", 1), assessment(2, "need", 0)).met[0, 2] == 1


def test_an_assessment_without_a_date_is_the_oldest_and_has_no_age():
    found = evidence(assessment(None, "need", 1), assessment(None, "budget", 1), assessment(3, "budget", 0))
    assert (found.met[0, 2], found.met[0, 0]) == (1, 0)
    assert np.isnan(found.age_days[0, 2])


def test_criteria_match_in_upper_and_lower_case():
    assert evidence(assessment(2, "BUDGET", 1), criteria=("Budget",)).met[0, 0] == 1


def test_without_assessments_or_criteria():
    assert np.isnan(evidence().met).all()
    assert evidence(criteria=()).met.shape == (1, 0)


@pytest.mark.parametrize(
    ("met", "expected"),
    [
        ((1, 1, 1, np.nan), (3, 1, True)),
        ((1, 1, 0, np.nan), (2, 1, False)),
        ((0.5, 0.49, 1, 1), (3, 0, True)),
        ((np.nan,) * 4, (0, 4, False)),
    ],
)
def test_three_of_four_criteria_qualify(met, expected):
    assert verdict(*met) == expected


def test_how_many_and_how_strong_is_configuration():
    assert verdict(1, 1, 1, 0.7, at_least=4, met_from=0.8) == (3, 0, False)
    assert verdict(1, 0, 0, 0, at_least=1) == (1, 0, True)


def test_evidence_that_is_too_old_is_unknown_and_undated_evidence_is_not_old():
    assert verdict(1, 1, 1, 0, ages=(30, 30.01, np.nan, 40), max_age_days=30) == (2, 2, False)
