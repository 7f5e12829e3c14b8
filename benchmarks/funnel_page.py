"""The page of `benchmarks.funnel`."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmarks.funnel import Check

HEAD = "| forecast | worlds × dates | intervals that held | expected ÷ came | mean half-width | mean miss |"
RULE = "|---|--:|--:|--:|--:|--:|"


def page(checks: Sequence["Check"], leads: int) -> str:
    """The page as Markdown."""
    dates = len({(one.seed, one.month) for one in checks if one.world == "steady"})
    steady, drifting = ([one for one in checks if one.world == kind] for kind in ("steady", "drifting"))
    return f"""# Forecasts of the open pipeline

<!-- Made by `python -m benchmarks.funnel`; do not edit. -->

How many of the leads that are open at a date reach SQL, or are won, within so many days: what `ripelead funnel` expects
with 90 % intervals, against what came of the very same leads. Simulated worlds of {leads:,} leads in two years; no seed
here was looked at while the method was made. *By stages* uses what became of leads that stood in the same place before;
*by the model* is the sum of propensities of a model trained on what was known at the date. *Expected ÷ came* is over
all dates together; half-widths and misses are in percent of what came.

## Steady worlds

{_table(steady)}

## Worlds that change in their last quarter

From month 18 on sales wins less, which nobody could know at month 18: at that date the interval should fail.

{_by_month(drifting)}

## Every steady world by date

{_by_month(steady)}

Dates of one world share many of their leads and their past, so {dates} dates are worth fewer than that: 90 % give or
take 5 % is all that can be asked of the first table.
"""


def _table(checks: Sequence["Check"]) -> str:
    ordered = sorted(checks, key=_which)
    return "\n".join([HEAD, RULE, *(_row(_name(*key), list(some)) for key, some in groupby(ordered, _which))])


def _by_month(checks: Sequence["Check"]) -> str:
    def key(one: "Check") -> tuple[int, str, int, str]:
        return one.month, *_which(one)

    ordered = sorted(checks, key=key)
    rows = (
        _row(f"month {month}: {_name(stage, days, by)}", list(some))
        for (month, stage, days, by), some in groupby(ordered, key)
    )
    return "\n".join([HEAD, RULE, *rows])


def _which(one: "Check") -> tuple[str, int, str]:
    return one.stage, one.days, one.by


def _name(stage: str, days: int, by: str) -> str:
    return f"{stage} within {days} days, {'by stages' if by == 'stages' else 'by the model'}"


def _row(name: str, checks: Sequence["Check"]) -> str:
    known = [(c.number.value, c.number.low, c.number.high, c.came) for c in checks if c.number.low is not None]
    if not known:
        return f"| {name} | {len(checks)} | no interval: too few past dates | | | |"
    value, low, high, came = np.array(known, np.float64).T
    held = (low <= came) & (came <= high)
    ratio, width = value.sum() / came.sum(), ((high - low) / 2 / came).mean()
    miss = (np.abs(value - came) / came).mean()
    cells = (f"{held.sum()} of {len(held)} ({held.mean():.0%})", f"{ratio:.2f}", f"{width:.0%}", f"{miss:.0%}")
    return f"| {name} | {len(checks)} | {' | '.join(cells)} |"
