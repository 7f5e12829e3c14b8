"""How a model's limits are learned: refits on outcomes drawn from itself, and what its leaves have not followed yet."""

from dataclasses import replace

import numpy as np
from scipy.special import expit

from features.windows import Floats, Ints
from training.boosting import refit_scores
from training.calibration import fit_calibration
from training.dataset import Outcomes
from training.familiarity import ELAPSED, Columns, learn_familiarity
from training.leaf_sums import SWEEPS, fit_leaves, leaf_counts, reached_leaves, summed
from training.model import Fitted
from training.ranges import SHARE, Ranges
from training.settings import ModelSettings
from training.uncertainty import Uncertainty

REFITS = 4
UNSEEN = 1.1
"""Half-widths are so much larger than refits say, which share the model's form (docs/decisions/0020)."""
LEAF_ROWS = 200.0
"""A leaf's own spread counts as much as the mean of all once it has so many rows."""
BELIEVED = 0.7
"""Standard deviation, in log-odds, of what a model may be off by before outcomes are looked at."""
LEAST_ERROR = 0.02
MOST_POINTS, ROWS_OF_POINT = 16, 50
MOST_ROWS = 100_000
DIGITS = 5


def with_uncertainty(fitted: Fitted, settings: ModelSettings) -> Fitted:
    """The fitted model, knowing its limits."""
    uncertainty = learn_uncertainty(fitted, settings.unfamiliar_share, settings.seed)
    return replace(fitted, trained=replace(fitted.trained, uncertainty=uncertainty))


def learn_uncertainty(fitted: Fitted, unfamiliar_share: float, seed: int) -> Uncertainty:
    """Ranges and familiarity of a fitted model; of later rows like its own about `unfamiliar_share` are unfamiliar."""
    rng = np.random.default_rng(seed)
    ranges = learn_ranges(fitted, rng)
    table, booster = fitted.table, fitted.trained.booster
    sums = summed([np.array(tree) for tree in ranges.leaves], reached_leaves(booster, table.values))
    as_of = table.snapshots.as_of
    # Without times rows have no order: leads are taken as they come from a shuffle, each whole.
    lots = rng.permutation(int(table.snapshots.lead.max()) + 1)[table.snapshots.lead]
    order = np.lexsort((lots, as_of))
    catalog = fitted.trained.catalog
    elapsed = [column for column, feature in enumerate(catalog.features) if feature.family in ELAPSED]
    columns = Columns(catalog.categorical, elapsed)
    familiarity = learn_familiarity(table.values, columns, order, sums, unfamiliar_share)
    return Uncertainty(ranges, familiarity)


def learn_ranges(fitted: Fitted, rng: np.random.Generator) -> Ranges:
    """Ranges of a fitted model.

    Outcomes are drawn from its own probabilities, one number per lead for all its snapshots, and the same parameters
    are trained on them (parametric bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap, chapter 6).
    """
    model = fitted.trained.booster.model_to_string()
    counts = leaf_counts(model)
    errors, log_odds = refit_errors(fitted, rng)
    chosen = np.linspace(0, fitted.rows - 1, min(MOST_ROWS, fitted.rows)).astype(np.int64)
    reached = reached_leaves(fitted.trained.booster, fitted.table.values[chosen])
    errors, log_odds = errors[:, chosen], log_odds[chosen]
    spread = np.log((errors**2).mean(axis=0) + LEAST_ERROR**2) / 2
    width = float(spread.mean())
    leaves = [np.round(part, DIGITS) for part in fit_leaves(reached, counts, spread - width, LEAF_ROWS)]
    ratio = np.abs(errors) / np.exp(width + summed(leaves, reached))
    width += float(np.log(UNSEEN * np.quantile(ratio, SHARE)))
    weight = fitted.rows / len(chosen)
    at, drift = points_of(log_odds, unfollowed(reached, counts, log_odds, fitted.label[chosen], weight))
    return Ranges(round(width, DIGITS), tuple(tuple(part.tolist()) for part in leaves), at, drift)


def refit_errors(fitted: Fitted, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Log-odds of refits less those that their outcomes were drawn from, (refits, rows); and the latter, (rows,).

    A refit's calibration is learned from further outcomes, so that its error is in the errors too.
    """
    values = fitted.table.values
    raw = np.asarray(fitted.trained.booster.predict(values, raw_score=True))
    truth = fitted.trained.scale.calibration.log_odds(raw)
    lead = np.unique(fitted.table.snapshots.lead, return_inverse=True)[1]
    errors = np.empty((REFITS, fitted.rows))
    drawn = [draw_outcomes(truth, lead, rng) for _ in range(2 * REFITS)]
    scores = refit_scores(values, drawn[:REFITS], fitted.parameters, fitted.trees, fitted.trained.catalog)
    for number, again in enumerate(scores):
        calibration = fit_calibration(again, drawn[REFITS + number])
        errors[number] = calibration.log_odds(again) - truth
    return errors, truth


def draw_outcomes(log_odds: Floats, lead: Ints, rng: np.random.Generator) -> Outcomes:
    """Outcomes with these log-odds, the same luck on all rows of a lead; of each kind at least one."""
    luck = rng.random(int(lead.max()) + 1)[lead]
    outcome = (luck < expit(log_odds)).astype(np.int8)
    if not outcome.any():
        outcome[np.argmax(log_odds)] = 1
    if outcome.all():
        outcome[np.argmin(log_odds)] = 0
    return outcome


def unfollowed(reached: Ints, counts: tuple[int, ...], log_odds: Floats, label: Outcomes, weight: float) -> Floats:
    """What the leaves would still add to each row's log-odds if nothing but a prior held them back.

    Boosting stops early, and leaves with few wins move slowly: the rarest winners are those whose chance it still
    overstates. Ridge logistic regression on leaves, a Newton step per leaf; the prior's standard deviation of a row's
    sum is `BELIEVED`. A row stands for `weight` rows.
    """
    strength = len(counts) / BELIEVED**2
    leaves = [np.zeros(count) for count in counts]
    now = log_odds.copy()
    for _ in range(SWEEPS):
        for tree, here in enumerate(reached):
            chance = expit(now)
            gradient = weight * np.bincount(here, label - chance, minlength=counts[tree])
            curvature = weight * np.bincount(here, chance * (1 - chance), minlength=counts[tree])
            step = (gradient - strength * leaves[tree]) / (curvature + strength)
            now += step[here]
            leaves[tree] += step
    return now - log_odds


def points_of(log_odds: Floats, drift: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Means of both over equally many rows from the least log-odds to the most; points at one place are one."""
    n = int(np.clip(len(log_odds) // ROWS_OF_POINT, 1, MOST_POINTS))
    parts = np.array_split(np.argsort(log_odds, kind="stable"), n)
    at = np.round([log_odds[part].mean() for part in parts], DIGITS)
    there, place = np.unique(at, return_inverse=True)
    mean = np.bincount(place, [drift[part].mean() for part in parts]) / np.bincount(place)
    return tuple(there.tolist()), tuple(np.round(mean, DIGITS).tolist())
