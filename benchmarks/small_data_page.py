"""The page of the benchmark of small data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.small_data import Row

NAMES = {"base_rate": "base rate", "logistic": "logistic regression"}


def page(rows: Sequence[Row], draws: Mapping[int, int]) -> str:
    """Markdown text of `docs/benchmarks/small-data.md`."""
    drawn = ", ".join(f"{count} for {wins}" for wins, count in draws.items())
    tables = "\n\n".join(f"## {name}\n\n{_table([r for r in rows if r.data == name])}" for name in _sets(rows))
    return f"""# Small data: which kind of model at which number of wins

Random parts of the leads of each training set, so many that about the given number of leads among them won (parts
drawn: {drawn}); judged on the set's holdout (at most 2,000 rows; Salvirt: on the other half of its groups). Means over
the parts. Lowest log loss and highest PR-AUC in bold. Made by `make bench-small-data`.

- **points**: a booster on interest points alone (faded over 7, 30 and 90 days), never falling with them
- **additive**: trees of depth 1 on all features, monotone where the direction is known
- **boosted**: the model as it is with enough data (depth 2 below 2,000 rows, else 4)
- **logistic regression**: the one that stands beside the model in the report, never shipped

## Where each kind is best

Mean over the sets of the log loss above the best kind's, in percent of it (points: only sets with interactions).

{_regret(rows)}

{tables}
"""


def _sets(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.data for row in rows))


def _table(rows: Sequence[Row]) -> str:
    head = "| wins | system | ROC-AUC | PR-AUC | log loss | calibration slope |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(_line(row, [r for r in rows if r.wins == row.wins]) for row in rows)])


def _line(row: Row, beside: Sequence[Row]) -> str:
    loss = _best(f"{row.log_loss:.4f}", row.log_loss == min(r.log_loss for r in beside))
    precision = _best(f"{row.pr_auc:.3f}", row.pr_auc == max(r.pr_auc for r in beside))
    slope = f"{row.slope:.2f}" if row.slope == row.slope else "–"
    name = NAMES.get(row.system, row.system)
    return f"| {row.wins} | {name} | {row.roc_auc:.3f} | {precision} | {loss} | {slope} |"


def _best(text: str, best: bool) -> str:
    return f"**{text}**" if best else text


def _regret(rows: Sequence[Row]) -> str:
    kinds = ("points", "additive", "boosted", "logistic")
    lines = [f"| wins | {' | '.join(NAMES.get(kind, kind) for kind in kinds)} |", "|---|---|---|---|---|"]
    for wins in sorted({row.wins for row in rows}):
        lines.append(f"| {wins} | {' | '.join(_mean_regret(rows, wins, kind) for kind in kinds)} |")
    return "\n".join(lines)


def _mean_regret(rows: Sequence[Row], wins: int, kind: str) -> str:
    found = []
    for name in _sets(rows):
        here = {row.system: row.log_loss for row in rows if row.data == name and row.wins == wins}
        if kind in here:
            best = min(loss for system, loss in here.items() if system in ("points", "additive", "boosted"))
            found.append(100 * (here[kind] / best - 1))
    return f"{sum(found) / len(found):+.1f}" if found else "–"
