"""The page docs/benchmarks/rules.md: rules, points, model and combinations, and in words where the rules win."""

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.rules import FRAMEWORKS, LEARNED_FROM, SHARE, Result
from training.agreement.measure import Measure
from training.bands import estimate
from training.bootstrap import percentile_interval
from training.evaluation import Estimate
from training.wording import count, number_range, percent, percent_range

METRICS = ("roc_auc", "pr_auc")
WORLD = "Simulated world"


def page(results: Sequence[Result]) -> str:
    """The page as Markdown."""
    parts = [_head(), *_summary(results), "", *_together(_apart_from_worlds(results)[0]), ""]
    for result in results:
        parts += [*_of(result), ""]
    return "\n".join(parts).rstrip() + "\n"


def _head() -> str:
    return f"""# Rules, points, model, and what they are together

`make bench-rules`. On the same held-out rows of each data set: qualification frameworks, points as configured, points
as `ripelead points fit` proposes them, a logistic regression, the model, and combinations. Every difference is paired,
with a 90 % interval by lead: the system less the model, so **above 0 it is better than the model**. Of twenty
comparisons of equal systems, two would exclude 0 by chance.

- *Score of …*: the framework's weighted mean grade, what is unknown as 0.
- *BANT with learned weights*: a logistic regression on which of the four criteria are met and which denied
  (`{LEARNED_FROM}`: all evidence), learned on the training rows.
- *Model with framework features*: the same boosting with score, outcome and counts of all six frameworks as further
  columns.
- *Mean rank*: the mean of the ranks that model and rules give a row.
- *AND*, *OR*: the top {SHARE:.0%} of the model and the framework's verdict.
- The last table of each data set counts the verdict's three values. *Apart*: rows that the framework alone picks, and
  as many that only the model's top of the same size holds, with the share won of each ([agreement](../agreement.md)).
"""


def _summary(results: Sequence[Result]) -> Iterator[str]:
    worlds, others = _apart_from_worlds(results)
    yield "## In short"
    yield ""
    for result in others:
        yield f"- **{result.title}.** {' '.join(_said([result]))}"
    yield f"- **{len(worlds)} simulated worlds together.** {' '.join(_said(worlds))}"
    for world in worlds:
        yield f"- **{world.title}, alone.** {' '.join(_picked([world]))}"


def _apart_from_worlds(results: Sequence[Result]) -> tuple[list[Result], list[Result]]:
    """The simulated worlds, and the others."""
    worlds = [result for result in results if result.title.startswith(WORLD)]
    return worlds, [result for result in results if result not in worlds]


def _said(results: Sequence[Result]) -> Iterator[str]:
    """Who ranks better than, like, or worse than the model over some data sets; then the picks."""
    better, level, worse = ([], [], [])
    for name in _common(results):
        if name != "model":
            gain = _mean(results, name, "pr_auc", "model")
            (better if _above(gain) else worse if _below(gain) else level).append(name)
    if silent := [name for name in results[0].silent if all(name in one.silent for one in results)]:
        yield f"They say the same of every row, so nothing: {_listed(silent)}."
    yield f"Ranks better than the model: {_listed(better)}." if better else "Nothing ranks better than the model."
    if level:
        yield f"Within chance of it: {_listed(level)}."
    if worse:
        yield f"Worse: {_listed(worse)}."
    yield from _picked(results)


def _picked(results: Sequence[Result]) -> Iterator[str]:
    """Which yes/no choices win more, or less, often than as many rows of the model."""
    picks = [name for name in results[0].picks if all(name in one.picks for one in results)]
    gains = {name: _mean(results, name, f"precision@{name}", "model") for name in picks}
    better = [name for name in picks if _above(gains[name])]
    worse = [name for name in picks if name in FRAMEWORKS and _below(gains[name])]
    level = [name for name in picks if name in FRAMEWORKS and name not in (*better, *worse)]
    if better:
        yield f"Picks that win more often than the same number of the model's: {_listed(better)}."
    if level:
        yield f"Frameworks whose picks win as often as the same number of the model's, within chance: {_listed(level)}."
    if worse:
        yield f"Frameworks whose picks win less often: {_listed(worse)}."


def _common(results: Sequence[Result]) -> list[str]:
    return [name for name in results[0].ranked if all(name in one.ranked for one in results)]


