"""The log of a lead's points: entries that add up to the score exactly, and the grade on both axes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.attribute_points import (
    AttributePoints,
    attribute_column,
    attribute_points,
    column_of,
    points_of_value,
)
from features.fit import word_of
from features.histories import Histories
from features.points import Points, entries, points_of, prices_of, thousandths
from features.recorded import Recorded
from features.rule_settings import PointSettings
from features.snapshots import Snapshots
from features.tables import Tables
from features.times import microseconds
from features.windows import NEVER, Floats, Ints, history

Axis = Literal["engagement", "fit", "total"]
LETTERS, DIGITS = ("A", "B", "C", "D", "?"), ("1", "2", "3", "4")
GRADES = tuple(letter + digit for letter in LETTERS for digit in DIGITS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: `points` in thousandths; `at` in microseconds, None where nothing is dated."""

    at: int | None
    axis: Axis
    what: str
    points: int


@dataclass(frozen=True, slots=True)
class PointsLog:
    """All entries of a lead as of a date: attributes, interactions by time, cuts at caps; then the sums and the grade.

    The entries add up to `total`, and those of an axis to its points, exactly. Points in thousandths.
    """

    entries: tuple[Entry, ...]
    engagement: int
    fit: int
    total: int
    grade: str


@dataclass(frozen=True, slots=True)
class _Seen:
    histories: Histories
    tables: Tables
    lead: int
    as_of: int
    settings: PointSettings
    attributes: AttributePoints


def points_log(
    histories: Histories, tables: Tables, snapshot: Snapshots, settings: PointSettings, tracked: Collection[str]
) -> PointsLog:
    """The log of one snapshot; `tracked` names the fields that have a change history in the project."""
    attributes = attribute_points(histories.leads, tables, settings, tracked)
    found = points_of(histories, snapshot, settings, attributes)
    seen = _Seen(histories, tables, int(snapshot.lead[0]), int(snapshot.as_of[0]), settings, attributes)
    cut = int(found.total[0] - found.engagement[0] - found.fit[0])
    of_total = (Entry(None, "total", "cap of the total", cut),) if cut else ()
    return PointsLog(
        entries=(*_of_attributes(seen), *_of_interactions(seen), *of_total),
        engagement=int(found.engagement[0]),
        fit=int(found.fit[0]),
        total=int(found.total[0]),
        grade=grades(found, settings)[0],
    )


def grades(points: Points, settings: PointSettings) -> list[str]:
    """Fit A–D and engagement 1–4 in one word such as B2; `?` where nothing is known that could earn fit points."""
    return [GRADES[code] for code in grade_codes(points, settings).tolist()]


def grade_codes(points: Points, settings: PointSettings) -> Ints:
    """Place of each grade in `GRADES`."""
    letter = np.where(points.fit_known, _steps_missed(points.fit, settings.fit_steps), LETTERS.index("?"))
    return letter * len(DIGITS) + _steps_missed(points.engagement, settings.engagement_steps)


def _steps_missed(points: Ints, steps: tuple[float, ...]) -> Ints:
    return sum((points < thousandths(step)).astype(np.int64) for step in steps) + np.zeros(len(points), np.int64)


def _of_attributes(seen: _Seen) -> Iterator[Entry]:
    for name, points in seen.attributes.points.items():
        worth, at = _known(seen, points)
        if worth:
            yield Entry(at, "fit", f"{name} = {_shown(seen, name, worth, at)}", worth)


def _known(seen: _Seen, points: Floats | Recorded) -> tuple[int, int | None]:
    """Points of an attribute, 0 where it is not known, and when its value was recorded."""
    if not isinstance(points, Recorded):
        worth = points[seen.lead]
        return (0 if np.isnan(worth) else int(worth)), None
    past = history(points.segments, np.array([seen.lead]), np.array([seen.as_of]))
    last = int(past.stop[0]) - 1
    if past.count[0] == 0 or np.isnan(points.value[last]):
        return 0, None
    time = int(points.segments.time[last])
    return int(points.value[last]), None if time == NEVER else time


def _shown(seen: _Seen, name: str, worth: int, at: int | None) -> str:
    """The value that the points are for, read as it is in the title where the title says it."""
    column = column_of(name)
    rule = seen.settings.attributes[name]
    fitting = [value for value in _values(seen, column, at) if points_of_value(name, rule, value) == worth]
    return str(word_of(fitting[0])) if fitting else "?"


def _values(seen: _Seen, column: str, at: int | None) -> list[object]:
    if at is None:
        cells = attribute_column(seen.histories.leads, seen.tables.accounts, column)
        return [] if cells is None else [cells.iloc[seen.lead]]
    changes = seen.tables.lead_changes
    lead_id = seen.histories.lead_ids[seen.lead]
    of_field = changes[(changes["field"] == column) & (changes["lead_id"] == lead_id)]
    values: list[object] = of_field.loc[microseconds(of_field["changed_at"]) == at, "value"].tolist()
    return values


def _of_interactions(seen: _Seen) -> Iterator[Entry]:
    log, prices = seen.histories.by_lead, prices_of(seen.histories, seen.settings)
    past = history(log.segments, np.array([seen.lead]), np.array([seen.as_of]))
    first, stop = int(past.first[0]), int(past.stop[0])
    worth = entries(log, (first, stop), seen.as_of, prices)
    kinds = log.kind[first:stop]
    for at, kind, points in zip(range(first, stop), kinds.tolist(), worth.tolist(), strict=True):
        if prices.kind[kind] or points:
            yield Entry(int(log.time[at]), "engagement", _what(seen, kind, int(log.topic[at]), points), points)
    for kind in range(len(seen.histories.kinds)):
        given, cap = int(worth[kinds == kind].sum()), int(prices.cap[kind])
        if cut := min(max(given, -cap), cap) - given:
            yield Entry(None, "engagement", f"cap of {seen.histories.kinds[kind]}", cut)


def _what(seen: _Seen, kind: int, topic: int, points: int) -> str:
    about = f" about {seen.histories.topics[topic]}" if topic >= 0 else ""
    note = "" if points else " (does not count)"
    return f"{seen.histories.kinds[kind]}{about}{note}"
