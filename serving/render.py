"""Rendering: scores as the table that people and programs read, with reasons in sentences of one language."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.windows import NEVER, Bools, Ints
from serving.closing_columns import closing_columns
from serving.exploration import drawn, worked_probability
from serving.language.phrases import Phrases
from serving.lifecycle.rules import reaches
from serving.lifecycle.standings import UNKNOWN, stages_with
from serving.reasons import END, HIGHEST, LOWEST, NONE, OTHER_GROUP, REST, START, START_GROUP, Small
from serving.scoring import Scores
from serving.scoring_rows import MOMENT, numbers_of, one_array
from serving.sinks import REASON, SCHEMA
from training.bundle import Bundle

Column = Ints | Small | int
VERSION_LENGTH = 12
BLOCK = 32_768
"""Leads rendered at once: their texts are far from the 2 GB that one array of text holds."""


def render(bundle: Bundle, scores: Scores, phrases: Phrases) -> pa.Table:
    """The score table, columns `serving.sinks.SCHEMA`, a row per lead in the order of `scores`.

    Without reasons (k = 0) the lists are empty; else a lead's list starts with the starting point, then the named
    features by size, "end of scale" where the score was cut, and "everything else"; points sum to the score.
    """
    blocks = [_render(bundle, scores.slice(at, at + BLOCK), phrases) for at in range(0, len(scores), BLOCK)]
    return pa.concat_tables(blocks) if blocks else SCHEMA.empty_table()


def _render(bundle: Bundle, scores: Scores, phrases: Phrases) -> pa.Table:
    columns = {
        "lead_id": scores.lead_id.cast(pa.string()),
        "as_of": pa.array(scores.as_of, mask=scores.as_of == NEVER).cast(MOMENT),
        "propensity": pa.array(scores.propensity),
        "propensity_low": pa.array(scores.low),
        "propensity_high": pa.array(scores.high),
        "familiar": pa.array(scores.familiar),
        "score": pa.array(scores.score),
        "band": band_of(scores.score, bundle.policy.bands),
        "sales_qualified": pa.array(scores.qualified),
        **{name: scores.rules[name] for name in ("bant_met", "bant_qualified", "points")},
        "stage": stages_of(scores, bundle.policy.points.threshold),
        **closing_columns(bundle.closing, scores.propensity, scores.as_of),
        "exploration": pa.array(drawn(scores.lead_id, scores.as_of, bundle.policy.exploration)),
        "worked_probability": pa.array(worked_probability(scores.qualified, bundle.policy.exploration)),
        "reasons": reason_lists(scores, phrases),
        "model_version": pa.repeat(pa.scalar(bundle.version[:VERSION_LENGTH]), len(scores)),
    }
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def band_of(score: Ints, bands: Mapping[str, float]) -> pa.Array:
    """Band of each shown score (0…100): the highest whose least score is reached, else D.

    >>> band_of(np.array([49, 50, 80]), {"A": 70, "C": 50}).to_pylist()
    ['D', 'C', 'A']
    """
    of_score = [band_name(value, bands) for value in range(LOWEST, HIGHEST + 1)]
    return pa.array(of_score, pa.string()).take(pa.array(score - LOWEST))


def band_name(score: int, bands: Mapping[str, float]) -> str:
    """Band of one score."""
    ranked = sorted(bands.items(), key=lambda item: -item[1])
    return next((name for name, least in ranked if score >= least), "D")


def stages_of(scores: Scores, threshold: float) -> pa.Array:
    """Stage of each lead from its standing, its class, and its points against their threshold.

    Null where neither standing nor points are known.
    """
    points, standing = numbers_of(one_array(scores.rules["points"])), one_array(scores.rules["standing"])
    nothing = np.isnan(points) & np.asarray(standing.is_null())
    known = standing.fill_null(UNKNOWN)
    found = stages_with(known, reaches(points, threshold), scores.qualified, scores.score.astype(np.float64))
    return pc.if_else(pa.array(nothing), pa.scalar(None, pa.string()), found)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the rows of explanations stand: per lead [start, k features, end of scale, everything else], as present."""

    named: Bools
    present: Bools

    def flat(self, start: Column, named: Ints, end: Column, rest: Column) -> Ints:
        """Numbers of all present rows, lead by lead, from those of each kind of row."""
        n, k = self.named.shape
        every = np.empty((n, k + 3), np.int64)
        every[:, 0], every[:, 1:-2], every[:, -2], every[:, -1] = start, named, end, rest
        return every[self.present]

    def offsets(self) -> pa.Array:
        """Where each lead's rows start, and where the last one's end."""
        return pa.array(np.concatenate([[0], np.cumsum(self.present.sum(axis=1))]), pa.int32())


def _layout(scores: Scores) -> _Layout:
    named = scores.column != NONE
    always = np.ones((len(scores), 1), bool)
    return _Layout(named, np.hstack([always, named, scores.cut[:, None] != 0, always]))


def reason_lists(scores: Scores, phrases: Phrases) -> pa.Array:
    """Reasons of each lead as a list of structs; every different text is made once, then taken."""
    if scores.column.shape[1] == 0:
        return pa.ListArray.from_arrays(pa.array(np.zeros(len(scores) + 1), pa.int32()), pa.array([], REASON))
    layout = _layout(scores)
    group, feature = _by_feature(scores, layout, phrases)
    value, sentence = _by_reason(scores, layout, phrases)
    points = pa.array(layout.flat(scores.start, scores.points, scores.cut, scores.rest))
    structs = pa.StructArray.from_arrays([group, feature, value, points, sentence], fields=list(REASON))
    return pa.ListArray.from_arrays(layout.offsets(), structs)


def _by_feature(scores: Scores, layout: _Layout, phrases: Phrases) -> tuple[pa.Array, pa.Array]:
    """Group and name of each row."""
    names = phrases.feature_names()
    rows = pa.array(layout.flat(len(names), scores.column, len(names) + 1, len(names) + 2))
    groups = pa.concat_arrays([phrases.groups(), _texts(START_GROUP, START_GROUP, OTHER_GROUP)])
    return groups.take(rows), pa.concat_arrays([names, _texts(START, END, REST)]).take(rows)


def _by_reason(scores: Scores, layout: _Layout, phrases: Phrases) -> tuple[pa.Array, pa.Array]:
    """Value (null where a row is no feature) and sentence of each row."""
    named = layout.named
    column, points = (array[named].astype(np.int64) for array in (scores.column, scores.points))
    value, sentence = phrases.reasons(column, scores.value[named], points)
    others, which = np.unique(scores.others, return_inverse=True)
    place, m = np.zeros(named.shape, np.int64), len(column)
    place[named] = np.arange(m)
    rows = layout.flat(m, place, m + 1, which + m + 2)
    said = [sentence, _texts(phrases.start, phrases.end_of_scale), phrases.everything_else(others.astype(np.int64))]
    return value.take(pa.array(rows, mask=rows >= m)), pa.concat_arrays(said).take(pa.array(rows))


def _texts(*texts: str) -> pa.Array:
    return pa.array(texts, pa.string())
