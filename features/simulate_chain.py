"""Interest of a simulated lead: a Markov chain over five levels that ends in `won` or `lost`, with exact odds.

Its rates depend on the stratum of the lead (how well it fits, how much its account is in the market) and, after a
policy change, on the era; on nothing else. So the probability of a win within any horizon is a matrix exponential.
Times are days since the world began.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEVELS = ("dormant", "aware", "interested", "engaged", "evaluating")
STATES = (*LEVELS, "won", "lost")
AWARE, INTERESTED, ENGAGED, EVALUATING, WON, LOST = range(1, 7)
FITS, MARKETS = 4, 3

# Rates per day before the multipliers below: rows are the level left, columns the state entered.
BASE_RATES = np.array(
    [  # dormant  aware  interested  engaged  evaluating  won     lost
        (0.0000, 0.0040, 0.0000, 0.0000, 0.0000, 0.0000, 0.0000),
        (0.0005, 0.0000, 0.0025, 0.0000, 0.0000, 0.0001, 0.0004),
        (0.0002, 0.0006, 0.0000, 0.0040, 0.0000, 0.0012, 0.0100),
        (0.0000, 0.0004, 0.0008, 0.0000, 0.0070, 0.0078, 0.0130),
        (0.0000, 0.0000, 0.0006, 0.0008, 0.0000, 0.0230, 0.0170),
    ]
)
FIT_UP, FIT_WIN = (0.84, 0.95, 1.07, 1.19), (0.78, 0.93, 1.08, 1.26)
MARKET_UP, MARKET_WIN = (0.90, 1.03, 1.27), (0.89, 1.03, 1.26)
DRIFT_WIN, DRIFT_LOST = 0.5, 1.3


@dataclass(frozen=True, slots=True)
class Chain:
    """Generator matrices per day, (2 eras, strata, 7 states, 7 states), and the day on which the second era begins.

    Without a policy change that day is infinite.
    """

    generators: Floats
    change_day: float


@dataclass(frozen=True, slots=True)
class Paths:
    """Stays of leads at levels, sorted by lead and time, and how each lead ended.

    `lead`, `level`, `start`, `stop` have one row per stay; `state` and `ended` one per lead (`ended` is infinite for
    a lead that is still open when the world ends).
    """

    lead: Ints
    level: Ints
    start: Floats
    stop: Floats
    state: Ints
    ended: Floats


def b2b_chain(change_day: float = np.inf) -> Chain:
    """The chain of the simulated world: stratum `fit * MARKETS + market`, harder wins from `change_day` on."""
    strata = [_rates(fit, market) for fit in range(FITS) for market in range(MARKETS)]
    before = np.stack(strata)
    after = before.copy()
    after[:, :, WON] *= DRIFT_WIN
    after[:, :, LOST] *= DRIFT_LOST
    return chain_of_rates(np.stack([before, after]), change_day)


def chain_of_rates(rates: Floats, change_day: float) -> Chain:
    """Chain with off-diagonal `rates` per day, (2 eras, strata, 7, 7); the diagonal is filled in."""
    generators = rates.copy()
    states = np.arange(len(STATES))
    generators[..., states, states] = 0.0
    generators[..., states, states] = -generators.sum(axis=-1)
    return Chain(generators, change_day)


def _rates(fit: int, market: int) -> Floats:
    rates = np.zeros((len(STATES), len(STATES)))
    rates[: len(LEVELS)] = BASE_RATES
    up = FIT_UP[fit] * MARKET_UP[market]
    levels = np.arange(len(LEVELS))
    rates[:5, :5] *= np.where(levels[None, :] > levels[:, None], up, up**-0.5)
    rates[:, WON] *= FIT_WIN[fit] * MARKET_WIN[market]
    return rates


def win_within(chain: Chain, stratum: Ints, level: Ints, day: Floats, horizon: float) -> Floats:
    """Probability of a win in `[day, day + horizon)` given level and stratum at `day`; 0 once won or lost.

    Exact: the entry (level, won) of exp(Q·horizon) (Norris, Markov Chains, theorem 2.1.1), and across the policy
    change of exp(Q₀·days before)·exp(Q₁·days after), each by eigenvalues: exp(Q·t) = V·exp(Λ·t)·V⁻¹.
    """
    before = np.clip(chain.change_day - day, 0.0, horizon)
    chance = np.zeros(day.size)
    for each in np.unique(stratum):
        here = np.flatnonzero((stratum == each) & (level < WON))
        roots, vectors = np.linalg.eig(chain.generators[:, each])
        inverse = np.linalg.inv(vectors)
        first = np.exp(before[here, None] * roots[0])
        then = np.exp((horizon - before[here, None]) * roots[1])
        states_at_change = (vectors[0][level[here]] * first) @ inverse[0]
        won_from_there = (then * inverse[1][:, WON]) @ vectors[1].T
        chance[here] = np.real((states_at_change * won_from_there).sum(axis=1))
    return np.clip(chance, 0.0, 1.0)


def walk(chain: Chain, stratum: Ints, level: Ints, start: Floats, end: float, rng: np.random.Generator) -> Paths:
    """One path per lead from its first `level` at `start` until it is won, lost, or the world ends."""
    lead, at, now = np.arange(len(level)), start.copy(), level.copy()
    stays: list[tuple[Ints, Ints, Floats, Floats]] = []
    state, ended = level.copy(), np.full(len(level), np.inf)
    while len(lead):
        stop, following = _jump(chain, stratum[lead], now, at, end, rng)
        stays.append((lead, now, at, stop))
        state[lead] = following
        closed = following >= WON
        ended[lead[closed]] = stop[closed]
        going = ~closed & (stop < end)
        lead, now, at = lead[going], following[going], stop[going]
    columns = [np.concatenate(parts) for parts in zip(*stays, strict=True)]
    order = np.lexsort((columns[2], columns[0]))
    by_lead, levels, starts, stops = (column[order] for column in columns)
    return Paths(by_lead, levels, starts, stops, state, ended)


def _jump(
    chain: Chain, stratum: Ints, level: Ints, at: Floats, end: float, rng: np.random.Generator
) -> tuple[Floats, Ints]:
    """End of each stay and the state entered then; a stay is cut at the policy change (it has no memory)."""
    era = (at >= chain.change_day).astype(np.int64)
    rates = chain.generators[era, stratum, level]
    total = -rates[np.arange(len(level)), level]
    drawn = at + rng.standard_exponential(len(level)) / total
    limit = np.minimum(np.where(era == 0, chain.change_day, np.inf), end)
    cumulative = np.cumsum(np.maximum(rates, 0.0), axis=1)
    target = (rng.random(len(level))[:, None] * cumulative[:, -1:] >= cumulative).sum(axis=1)
    return np.minimum(drawn, limit), np.where(drawn < limit, target, level)


def first_reach(paths: Paths, level: int) -> Floats:
    """Per lead the day on which it first was at `level` or above, infinite if never."""
    reached = np.flatnonzero(paths.level >= level)
    leads, first = np.unique(paths.lead[reached], return_index=True)
    days = np.full(len(paths.state), np.inf)
    days[leads] = paths.start[reached[first]]
    return days
