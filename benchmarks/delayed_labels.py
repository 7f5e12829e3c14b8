"""Open deals are not losses: how far each treatment of unmatured snapshots is from the truth of the newest ones.

Writes `docs/benchmarks/delayed-labels.md`. Run with `make bench-delayed`; takes about a quarter of an hour on one core.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import numpy as np

from benchmarks.delayed_data import olist_cut, world_cut
from benchmarks.delayed_methods import METHODS, Cut, prepare
from features.simulate import WorldSettings, simulate
from features.windows import Floats
from training.bootstrap import percentile_interval, resamples
from training.metrics import calibration_slope_intercept, log_loss, pr_auc, roc_auc

LEADS = 15_000
STEADY = dict.fromkeys((1, 2, 3), (9, 12, 18, 24))
DRIFTING = dict.fromkeys((1, 2), (20, 22, 24))
OLIST = tuple(datetime(2018, month, 1, 3, tzinfo=UTC) for month in (2, 3, 4, 5, 6))
REPLICATES = 200
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "delayed-labels.md"


@dataclass(frozen=True, slots=True)
class Result:
    """One method on the newest rows of one cut; `low` and `high` are the interval of the bias by lead."""

    world: str
    history: str
    method: str
    rows: int
    true: float
    bias: float
    low: float
    high: float
    log_loss: float
    roc_auc: float
    pr_auc: float
    slope: float


def main() -> None:
    """Measure all cuts and write the page."""
    results = [result for cut in _cuts() for result in cut]
    PAGE.write_text(page(results), encoding="utf-8")
    print(page(results))


def _cuts() -> Iterator[list[Result]]:
    for drift, plan in ((False, STEADY), (True, DRIFTING)):
        for seed, histories in plan.items():
            with tempfile.TemporaryDirectory() as folder:
                simulate(Path(folder), WorldSettings(leads=LEADS, seed=seed, drift=drift))
                for months in histories:
                    kind = "drifting" if drift else "steady"
                    yield measure(f"{kind} {seed}", f"{months} months", world_cut(Path(folder), months))
    if os.environ.get("RIPELEAD_REAL_DATA"):
        for end in OLIST:
            yield measure("Olist", f"until {end:%Y-%m-%d}", olist_cut(end))


def measure(world: str, history: str, cut: Cut) -> list[Result]:
    """Every method on the same newest rows."""
    prepared = prepare(cut)
    results = []
    for name, method in METHODS.items():
        results.append(_result((world, history, name), cut, method(prepared)))
        print(results[-1], flush=True)
    return results


def _result(names: tuple[str, str, str], cut: Cut, chance: Floats) -> Result:
    truth = cut.truth
    groups = cut.dataset.rows.group[cut.newest]
    drawn = resamples(groups, np.random.default_rng(0), REPLICATES)
    off = chance - truth
    bias = percentile_interval(float(off.mean()), np.array([w @ off / w.sum() for w in drawn.weights()]))
    # Each row counts as a win with the weight of its truth, and as none with the rest.
    label, weight = np.repeat([1, 0], len(truth)), np.concatenate([truth, 1 - truth])
    twice = np.tile(chance, 2)
    return Result(
        *names,
        rows=len(truth),
        true=float(truth.mean()),
        bias=bias.value,
        low=bias.low,
        high=bias.high,
        log_loss=log_loss(label, twice, weight),
        roc_auc=roc_auc(label, twice, weight),
        pr_auc=pr_auc(label, twice, weight),
        slope=calibration_slope_intercept(label, twice, weight)[0],
    )


def page(results: Sequence[Result]) -> str:
    """The page as Markdown."""
    return f"""# Delayed labels: the newest quarter before it is over

Simulated worlds of {LEADS:,} leads, cut at several amounts of history, and Olist at several dates. Every method knows
what was known at the cut and predicts the snapshots of the newest horizon (90 days; Olist 30): not one of them has
matured. In the worlds the true probability of every row is known, and measures are expectations over it; of Olist it is
known what happened later. Bias is mean prediction minus truth, in percentage points. Made by `make bench-delayed`.

## Steady worlds

Means over worlds; for the bias also the least and the largest, or of one world its 90 % interval by lead.

{_table([r for r in results if r.world.startswith("steady")])}

## Drifting worlds

From month 18 on, wins come at half the rate and losses at 1.3 times. Means over worlds, as above.

{_table([r for r in results if r.world.startswith("drifting")])}

## Olist

In brackets the 90 % interval of the bias by lead; landing pages and origins say little here.

{_table([r for r in results if r.world == "Olist"])}
"""


def _table(results: Sequence[Result]) -> str:
    def key(result: Result) -> tuple[str, int]:
        return (result.history.zfill(12), list(METHODS).index(result.method))

    ordered = sorted(results, key=key)
    lines = [_line(list(rows)) for _, rows in groupby(ordered, key)]
    head = (
        "| history | method | worlds | rows | true rate | bias | log loss | ROC-AUC | PR-AUC | slope |\n"
        + "|---" * 10
        + "|"
    )
    return "\n".join([head, *lines])


def _line(rows: Sequence[Result]) -> str:
    def mean(name: str) -> float:
        return float(np.mean([getattr(row, name) for row in rows]))

    several = len(rows) > 1
    low = min(row.bias for row in rows) if several else rows[0].low
    high = max(row.bias for row in rows) if several else rows[0].high
    bias = f"{100 * mean('bias'):+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"
    return (
        f"| {rows[0].history} | {rows[0].method} | {len(rows)} | {sum(row.rows for row in rows):,} "
        f"| {mean('true'):.1%} | {bias} | {mean('log_loss'):.4f} "
        f"| {mean('roc_auc'):.3f} | {mean('pr_auc'):.3f} | {mean('slope'):.2f} |"
    )


if __name__ == "__main__":
    main()
