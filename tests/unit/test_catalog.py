import json
import math

import pytest
from worlds import ATTRIBUTES, full_catalog

from features.catalog import AttributeCode, Catalog, FeatureDef

SENIORITY = FeatureDef("seniority", "attribute", "Fit", "seniority", of="seniority", type="category")
NEWSLETTER = FeatureDef("newsletter", "attribute", "Fit", "newsletter", of="newsletter", type="boolean")
LAST = FeatureDef("last_kind", "last_kind", "Interest", "last interaction", type="category")
AGE = FeatureDef("lead_age_days", "lead_age_days", "Timing", "days since the lead was created")
FILLED = FeatureDef("profile_filled_share", "profile_filled", "Data quality", "share of the profile that is filled")
CATALOG = Catalog((SENIORITY, NEWSLETTER, LAST, AGE, FILLED), ATTRIBUTES[:3], ("click", "visit"), (), ())


def test_columns_that_hold_category_codes():
    assert CATALOG.categorical == (0, 2)


@pytest.mark.parametrize(
    ("feature", "value", "shown"),
    [
        (SENIORITY, 0.0, "senior"),
        (SENIORITY, 3.0, "(other)"),
        (LAST, 1.0, "visit"),
        (LAST, 2.0, "(other)"),
        (NEWSLETTER, 1.0, "yes"),
        (NEWSLETTER, 0.0, "no"),
        (AGE, 12.0, "12"),
        (AGE, 0.12345, "0.123"),
        (AGE, 1234.5678, "1235"),
        (AGE, -3.0, "-3"),
        (AGE, math.nan, None),
        (SENIORITY, math.nan, None),
    ],
)
def test_values_as_people_read_them(feature, value, shown):
    assert CATALOG.shown(feature, value) == shown


def test_a_catalog_survives_json():
    for catalog in (CATALOG, full_catalog()):
        assert Catalog.from_json(json.loads(json.dumps(catalog.to_json()))) == catalog


def test_another_schema_is_refused():
    with pytest.raises(ValueError, match="catalog schema 99, expected 2"):
        Catalog.from_json(CATALOG.to_json() | {"schema_version": 99})


def test_keeping_some_features_drops_the_attributes_nobody_needs():
    kept = CATALOG.keep(frozenset({"lead_age_days", "newsletter"}))
    assert kept.names == ("newsletter", "lead_age_days")
    assert kept.attributes == (AttributeCode("newsletter", "boolean", tracked=True),)


def test_the_filled_share_keeps_every_attribute_it_counts():
    assert CATALOG.keep(frozenset({"profile_filled_share"})).attributes == CATALOG.attributes