def _together(worlds: Sequence[Result]) -> Iterator[str]:
    """Means over the simulated worlds, whose resamples are independent of each other."""
    picked = [name for name in worlds[0].picks if all(name in one.picks for one in worlds)]
    yield f"## The {len(worlds)} simulated worlds together"
    yield ""
    yield "| ranked by | ROC-AUC | difference | PR-AUC | difference |"
    yield "|---|---|---|---|---|"
    for name in _common(worlds):
        cells = [name]
        for metric in METRICS:
            cells.append(number_range(_mean(worlds, name, metric), 3))
            cells.append("" if name == "model" else _signed(_mean(worlds, name, metric, "model")))
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "| picked by | rows | won | as many of the model's | difference |"
    yield "|---|---|---|---|---|"
    for name in picked:
        metric = f"precision@{name}"
        rates = (percent_range(_mean(worlds, by, metric)) for by in (name, "model"))
        rows = count(sum(one.picks[name] for one in worlds))
        yield f"| {' | '.join([name, rows, *rates, _signed(_mean(worlds, name, metric, 'model'))])} |"


def _mean(worlds: Sequence[Result], name: str, metric: str, less: str | None = None) -> Estimate:
    """Mean of a metric over the worlds, or of its difference to another system."""
    value, draws = 0.0, np.zeros(1)
    for found in (one.found for one in worlds):
        value = value + found.values[name, metric] - (found.values[less, metric] if less else 0)
        draws = draws + found.draws[name, metric] - (found.draws[less, metric] if less else 0)
    return estimate(percentile_interval(value / len(worlds), draws / len(worlds)))


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names)


def _above(found: Estimate) -> bool:
    return found.low is not None and found.low > 0


def _below(found: Estimate) -> bool:
    return found.high is not None and found.high < 0


def _of(result: Result) -> Iterator[str]:
    rate = percent(result.wins / result.rows)
    yield f"## {result.title}"
    yield ""
    yield (
        f"{result.told} {count(result.rows)} rows of {count(result.leads)} leads (or groups of identical rows), {rate} "
        f"won; learned from {count(result.train_rows)} rows."
    )
    yield ""
    yield "| ranked by | ROC-AUC | difference | PR-AUC | difference | won in the top tenth |"
    yield "|---|---|---|---|---|---|"
    yield from (_ranking(result, name) for name in result.ranked)
    if result.alike:
        yield ""
        yield f"In the same order: {_listed([f'{name} as {other}' for name, other in result.alike.items()])}."
    if result.picks:
        yield ""
        yield "| picked by | rows | won | as many of the model's | difference |"
        yield "|---|---|---|---|---|"
        yield from (_pick(result, name) for name in result.picks)
    yield ""
    yield "| framework | met | open | not met | apart | won, framework alone | won, model alone | ahead |"
    yield "|---|---|---|---|---|---|---|---|"
    yield from (_apart(title, found) for title, found in result.apart.values())


def _ranking(result: Result, name: str) -> str:
    found = result.found
    cells = [name]
    for metric in METRICS:
        cells.append(number_range(estimate(found.interval(name, metric)), 3))
        cells.append("" if name == "model" else _signed(_mean([result], name, metric, "model")))
    cells.append(percent_range(estimate(found.interval(name, "precision@10"))))
    return f"| {' | '.join(cells)} |"


def _pick(result: Result, name: str) -> str:
    own, model = (estimate(result.found.interval(by, f"precision@{name}")) for by in (name, "model"))
    cells = [name, count(result.picks[name]), percent_range(own), percent_range(model)]
    return f"| {' | '.join([*cells, _signed(_mean([result], name, f'precision@{name}', 'model'))])} |"


def _apart(title: str, found: Measure) -> str:
    rows = [sum(cell.n for cell in found.cells if cell.framework == name) for name in ("met", "open", "not_met")]
    cells = [title, *(count(n) for n in rows)]
    same = found.same_volume
    if same is None:
        return f"| {' | '.join([*cells, '–', '–', '–', '–'])} |"
    rates = (percent_range(same.framework_alone), percent_range(same.model_alone))
    return f"| {' | '.join([*cells, count(same.apart), *rates, same.ahead.replace('_', ' ')])} |"


def _signed(found: Estimate) -> str:
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:+.3f}".replace("-", "−")
    bold = "**" if found.low > 0 or found.high < 0 else ""
    value, low, high = (f"{round(number, 3) + 0.0:+.3f}" for number in (found.value, found.low, found.high))
    return f"{bold}{value}{bold} ({low} to {high})".replace("-", "−")
