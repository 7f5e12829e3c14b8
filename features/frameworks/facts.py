"""Facts: what the small tables say of leads for some frameworks: assessments, attributes, points of attributes."""

from collections.abc import Collection, Mapping
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
from features.event_order import total_order
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
    """Assessments of leads sorted by (lead, time, met, deadline); `deadline` in microseconds, NEVER when none.

    `criterion` is the position in `names` (in lower case) of what each is about.
    """

    recordings: Recorded
    deadline: Ints
    criterion: Ints
    names: Names

    def cut(self, first: int, stop: int) -> "Assessed":
        """Those of the leads `[first, stop)`, renumbered from 0."""
        at = slice(*self.recordings.segments.start[[first, stop]])
        return Assessed(self.recordings.cut(first, stop), self.deadline[at], self.criterion[at], self.names)

    def of(self, names: Names) -> "Assessed":
        """Those that go by some names."""
        theirs = np.array([name in names for name in self.names], np.bool_)[self.criterion]
        start = np.append(0, np.cumsum(theirs))[self.recordings.segments.start]
        segments = Segments(start, self.recordings.segments.time[theirs])
        known = Recorded(segments, self.recordings.value[theirs])
        return Assessed(known, self.deadline[theirs], self.criterion[theirs], self.names)


@dataclass(frozen=True, slots=True)
class Facts:
    """Per lead: assessments, grades by attribute rule, and points of attributes."""

    assessed: Assessed
    attributes: Mapping[str, Floats | Recorded]
    points: AttributePoints

    def cut(self, first: int, stop: int) -> "Facts":
        """The leads `[first, stop)`, renumbered from 0."""
        return Facts(
            self.assessed.cut(first, stop),
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
        _assessed(tables.assessments, leads["lead_id"], {name for one in criteria for name in names_of(one)}),
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


def _assessed(assessments: pd.DataFrame, lead_ids: pd.Series, wanted: Collection[str]) -> Assessed:
    """Assessments of the leads that go by one of the wanted names."""
    code, different = pd.factorize(assessments["criterion"])
    names = tuple(str(name).strip().lower() for name in different)
    lead = positions_of(assessments["lead_id"], lead_ids)
    chosen = np.flatnonzero((lead >= 0) & np.array([*(name in wanted for name in names), False])[code])
    lead, code, met = lead[chosen], code[chosen], assessments["met"].to_numpy(np.float64)[chosen]
    time, deadline = (microseconds(assessments[name])[chosen] for name in ("assessed_at", "deadline"))
    order = total_order(lead, time, len(lead_ids), lambda rows: [met[rows], deadline[rows]])
    segments = Segments(starts(lead, len(lead_ids)), time[order])
    return Assessed(Recorded(segments, met[order]), deadline[order], code[order], names)
