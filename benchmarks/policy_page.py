"""The page of the class policy's benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from training.evaluation import Estimate

if TYPE_CHECKING:
    from benchmarks.policy import Line, World


def page(worlds: Sequence[World], drifted: World) -> str:
    """Markdown text of `docs/benchmarks/policy.md`."""
    lines = [line for world in worlds for line in world.lines]
    capacity = [line for line in lines if line.option.name == "capacity"]
    return f"""# The class policy against the truth

Simulated worlds of {_sizes(worlds)} leads, cut three months before their end. Training at the cut draws the
lines; then every open lead of the next 13 weeks is scored by the model that ships (of large lists a random part). The
true probability of a win within 90 days of each newly qualified lead is known exactly. Capacity: a lead a week for
every thousand leads of the world. Made by `make bench-policy`.

## Expected wins of the capacity policy

| leads | world | leads a week | next weeks | wins expected | true, same weeks | true, next weeks | by observed rate |
|--:|---|---|---|---|---|---|---|
{_rows(capacity)}

{_told(capacity)}

A model of some 600 winning leads and the wins of four months do not tell more of a single small world. In the next
weeks chance decides how many leads come: {100 / np.sqrt(12 * 13):.0f} % (one standard deviation) for 13 weeks of 12
leads, {100 / np.sqrt(40 * 13):.0f} % for 13 weeks of 40.

## Other lines

| line | expected ÷ true wins, same weeks | next weeks | true win rate | expected |
|---|---|---|---|---|
{_groups(lines)}

## Do the intervals hold?

Share of 90 % intervals that cover what came in the next 13 weeks, {len(lines)} lines of {len(worlds)} worlds (lines of
a world are correlated).

| of | {" | ".join(f"{size:,} leads" for size in _by_size(lines))} | all |
|---|{"---|" * len(_by_size(lines))}---|
{_coverage(lines)}

## Wanted precision of 30 %

True win rate of the leads that newly qualified in the next weeks: {_precision(lines)}.

## What the line was before

The top tenth of the holdout was {_old(worlds)} of the open list; a share of the list itself is what it says.

## When sales policy changes

In a world in which sales wins half as often from the last months on, few outcomes of the change are known at the cut:
expected {_sum(drifted, "expected"):.1f} wins a week by capacity, true {_sum(drifted, "next"):.1f} in the next weeks. No
estimate from past weeks can know that; the calibration by month in the report shows it when outcomes come in.
"""


def _rows(lines: Sequence[Line]) -> str:
    return "\n".join(
        f"| {line.leads:,} | seed {line.seed} | {_shown(line.option.leads)} | {line.leads_next:.1f} "
        f"| {_shown(line.option.wins)} | {line.wins_then:.2f} | {line.wins_next:.2f} | {_observed(line):.2f} |"
        for line in lines
    )


def _by_size(lines: Sequence[Line]) -> dict[int, list[Line]]:
    return {size: [line for line in lines if line.leads == size] for size in sorted({line.leads for line in lines})}


def _sizes(worlds: Sequence[World]) -> str:
    return " and ".join(f"{size:,}" for size in sorted({world.leads for world in worlds}))


def _told(capacity: Sequence[Line]) -> str:
    return "\n\n".join(
        f"Over the {len(some)} worlds of {size:,} leads together the expected wins are {_off(some, 'then')} from\n"
        f"the true ones of the same weeks and {_off(some, 'next')} from those of the next weeks. Of single worlds,\n"
        f"{_within(some)} of {len(some)} are within 5 % on the same weeks (largest error {_largest(some)})."
        for size, some in _by_size(capacity).items()
    )


def _coverage(lines: Sequence[Line]) -> str:
    covered = {
        "leads a week": lambda line: _covers(line.option.leads, line.leads_next),
        "wins a week (true probabilities)": lambda line: _covers(line.option.wins, line.wins_next),
        "win rate (true probabilities)": lambda line: _covers(line.option.precision, _rate(line)),
    }
    groups = [*_by_size(lines).values(), lines]
    return "\n".join(
        f"| {name} | {' | '.join(_share(covers(line) for line in group) for group in groups)} |"
        for name, covers in covered.items()
    )


def _groups(lines: Sequence[Line]) -> str:
    named: dict[str, list[Line]] = {}
    for line in lines:
        volume = f" of {line.option.leads.value:.0f}" if line.option.name == "volume" else ""
        named.setdefault(f"{line.option.name}{volume}".replace("_", " "), []).append(line)
    complete = {name: group for name, group in named.items() if len(group) >= 5}
    return "\n".join(
        f"| {name} | {_expected(group) / _true(group, 'then'):.3f} | {_expected(group) / _true(group, 'next'):.3f} "
        f"| {_true(group, 'next') / sum(line.leads_next for line in group):.1%} | {_mean_precision(group):.1%} |"
        for name, group in complete.items()
    )


def _expected(lines: Sequence[Line]) -> float:
    return sum(line.option.wins.value or 0.0 for line in lines)


def _true(lines: Sequence[Line], when: str) -> float:
    return sum(line.wins_then if when == "then" else line.wins_next for line in lines)


def _mean_precision(lines: Sequence[Line]) -> float:
    return _expected(lines) / sum(line.option.leads.value or 0.0 for line in lines)


def _off(lines: Sequence[Line], when: str) -> str:
    return f"{100 * abs(_expected(lines) / _true(lines, when) - 1):.1f} %"


def _errors(lines: Sequence[Line]) -> np.ndarray:
    return np.array([abs((line.option.wins.value or 0.0) / line.wins_then - 1) for line in lines])


def _observed(line: Line) -> float:
    """Wins a week as the win rate of matured weeks would have them."""
    return (line.option.happened.value or np.nan) * (line.option.leads.value or np.nan)


def _within(lines: Sequence[Line]) -> int:
    return int((_errors(lines) <= 0.05).sum())


def _largest(lines: Sequence[Line]) -> str:
    return f"{100 * _errors(lines).max():.0f} %"


def _covers(found: Estimate, truth: float) -> bool:
    return found.low is not None and found.high is not None and found.low <= truth <= found.high


def _rate(line: Line) -> float:
    return line.wins_next / line.leads_next if line.leads_next else np.nan


def _share(covered: Iterable[bool]) -> str:
    return f"{np.mean(list(covered)):.0%}"


def _precision(lines: Sequence[Line]) -> str:
    rates = [100 * _rate(line) for line in lines if line.option.name == "precision"]
    return f"{np.mean(rates):.1f} % on average, {min(rates):.1f}–{max(rates):.1f} % by world"


def _old(worlds: Sequence[World]) -> str:
    shares = [100 * world.old_share for world in worlds]
    return f"{min(shares):.1f}–{max(shares):.1f} %"


def _sum(world: World, what: str) -> float:
    line = next(line for line in world.lines if line.option.name == "capacity")
    return line.wins_next if what == "next" else line.option.wins.value or np.nan


def _shown(found: Estimate) -> str:
    if found.value is None or found.low is None or found.high is None:
        return "–" if found.value is None else f"{found.value:.1f}"
    return f"{found.value:.2f} ({found.low:.1f}–{found.high:.1f})"
