"""Whether the periods agree: Cochran's Q for the ranking and the level, and single periods whose level is off."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from training.bands import FALSE_ALARM, MIN_MONTH_WINS, MONTH_TOLERANCE, differs
from training.bootstrap import LEVEL
from training.evaluation import Estimate
from training.walk_forward.periods import Period, Spread

RANKING_TOLERANCE = 0.03
"""Periods whose ROC-AUC differs by less than this are called equally well ranked, however sure the difference is."""


def spreads(periods: Sequence[Period]) -> tuple[Spread, ...]:
    """How far ROC-AUC (`ranking`) and predicted minus observed rate (`level`) differ between the periods."""
    ranking = [period.systems["model"].roc_auc for period in periods]
    level = [period.difference for period in periods]
    rate = float(np.mean([period.observed.value or 0.0 for period in periods])) if periods else 0.0
    found = []
    for of, estimates, tolerance in (("ranking", ranking, RANKING_TOLERANCE), ("level", level, MONTH_TOLERANCE * rate)):
        known = [one for one in estimates if one.low is not None and one.high != one.low]
        if len(known) > 1:
            found.append(_spread(of, known, tolerance))
    return tuple(found)


def level_moved(periods: Sequence[Period]) -> tuple[str, ...]:
    """Periods whose mean prediction and observed rate differ beyond chance and by more than a fifth (Bonferroni)."""
    enough = [p for p in periods if max(p.positives, p.n * (p.predicted.value or 0)) >= MIN_MONTH_WINS]
    return tuple(p.name for p in enough if differs(p.difference, p.observed, len(enough), MONTH_TOLERANCE))


def heterogeneity(values: Sequence[float], errors: Sequence[float]) -> float:
    """Chance that equal quantities measured with such standard errors spread so far (Cochran 1954).

    >>> round(heterogeneity([1.0, 1.0, 4.0], [1.0, 1.0, 1.0]), 4)
    0.0498
    """
    from scipy.stats import chi2

    weight = 1 / np.square(np.asarray(errors, dtype=np.float64))
    value = np.asarray(values, dtype=np.float64)
    q = float(weight @ np.square(value - weight @ value / weight.sum()))
    return float(chi2.sf(q, len(value) - 1))


def standard_error(found: Estimate) -> float:
    """Standard error that a 90 % interval tells under a normal distribution."""
    width = (found.high or 0.0) - (found.low or 0.0)
    return width / (2 * NormalDist().inv_cdf((1 + LEVEL) / 2))


def _spread(of: str, known: Sequence[Estimate], tolerance: float) -> Spread:
    values = [one.value or 0.0 for one in known]
    p_value = heterogeneity(values, [standard_error(one) for one in known])
    beyond = p_value < FALSE_ALARM and max(values) - min(values) > tolerance
    return Spread("ranking" if of == "ranking" else "level", min(values), max(values), round(p_value, 6), beyond)
