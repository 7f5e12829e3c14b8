"""Real data: every system on the same holdout rows, beside a plain LightGBM on simple hand-made columns.

`make bench-real` writes docs/benchmarks/real.md from it; tests/real holds the floors.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.plain_lightgbm import PEERS, plain_scores
from features.project import FeatureSettings, Project, parse_section, read_project
from features.tables import read_tables
from training.bands import estimate
from training.bootstrap import System, bootstrap_intervals, resamples
from training.dataset import Dataset, load_dataset
from training.evaluate import evaluate
from training.evaluation import Estimate, Evaluation
from training.folds import outer_folds
from training.judge import Judged, judge_holdout, usable_rows
from training.settings import TrainingSettings, read_training_settings

EXAMPLES = Path(__file__).parent.parent / "examples"
REPORT = Path(__file__).parent.parent / "docs" / "benchmarks" / "real.md"
VARIABLE = "RIPELEAD_REAL_DATA"
# Later than all of the data; a fixed clock, so that every run sees the same rows.
CLOCK = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 20
REPLICATES = 200
METRICS = {
    "roc_auc": "roc_auc",
    "pr_auc": "pr_auc",
    "lift_at_10": "lift@10",
    "brier": "brier",
    "calibration_slope": "slope",
}
"""Metric in `evaluation.json` → its name in the bootstrap."""


@dataclass(frozen=True, slots=True)
class Case:
    """An example project, possibly with other settings, its hand-made peer, and the least that was asked of it."""

    name: str
    title: str
    example: str
    peer: str
    rows: str
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    floors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured; `plain` by metric, `difference` is the ROC-AUC of the model minus that of the peer."""

    case: Case
    train_rows: int
    features: tuple[str, ...]
    trees: int
    judged: Judged
    evaluation: Evaluation
    plain: Mapping[str, Estimate]
    difference: Estimate


CASES = (
    Case(
        "complete_journey",
        "Complete Journey",
        "complete_journey",
        "complete_journey",
        "Trained on campaigns that began before 2017-09-01 with what was redeemed by then, judged on those that began "
        "later and ended within the data.",
        floors={"roc_auc": 0.805, "pr_auc": 0.44, "lift_at_10": 3.9},
    ),
    Case(
        "x_education",
        "X Education",
        "x_education",
        "x_education",
        "The last 30 % by Lead Number judge.",
        floors={"roc_auc": 0.90},
    ),
    Case(
        "x_education_without_last_activity",
        "X Education, without Last Activity and Last Notable Activity",
        "x_education",
        "x_education_without_last_activity",
        "The same rows without the two columns that tell how a lead's life ended.",
        settings={"features": {"exclude": ["Last Activity", "Last Notable Activity"]}},
    ),
    Case(
        "salvirt",
        "Salvirt",
        "salvirt",
        "salvirt",
        "Ten folds, identical rows always in the same one; every row is judged once, by a model that did not see it.",
        floors={"roc_auc": 0.79},
    ),
    Case(
        "olist",
        "Olist",
        "olist",
        "olist",
        "Trained on leads first contacted before April 2018 with the deals closed by then, judged on later ones: "
        "won within 30 days of the first contact.",
        floors={"roc_auc": 0.65},
    ),
    Case(
        "bank_marketing",
        "Bank Marketing, random rows",
        "bank_marketing",
        "bank_marketing",
        "A random 30 % judge.",
        floors={"roc_auc": 0.79},
    ),
    Case(
        "bank_marketing_by_date",
        "Bank Marketing, in order of date",
        "bank_marketing",
        "bank_marketing",
        "The last 30 % of the calls judge. The years of the financial crisis change who says yes, so this is the "
        "honest test and a hard one.",
        settings={"folds": {"kind": "rows", "order_by": "call_number"}},
    ),
    Case(
        "online_shoppers",
        "Online Shoppers, random rows",
        "online_shoppers",
        "online_shoppers",
        "A random 30 % judge. The figure of .784 that is known for an untuned LightGBM belongs to rows at random.",
        floors={"roc_auc": 0.775},
    ),
    Case(
        "online_shoppers_by_row",
        "Online Shoppers, in order of rows",
        "online_shoppers",
        "online_shoppers",
        "The last 30 % of the rows judge.",
        settings={"folds": {"kind": "rows", "order_by": "session_number"}},
    ),
    Case(
        "maven",
        "Maven",
        "maven",
        "maven",
        "The newest 30 % of closed opportunities judge. The data are fictitious and hold no signal: the negative "
        "control.",
    ),
)


