"""Which kind of model is best at which number of wins, on parts of real and simulated training data.

Writes `docs/benchmarks/small-data.md`; run with `make bench-small-data` (real sets: RIPELEAD_REAL_DATA).
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.small_data_page import page
from features.project import Project, read_project
from features.simulate import WorldSettings, simulate
from features.tables import read_tables
from features.windows import Floats, Ints
from training.boosting import smoothed_rate
from training.dataset import Dataset, load_dataset
from training.folds import Fold, grouped_folds, outer_folds
from training.judge import usable_rows
from training.logistic import fit_logistic
from training.metrics import calibration_slope_intercept, log_loss, pr_auc, roc_auc
from training.model import features_of, fit_model
from training.settings import TrainingSettings, read_training_settings

EXAMPLES = Path(__file__).parent.parent / "examples"
VARIABLE = "RIPELEAD_REAL_DATA"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "small-data.md"
CLOCK = pd.Timestamp("2027-01-01", tz="UTC").to_pydatetime()
SETS = {"Salvirt": "salvirt", "Olist": "olist", "Complete Journey": "complete_journey"}
WINS = (20, 40, 80, 160, 320)
DRAWS = {20: 8, 40: 6, 80: 4, 160: 3, 320: 2}
"""Parts drawn for each number of wins; few wins scatter more and cost less."""
KINDS = ("points", "additive", "boosted")
SYSTEMS = ("base_rate", *KINDS, "logistic")
MOST_HELD = 2_000
WORLD_LEADS = 12_000


@dataclass(frozen=True, slots=True)
class Row:
    """Means over the draws of one set, number of wins and system."""

    data: str
    wins: int
    system: str
    draws: int
    roc_auc: float
    pr_auc: float
    log_loss: float
    slope: float


@dataclass(frozen=True, slots=True)
class Ground:
    """A data set with the rows that may train and those that judge, and the leads that can be drawn."""

    name: str
    project: Project
    settings: TrainingSettings
    dataset: Dataset
    train: Ints
    held: Ints
    known_until: int | None


def main() -> int:
    """Measure all sets and write the page; exit code 2 when the real data are not there."""
    if not Path(os.environ.get(VARIABLE, "")).is_dir() or VARIABLE not in os.environ:
        print(f"set {VARIABLE} to the folder with the public data sets (examples/*/README.md say how to get them)")
        return 2
    rows: list[Row] = []
    for name, example in SETS.items():
        rows += measured(ground_of(name, EXAMPLES / example))
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder), WorldSettings(leads=WORLD_LEADS, seed=4))
        rows += measured(ground_of("Simulated world", Path(folder)))
    PAGE.write_text(page(rows, DRAWS), encoding="utf-8")
    print(page(rows, DRAWS))
    return 0


def ground_of(name: str, directory: Path) -> Ground:
    """The project of a folder; where it is cross-validated, half of its groups train."""
    project = read_project(directory)
    project.raw["model"] = {**project.raw.get("model", {}), "threads": 1}
    settings = read_training_settings(project)
    dataset = load_dataset(
        project, settings, read_tables(project, clock=CLOCK, untimed=settings.label.column is not None)
    )
    fold = _fold(dataset, settings)
    train, held = usable_rows(dataset, fold)
    rng = np.random.default_rng(3)
    held = np.sort(rng.choice(held, min(len(held), MOST_HELD), replace=False))
    return Ground(name, project, settings, dataset, train, held, fold.known_until)


def _fold(dataset: Dataset, settings: TrainingSettings) -> Fold:
    rng = np.random.default_rng(settings.model.seed)
    folds = outer_folds(dataset.rows, settings.folds, dataset.matured, rng)
    return folds[-1] if len(folds) == 1 else grouped_folds(dataset.rows.group, 2, rng)[0]


def measured(ground: Ground) -> Iterator[Row]:
    """All systems at each number of wins that the set has."""
    label = ground.dataset.labels_known_at(ground.train, ground.known_until)
    group = ground.dataset.rows.group[ground.train]
    winners = len(np.unique(group[label > 0]))
    for wins in (n for n in WINS if n <= winners):
        print(f"· {ground.name}, {wins} wins", flush=True)
        found: dict[str, list[tuple[float, ...]]] = {}
        for draw in range(DRAWS[wins]):
            rows = _part(ground.train, group, wins / winners, np.random.default_rng([wins, draw]))
            for system, probability in _probabilities(ground, rows).items():
                found.setdefault(system, []).append(_metrics(ground.dataset.label[ground.held], probability))
        for system, values in found.items():
            means = np.nanmean(np.array(values), axis=0)
            yield Row(ground.name, wins, system, len(values), *(float(mean) for mean in means))


def _part(train: Ints, group: Ints, share: float, rng: np.random.Generator) -> Ints:
    """The rows of a random share of the leads."""
    names = np.unique(group)
    return train[np.isin(group, rng.choice(names, max(1, round(share * len(names))), replace=False))]


def _probabilities(ground: Ground, rows: Ints) -> Mapping[str, Floats]:
    dataset = ground.dataset
    label = dataset.labels_known_at(rows, ground.known_until)
    if min(label.sum(), len(label) - label.sum()) < 3:
        return {}
    found = {"base_rate": np.full(len(ground.held), smoothed_rate(label))}
    for kind in KINDS:
        model = replace(ground.settings, model=ground.settings.model.model_copy(update={"kind": kind}))
        if kind == "points" and not len(dataset.histories.by_lead.time):
            continue
        fitted = fit_model(ground.project, model, dataset, rows, ground.known_until)
        values = features_of(dataset, ground.held, fitted.trained.catalog).values
        raw = np.asarray(fitted.trained.booster.predict(values, raw_score=True))
        found[kind] = fitted.trained.scale.calibration.probability(raw)
        if kind == "boosted":
            logistic = fit_logistic(fitted.table.values, label, fitted.trained.catalog)
            found["logistic"] = logistic.predict_proba(values)[:, 1]
    return found


def _metrics(label: np.ndarray, probability: Floats) -> tuple[float, ...]:
    slope, _ = calibration_slope_intercept(label, probability)
    return roc_auc(label, probability), pr_auc(label, probability), log_loss(label, probability), slope


if __name__ == "__main__":
    sys.exit(main())
