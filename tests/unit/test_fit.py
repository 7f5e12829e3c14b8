import numpy as np
import pandas as pd
import pytest
from worlds import World, change, day, lead, snapshots

from features.catalog import AttributeCode
from features.fit import attribute_as_of, attribute_frame, attribute_values, encode, filled_share, learn_codes
from features.project import FeatureSettings

NAN = np.nan
SENIORITY = AttributeCode("seniority", "category", ("junior", "chief"))
TRACKED = AttributeCode("seniority", "category", ("junior", "chief"), tracked=True)
FEW = FeatureSettings(min_category_leads=2, max_categories=2)


def learned(values, settings=FEW):
    codes, notes = learn_codes(pd.DataFrame({"x": values}), {}, settings)
    return codes[0] if codes else notes[0]


def as_of(world, code, *days):
    histories, tables = world.histories(), world.tables()
    seen = snapshots(histories, [("L1", day(days)) for days in days])
    values = attribute_values(histories.leads, tables.lead_changes, histories.lead_ids, (code,))
    return attribute_as_of(values[code.name], seen).tolist()


def test_attributes_of_leads_and_of_their_accounts_stand_side_by_side():
    leads = World((lead("L1", account="B", title="CTO", size=3), lead("L2"), lead("L3", account="A"))).tables().leads
    accounts = pd.DataFrame({"account_id": ["A", "B"], "size": [10, 20], "city": ["Kiel", "Vejle"]}, index=[7, 0])
    frame = attribute_frame(leads, accounts, exclude=("account_city", "unknown"))
    assert list(frame) == ["source", "size", "account_size"]
    assert frame["account_size"].fillna(-1).tolist() == [20, -1, 10]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (["yes", "No", None], AttributeCode("x", "boolean")),
        ([True, False, True], AttributeCode("x", "boolean")),
        ([0, 1, 1], AttributeCode("x", "boolean")),
        ([0, 1, 2], AttributeCode("x", "number")),
        ([0.5, None, np.inf], AttributeCode("x", "number")),
        (["1", "2.5", None], AttributeCode("x", "number")),
        (["b", "b", "a", "c", "c", "c", None], AttributeCode("x", "category", ("c", "b"))),
        (["b", "a"], AttributeCode("x", "category", ("a", "b"))),
    ],
)
def test_codes_are_learned_from_the_values(values, code):
    assert learned(values) == code


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (pd.Series([None, None], dtype="str"), "empty"),
        (pd.to_datetime(["2026-01-01"], utc=True), "times"),
        ([f"id {i}" for i in range(60)], "identifier"),
    ],
)
def test_columns_that_cannot_be_features_are_noted(values, reason):
    assert reason in learned(values)


def test_categories_known_rare_and_missing():
    assert np.array_equal(encode(SENIORITY, pd.Series(["chief", "junior", "clerk", None])), [1, 0, 2, NAN], True)


def test_a_number_is_the_same_category_as_integer_as_float_and_as_text():
    code = AttributeCode("x", "category", ("1", "2.5"))
    for values in ([1], [1.0], ["1"]):
        assert encode(code, pd.Series(values)).tolist() == [0]
    assert encode(code, pd.Series([2.5, np.nan, np.inf]))[0] == 1


def test_booleans_in_three_languages():
    values = pd.Series(["Ja", "nej", "TRUE", "maybe", None])
    assert np.array_equal(encode(AttributeCode("x", "boolean"), values), [1, 0, 1, NAN, NAN], equal_nan=True)


def test_what_is_no_number_is_not_known():
    values = pd.Series(["12", "many", None, "inf"])
    assert np.array_equal(encode(AttributeCode("x", "number"), values), [12, NAN, NAN, NAN], equal_nan=True)


def test_a_field_that_is_not_tracked_has_the_exported_value_whatever_changes_later():
    changes = (change(5, "seniority", "junior"),)
    assert as_of(World((lead(seniority="chief"),), lead_changes=changes), SENIORITY, 1, 9) == [1, 1]


def test_a_tracked_field_is_not_known_for_a_lead_without_changes():
    """Else a known value would tell that no change is to come."""
    world = World((lead(seniority="chief"), lead("L2")), lead_changes=(change(5, "seniority", "junior", who="L2"),))
    assert np.isnan(as_of(world, TRACKED, 1, 9)).all()


def test_values_of_a_tracked_field_are_learned_from_its_history():
    codes, _ = learn_codes(
        pd.DataFrame({"x": ["customer"] * 9}), {"x": pd.Series(["new", "mql", "mql"])}, FeatureSettings()
    )
    assert codes == (AttributeCode("x", "category", ("mql",), tracked=True),)


def test_a_field_with_recorded_changes_has_the_value_of_the_last_before_as_of():
    changes = (change(2, "seniority", "junior"), change(5, "seniority", "chief"), change(5, "size", "junior"))
    world = World((lead(seniority="chief"),), lead_changes=changes)
    assert as_of(world, TRACKED, 2.001, 5, 5.001) == [0, 0, 1]


def test_before_the_first_recorded_change_the_field_is_not_known():
    world = World((lead(seniority="chief"),), lead_changes=(change(5, "seniority", "chief"),))
    assert np.isnan(as_of(world, TRACKED, 1, 5)).all()


def test_of_changes_at_the_same_moment_the_last_code_counts_in_any_row_order():
    for first, second in (("chief", "junior"), ("junior", "chief")):
        changes = (change(2, "seniority", first), change(2, "seniority", second))
        assert as_of(World((lead(),), lead_changes=changes), TRACKED, 3) == [1]


def test_a_change_to_nothing_makes_the_field_not_known():
    changes = (change(2, "seniority", "junior"), change(5, "seniority", None))
    assert np.isnan(as_of(World((lead(seniority="chief"),), lead_changes=changes), TRACKED, 6)).all()


def test_a_column_that_is_not_there_any_more_is_not_known():
    assert np.isnan(as_of(World((lead(),)), AttributeCode("gone", "number"), 1)).all()


def test_share_of_known_attributes():
    assert filled_share([np.array([1.0, NAN]), np.array([NAN, NAN])], 2).tolist() == [0.5, 0]
    assert np.isnan(filled_share([], 2)).all()


def test_a_short_column_of_different_names_is_no_feature():
    assert "identifier" in learned([f"person {i}" for i in range(12)])


def test_columns_of_e_mail_addresses_are_no_feature():
    assert "e-mail" in learned(["ann@example.com", "bob@example.com"] * 20)


def test_values_of_very_few_leads_get_no_place_in_a_larger_table():
    values = ["web"] * 70 + ["Jane Doe"] * 2 + ["ads"] * 5
    settings = FeatureSettings(min_category_leads=2)
    codes, _ = learn_codes(pd.DataFrame({"x": values}), {}, settings)
    assert codes[0].categories == ("web", "ads")
