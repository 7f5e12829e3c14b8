"""Points of attributes, the fit axis: what a lead and its account are, not what they do.

Three attributes are read from the job title: `title_authority`, `title_role` and `title_standing`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from features.fit import ACCOUNT_PREFIX, FALSE_WORDS, TRUE_WORDS, number_of, word_of
from features.identifiers import positions_of
from features.recorded import Recorded, latest, recorded
from features.rule_settings import POINT_UNIT, RANGE, PointSettings
from features.snapshots import Snapshots
from features.tables import Tables
from features.titles import Title, title_of
from features.windows import Bools, Floats, Ints

TITLE = "title"
ANY = "*"
Rule = Callable[[object], float]


@dataclass(frozen=True, slots=True)
class AttributePoints:
    """Per attribute: points of each lead in thousandths (NaN: value not known), or its recordings of them.

    `earning` names the attributes that can give points, by which fit is measured.
    """

    points: Mapping[str, Floats | Recorded]
    earning: frozenset[str] = frozenset()


NO_ATTRIBUTES = AttributePoints({})


def attribute_points(
    leads: pd.DataFrame, tables: Tables, settings: PointSettings, tracked: Collection[str]
) -> AttributePoints:
    """Points of the attributes of leads (rows in the order of their numbers).

    An attribute among `tracked` has the value of the lead's last change before as_of, and is not known before the
    first; any other has the exported value. An attribute that the tables lack is not known.
    """
    found = {
        name: attribute_worth(leads, tables, column_of(name), partial(points_of_value, name, values), tracked)
        for name, values in settings.attributes.items()
    }
    earning = frozenset(name for name, values in settings.attributes.items() if max(values.values(), default=0) > 0)
    return AttributePoints({name: points for name, points in found.items() if points is not None}, earning)


def tracked_fields(changes: pd.DataFrame) -> tuple[str, ...]:
    """Fields that have a change history in the project, in alphabetical order."""
    return tuple(sorted(str(name) for name in changes["field"].dropna().unique()))


def fit_points(attributes: AttributePoints, snapshots: Snapshots) -> tuple[Ints, Bools]:
    """Points of attributes per snapshot in thousandths, and whether an attribute that can earn points is known."""
    total, known = np.zeros(len(snapshots), np.int64), np.zeros(len(snapshots), np.bool_)
    for name, points in attributes.points.items():
        values = points_at(points, snapshots)[0]
        total += np.nan_to_num(values).astype(np.int64)
        if name in attributes.earning:
            known |= ~np.isnan(values)
    return total, known


def points_at(points: Floats | Recorded, snapshots: Snapshots) -> tuple[Floats, Floats]:
    """Points of one attribute per snapshot in thousandths, and since how many days (NaN: not known, or not dated)."""
    if isinstance(points, Recorded):
        return latest(points, snapshots)
    return points[snapshots.lead], np.full(len(snapshots), np.nan)


def column_of(attribute: str) -> str:
    """The column that an attribute is read from."""
    return TITLE if attribute in _OF_TITLE else attribute


def points_of_value(attribute: str, values: Mapping[str, float], value: object) -> float:
    """Points of one value in thousandths: of its own entry, a range that holds it, or `*`; NaN when not known.

    >>> points_of_value("employees", {"50..250": 10, "250..": 20}, 250)
    20000.0
    >>> points_of_value("title_authority", {"decides": 15}, "Prokuristin")
    15000.0
    """
    word = word_for(attribute, value)
    if word is None:
        return np.nan
    found = worth_of(word, values)
    return round((0.0 if found is None else found) / POINT_UNIT) * 1.0


def word_for(attribute: str, value: object) -> str | None:
    """What a value of the attribute's column says in one word; None when it says nothing."""
    word = word_of(value)
    if word is not None and attribute in _OF_TITLE:
        word = _OF_TITLE[attribute](title_of(word))
    return None if word is None else word.strip().lower()


def _authority(title: Title) -> str | None:
    return None if title.grade == "unknown" else title.grade


def _role(title: Title) -> str | None:
    return title.role


def _standing(title: Title) -> str | None:
    return title.standing


_OF_TITLE: Mapping[str, Callable[[Title], str | None]] = {
    "title_authority": _authority,
    "title_role": _role,
    "title_standing": _standing,
}


def worth_of(word: str, values: Mapping[str, float]) -> float | None:
    """Worth of a word: of its own entry, a range that holds it, or `*`; None when none is for it."""
    plain = "true" if word in TRUE_WORDS else "false" if word in FALSE_WORDS else word
    for key, worth in values.items():
        if key.strip().lower() in (word, plain) or _in_range(key, word):
            return worth
    return values.get(ANY)


def _in_range(key: str, word: str) -> bool:
    found, number = RANGE.fullmatch(key), number_of(word)
    if found is None or np.isnan(number):
        return False
    low, high = (float(end) if end else None for end in found.groups())
    return (low is None or number >= low) and (high is None or number < high)


def attribute_worth(
    leads: pd.DataFrame, tables: Tables, column: str, rule: Rule, tracked: Collection[str]
) -> Floats | Recorded | None:
    """What a rule makes of the values of a column: per lead, or the lead's recordings of a tracked one.

    `leads` has a row per lead in the order of their numbers. None when neither leads nor accounts have the column.
    """
    if column in tracked:
        changes = tables.lead_changes[tables.lead_changes["field"] == column]
        return recorded(changes["lead_id"], changes["changed_at"], _by_value(rule, changes["value"]), leads["lead_id"])
    found = attribute_column(leads, tables.accounts, column)
    return None if found is None else _by_value(rule, found)


def attribute_column(leads: pd.DataFrame, accounts: pd.DataFrame, column: str) -> pd.Series | None:
    """A column of the leads, or of their accounts as `account_…` (or by its own name); None when nobody has it."""
    if column in leads:
        return leads[column]
    of_account = column.removeprefix(ACCOUNT_PREFIX)
    if of_account not in accounts or of_account == "account_id":
        return None
    row = positions_of(leads["account_id"], accounts["account_id"])
    return accounts[of_account].reset_index(drop=True).reindex(row).reset_index(drop=True)


def _by_value(rule: Rule, cells: pd.Series) -> Floats:
    """A rule's worth of each cell, asked once for each different value; NaN where there is none."""
    row, different = pd.factorize(cells)
    return np.array([*map(rule, different.tolist()), np.nan])[row]
