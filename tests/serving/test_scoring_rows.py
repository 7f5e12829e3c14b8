"""Feature tables from anywhere: what is taken as it is meant, and what is refused with a message."""

import decimal

import numpy as np
import pyarrow as pa
import pytest

from features.catalog import AttributeCode, Catalog, FeatureDef
from features.errors import InputContractError
from features.windows import NEVER
from serving.scoring_rows import RULE_COLUMNS, arrow_schema, scoring_rows

CATALOG = Catalog(
    (
        FeatureDef("visits_7d", "count", "Interest", "visits", of="kind:visit", days=7),
        FeatureDef("source", "attribute", "Source", "source", of="source", type="category"),
        FeatureDef("last_kind", "last_kind", "Interest", "last kind", type="category"),
        FeatureDef("dwell_s", "dwell_s", "Interest", "dwell"),
    ),
    (AttributeCode("source", "category", ("web", "fair")),),
    ("visit", "mail"),
    (),
    (),
)
NAN = np.nan


def table(**columns):
    whole = {"lead_id": ["a", "b"], "visits_7d": [1, 2], "source": ["web", None], "last_kind": ["mail", "visit"],
             "dwell_s": [0.5, None]} | columns  # fmt: skip
    return pa.table({name: column for name, column in whole.items() if column is not None})


def values_of(name, column):
    rows = scoring_rows(table(**{name: column}), CATALOG)
    return rows.values[:, CATALOG.names.index(name)].tolist()


def test_a_plain_table_is_read_in_the_order_of_the_catalog():
    rows = scoring_rows(table().select(["dwell_s", "last_kind", "lead_id", "visits_7d", "source"]), CATALOG)
    np.testing.assert_array_equal(rows.values, [[1, 0, 1, 0.5], [2, NAN, 0, NAN]])
    assert rows.lead_id.to_pylist() == ["a", "b"]
    assert rows.as_of.tolist() == [NEVER, NEVER]
    assert tuple(rows.rules.column_names) == RULE_COLUMNS
    assert all(rows.rules[name].null_count == 2 for name in RULE_COLUMNS)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([1, None], pa.int8()), [1, NAN]),
        (pa.array([2**63, 3], pa.uint64()), [2.0**63, 3]),
        (pa.array([2**53 + 1, 3]), [2.0**53, 3]),
        (pa.array([True, None]), [1, NAN]),
        (pa.array([0.5, 2], pa.float32()), [0.5, 2]),
        (pa.array([decimal.Decimal("1.25"), None]), [1.25, NAN]),
        (pa.array([np.inf, -np.inf]), [NAN, NAN]),
        (pa.nulls(2), [NAN, NAN]),
        (pa.chunked_array([[1], [2]]), [1, 2]),
    ],
)
def test_numbers_come_in_many_types(column, expected):
    np.testing.assert_array_equal(values_of("visits_7d", column), expected)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["fair", "never seen"]), [1, 2]),
        (pa.array(["fair", "(other)"], pa.large_string()), [1, 2]),
        (pa.array(["web", None]), [0, NAN]),
        (pa.array(["web", None], pa.string_view()), [0, NAN]),
        (pa.array(["new", "fair"]).dictionary_encode(), [2, 1]),
        (pa.array([None, "fair"]).dictionary_encode(), [NAN, 1]),
        (pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["web", None])), [0, NAN]),
        (pa.nulls(2), [NAN, NAN]),
        (pa.chunked_array([pa.array([c]).dictionary_encode() for c in ("fair", "web")]), [1, 0]),
    ],
)
def test_categories_come_as_text_or_dictionaries(column, expected):
    np.testing.assert_array_equal(values_of("source", column), expected)


def test_kinds_of_interactions_have_codes_of_their_own():
    np.testing.assert_array_equal(values_of("last_kind", ["visit", "fax"]), [0, 2])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"visits_7d": None, "dwell_s": None}, "lacks 2 of the 4 features of the model: visits_7d, dwell_s;"),
        ({"visits_7d": ["1", "2"]}, "column 'visits_7d' .*expected numbers, got string"),
        ({"source": [0, 1]}, "column 'source' .*expected categories as text, got int64"),
        ({"source": pa.array([1, 2]).dictionary_encode()}, "column 'source' .*expected categories as text"),
        ({"lead_id": None}, "no column 'lead_id'"),
        ({"lead_id": ["a", None]}, "column 'lead_id' .*1 of 2 rows have none"),
        ({"lead_id": [0.5, 1.5]}, "column 'lead_id' .*expected text, got double"),
        ({"as_of": pa.array([1, 2], pa.timestamp("us"))}, "column 'as_of' .*expected times with a time zone"),
        ({"as_of": ["2026-01-01", "2026-01-01"]}, "column 'as_of' .*got string"),
        ({"bant_met": ["two", "one"]}, "column 'bant_met' .*expected int64"),
        ({"points": ["many", "few"]}, "column 'points' .*expected double"),
        ({"standing": ["won", "accepted"]}, "'standing' .*: expected a stage, .* got 'accepted', or null"),
    ],
)
def test_what_cannot_be_meant_is_refused(columns, message):
    with pytest.raises(InputContractError, match=message):
        scoring_rows(table(**columns), CATALOG)


def test_a_column_that_comes_twice_is_refused():
    twice = table().append_column("visits_7d", [[3, 4]])
    with pytest.raises(InputContractError, match="'visits_7d' twice"):
        scoring_rows(twice, CATALOG)


def test_rules_and_times_are_kept():
    moment = pa.array([7_000, None], pa.timestamp("ms", tz="Europe/Berlin"))
    rules = {"bant_met": pa.array([3, None], pa.int32()), "bant_qualified": [True, None], "points": [1, 2],
             "standing": pa.array(["rejected", None]).dictionary_encode()}  # fmt: skip
    rows = scoring_rows(table(as_of=moment, **rules), CATALOG)
    assert rows.as_of.tolist() == [7_000_000, NEVER]
    assert rows.rules.to_pylist()[0] == {"bant_met": 3, "bant_qualified": True, "points": 1.0, "standing": "rejected"}
    assert rows.rules["standing"].to_pylist() == ["rejected", None]


def test_ids_of_whole_numbers_become_text():
    assert scoring_rows(table(lead_id=[7, 8]), CATALOG).lead_id.to_pylist() == ["7", "8"]


def test_no_rows_are_fine():
    rows = scoring_rows(arrow_schema(CATALOG).empty_table(), CATALOG)
    assert (len(rows), rows.values.shape) == (0, (0, 4))
