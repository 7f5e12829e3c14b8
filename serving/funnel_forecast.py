"""Wins of the open leads by a model's propensities and closing curve, beside the forecast from stages."""

from collections.abc import Mapping
from itertools import chain

import numpy as np
from scipy.special import logit

from features.build import build_features
from features.histories import Histories, build_histories
from features.snapshots import Snapshots
from features.windows import DAY_US, Floats
from training.bundle import Bundle, Trained
from training.evaluation import Estimate
from training.funnel.forecast import HORIZONS_DAYS, LEAST_DATES, Miss, interval, past_dates, spread_of
from training.funnel.found import Forecast
from training.funnel.reached import WON, Reached
from training.funnel.run import Ground, open_leads

Model = Bundle | Trained


def model_forecasts(ground: Ground, found: Reached, model: Model) -> tuple[Forecast, ...]:
    """Wins within each horizon: the sum of the propensities of all open leads, on the level of past dates.

    A model learns from leads of some ages, and the pipeline has others: at past dates whose horizon is over, the same
    sum is compared with what came. Their ratio corrects the sum, and how it varies gives the interval its spread.
    """
    histories = build_histories(ground.tables, model.catalog.hygiene)
    dates = {days: past_dates(found, days) for days in HORIZONS_DAYS}
    standing = {date: _standing(ground, found, date) for date in {found.as_of, *chain(*dates.values())}}
    chances = {date: _chances(ground, histories, model, found, keep, date) for date, keep in standing.items()}
    forecasts = []
    for days, past in dates.items():
        known = [(chances[date][days], _came(found, standing[date], date, days)) for date in past]
        forecasts.append(forecast_of(chances[found.as_of][days], known, days))
    return tuple(forecasts)


def forecast_of(now: Floats, past: list[tuple[Floats, int]], days: int) -> Forecast:
    """Wins among leads with such chances, from the chances of leads at past dates and how many of them were won."""
    if np.isnan(now).any():
        return Forecast(
            "won", days, "model", len(now), Estimate(None, None, None), f"the model cannot tell of {days} days"
        )
    known = [(chance, came) for chance, came in past if len(chance) and chance.sum() > 0]
    if len(known) < LEAST_DATES:
        number = Estimate(round(float(now.sum()), 2), None, None)
        note = (
            f"without an interval: {len(known)} past dates have been followed for {days} days, {LEAST_DATES} are needed"
        )
        return Forecast("won", days, "model", len(now), number, note)
    misses = [_miss(known[:out] + known[out + 1 :], *one) for out, one in enumerate(known)]
    chance = np.minimum(now * _level(known), 1.0)
    binomial = float((chance * (1 - chance)).sum())
    return Forecast(
        "won", days, "model", len(now), interval(float(chance.sum()), binomial, spread_of(misses), len(known)), None
    )


def _level(known: list[tuple[Floats, int]]) -> float:
    """Wins that came by wins expected, over all dates; half a win stands in for none."""
    return max(sum(came for _, came in known), 0.5) / sum(float(chance.sum()) for chance, _ in known)


def _miss(others: list[tuple[Floats, int]], chance: Floats, came: int) -> Miss:
    expected = np.minimum(chance * _level(others), 1.0)
    return Miss(float(came), float(expected.sum()), float((expected * (1 - expected)).sum()))


def _standing(ground: Ground, found: Reached, date: int) -> np.ndarray:
    """Numbers of the leads of the funnel that were there and open at a date."""
    return np.flatnonzero((found.time[:, 0] < date) & open_leads(ground, found)(date))


def _came(found: Reached, keep: np.ndarray, date: int, days: int) -> int:
    """How many of them were won within the days."""
    won = found.time[keep, WON]
    return int(((won >= date) & (won < date + days * DAY_US)).sum())


def _chances(
    ground: Ground, histories: Histories, model: Model, found: Reached, keep: np.ndarray, date: int
) -> Mapping[int, Floats]:
    """Chance of a win within each horizon at a date; NaN where the model cannot tell."""
    snapshots = Snapshots(found.lead[keep], np.full(len(keep), date, np.int64))
    values = build_features(histories, ground.tables, snapshots, model.catalog).values
    raw = np.asarray(model.booster.predict(values, raw_score=True)) if len(values) else np.zeros(0)
    chance = model.scale.calibration.probability(raw)
    learned, curve = ground.settings.label.horizon_days, model.closing
    unknown = np.full(len(chance), np.nan)
    if curve is None:
        return {days: chance if days == learned else unknown for days in HORIZONS_DAYS}
    told = set(curve.horizons) & set(HORIZONS_DAYS)
    return {days: curve.within(logit(chance), days) if days in told else unknown for days in HORIZONS_DAYS}
