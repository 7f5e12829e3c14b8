"""Judging: what every system says about the holdout rows, each fold's model trained on that fold's training rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.attribute_points import attribute_points, tracked_fields
from features.build import FeatureTable
from features.points import points_as_of
from features.project import Project
from features.qualification import bant, evidence_as_of
from features.windows import Floats, Ints
from training.bundle import Trained
from training.contributions import contributions
from training.dataset import Dataset
from training.folds import Fold
from training.logistic import fit_logistic
from training.model import Fitted, features_of, fit_model
from training.settings import TrainingSettings

Say = Callable[[str], None]
HOLDOUT_COLUMNS = ("lead_id", "as_of", "label", "propensity", "bant_met", "bant_qualified", "points", "logistic")
EXPLAINED_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Judged:
    """The holdout: its rows with every system's score, what was resampled together, and a sample's contributions."""

    frame: pd.DataFrame
    groups: Ints
    folds: tuple[Fold, ...]
    fitted: tuple[Fitted, ...]
    sample: FeatureTable
    sample_points: Floats


def judge_holdout(
    project: Project, settings: TrainingSettings, dataset: Dataset, folds: tuple[Fold, ...], say: Say
) -> Judged:
    """Every system's score for every holdout row, each fold's model trained on that fold's training rows only."""
    frames, fitted, samples = [], [], []
    usable = tuple(usable_fold(dataset, fold) for fold in folds)
    for number, fold in enumerate(usable, start=1):
        say(f"model{_of(number, len(folds))} {summary_of(dataset, fold)}")
        model = fit_model(project, settings, dataset, fold.train, fold.known_until)
        table = features_of(dataset, fold.holdout, model.trained.catalog)
        frames.append(scored_frame(project, dataset, fold.holdout, table, model))
        fitted.append(model)
        samples.append(table)
    sample, points = _sample(fitted[-1].trained, samples[-1])
    return Judged(
        frame=pd.concat(frames, ignore_index=True),
        groups=dataset.rows.group[np.concatenate([fold.holdout for fold in usable])],
        folds=usable,
        fitted=tuple(fitted),
        sample=sample,
        sample_points=points,
    )


def usable_rows(dataset: Dataset, fold: Fold) -> tuple[Ints, Ints]:
    """Training and holdout rows with a usable label: matured, or as known at the fold's split where wins are dated."""
    as_known = fold.known_until is not None and dataset.won is not None
    train = fold.train if as_known else fold.train[dataset.matured[fold.train]]
    return train, fold.holdout[dataset.matured[fold.holdout]]


def usable_fold(dataset: Dataset, fold: Fold) -> Fold:
    """The fold with its usable rows only."""
    train, holdout = usable_rows(dataset, fold)
    return replace(fold, train=train, holdout=holdout)


def summary_of(dataset: Dataset, fold: Fold) -> str:
    """One line on a fold of usable rows: what its model learns from and is judged on."""
    won = int(dataset.labels_known_at(fold.train, fold.known_until).sum())
    return fold.summary(dataset.rows, (won, int(dataset.label[fold.holdout].sum())))


def scored_frame(project: Project, dataset: Dataset, rows: Ints, table: FeatureTable, model: Fitted) -> pd.DataFrame:
    """Every system's score for some rows with their outcomes, in the columns of `holdout.parquet`."""
    snapshots = table.snapshots
    logistic = fit_logistic(model.table.values, model.label, model.trained.catalog)
    raw = np.asarray(model.trained.booster.predict(table.values, raw_score=True))
    evidence = evidence_as_of(dataset.histories, dataset.tables.assessments, snapshots, project.rules.criteria)
    verdict = bant(evidence, project.rules)
    tracked = tracked_fields(dataset.tables.lead_changes)
    attributes = attribute_points(dataset.histories.leads, dataset.tables, project.points, tracked)
    as_of = pd.to_datetime(snapshots.as_of, unit="us", utc=True).as_unit("us")
    return pd.DataFrame(
        {
            "lead_id": pd.Series(dataset.histories.lead_ids[snapshots.lead], dtype="str"),
            "as_of": as_of if dataset.tables.timed else pd.Series(pd.NaT, range(len(rows)), "datetime64[us, UTC]"),
            "label": dataset.label[rows],
            "propensity": model.trained.scale.calibration.probability(raw),
            "bant_met": pd.Series(verdict.met, dtype="Int64"),
            "bant_qualified": verdict.qualified,
            "points": points_as_of(dataset.histories, snapshots, project.points, attributes),
            "logistic": logistic.predict_proba(table.values)[:, 1],
        },
        columns=HOLDOUT_COLUMNS,
    )


def _sample(trained: Trained, table: FeatureTable) -> tuple[FeatureTable, Floats]:
    chosen = np.linspace(0, len(table.values) - 1, min(EXPLAINED_ROWS, len(table.values))).astype(np.int64)
    sample = table.take(chosen)
    return sample, trained.scale.points(contributions(trained.booster, sample.values))[0]


def _of(number: int, total: int) -> str:
    return f" (fold {number} of {total})" if total > 1 else ""
