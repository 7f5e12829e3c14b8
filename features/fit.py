"""Fit: attributes of leads and accounts as numbers, as of a date where their change history is known."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from numbers import Real

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import AttributeCode
from features.identifiers import positions_of
from features.project import FeatureSettings
from features.recorded import Recorded, latest, recorded
from features.snapshots import Snapshots
from features.windows import Floats

NOT_ATTRIBUTES = frozenset({"lead_id", "created_at", "account_id", "email", "name", "title", "owner"})
ACCOUNT_PREFIX = "account_"
TRUE_WORDS = frozenset({"true", "yes", "y", "1", "1.0", "ja", "wahr", "sand"})
FALSE_WORDS = frozenset({"false", "no", "n", "0", "0.0", "nein", "nej", "falsch", "falsk"})
# A text column with more different values than this share of its rows names rows instead of describing them.
IDENTIFIER_SHARE = 0.5
IDENTIFIER_ROWS = 50
ADDRESS_SHARE = 0.2
LEAST_LEADS = 5
# A column of fewer rows is one when no value comes twice; single values could be names of people.
UNIQUE_ROWS = 10
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


def attribute_frame(leads: pd.DataFrame, accounts: pd.DataFrame, exclude: Iterable[str]) -> pd.DataFrame:
    """Attribute columns of each lead, in the order of `leads`: its own, and its account's as `account_…`."""
    own = leads[[name for name in leads.columns if name not in NOT_ATTRIBUTES]].reset_index(drop=True)
    of_account = accounts.drop(columns="account_id").add_prefix(ACCOUNT_PREFIX).reset_index(drop=True)
    row = positions_of(leads["account_id"], accounts["account_id"])
    joined = of_account.reindex(row).reset_index(drop=True)
    both = pd.concat([own, joined[[name for name in joined if name not in own]]], axis=1)
    return both.drop(columns=[name for name in exclude if name in both])


def learn_codes(
    attributes: pd.DataFrame, recorded: Mapping[str, pd.Series], settings: FeatureSettings
) -> tuple[tuple[AttributeCode, ...], list[str]]:
    """Codes for the attributes of the training leads, and a note for each column that cannot be a feature.

    `recorded` holds the values in the change history of each tracked field; those are what is learned from there.
    """
    codes, notes = [], []
    for name in map(str, attributes.columns):
        code = _code(name, recorded.get(name, attributes[name]), settings)
        if isinstance(code, AttributeCode):
            codes.append(replace(code, tracked=name in recorded))
        else:
            notes.append(code)
    return tuple(codes), notes


def with_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with columns of text that hold numbers alone (a CSV file has nothing but text) as numbers."""
    texts = {str(name): values for name, values in frame.items() if isinstance(values.dtype, pd.StringDtype)}
    numbers = {name: _numbers(values) for name, values in texts.items() if values.notna().any()}
    whole = {
        name: pd.Series(found, frame.index)
        for name, found in numbers.items()
        if not np.isnan(found[texts[name].notna().to_numpy()]).any()
    }
    return frame.assign(**whole) if whole else frame


def encode(code: AttributeCode, values: pd.Series) -> Floats:
    """Values of one attribute as float64 codes: `code_of` of each; not known is NaN."""
    if code.type == "number":
        return _numbers(values)
    position = {name: number for number, name in enumerate(code.categories)}
    return _by_value(values, lambda value: _code_among(code, position, value))


def code_of(code: AttributeCode, value: object) -> float:
    """Code of one value of an attribute (text, number, boolean or None), as `encode` gives it for a column.

    >>> code_of(AttributeCode("size", "category", ("small", "12")), 12.0)
    1.0
    """
    if code.type == "number":
        return number_of(value)
    return _code_among(code, {name: number for number, name in enumerate(code.categories)}, value)


def _code_among(code: AttributeCode, position: Mapping[str, int], value: object) -> float:
    word = word_of(value)
    if word is None:
        return math.nan
    if code.type == "boolean":
        lower = word.lower()
        return 1.0 if lower in TRUE_WORDS else 0.0 if lower in FALSE_WORDS else math.nan
    return float(position.get(word, len(position)))


def number_of(value: object) -> float:
    """Finite number that a value is or spells, true and false as 1 and 0; NaN when it is none."""
    if isinstance(value, str):
        number = float(value) if _NUMBER.fullmatch(value) else math.nan
    elif isinstance(value, float):
        number = value
    elif isinstance(value, Real | Decimal):
        try:
            number = float(value)
        except (OverflowError, ValueError):  # an integer beyond all floats, a signalling NaN
            number = math.nan
    else:
        number = math.nan
    return float(number) if math.isfinite(number) else math.nan


def word_of(value: object) -> str | None:
    """A value as text, so that 1, 1.0 and '1' of differently typed files are the same category; None when missing."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value)


