"""Decision curve: net benefit of working the model's picks, all leads, none, or what the rules pick.

Net benefit per lead at threshold probability t: wins − others · t/(1 − t), each as a share of all leads. Working
none is 0. t is where a contact just pays: cost of a contact ÷ value of a win.
Source: Vickers & Elkin, Decision curve analysis, Medical Decision Making 26 (2006), 565–574.
"""

import numpy as np
import pandas as pd

from features.windows import Bools, Floats
from training.bands import estimate
from training.bootstrap import percentile_interval, replicates_for, resamples
from training.policy_values import NetBenefit

THRESHOLDS = np.array([0.01, 0.02, 0.03, 0.05, 0.075, *np.arange(0.1, 0.81, 0.05)])


def decision_curve(
    holdout: pd.DataFrame, groups: np.ndarray, mql_from: float, rng: np.random.Generator
) -> tuple[NetBenefit, ...]:
    """Net benefit on the holdout rows at thresholds from 1 % to 80 %; intervals by lead for the model."""
    won = holdout["label"].to_numpy(dtype=np.float64)
    propensity = holdout["propensity"].to_numpy(dtype=np.float64)
    rules = {
        "bant": holdout["bant_qualified"].fillna(False).to_numpy(dtype=bool),
        "points": (holdout["points"] >= mql_from).to_numpy(dtype=bool, na_value=False),
    }
    drawn = resamples(groups, rng, replicates_for(len(won)))
    weights = drawn.weights() if drawn.enough else ()
    draws = [_model(won, propensity, weight) for weight in weights]
    by_threshold = np.array(draws).T if draws else np.full((len(THRESHOLDS), 1), np.nan)
    once = _model(won, propensity, np.ones(len(won)))
    fixed = {name: net_benefit(won, picked, THRESHOLDS) for name, picked in rules.items() if picked.any()}
    everyone = net_benefit(won, np.ones(len(won), bool), THRESHOLDS)
    return tuple(
        NetBenefit(
            threshold=float(round(threshold, 6)),
            model=estimate(percentile_interval(once[i], by_threshold[i])),
            all=round(float(everyone[i]), 6),
            bant=round(float(fixed["bant"][i]), 6) if "bant" in fixed else None,
            points=round(float(fixed["points"][i]), 6) if "points" in fixed else None,
        )
        for i, threshold in enumerate(THRESHOLDS)
    )


def net_benefit(won: Floats, picked: Bools, threshold: Floats) -> Floats:
    """Net benefit per row of working the picked rows.

    >>> net_benefit(np.array([1.0, 0, 0, 0]), np.array([True, True, False, False]), np.array([0.2]))
    array([0.1875])
    """
    wins, others = float(won[picked].sum()), float((1 - won)[picked].sum())
    return (wins - others * threshold / (1 - threshold)) / max(len(won), 1)


def _model(won: Floats, propensity: Floats, weight: Floats) -> Floats:
    """Net benefit of the rows at or above each threshold, each row counted `weight` times."""
    place = np.searchsorted(THRESHOLDS, propensity, side="right")
    size = len(THRESHOLDS) + 1
    wins, rows = (np.bincount(place, weight * amount, size) for amount in (won, np.ones(len(won))))
    wins, rows = (np.cumsum(count[::-1])[::-1][1:] for count in (wins, rows))
    return np.asarray((wins - (rows - wins) * THRESHOLDS / (1 - THRESHOLDS)) / max(float(weight.sum()), 1.0))