def measure(case: Case, folder: Path) -> Result:
    """All systems of a case on its holdout; `folder` holds the data and is what RIPELEAD_REAL_DATA names."""
    project = _with_settings(read_project(EXAMPLES / case.example), case.settings)
    settings = read_training_settings(project)
    tables = read_tables(project, clock=CLOCK, untimed=settings.label.column is not None)
    dataset = load_dataset(project, settings, tables)
    judged = _judged(project, settings, dataset)
    peer = _peer(PEERS[case.peer](folder), dataset, judged)
    plain, difference = _beside(judged, peer)
    return Result(
        case=case,
        train_rows=judged.fitted[0].rows,
        features=judged.fitted[0].trained.catalog.names,
        trees=round(np.mean([fitted.trees for fitted in judged.fitted])),
        judged=judged,
        evaluation=_evaluated(judged, settings),
        plain=plain,
        difference=difference,
    )


def _with_settings(project: Project, changes: Mapping[str, Mapping[str, object]]) -> Project:
    # One thread: no other model, and no two runs that wait for each other's cores.
    model = {**project.raw.get("model", {}), "threads": 1}
    raw = {
        **project.raw,
        "model": model,
        **{name: {**project.raw.get(name, {}), **keys} for name, keys in changes.items()},
    }
    return replace(project, raw=raw, features=parse_section(raw, "features", FeatureSettings))


def _judged(project: Project, settings: TrainingSettings, dataset: Dataset) -> Judged:
    rng = np.random.default_rng(settings.model.seed)
    folds = outer_folds(dataset.rows, settings.folds, dataset.matured, rng)
    return judge_holdout(project, settings, dataset, folds, lambda _: None)


def _peer(columns: pd.DataFrame, dataset: Dataset, judged: Judged) -> npt.NDArray[np.float64]:
    """The peer's score of every holdout row, trained on the same rows with the same labels, fold by fold."""
    lead = pd.Index(dataset.histories.lead_ids[dataset.snapshots.lead]).astype("str")
    scores = []
    for fold in judged.folds:
        train, held = usable_rows(dataset, fold)
        label = dataset.labels_known_at(train, fold.known_until)
        scores.append(plain_scores(columns, lead[train], label, lead[held]))
    return np.concatenate(scores)


def _beside(judged: Judged, peer: npt.NDArray[np.float64]) -> tuple[dict[str, Estimate], Estimate]:
    """The peer's metrics, and the paired difference of ROC-AUC, on the same resamples of leads."""
    label, model = judged.frame["label"].to_numpy(), judged.frame["propensity"].to_numpy()
    drawn = resamples(judged.groups, np.random.default_rng(SEED), REPLICATES)
    systems = [System("model", model), System("plain", peer, probability=True)]
    found = bootstrap_intervals(label, systems, {"10": np.full(len(label), 0.1)}, drawn)
    plain = {key: estimate(found.interval("plain", metric)) for key, metric in METRICS.items()}
    return plain, estimate(found.difference("model", "plain", "roc_auc"))


def _evaluated(judged: Judged, settings: TrainingSettings) -> Evaluation:
    return evaluate(
        judged.frame,
        groups=judged.groups,
        train_base_rate=judged.fitted[0].trained.scale.base_rate,
        capacity_share=settings.policy.capacity_share,
        rng=np.random.default_rng(SEED),
    )


def main() -> int:
    """Measure every case and write docs/benchmarks/real.md; exit code 2 when the data are not there."""
    from benchmarks.real_report import report_text

    folder = os.environ.get(VARIABLE)
    if folder is None or not Path(folder).is_dir():
        print(f"set {VARIABLE} to the folder with the public data sets (examples/*/README.md say how to get them)")
        return 2
    results = []
    for case in CASES:
        results.append(measure(case, Path(folder)))
        print(f"· {case.title}: ROC-AUC {results[-1].evaluation.systems['model'].roc_auc.value:.3f}", flush=True)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(report_text(results), encoding="utf-8")
    print(f"wrote {REPORT.relative_to(EXAMPLES.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
