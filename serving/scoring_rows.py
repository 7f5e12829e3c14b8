"""Scoring rows: a feature table in Arrow, checked and turned into what the model and the rules read."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.catalog import OTHER, Catalog, FeatureDef
from features.errors import InputContractError
from features.feature_values import WHOLE
from features.windows import NEVER, Floats, Ints
from serving.lifecycle.standings import read_standing

RULES = pa.schema(
    [("bant_met", pa.int64()), ("bant_qualified", pa.bool_()), ("points", pa.float64()), ("standing", pa.string())]
)
RULE_COLUMNS = tuple(RULES.names)
MOMENT = pa.timestamp("us", tz="UTC")
CATEGORY = pa.dictionary(pa.int32(), pa.string())
NAMED_AT_MOST = 5
"""So many missing columns are named in a message, the others counted."""


@dataclass(frozen=True, slots=True)
class ScoringRows:
    """What is scored: n leads, `values[i, j]` feature j of lead i in the catalog's order, not known as NaN.

    `lead_id` is large_string without nulls, `as_of` microseconds since 1970 (`NEVER`: not known), and `rules` has the
    columns `RULE_COLUMNS`, null where the rules have nothing to say.
    """

    lead_id: pa.Array
    as_of: Ints
    values: Floats
    rules: pa.Table

    def __len__(self) -> int:
        return len(self.as_of)

    def slice(self, start: int, stop: int) -> "ScoringRows":
        """The rows from `start` to before `stop`, without copying."""
        n = max(0, min(stop, len(self)) - start)
        return ScoringRows(
            self.lead_id.slice(start, n),
            self.as_of[start:stop],
            self.values[start:stop],
            self.rules.slice(start, n),
        )


def arrow_schema(catalog: Catalog) -> pa.Schema:
    """Columns of a table of scoring rows: lead_id, as_of, the features as the local engine writes them, the rules."""
    features = [(feature.name, _type(feature)) for feature in catalog.features]
    return pa.schema([("lead_id", pa.string()), ("as_of", MOMENT), *features, *RULES])


def _type(feature: FeatureDef) -> pa.DataType:
    if feature.type == "category":
        return CATEGORY
    return pa.int32() if feature.family in WHOLE else pa.float64()


def scoring_rows(table: pa.Table, catalog: Catalog) -> ScoringRows:
    """Scoring rows of a feature table; further columns are ignored, absent rule columns and as_of are not known.

    Categories may be text or a dictionary of text; one that training never saw is "other". Numbers may be integers,
    floating or decimal numbers, or booleans; what is not finite is not known.

    Raises:
        InputContractError: lead_id or a feature is missing, comes twice, has a null id or another type.
    """
    return ScoringRows(_lead_id(table), _as_of(table), feature_values(table, catalog), rule_columns(table))


def feature_values(table: pa.Table, catalog: Catalog) -> Floats:
    """The features of a table, (n, features) in the catalog's order: categories as codes, not known as NaN.

    Raises:
        InputContractError: a feature is missing, comes twice, or has another type.
    """
    _refuse_missing(table, catalog)
    values = np.empty((len(table), len(catalog.features)))
    for number, feature in enumerate(catalog.features):
        column = _column(table, feature.name)
        fill = _fill_categories if feature.type == "category" else _fill_numbers
        fill(column, feature, catalog, values[:, number])
    return values


def _refuse_missing(table: pa.Table, catalog: Catalog) -> None:
    there = set(table.column_names)
    missing = [name for name in catalog.names if name not in there]
    if missing:
        raise InputContractError(
            f"the feature table lacks {len(missing)} of the {len(catalog.features)} features of the model: "
            f"{_listed(missing)}; expected a table with the features that the model was trained on: write it with the "
            "model's own features (ripelead score on the project does so), or train again"
        )


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(list(names)[:NAMED_AT_MOST])
    return shown if len(names) <= NAMED_AT_MOST else f"{shown} and {len(names) - NAMED_AT_MOST} more"


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if len(table.schema.get_all_field_indices(name)) > 1:
        raise InputContractError(f"the feature table has the column {name!r} twice: remove one")
    return table[name]


def _wrong_type(name: str, expected: str, found: pa.DataType) -> InputContractError:
    return InputContractError(f"column {name!r} of the feature table: expected {expected}, got {found}: convert it")


def _fill_numbers(column: pa.ChunkedArray, feature: FeatureDef, _catalog: Catalog, out: Floats) -> None:
    if not is_number(column.type):
        raise _wrong_type(feature.name, "numbers", column.type)
    start = 0
    for chunk in column.chunks:
        numbers = numbers_of(chunk)
        out[start : start + len(chunk)] = np.where(np.isfinite(numbers), numbers, np.nan)
        start += len(chunk)


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this type holds numbers (or nothing at all)."""
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null)
    return any(test(kind) for test in tests)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text."""
    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def numbers_of(chunk: pa.Array) -> Floats:
    """Numbers of one array as float64, null as NaN."""
    wide = chunk if chunk.type == pa.float64() else _as_double(chunk)
    return np.asarray(wide.to_numpy(zero_copy_only=False), np.float64)


def _as_double(chunk: pa.Array) -> pa.Array:
    # A boolean has no cast to double, and an integer beyond 2^53 becomes the nearest double.
    numbers = chunk.cast(pa.int8()) if pa.types.is_boolean(chunk.type) else chunk
    return numbers.cast(pa.float64(), safe=False)


def _fill_categories(column: pa.ChunkedArray, feature: FeatureDef, catalog: Catalog, out: Floats) -> None:
    names = pa.array(category_names(catalog, feature), pa.string())
    start = 0
    for chunk in column.chunks:
        out[start : start + len(chunk)] = _codes(chunk, names, feature.name)
        start += len(chunk)


def category_names(catalog: Catalog, feature: FeatureDef) -> tuple[str, ...]:
    """Categories of a feature by code; the code after the last stands for all that training did not know."""
    return catalog.attribute(feature.of or "").categories if feature.family == "attribute" else catalog.kinds


def _codes(chunk: pa.Array, names: pa.Array, feature: str) -> Floats:
    if pa.types.is_null(chunk.type):
        return np.full(len(chunk), np.nan)
    if pa.types.is_dictionary(chunk.type):
        of_values = np.append(_codes(chunk.dictionary, names, feature), np.nan)
        return of_values[chunk.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)]
    if not is_text(chunk.type):
        raise _wrong_type(feature, "categories as text", chunk.type)
    found = pc.index_in(chunk.cast(pa.string()), value_set=names).fill_null(len(names))
    codes = found.to_numpy(zero_copy_only=False).astype(np.float64)
    return np.where(chunk.is_null().to_numpy(zero_copy_only=False), np.nan, codes) if chunk.null_count else codes


def _lead_id(table: pa.Table) -> pa.Array:
    if "lead_id" not in table.column_names:
        raise InputContractError("the feature table has no column 'lead_id': every row must say whose it is")
    column = _column(table, "lead_id")
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (is_text(kind) or pa.types.is_integer(kind)):
        raise _wrong_type("lead_id", "text", column.type)
    if column.null_count:
        raise InputContractError(
            f"column 'lead_id' of the feature table: {column.null_count:,} of {len(column):,} rows have none: "
            "every row must say whose it is"
        )
    return one_array(column.cast(kind).cast(pa.large_string()))


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as a single array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.chunks else pa.array([], column.type)


def _as_of(table: pa.Table) -> Ints:
    if "as_of" not in table.column_names:
        return np.full(len(table), NEVER, np.int64)
    column = _column(table, "as_of")
    if pa.types.is_null(column.type):
        return np.full(len(table), NEVER, np.int64)
    if not pa.types.is_timestamp(column.type) or column.type.tz is None:
        raise _wrong_type("as_of", "times with a time zone", column.type)
    moments = column.cast(MOMENT, safe=False).cast(pa.int64()).fill_null(NEVER)
    return np.array(moments.to_numpy(), np.int64)


def rule_columns(table: pa.Table) -> pa.Table:
    """What the rules know about the rows of a table: the columns `RULE_COLUMNS`; absent ones are null.

    Raises:
        InputContractError: one has another type, or a standing cannot be read.
    """
    found = pa.table([_rule(table, field) for field in RULES], schema=RULES)
    for text in pc.unique(found["standing"].drop_null()).to_pylist():
        try:
            read_standing(text)
        except ValueError as error:
            raise InputContractError(f"column 'standing' of the feature table: {error}, or null") from error
    return found


def _rule(table: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    if field.name not in table.column_names:
        return pa.chunked_array([pa.nulls(len(table), field.type)])
    column = _column(table, field.name)
    try:
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise _wrong_type(field.name, str(field.type), column.type) from error


def category_text(catalog: Catalog, feature: FeatureDef) -> pa.Array:
    """Text of each code of a categorical feature, the last one for what training did not know."""
    return pa.array([*category_names(catalog, feature), OTHER], pa.string())
