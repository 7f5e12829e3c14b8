"""Which reasons are not named, by hand."""

from typing import get_args

import numpy as np
import pytest

from features.catalog import Catalog, Family, FeatureDef
from features.rule_settings import DEFAULT_POINTS
from serving.sanity import _OF_FAMILY, is_named, sanity_rules

NAN = float("nan")
KINDS = ("webinar_attended", "email_sent", "call_attempt", "unsubscribe", "our_mailing")


def code_of(family, of=None):
    from features.project import HygieneSettings

    feature = FeatureDef("f", family, "Interest", "", of=of)
    sent = HygieneSettings.model_validate({"sent_kinds": ("our_mailing",)})
    return sanity_rules(Catalog((feature,), (), KINDS, ("topic",), ("budget",), DEFAULT_POINTS, hygiene=sent))[0]


@pytest.mark.parametrize(
    ("family", "of", "value", "points", "named"),
    [
        ("attribute", "email", NAN, 3, False),
        ("attribute", "email", NAN, -3, True),
        ("attribute", "industry", 0, 3, True),
        ("count", "kind:0", 0, 2, False),
        ("count", "kind:0", 0, -2, True),
        ("count", "kind:0", 1, -2, True),
        ("count", "topic:0", 0, 2, False),
        ("count", "direction:inbound", 0, 2, False),
        ("count", "direction:outbound", 0, 2, True),
        ("count", "kind:1", 0, 2, True),
        ("count", "kind:2", 0, 2, True),
        ("count", "kind:4", 0, 2, True),
        ("count", "kind:5", 0, 2, False),
        ("count", None, 0, 2, False),
        ("count", "kind:3", 0, 1, True),
        ("count", "kind:3", 1, 1, False),
        ("count", "kind:3", 1, -5, True),
        ("count", "kind:3", 0, -1, False),
        ("days_since_last", "kind:0", NAN, 1, False),
        ("days_since_last", "kind:0", 0, 1, True),
        ("days_since_last", "kind:0", NAN, -1, True),
        ("days_since_last", "kind:1", NAN, 1, True),
        ("days_since_last", "kind:3", NAN, 1, True),
        ("days_since_last", "kind:3", 12, 1, False),
        ("criterion_met", "budget", 1, -2, False),
        ("criterion_met", "budget", 1, 2, True),
        ("criterion_met", "budget", 0, 2, False),
        ("criterion_met", "budget", NAN, 2, False),
        ("criterion_met", "budget", NAN, -2, True),
        ("criteria_met", None, 1, -2, True),
        ("colleagues", None, 0, 2, False),
        ("lead_age_days", None, 0, 2, True),
        ("weekday", None, 0, 2, True),
        ("trend", None, 0, 2, True),
    ],
)
def test_absurd_reasons_are_not_named(family, of, value, points, named):
    assert is_named(code_of(family, of), float(value), float(points)) == named


def test_every_family_has_a_rule():
    assert set(_OF_FAMILY) == set(get_args(Family))


def test_no_points_are_never_absurd():
    assert all(is_named(code, value, 0.0) for code in range(5) for value in (NAN, 0.0, 1.0))


def test_rules_stand_in_catalog_order():
    features = tuple(FeatureDef(f, f, "Interest", "", of="budget") for f in ("weekday", "attribute", "criterion_met"))
    rules = sanity_rules(Catalog(features, (), (), (), ("budget",)))
    assert rules.dtype == np.int8
    assert rules.tolist() == [0, 1, 3]
