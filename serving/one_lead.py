"""One lead: score and reasons of a feature row in a fraction of a millisecond, with the numbers of a batch."""

from dataclasses import dataclass

import numpy as np

from features.windows import Floats
from serving.language.phrases import Phrases
from serving.reasons import (
    END,
    HIGHEST,
    LOWEST,
    NONE,
    OTHER_GROUP,
    REST,
    START,
    START_GROUP,
    Named,
    Reason,
    places_for,
)
from serving.render import band_name
from serving.scoring import explain_block, sanity_of, whole_score
from training.bundle import Bundle


@dataclass(frozen=True, slots=True)
class ScoredLead:
    """What a feature row says of a lead; points of the reasons sum to the score, and are as a batch gives them.

    `low` and `high` are the range of the propensity.
    """

    propensity: float
    low: float
    high: float
    familiar: bool
    score: int
    band: str
    qualified: bool
    reasons: tuple[Reason, ...]


def score_one(bundle: Bundle, values: Floats, most: int, phrases: Phrases | None = None) -> ScoredLead:
    """Score of one feature row (catalog order, categories as codes, not known as NaN), with at most `most` reasons.

    Propensity, score and points are those of `score_rows`, to the bit. Without phrases sentences are empty and values
    None; with `most` 0 there are no reasons.

    Raises:
        ValueError: not one value per feature.
    """
    features = len(bundle.catalog.features)
    if values.shape != (features,):
        raise ValueError(f"expected the {features} features of the model, got an array of shape {values.shape}")
    row = np.ascontiguousarray(values, np.float64)[None]
    named = places_for(1, min(most, features))
    if most:
        raw, sums = explain_block(bundle, row, sanity_of(bundle.catalog), named)
    else:
        raw, sums = bundle.raw(row, 1), bundle.leaf_sums(row, 1)
    whole = int(whole_score(bundle.scale, raw)[0])
    propensity, score = bundle.scale.calibration.probability(raw), min(max(whole, LOWEST), HIGHEST)
    limits = bundle.limits(row, raw, sums)
    return ScoredLead(
        float(propensity[0]),
        float(limits.low[0]),
        float(limits.high[0]),
        bool(limits.familiar[0]),
        score,
        band_name(score, bundle.policy.bands),
        bool(bundle.policy.qualifies(propensity, limits.familiar)[0]),
        tuple(_reasons(bundle, named, score - whole, phrases)) if most else (),
    )


def _reasons(bundle: Bundle, named: Named, cut: int, phrases: Phrases | None) -> list[Reason]:
    features, reasons = bundle.catalog.features, []
    places = (array[0].tolist() for array in (named.column, named.points, named.value))
    for column, points, value in zip(*places, strict=True):
        if column == NONE:
            break
        shown, sentence = (None, "") if phrases is None else phrases.reason(column, value, points)
        reasons.append(Reason(features[column].group, features[column].name, shown, points, sentence))
    first, end, left = _around(int(named.others[0]), phrases)
    return [
        Reason(START_GROUP, START, None, int(named.start[0]), first),
        *reasons,
        *([Reason(START_GROUP, END, None, cut, end)] if cut else []),
        Reason(OTHER_GROUP, REST, None, int(named.rest[0]), left),
    ]


def _around(others: int, phrases: Phrases | None) -> tuple[str, str, str]:
    """Sentences of the rows that are no features: the start, the end of the scale, everything else."""
    if phrases is None:
        return "", "", ""
    return phrases.start, phrases.end_of_scale, phrases.further(others)
