"""Segments: whether the model fits in every part of the market, by the values of attributes."""

import numpy as np

from training.bootstrap import LEVEL
from training.examine import Examined, Finding, strict_json
from training.sections import Picture, Section
from training.segments.figures import dots
from training.segments.found import SEGMENTS_SCHEMA, Segments
from training.segments.groups import groupings
from training.segments.measure import REPLICATES, Judged, measured
from training.segments.words import headline, sentences

TITLE = "Does it fit every part of the market?"
CAPTION = (
    "Win rate that the model expected and that was observed, for each value of each attribute, with 90 % intervals."
)


def segments(examined: Examined) -> Finding | None:
    """The holdout by the values of attributes; None where no attribute has a few values."""
    found = judge_segments(examined)
    if not found.attributes:
        return None
    every = [segment for attribute in found.attributes for segment in attribute.segments]
    metrics = {"segments.tested": float(found.tests), "segments.differ": float(sum(s.differs for s in every))}
    section = section_of(found, float(examined.judged.frame["label"].mean()))
    return Finding("segments", strict_json(found), section, metrics)


def section_of(found: Segments, rate: float) -> Section:
    """The segments as a section of the report; `rate` is the win rate of all rows."""
    pictures = {"dots": Picture(dots(found.attributes, rate), CAPTION)}
    return Section("segments", TITLE, "sections/segments.html", found, pictures)


def judge_segments(examined: Examined) -> Segments:
    """Every segment of every attribute measured, and what differs beyond chance."""
    judged = examined.judged
    rows = np.concatenate([fold.holdout for fold in judged.folds])
    label, probability = (judged.frame[name].to_numpy() for name in ("label", "propensity"))
    holdout = Judged(label.astype(np.int64), probability.astype(np.float64), judged.groups, examined.classes.threshold)
    rng = np.random.default_rng(examined.settings.model.seed)
    attributes = measured(holdout, groupings(examined, rows, judged.groups), rng)
    return Segments(
        schema_version=SEGMENTS_SCHEMA,
        interval_level=LEVEL,
        replicates=REPLICATES,
        tests=sum(segment.tested for attribute in attributes for segment in attribute.segments),
        attributes=attributes,
        headline=headline(attributes),
        sentences=sentences(attributes),
    )
