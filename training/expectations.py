"""What thresholds and rules bring: leads, wins, precision, value and cost with intervals.

Win rates weigh the model's probabilities with what came of as many leads (`training.matured_check`). Intervals are for
the mean of coming periods, as many as were counted: by a Poisson bootstrap of leads (each counts Poisson(1) times) with
the chance of the past and of the coming periods, and the error of the win rate.
"""

from dataclasses import dataclass, replace

import numpy as np

from features.windows import Floats
from training.bands import estimate
from training.bootstrap import percentile_interval
from training.crossings import Crossings
from training.economics import WEEKS_PER_MONTH, Amount
from training.evaluation import NOTHING, Estimate
from training.matured_check import Believed, believed
from training.policy_ground import Ground
from training.policy_values import Option, OptionName, Period

REPLICATES = 400
DRAWN_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Money:
    """What expectations are valued with; `cost_of_contact` None: not known, and taken as nothing."""

    deal_value: Amount
    spend: Amount
    cost_of_contact: float | None


@dataclass(frozen=True, slots=True)
class Expected:
    """Per threshold (n): leads with their draws (n, replicates), win rates with theirs, and the check."""

    leads: Floats
    leads_drawn: Floats
    precision_drawn: Floats
    check: Believed
    happened_drawn: Floats


def precision_of(ground: Ground, thresholds: Floats) -> Floats:
    """Expected win rate of the leads that newly qualify at each of the rising `thresholds`."""
    return _check(ground, thresholds).rate


def expected_of(ground: Ground, thresholds: Floats, rng: np.random.Generator) -> Expected:
    """What the model's rising `thresholds` bring."""
    found = ground.newest["model"].found
    picked, drawn = _drawn(found, thresholds, (np.ones(len(found.row)), found.height), rng)
    check = _check(ground, thresholds)
    # Whose probabilities are drawn moves the win rate as it moves the model's own.
    moved = _divided(_divided(drawn[1], drawn[0]), _divided(picked[1], picked[0])[:, None])
    luck = rng.standard_normal((2, *moved.shape))
    return Expected(
        leads=picked[0] / found.periods,
        leads_drawn=drawn[0] / found.periods,
        precision_drawn=np.clip(check.rate[:, None] * moved * (1 + check.error[:, None] * luck[0]), 0, 1),
        check=check,
        happened_drawn=np.clip(check.happened[:, None] + check.happened_error[:, None] * luck[1], 0, 1),
    )


def _check(ground: Ground, thresholds: Floats) -> Believed:
    found = ground.newest["model"].found
    picked, predicted = (found.totals(thresholds, amount) for amount in (np.ones(len(found.row)), found.height))
    return believed(ground.matured.get("model"), picked / found.periods, _divided(predicted, picked))


def option_of(name: OptionName, threshold: float, expected: Expected, at: int, ground: Ground, money: Money) -> Option:
    """Threshold number `at` of `expected` as it stands in `policy.json`."""
    listed = float((ground.listed >= threshold).sum() / ground.lists)
    check = expected.check
    known = np.isfinite(check.happened[at])
    return _option(
        Option(
            name=name,
            threshold=threshold,
            listed=round(listed, 6),
            predicted=round(float(check.predicted[at]), 6) if known else None,
            happened=_estimate(float(check.happened[at]), expected.happened_drawn[at]) if known else NOTHING,
            moved=bool(check.moved[at]),
        ),
        (expected.leads[at], _coming(expected.leads[at], expected.leads_drawn[at], ground.period)),
        (float(check.rate[at]), expected.precision_drawn[at]),
        money,
        ground,
    )


