"""The page of `benchmarks.uncertainty`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmarks.uncertainty import Covered, Real, Reference


def page(reference: "Reference", covered: Sequence["Covered"], real: Sequence["Real"]) -> str:
    """The page as Markdown."""
    rows = "\n".join(_row(one) for one in covered)
    sizes = sorted({one.leads for one in covered}, reverse=True)
    means = "\n".join(_mean([one for one in covered if one.leads == size], f"{size:,} leads") for size in sizes)
    tenths = "\n".join(_tenths([one for one in covered if one.leads == size]) for size in sizes)
    alarms = "\n".join(_alarms(what, covered, sizes) for what in covered[0].alarms)
    heads = " | ".join(f"{size:,} leads" for size in sizes)
    return f"""# Ranges of propensities, and leads unlike those of training

<!-- Made by `python -m benchmarks.uncertainty`; do not edit. -->

## Do the ranges hold the truth

Models are trained on simulated worlds and score {len(reference.hidden):,} snapshots of another one. *Expected* is the
share of rows whose range holds the mean true probability of leads that look alike to the model: what a range is meant
to hold, 90 % of the time. It is learned from the true probabilities of a world of its own, without the noise of
outcomes; two such references from halves of that world differ by {reference.error:.2f} in log-odds (root mean square),
which is counted against the ranges. *Groups* is the share of rows in cells of similar propensity and width (20 × 4)
whose mean hidden truth lies in their mean range. *Hidden* is the share of rows whose own hidden probability is in the
range: no range could promise that, since features show the hidden state only in part. No seed here was looked at while
the method was made.

| trained on | seed | won | expected | groups | hidden | mean width | one width for all |
|---|--:|--:|--:|--:|--:|--:|--:|
{rows}
{means}
{_mean(covered, "all")}

From world to world the share differs by {np.std([one.expected for one in covered]):.1%} (standard deviation): one
training set errs in one direction in many places at once.

*One width for all* is what ranges of one width in log-odds would take to hold the expected as often.

Share that holds the expected, by tenth of propensity from the least on:

| trained on | {" | ".join(str(n) for n in range(1, 11))} |
|---|{"--:|" * 10}
{tenths}

## Leads unlike those of training

Share of rows flagged; the setting is 1 %.

| rows | {heads} |
|---|{"--:|" * len(sizes)}
{alarms}

{_real(real)}"""


def _row(one: "Covered") -> str:
    return (
        f"| {one.leads:,} leads | {one.seed} | {one.wins:,} | {one.expected:.1%} | {one.cells:.1%} | {one.hidden:.1%} "
        f"| {one.width:.1%} | {one.even_width:.1%} |"
    )


def _mean(some: Sequence["Covered"], which: str) -> str:
    names = ("expected", "cells", "hidden", "width", "even_width")
    cells = " | ".join(f"**{np.mean([getattr(one, name) for one in some]):.1%}**" for name in names)
    return f"| **{which}** | **mean** | | {cells} |"


def _tenths(some: Sequence["Covered"]) -> str:
    cells = " | ".join(f"{share:.0%}" for share in np.mean([one.tenths for one in some], axis=0))
    return f"| {some[0].leads:,} leads | {cells} |"


def _alarms(what: str, covered: Sequence["Covered"], sizes: Sequence[int]) -> str:
    cells = [np.mean([one.alarms.get(what, np.nan) for one in covered if one.leads == size]) for size in sizes]
    return f"| {what} | {' | '.join(f'{share:.1%}' for share in cells)} |"


def _real(real: Sequence["Real"]) -> str:
    if not real:
        return ""
    rows = "\n".join(
        f"| {one.title} | {sum(group.rows for group in one.groups):,} | {one.wins:,} | {one.width:.1%} "
        f"| {sum(group.holds for group in one.groups)} of {len(one.groups)} | {_missed(one)} | {one.unfamiliar:.1%} |"
        for one in real
    )
    return f"""## Real data sets

No truth is known there. The holdout (of ten folds: the last) is cut into tenths of the propensity; a tenth holds where
what its win rate could be but for chance (90 %) meets its mean range. A regime that changes after training is outside
of what a range can know.

| data set | rows | won | mean width | tenths that hold | those that do not | unfamiliar |
|---|--:|--:|--:|--:|---|--:|
{rows}
"""


def _missed(one: "Real") -> str:
    return "; ".join(
        f"{group.rate:.1%} won, range {group.low:.1%}–{group.high:.1%}" for group in one.groups if not group.holds
    )
