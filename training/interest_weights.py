"""Interest weights: points per kind and one half-life learned from outcomes, to be read beside the configured points.

    log-odds of a win = a + Σ over kinds of w · n,    n = Σ over past events of the kind of 2^(−age / half-life)

The n are what interest points are made of, so the w are points up to a factor. A kind keeps the sign of its configured
points (not configured: no less than 0): with few wins a free sign would make visits cost points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from features.build import build_features
from features.catalog import Catalog, FeatureDef
from features.histories import Histories
from features.snapshots import Snapshots
from features.tables import Tables
from features.windows import Floats
from training.dataset import Outcomes
from training.folds import Fold

HALF_LIVES_DAYS = (7, 14, 30, 60, 90, 180)
# Log-odds per event that are still unsurprising (spread of a normal prior): a kind that hardly occurs stays near 0.
PRIOR_SPREAD = 0.5


@dataclass(frozen=True, slots=True)
class InterestWeights:
    """Learned `points` per kind and their half-life; `log_loss` on held-out rows (nats) by half-life tried.

    Points are scaled so that the training snapshots get as many in total as the configured points would give them at
    that half-life: the two tables can be compared line by line.
    """

    points: Mapping[str, float]
    half_life_days: int
    log_loss: Mapping[int, float]


def decayed_counts(
    histories: Histories,
    tables: Tables,
    snapshots: Snapshots,
    kinds: Sequence[str],
    half_lives_days: Sequence[int] = HALF_LIVES_DAYS,
) -> dict[int, Floats]:
    """Past events of each kind, each halved per half-life since it: (snapshots, kinds) by half-life."""
    columns = [
        build_features(histories, tables, snapshots, _catalog_of(kind, half_lives_days)).values for kind in kinds
    ]
    return {
        days: np.stack([column[:, place] for column in columns], axis=1) for place, days in enumerate(half_lives_days)
    }


def learn_interest_weights(
    counts: Mapping[int, Floats],
    label: Outcomes,
    folds: Sequence[Fold],
    kinds: Sequence[str],
    configured: Mapping[str, float],
) -> InterestWeights:
    """Half-life with the least log loss on the folds' held-out rows, and its weights learned from all rows.

    `counts` come from `decayed_counts`; `folds` should go forward in time (`training.folds.inner_folds`).

    Raises:
        ValueError: no folds, or a fold trains on outcomes of one kind only.
    """
    if not folds or any(not 0 < label[fold.train].mean() < 1 for fold in folds):
        raise ValueError("interest weights need folds whose training rows hold both outcomes: give more history")
    signs = np.array([-1.0 if configured.get(kind, 0) < 0 else 1.0 for kind in kinds])
    losses = {days: _held_out_loss(values, label, folds, signs) for days, values in counts.items()}
    best = min(losses, key=losses.__getitem__)
    weights = _fit(counts[best], label, signs)[1:]
    given = np.array([configured.get(kind, 0.0) for kind in kinds])
    points = weights * _scale(counts[best] @ weights, counts[best] @ given)
    return InterestWeights(dict(zip(kinds, points.tolist(), strict=True)), best, losses)


def _catalog_of(kind: str, half_lives_days: Sequence[int]) -> Catalog:
    features = tuple(
        FeatureDef(f"half_life_{days}d", "interest", "Interest", "", days=days) for days in half_lives_days
    )
    return Catalog(features, attributes=(), kinds=(), topics=(), criteria=(), points={kind: 1.0})


def _held_out_loss(counts: Floats, label: Outcomes, folds: Sequence[Fold], signs: Floats) -> float:
    losses = []
    for fold in folds:
        weights = _fit(counts[fold.train], label[fold.train], signs)
        z = weights[0] + counts[fold.holdout] @ weights[1:]
        losses.append(np.logaddexp(0, z) - label[fold.holdout] * z)
    return float(np.concatenate(losses).mean())


def _fit(counts: Floats, label: Outcomes, signs: Floats) -> Floats:
    """Intercept and weights of least penalised log loss, each weight 0 or of its sign (L-BFGS-B: Byrd et al. 1995)."""
    from scipy.optimize import minimize

    # Columns of like size: the search takes far fewer steps.
    size = np.append(1.0, np.maximum(np.sqrt(np.square(counts).mean(axis=0)), 1e-3))
    rate = label.mean()
    found: Any = minimize(
        _loss,
        np.append(np.log(rate / (1 - rate)), np.zeros(counts.shape[1])),
        args=(np.column_stack([np.ones(len(counts)), counts]) / size, label, size),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), *((0, None) if sign > 0 else (None, 0) for sign in signs)],
    )
    return np.asarray(found.x / size)


def _loss(weights: Floats, columns: Floats, label: Outcomes, size: Floats) -> tuple[float, Floats]:
    """Mean log loss with the prior on weights per event (the intercept has none), and its gradient."""
    z = columns @ weights
    prior = np.append(0.0, weights[1:] / np.square(PRIOR_SPREAD * size[1:]))
    value = (np.logaddexp(0, z) - label * z).sum() + prior @ weights / 2
    return float(value) / len(label), ((expit(z) - label) @ columns + prior) / len(label)


def _scale(learned: Floats, configured: Floats) -> float:
    """Factor that gives the learned points the total of the configured ones; 1 where one of them has no total."""
    totals = float(learned.sum()), float(configured.sum())
    return totals[1] / totals[0] if min(totals) > 0 else 1.0
