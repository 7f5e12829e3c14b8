"""Three simulated worlds of 50,000 leads: how close the model comes to the true probability of each lead.

Writes `docs/benchmarks/world.md`. Run with `make soak`; takes several minutes.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.truth import true_propensity
from features.project import read_project
from features.simulate import WorldSettings, simulate
from features.tables import read_tables
from training.evaluation import Estimate, Evaluation
from training.settings import read_training_settings
from training.train import train

LEADS = 50_000
SEEDS = (1, 2, 3)
CLOCK = pd.Timestamp("2027-01-01", tz="UTC").to_pydatetime()
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "world.md"


@dataclass(frozen=True, slots=True)
class Result:
    """One world: its evaluation, and the AUC of the true probability on the same holdout rows."""

    seed: int
    drift: bool
    truth_auc: float
    evaluation: Evaluation


def main() -> None:
    """Measure all worlds and write the page."""
    results = [measure(seed, drift=False) for seed in SEEDS] + [measure(SEEDS[0], drift=True)]
    PAGE.write_text(page(results), encoding="utf-8")
    print(page(results))


def measure(seed: int, *, drift: bool) -> Result:
    """Simulate a world, train, and compare with the truth on the holdout."""
    print(f"world {seed}{' with drift' if drift else ''}")
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        simulate(directory, WorldSettings(leads=LEADS, seed=seed, drift=drift))
        project = read_project(directory)
        tables = read_tables(project, clock=CLOCK)
        run = train(project, read_training_settings(project), tables, directory, print)
        holdout = run.judged.frame
        truth = true_propensity(directory, holdout["lead_id"], holdout["as_of"])
    return Result(seed, drift, float(roc_auc_score(holdout["label"], truth)), run.evaluation)


def page(results: list[Result]) -> str:
    """The page as Markdown."""
    rows = "\n".join(_row(result) for result in results)
    volume = "\n".join(_volume_rows(result) for result in results)
    drifted = [warning for result in results if result.drift for warning in result.evaluation.verdict.warnings]
    warnings = "\n".join(f"- {warning}" for warning in drifted) or "- (none)"
    return f"""# Simulated worlds: the model against the truth

{LEADS:,} leads each; the true probability of a win within 90 days is known exactly for every row of the holdout.
Intervals are 90 %. Made by `make soak` (`python -m benchmarks.world`).

| world | rows | win rate | AUC of the truth | AUC of the model | gap | calibration slope | ECE |
|---|---|---|---|---|---|---|---|
{rows}

## At the volume that the rules pick

| world | rule | leads | win rate, rule | win rate, model | difference |
|---|---|---|---|---|---|
{volume}

## What the report says when sales policy changes in the last months

{warnings}
"""


def _row(result: Result) -> str:
    model = result.evaluation.systems["model"]
    auc = model.roc_auc.value or np.nan
    rate = result.evaluation.positives / result.evaluation.n
    return (
        f"| {_name(result)} | {result.evaluation.n:,} | {rate:.1%} | {result.truth_auc:.4f} "
        f"| {_shown(model.roc_auc, 4)} | {result.truth_auc - auc:.4f} "
        f"| {_shown(model.calibration_slope, 3)} | {_shown(model.ece, 4)} |"
    )


def _volume_rows(result: Result) -> str:
    return "\n".join(
        f"| {_name(result)} | {row.rule} | {row.count:,.0f} | {_shown(row.rule_precision, 3)} "
        f"| {_shown(row.model_precision, 3)} | {_shown(row.difference, 3)} |"
        for row in result.evaluation.equal_volume
    )


def _name(result: Result) -> str:
    return f"seed {result.seed}{', drift' if result.drift else ''}"


def _shown(estimate: Estimate, digits: int) -> str:
    if estimate.value is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.{digits}f}"
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f}–{estimate.high:.{digits}f})"


if __name__ == "__main__":
    main()