def rule_of(name: OptionName, ground: Ground, money: Money, rng: np.random.Generator) -> Option:
    """BANT or points: volume of the newest lists, win rate of the matured ones."""
    half = np.array([0.5])
    newest, matured = ground.newest[name].found, ground.matured.get(name)
    leads, leads_drawn = _drawn(newest, half, (np.ones(len(newest.row)),), rng)
    if leads[0, 0] == 0:
        return Option(name, None, "no lead newly qualifies by it")
    rate, rate_drawn = np.nan, np.full(REPLICATES, np.nan)
    if matured is not None and matured.known:
        won, drawn = _drawn(matured.found, half, (np.ones(len(matured.won)), matured.won), rng)
        rate, rate_drawn = _divided(won[1], won[0])[0], _divided(drawn[1], drawn[0])[0]
    per_period = float(leads[0, 0] / newest.periods)
    return _option(
        Option(name, None, happened=_estimate(float(rate), rate_drawn)),
        (per_period, _coming(per_period, leads_drawn[0, 0] / newest.periods, ground.period)),
        (rate, rate_drawn),
        money,
        ground,
    )


def _drawn(
    found: Crossings, thresholds: Floats, amounts: tuple[Floats, ...], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Totals of each amount per threshold (amounts, n), and the same on each draw (amounts, n, replicates)."""
    by_lead = np.stack([_by_lead(found, thresholds, amount) for amount in amounts], axis=1)
    leads, *shape = by_lead.shape
    flat = by_lead.reshape(leads, len(amounts) * len(thresholds))
    draws = np.concatenate([_resampled(flat, leads, rng) for _ in range(REPLICATES // DRAWN_AT_ONCE)])
    return by_lead.sum(axis=0), np.moveaxis(draws.reshape(REPLICATES, *shape), 0, -1)


def _resampled(flat: Floats, leads: int, rng: np.random.Generator) -> Floats:
    # Without a matrix library, whose sums depend on the number of threads.
    return np.einsum("rl,lk->rk", rng.poisson(1.0, (DRAWN_AT_ONCE, leads)).astype(np.float64), flat)


def _by_lead(found: Crossings, thresholds: Floats, amount: Floats) -> Floats:
    """Amount with which each lead newly qualifies at each threshold (leads, n); leads that never do are left out."""
    enters = np.searchsorted(thresholds, found.below, side="right")
    leaves = np.searchsorted(thresholds, found.height, side="right")
    crosses = np.flatnonzero(enters < leaves)
    leads, lead = np.unique(found.lead[crosses], return_inverse=True)
    steps = np.zeros((len(leads), len(thresholds) + 1))
    np.add.at(steps, (lead, enters[crosses]), amount[crosses])
    np.add.at(steps, (lead, leaves[crosses]), -amount[crosses])
    return np.cumsum(steps, axis=1)[:, :-1]


def _coming(value: float, drawn: Floats, period: Period) -> Floats:
    """Draws of what is to come: the chance of as many periods again beside that of the past; 100 leads are no more."""
    return np.clip(value + np.sqrt(2) * (drawn - value), 0, np.inf if period == "week" else 100)


def _option(option: Option, leads: "_Pair", precision: "_Pair", money: Money, ground: Ground) -> Option:
    wins = (leads[0] * precision[0], leads[1] * precision[1])
    value = NOTHING
    if money.deal_value.value is not None:
        cost = money.cost_of_contact or 0.0
        drawn = wins[1] * money.deal_value.draws - leads[1] * cost
        value = _estimate(wins[0] * money.deal_value.value - leads[0] * cost, drawn)
    return replace(
        option,
        leads=_estimate(*leads),
        wins=_estimate(*wins),
        precision=_estimate(*precision),
        value=value,
        cost_per_sql=_cost_per_sql(leads, money.spend) if ground.period == "week" else NOTHING,
    )


_Pair = tuple[float, Floats]


def _cost_per_sql(leads: _Pair, spend: Amount) -> Estimate:
    """CPSQL: the spend of a month divided by the leads that newly qualify in it."""
    if spend.value is None or leads[0] == 0:
        return NOTHING
    drawn = _divided(spend.draws, leads[1] * WEEKS_PER_MONTH)
    return _estimate(spend.value / (leads[0] * WEEKS_PER_MONTH), drawn)


def _estimate(value: float, drawn: Floats) -> Estimate:
    return estimate(percentile_interval(value, drawn))


def _divided(above: Floats, below: Floats) -> Floats:
    above, below = np.broadcast_arrays(above, below)
    return np.asarray(np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0))
