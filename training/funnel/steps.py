"""Steps of the funnel: of all leads, by month of creation, and by source."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.windows import DAY_US, Bools, Ints
from training.funnel.curves import UNKNOWN, Curve, Transition, conversion, curve_of, median_days, part_rate
from training.funnel.found import Group, Step
from training.funnel.reached import LEAD, NOT_YET, SQL, STAGES, WON, Reached

PAIRS = (*((stage, stage + 1) for stage in range(len(STAGES) - 1)), (LEAD, SQL), (LEAD, WON))
"""Steps that are told: from each stage to the next, and from lead to SQL and win."""


def transition(found: Reached, pair: tuple[int, int], keep: Bools | None = None) -> Transition:
    """Leads that reached the first stage of a pair (and are kept), followed until the as-of date."""
    start, end = found.time[:, pair[0]], found.time[:, pair[1]]
    entered = start < NOT_YET if keep is None else (start < NOT_YET) & keep
    after = np.where(end[entered] < NOT_YET, (end[entered] - start[entered]) / DAY_US, np.inf)
    return Transition((found.as_of - start[entered]) / DAY_US, after)


def steps_of_all(found: Reached) -> tuple[tuple[Step, ...], tuple[Curve | None, ...]]:
    """Steps of all leads, and their curves."""
    moves = [transition(found, pair) for pair in PAIRS]
    curves = tuple(curve_of(move) for move in moves)
    return tuple(_whole(*each) for each in zip(PAIRS, moves, curves, strict=True)), curves


def _whole(pair: tuple[int, int], move: Transition, curve: Curve | None) -> Step:
    """A step of all leads: its rate is the curve's end."""
    if curve is None:
        went_on = int((move.after <= move.followed).sum())
        return Step(STAGES[pair[0]], STAGES[pair[1]], len(move.followed), went_on, 0.0, UNKNOWN, None, None)
    went_on, passed, _ = part_rate(move, curve)
    median = median_days(curve)
    return Step(
        from_stage=STAGES[pair[0]],
        to_stage=STAGES[pair[1]],
        entered=len(move.followed),
        went_on=went_on,
        passed=round(passed, 4),
        rate=conversion(curve),
        within_days=round(curve.reach, 1),
        median_days=None if median is None else round(median, 2),
    )


def groups(found: Reached, names: Sequence[str | None], curves: Sequence[Curve | None]) -> tuple[Group, ...]:
    """Steps by name of each lead (None: not known, last), with the curves of all leads."""
    number, known = pd.factorize(pd.Series(list(names), dtype=object), sort=True)
    order = [*range(len(known)), *([-1] if (number == -1).any() else [])]
    return tuple(_group(found, None if code < 0 else str(known[code]), number == code, curves) for code in order)


def _group(found: Reached, name: str | None, keep: Bools, curves: Sequence[Curve | None]) -> Group:
    parts = zip(PAIRS, curves, strict=True)
    return Group(name, int(keep.sum()), tuple(_part(found, pair, keep, curve) for pair, curve in parts))


def _part(found: Reached, pair: tuple[int, int], keep: Bools, curve: Curve | None) -> Step:
    move = transition(found, pair, keep)
    if curve is None:
        went_on, passed, rate, within = int((move.after <= move.followed).sum()), 0.0, UNKNOWN, None
    else:
        went_on, passed, rate = part_rate(move, curve)
        within = round(curve.reach, 1)
    return Step(STAGES[pair[0]], STAGES[pair[1]], len(move.followed), went_on, round(passed, 4), rate, within, None)


def month_of(time: Ints) -> list[str]:
    """Month (UTC) of each time such as `2026-09`."""
    return [str(month) for month in time.astype("datetime64[us]").astype("datetime64[M]")]
