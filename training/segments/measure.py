"""The model on each segment of the holdout: level, ranking, slope, and whether they differ beyond chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from features.windows import Floats, Ints
from training.bands import FALSE_ALARM, MIN_MONTH_WINS, MONTH_TOLERANCE, SLOPE_RANGE, bands, estimate, sums
from training.bootstrap import LEVEL, Bootstrap, System, bootstrap_intervals, resamples
from training.evaluation import NOTHING, Band, Estimate
from training.metrics import calibration_slope_intercept, shifted
from training.segments.found import Attribute, Segment
from training.segments.groups import Grouping
from training.segments.slope import slope_interval
from training.shrinkage import shrunk_rates
from training.verdict import MIN_LEADS_PER_OUTCOME

REPLICATES = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """The holdout: outcomes, probabilities, what is resampled together, and who is sales qualified."""

    label: Ints
    probability: Floats
    groups: Ints
    threshold: float


def measured(judged: Judged, by: Sequence[Grouping], rng: np.random.Generator) -> tuple[Attribute, ...]:
    """All segments of all attributes, those that differ beyond chance marked (Bonferroni over all of them)."""
    found = [Attribute(g.name, g.tracked, _segments(judged, g, rng)) for g in by]
    every = [segment for attribute in found for segment in attribute.segments]
    overall = calibration_slope_intercept(judged.label, judged.probability)[0]
    levels = sum(segment.tested for segment in every)
    slopes = sum(segment.calibration_slope.low is not None for segment in every)
    return tuple(
        replace(
            attribute,
            segments=tuple(
                replace(s, level_differs=_level_differs(s, levels), slope_differs=_slope_differs(s, overall, slopes))
                for s in attribute.segments
            ),
        )
        for attribute in found
    )


def _segments(judged: Judged, grouping: Grouping, rng: np.random.Generator) -> tuple[Segment, ...]:
    drawn = resamples(judged.groups, rng, REPLICATES)
    level = bands(sums(judged.label, judged.probability, grouping.code, drawn), grouping.values)
    expected = shifted(judged.label, judged.probability)
    qualified = judged.probability >= judged.threshold
    found = []
    likely = _likely(judged, grouping, level)
    for place, band in enumerate(level):
        rows = np.flatnonzero(grouping.code == place)
        beyond, classified = float((expected - judged.label)[rows].mean()), float(qualified[rows].mean())
        found.append(replace(_segment(judged, rows, band, beyond, classified, rng), likely=likely[place]))
    return tuple(found)


def _likely(judged: Judged, grouping: Grouping, level: Sequence[Band]) -> list[float]:
    """Observed rates drawn towards that of all, the more so the fewer leads a segment has."""
    leads = np.array([len(np.unique(judged.groups[grouping.code == place])) for place in range(len(level))], np.float64)
    rates = np.array([band.observed.value or 0.0 for band in level])
    return [round(float(rate), 6) for rate in shrunk_rates(rates * leads, leads).rate]


def _segment(
    judged: Judged, rows: Ints, band: Band, beyond_shift: float, classified: float, rng: np.random.Generator
) -> Segment:
    groups, label, probability = judged.groups[rows], judged.label[rows], judged.probability[rows]
    ranked = _ranked(label, probability, groups, rng)
    return Segment(
        value=band.name,
        n=band.n,
        leads=len(np.unique(groups)),
        wins=band.wins,
        predicted=band.predicted,
        observed=band.observed,
        likely=0.0,
        difference=band.difference,
        beyond_shift=round(beyond_shift, 6),
        share_classified=round(classified, 6),
        roc_auc=ranked["roc_auc"],
        pr_auc=ranked["pr_auc"],
        lift_at_10=ranked["lift@10"],
        calibration_slope=ranked["slope"],
        tested=max(band.wins, float(probability.sum())) >= MIN_MONTH_WINS,
        level_differs=False,
        slope_differs=False,
    )


def _ranked(label: Ints, probability: Floats, groups: Ints, rng: np.random.Generator) -> dict[str, Estimate]:
    """Ranking and slope where there are enough winning and other leads to tell."""
    metrics = ("roc_auc", "pr_auc", "lift@10")
    outcomes = (len(np.unique(groups[label == won])) for won in (0, 1))
    if min(outcomes) < MIN_LEADS_PER_OUTCOME:
        return dict.fromkeys((*metrics, "slope"), NOTHING)
    drawn = resamples(groups, rng, REPLICATES)
    volume = {"10": np.full(len(label), 0.1)}
    found: Bootstrap = bootstrap_intervals(label, [System("model", probability)], volume, drawn)
    ranked = {metric: estimate(found.interval("model", metric)) for metric in metrics}
    return ranked | {"slope": estimate(slope_interval(label, probability, groups))}


def _level_differs(segment: Segment, tests: int) -> bool:
    """Whether the rate differs from the expected one, after the shift of all rows, beyond chance and by a fifth."""
    gap, low, high = segment.beyond_shift, segment.difference.low, segment.difference.high
    observed = segment.observed.value or 0.0
    if not segment.tested or low is None or high is None:
        return False
    rate = observed + gap
    by_chance = float(np.sqrt(max(rate * (1 - rate), 0.0) / segment.n))
    limit = _limit(tests) * max(_standard_error(low, high), by_chance)
    return abs(gap) > limit and abs(gap) > MONTH_TOLERANCE * max(observed, rate)


def _slope_differs(segment: Segment, overall: float, tests: int) -> bool:
    """Whether the slope differs from that of all rows beyond chance, and by more than calibration tolerates."""
    found = segment.calibration_slope
    if found.value is None or found.low is None or found.high is None or not np.isfinite(overall):
        return False
    beyond = abs(found.value - overall) > _limit(tests) * _standard_error(found.low, found.high)
    return beyond and not SLOPE_RANGE[0] <= found.value / overall <= SLOPE_RANGE[1]


def _limit(tests: int) -> float:
    """Standard errors that all tests together exceed with one chance of a false alarm."""
    return NormalDist().inv_cdf(1 - FALSE_ALARM / (2 * max(tests, 1)))


def _standard_error(low: float, high: float) -> float:
    return (high - low) / (2 * NormalDist().inv_cdf((1 + LEVEL) / 2))
