"""Wins of the open leads by the champion's propensities and closing curve, beside the forecast from stages."""

from datetime import datetime

import numpy as np

from features.windows import Floats
from serving.score import score_leads
from training.bundle import Bundle
from training.evaluation import Estimate
from training.funnel.forecast import (
    HORIZONS_DAYS,
    LEAST_DATES,
    interval,
    level_spread,
    past_standings,
)
from training.funnel.found import Forecast
from training.funnel.reached import WON, Reached
from training.funnel.run import Ground, open_leads


def model_forecasts(ground: Ground, found: Reached, bundle: Bundle, as_of: datetime) -> tuple[Forecast, ...]:
    """Wins within each horizon: the sum of the propensities of all open leads.

    The interval has the binomial variance of the sum, and the spread of the level over past dates.
    """
    frame = score_leads(bundle, ground.tables, as_of).frame
    return tuple(
        wins_by_model(ground, found, frame[f"propensity_{days}d"].to_numpy(float), days) for days in HORIZONS_DAYS
    )


def wins_by_model(ground: Ground, found: Reached, chance: Floats, days: int) -> Forecast:
    """Wins among leads with such chances to be won within `days`; NaN where a model cannot tell."""
    if np.isnan(chance).any() and len(chance):
        note = f"the model cannot tell of {days} days"
        return Forecast("won", days, "model", len(chance), Estimate(None, None, None), note)
    past = past_standings(found, open_leads(ground, found), WON, days)
    if len(past) < LEAST_DATES:
        number = Estimate(round(float(chance.sum()), 2), None, None)
        note = (
            f"without an interval: {len(past)} past dates have been followed for {days} days, {LEAST_DATES} are needed"
        )
        return Forecast("won", days, "model", len(chance), number, note)
    binomial = float((chance * (1 - chance)).sum())
    number = interval(float(chance.sum()), binomial, level_spread(past), len(past))
    return Forecast("won", days, "model", len(chance), number, None)
