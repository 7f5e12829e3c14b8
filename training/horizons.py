"""Examination: predicted against observed wins for every horizon, on the holdout, where the longer ones are not over.

Observed rates are Kaplan–Meier estimates: a row counts in the stretches of time through which it was followed, so that
an open lead is never taken for a lost one.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from features.windows import Bools, Floats
from training.bands import estimate
from training.bootstrap import Resamples, percentile_interval, replicates_for, resamples
from training.closing import HORIZONS, ClosingCurve
from training.closing_fit import LEAST_FOLLOWED, Periods, periods
from training.evaluation import Estimate
from training.examine import Examined, Finding, strict_json
from training.followed import Followed
from training.metrics import calibration_slope_intercept, roc_auc
from training.sections import Picture, Section
from training.wording import percent

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class HorizonCheck:
    """A win within so many days: mean prediction, observed rate (Kaplan–Meier), and their difference on the holdout.

    `followed` counts rows that were followed for all these days; ROC-AUC and calibration slope are of those. What
    nobody was followed for is None.
    """

    days: int
    followed: int
    predicted: Estimate
    observed: Estimate
    difference: Estimate
    roc_auc: float | None
    calibration_slope: float | None


@dataclass(frozen=True, slots=True)
class Horizons:
    """The content of `horizons.json`; `learned` is the horizon that the model was trained for."""

    schema_version: int
    learned: int
    rows: int
    leads: int
    horizons: tuple[HorizonCheck, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """Holdout rows: probability of a win within each of the ascending `days`, (rows, days), and what was seen."""

    days: tuple[int, ...]
    chance: Floats
    followed: Followed
    drawn: Resamples


def horizons(examined: Examined) -> Finding | None:
    """Predicted against observed by horizon; None where models have no closing curve."""
    held = _held(examined)
    if held is None:
        return None
    predicted, observed = _rates(held)
    told = [day for day in HORIZONS if day in held.days]
    found = Horizons(
        schema_version=SCHEMA_VERSION,
        learned=examined.settings.label.horizon_days or 0,
        rows=len(held.chance),
        leads=held.drawn.groups,
        horizons=tuple(_check(held, held.days.index(day), predicted, observed) for day in told),
    )
    section = Section(
        "horizons", "When wins come", "sections/horizons.html", found, {"curve": _picture(held, observed)}
    )
    return Finding("horizons", strict_json(found), section, _metrics(found))


def _held(examined: Examined) -> Held | None:
    judged, dataset = examined.judged, examined.dataset
    curves = [fitted.trained.closing for fitted in judged.fitted]
    rows = np.concatenate([fold.holdout for fold in judged.folds])
    followed = dataset.followed(rows, None)
    known = [curve for curve in curves if curve is not None]
    if followed is None or len(known) < len(curves):
        return None
    days = tuple(day for day in known[0].days if all(day in curve.days for curve in known))
    z = np.split(logit(judged.frame["propensity"].to_numpy()), np.cumsum([len(f.holdout) for f in judged.folds])[:-1])
    chance = np.concatenate([_chances(curve, part, days) for curve, part in zip(known, z, strict=True)])
    rng = np.random.default_rng(examined.settings.model.seed)
    return Held(days, chance, followed, resamples(judged.groups, rng, min(replicates_for(len(rows)), 200)))


def _chances(curve: ClosingCurve, log_odds: Floats, days: tuple[int, ...]) -> Floats:
    return np.stack([curve.within(log_odds, day) for day in days], axis=1)


def _rates(held: Held) -> tuple[Floats, Floats]:
    """Mean prediction and observed rate at each day: (1 + resamples, days), all rows first."""
    seen = periods(held.followed, np.array(held.days, np.float64))
    n, k = held.chance.shape
    at_risk, won = _table(seen, np.ones(len(seen.row), np.bool_), n, k), _table(seen, seen.won, n, k)
    columns = np.hstack([held.chance, at_risk, won])
    weights = (np.ones(n), *(held.drawn.weights() if held.drawn.enough else ()))
    sums = np.stack([weight @ columns for weight in weights])
    totals = np.array([weight.sum() for weight in weights])
    predicted, risk, wins = np.split(sums, 3, axis=1)
    risk = np.where(risk[:1] >= LEAST_FOLLOWED / 2, risk, np.nan)
    survived = np.divide(risk - wins, risk, out=np.full_like(risk, np.nan), where=risk > 0)
    return predicted / totals[:, None], 1 - np.cumprod(survived, axis=1)


def _table(seen: Periods, chosen: Bools, rows: int, days: int) -> Floats:
    table = np.zeros((rows, days))
    table[seen.row[chosen], seen.number[chosen]] = 1
    return table


def _check(held: Held, at: int, predicted: Floats, observed: Floats) -> HorizonCheck:
    day = held.days[at]
    whole = held.followed.days >= day
    won = (held.followed.won_after[whole] < day).astype(np.int64)
    both = 0 < won.sum() < len(won)
    chance = held.chance[whole, at]
    return HorizonCheck(
        days=day,
        followed=int(whole.sum()),
        predicted=_estimate(predicted[:, at]),
        observed=_estimate(observed[:, at]),
        difference=_estimate(predicted[:, at] - observed[:, at]),
        roc_auc=_rounded(roc_auc(won, chance)) if both else None,
        calibration_slope=_rounded(calibration_slope_intercept(won, chance)[0]) if both else None,
    )


def _estimate(values: Floats) -> Estimate:
    return estimate(percentile_interval(float(values[0]), values[1:]))


def _rounded(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _metrics(found: Horizons) -> dict[str, float]:
    return {
        f"difference_within_{check.days}d": check.difference.value
        for check in found.horizons
        if check.difference.value is not None
    }


def _picture(held: Held, observed: Floats) -> Picture:
    from training.figures_of_time import draw_closing

    mean = held.chance.mean(axis=0)
    drawn = draw_closing(held.days, mean, observed)
    last = held.days[-1]
    return Picture(drawn, f"Share of leads won by day; within {last} days {percent(float(mean[-1]))} are expected.")
