"""Reasons: the points of each lead's score by feature, whole numbers that sum exactly to the shown score."""

from dataclasses import dataclass

import numpy as np

from features.catalog import Catalog
from features.windows import Floats, Ints
from training.contributions import Scale

LOWEST, HIGHEST = 0, 100
START, REST, END = "starting point", "everything else", "end of scale"


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of an explanation: whole points, the feature's value as text (None for rows that are no feature)."""

    group: str
    feature: str
    value: str | None
    points: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Explained:
    """Shown scores of n leads, 0…100, and the reasons of each: the starting point first, "everything else" last."""

    score: Ints
    reasons: list[list[Reason]]


def explain(contributions: Floats, values: Floats, scale: Scale, catalog: Catalog, most: int) -> Explained:
    """Scores and at most `most` reasons per lead.

    `contributions` is (n, features + 1) in raw log-odds, bias last; `values` the feature matrix. The features with
    the largest points are named; the others are summed in "everything else". A score beyond the end of the scale is
    cut there, and a row "end of scale" carries the difference.
    """
    points, start = scale.points(contributions)
    most = min(most, points.shape[1])
    top = np.argsort(-np.abs(points), axis=1, kind="stable")[:, :most]
    named = np.take_along_axis(points, top, axis=1)
    rest = points.sum(axis=1) - named.sum(axis=1)
    rows = np.column_stack([start, named, rest])
    unbounded = np.rint(scale.score(contributions.sum(axis=1))).astype(np.int64)
    whole = largest_remainder(rows, unbounded)
    score = np.clip(unbounded, LOWEST, HIGHEST)
    return Explained(
        score,
        [_of_lead(whole[i], top[i], values[i], int(score[i] - unbounded[i]), catalog) for i in range(len(rows))],
    )


def largest_remainder(rows: Floats, totals: Ints) -> Ints:
    """Whole numbers, each within 1 of its row's, summing exactly to `totals` (Hamilton's apportionment).

    >>> largest_remainder(np.array([[50.4, 3.3, -1.2]]), np.array([53])).tolist()
    [[51, 3, -1]]
    """
    floors = np.floor(rows)
    missing = totals - floors.sum(axis=1).astype(np.int64)
    rank = np.argsort(np.argsort(-(rows - floors), axis=1, kind="stable"), axis=1, kind="stable")
    return floors.astype(np.int64) + (rank < missing[:, None])


def _of_lead(whole: Ints, top: Ints, values: Floats, cut: int, catalog: Catalog) -> list[Reason]:
    named = [
        _reason(catalog, int(column), float(values[column]), int(points))
        for column, points in zip(top, whole[1:-1], strict=True)
        if points != 0
    ]
    others = len(catalog.features) - len(named)
    return [
        Reason("Start", START, None, int(whole[0]), "Where every lead starts"),
        *named,
        *([Reason("Start", END, None, cut, "The scale ends here")] if cut else []),
        Reason("Other", REST, None, int(whole[-1]), f"Everything else ({others} further features)"),
    ]


def _reason(catalog: Catalog, column: int, value: float, points: int) -> Reason:
    feature = catalog.features[column]
    shown = catalog.shown(feature, value)
    words = feature.words[:1].upper() + feature.words[1:]
    return Reason(feature.group, feature.name, shown, points, f"{words}: {'not known' if shown is None else shown}")