def attribute_values(
    attributes: pd.DataFrame, changes: pd.DataFrame, lead_ids: Collection[object], codes: Iterable[AttributeCode]
) -> dict[str, Floats | Recorded]:
    """Codes of each attribute: one per lead, or the lead's recordings of a tracked attribute.

    A tracked attribute has the value of the lead's last change before as_of, and is not known before the first: its
    exported value is of the time of the export, and to show it for leads without changes would tell who has changes
    later. Any other attribute has the exported value. `attributes` has a row per lead of `lead_ids`.
    """
    absent = pd.Series([None] * len(attributes), dtype=object)
    return {
        code.name: _recordings(changes[changes["field"] == code.name], code, lead_ids)
        if code.tracked
        else encode(code, attributes.get(code.name, absent))
        for code in codes
    }


def _recordings(changes: pd.DataFrame, code: AttributeCode, lead_ids: Collection[object]) -> Recorded:
    value = encode(code, changes["value"].reset_index(drop=True))
    return recorded(changes["lead_id"], changes["changed_at"], value, lead_ids)


def attribute_as_of(values: Floats | Recorded, snapshots: Snapshots) -> Floats:
    """Code of one attribute for each snapshot; NaN where it is not known."""
    return latest(values, snapshots)[0] if isinstance(values, Recorded) else values[snapshots.lead]


def _code(name: str, values: pd.Series, settings: FeatureSettings) -> AttributeCode | str:
    if pd.api.types.is_datetime64_any_dtype(values):
        return f"attribute {name!r} holds times: it is no feature; map it as an interaction if it should count"
    words = _words(values)
    present = words.dropna()
    if present.empty:
        return f"attribute {name!r} is empty in the training data: no feature"
    if set(present.str.lower().unique()) <= TRUE_WORDS | FALSE_WORDS:
        return AttributeCode(name, "boolean")
    if not np.isnan(_numbers(values)[words.notna().to_numpy()]).any():
        return AttributeCode(name, "number")
    return _category(name, present, settings)


def _category(name: str, present: "pd.Series[str]", settings: FeatureSettings) -> AttributeCode | str:
    if present.str.contains(r"\S@\S", regex=True).mean() > ADDRESS_SHARE:
        return f"attribute {name!r} holds e-mail addresses: no feature"
    counts = present.value_counts()
    if _identifies(len(counts), len(present)):
        return f"attribute {name!r} looks like an identifier ({len(counts)} values in {len(present)} rows): no feature"
    return AttributeCode(name, "category", _frequent(counts, settings))


def _identifies(different: int, rows: int) -> bool:
    if rows > IDENTIFIER_ROWS:
        return different > IDENTIFIER_SHARE * rows
    return different == rows >= UNIQUE_ROWS


def _frequent(counts: pd.Series, settings: FeatureSettings) -> tuple[str, ...]:
    # In a table of some size, a value of one or two leads may be a person's name: it gets no place in the bundle.
    least = min(settings.min_category_leads, counts.iloc[0])
    enough = counts[counts >= (max(least, LEAST_LEADS) if counts.sum() > IDENTIFIER_ROWS else least)]
    ranked = sorted(enough.items(), key=lambda item: (-item[1], str(item[0])))
    return tuple(str(name) for name, _ in ranked[: settings.max_categories])


def _numbers(values: pd.Series) -> Floats:
    if not pd.api.types.is_float_dtype(values):
        return _by_value(values, number_of)
    numbers = values.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _words(values: pd.Series) -> "pd.Series[str]":
    if isinstance(values.dtype, pd.StringDtype):
        return values
    words = [word_of(value) if known else None for value, known in zip(values, values.notna(), strict=True)]
    return pd.Series(words, values.index, dtype="str")


def _by_value(values: pd.Series, rule: Callable[[object], float]) -> Floats:
    """`rule` of each value, NaN where there is none; asked once for each different value of a typed column."""
    if values.dtype == object:
        given = zip(values, values.notna(), strict=True)
        return np.array([rule(value) if known else np.nan for value, known in given], np.float64)
    row, different = pd.factorize(values)
    return np.array([*map(rule, different.tolist()), np.nan])[row]


def filled_share(columns: Iterable[npt.NDArray[np.float64]], n: int) -> Floats:
    """Share of attributes that are known, per snapshot; NaN when there are no attributes."""
    known = [~np.isnan(column) for column in columns]
    return np.mean(known, axis=0) if known else np.full(n, np.nan)
