"""Facts: what the small tables say of leads for some frameworks: assessments, attributes, points of attributes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from features.attribute_points import (
    AttributePoints,
    attribute_points,
    attribute_worth,
    column_of,
    word_for,
    worth_of,
)
from features.frameworks.definition import AttributeRule, Criterion, Framework
from features.identifiers import positions_of
from features.recorded import Recorded
from features.rule_settings import PointSettings
from features.tables import Tables
from features.times import microseconds
from features.windows import Floats, Ints, Segments, starts

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assessed:
    """Assessments of leads sorted by (lead, time, met, deadline); `deadline` in microseconds, NEVER when none."""

    recordings: Recorded
    deadline: Ints

    def cut(self, first: int, stop: int) -> "Assessed":
        """Those of the leads `[first, stop)`, renumbered from 0."""
        start = self.recordings.segments.start[[first, stop]]
        return Assessed(self.recordings.cut(first, stop), self.deadline[start[0] : start[1]])


@dataclass(frozen=True, slots=True)
class Facts:
    """Per lead: assessments by the names they go by, grades by attribute rule, and points of attributes."""

    assessed: Mapping[Names, Assessed]
    attributes: Mapping[str, Floats | Recorded]
    points: AttributePoints

    def cut(self, first: int, stop: int) -> "Facts":
        """The leads `[first, stop)`, renumbered from 0."""
        return Facts(
            {names: known.cut(first, stop) for names, known in self.assessed.items()},
            {key: _cut(known, first, stop) for key, known in self.attributes.items()},
            AttributePoints(
                {key: _cut(known, first, stop) for key, known in self.points.points.items()}, self.points.earning
            ),
        )


def _cut(known: Floats | Recorded, first: int, stop: int) -> Floats | Recorded:
    return known.cut(first, stop) if isinstance(known, Recorded) else known[first:stop]


def facts_of(
    leads: pd.DataFrame,
    tables: Tables,
    frameworks: Mapping[str, Framework],
    points: PointSettings,
    tracked: Collection[str],
) -> Facts:
    """What the tables say of the leads (rows in the order of their numbers) for some frameworks.

    `tracked` names the fields that have a change history in the project: they are known as of a date.
    """
    criteria = [criterion for framework in frameworks.values() for criterion in framework.criteria.values()]
    rules = {rule_key(rule): rule for criterion in criteria for rule in criterion.attributes}
    graded = {
        key: attribute_worth(leads, tables, column_of(rule.attribute), partial(_grade, rule), tracked)
        for key, rule in rules.items()
    }
    return Facts(
        _assessed(tables.assessments, leads["lead_id"], {names_of(criterion) for criterion in criteria}),
        {key: known for key, known in graded.items() if known is not None},
        attribute_points(leads, tables, points, tracked),
    )


def names_of(criterion: Criterion) -> Names:
    """Names under which a criterion is assessed, in lower case."""
    return tuple(sorted({name.strip().lower() for name in criterion.assessed_as}))


def rule_key(rule: AttributeRule) -> str:
    """What tells attribute rules apart."""
    return rule.model_dump_json()


def _grade(rule: AttributeRule, value: object) -> float:
    """Grade of a value; NaN where the rule has nothing to say about it."""
    word = word_for(rule.attribute, value)
    found = None if word is None else worth_of(word, rule.values)
    return np.nan if found is None else found


def _assessed(assessments: pd.DataFrame, lead_ids: pd.Series, wanted: Iterable[Names]) -> dict[Names, Assessed]:
    code, different = pd.factorize(assessments["criterion"])
    lower = [str(name).strip().lower() for name in different]
    columns = (
        positions_of(assessments["lead_id"], lead_ids),
        microseconds(assessments["assessed_at"]),
        assessments["met"].to_numpy(np.float64),
        microseconds(assessments["deadline"]),
    )
    found = {}
    for names in wanted:
        chosen = np.flatnonzero(np.array([*(name in names for name in lower), False])[code])
        found[names] = _sorted(tuple(column[chosen] for column in columns), len(lead_ids))
    return found


def _sorted(columns: tuple[np.ndarray, ...], n_leads: int) -> Assessed:
    lead, time, met, deadline = columns
    order = np.lexsort((deadline, met, time, lead))
    order = order[lead[order] >= 0]
    segments = Segments(starts(lead[order], n_leads), time[order])
    return Assessed(Recorded(segments, met[order]), np.asarray(deadline[order], np.int64))
