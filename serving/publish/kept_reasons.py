"""Reasons as the store keeps them: numbers only, put into words of the reader's language when they are read."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.language.phrases import Phrases
from serving.reasons import END, NONE, OTHER_GROUP, REST, START, START_GROUP, Reason
from serving.scoring import Scores

NO_FEATURE = -1


def kept_reasons(scores: Scores, row: int, names: Sequence[str]) -> str:
    """JSON of a lead's reasons: objects with feature, column (−1: no feature), points and value (null: not known).

    They stand in the order in which they are shown: the start, features, the end of the scale where the score was cut,
    everything else (whose value is the number of features in it); points sum to the score.
    """
    found: list[dict[str, Any]] = [_part(START, int(scores.start[row]))]
    for column, points, value in zip(
        scores.column[row].tolist(), scores.points[row].tolist(), scores.value[row].tolist(), strict=True
    ):
        if column == NONE:
            break
        known = None if np.isnan(value) else value
        found.append({"feature": names[column], "column": column, "points": points, "value": known})
    if cut := int(scores.cut[row]):
        found.append(_part(END, cut))
    found.append(_part(REST, int(scores.rest[row]), int(scores.others[row])))
    return json.dumps(found, separators=(",", ":"))


def _part(name: str, points: int, value: float | None = None) -> dict[str, Any]:
    return {"feature": name, "column": NO_FEATURE, "points": points, "value": value}


def read_reasons(text: str, phrases: Phrases | None) -> tuple[Reason, ...]:
    """The reasons in words; without phrases (the model is gone) each is named by its feature alone."""
    return tuple(_reason(one, phrases) for one in json.loads(text))


def _reason(one: dict[str, Any], phrases: Phrases | None) -> Reason:
    name, column, points, value = one["feature"], one["column"], one["points"], one["value"]
    if column == NO_FEATURE:
        group = OTHER_GROUP if name == REST else START_GROUP
        return Reason(group, name, None, points, name if phrases is None else _words(name, value, phrases))
    if phrases is None:
        return Reason(OTHER_GROUP, name, None if value is None else f"{value:g}", points, name)
    shown, sentence = phrases.reason(column, np.nan if value is None else value, points)
    return Reason(phrases.catalog.features[column].group, name, shown, points, sentence)


def _words(name: str, others: float | None, phrases: Phrases) -> str:
    if name == REST:
        return phrases.further(int(others or 0))
    return phrases.start if name == START else phrases.end_of_scale
