"""Training from end to end: data → folds → holdout comparison → refit on all matured data → bundle and report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.build import FeatureTable
from features.points import points_as_of
from features.project import Project
from features.qualification import bant, evidence_as_of
from features.tables import Tables
from features.windows import Floats, Ints
from training.audit.run import audit
from training.audit.suspects import Audit
from training.audit.suspects import to_json as audit_to_json
from training.audit.words import brief_text
from training.bundle import Policy, Trained, write_bundle
from training.card import model_card
from training.contributions import contributions
from training.dataset import Dataset, load_dataset
from training.evaluate import evaluate
from training.evaluation import Evaluation, to_json
from training.evidence import evidence_of
from training.examine import Examined, Finding, examine
from training.folds import Fold, outer_folds
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


@dataclass(frozen=True, slots=True)
class Run:
    """What a training run leaves behind."""

    directory: Path
    version: str
    evaluation: Evaluation
    judged: Judged
    final: Fitted
    dataset: Dataset
    audit: Audit
    findings: tuple[Finding, ...]


def train(project: Project, settings: TrainingSettings, tables: Tables, directory: Path, say: Say) -> Run:
    """Train, judge and write the run's folder: `bundle/`, `audit.json`, `evaluation.json`, `holdout.parquet`.

    `say` is told what is being done. Reading the tables is the caller's, so that a refused table stops before this.
    """
    say("putting histories in order")
    dataset = load_dataset(project, settings, tables)
    audited = audit(project, settings, dataset)
    (directory / "audit.json").write_text(audit_to_json(audited), encoding="utf-8")
    say(brief_text(audited))
    rng = np.random.default_rng(settings.model.seed)
    folds = outer_folds(dataset.rows, settings.folds, dataset.matured, rng)
    judged = judge_holdout(project, settings, dataset, folds, say)
    say("comparing with the rules and the logistic regression")
    evaluation = evaluate(
        judged.frame,
        groups=judged.groups,
        train_base_rate=judged.fitted[0].trained.scale.base_rate,
        capacity_share=settings.policy.capacity_share,
        rng=rng,
    )
    say("training the final model on all matured data")
    final = fit_model(project, settings, dataset, np.flatnonzero(dataset.matured), None)
    policy = _policy(project, settings, tables, judged.frame["propensity"].to_numpy())
    card = model_card(project, settings, dataset, final, evaluation)
    evidence = evidence_of(final.table, final.label, final.trained.catalog)
    version = write_bundle(directory / "bundle", final.trained, final.table, policy, card, evidence)
    (directory / "evaluation.json").write_text(to_json(evaluation), encoding="utf-8")
    judged.frame.to_parquet(directory / "holdout.parquet", index=False)
    findings = examine(Examined(project, settings, dataset, judged, final, evaluation), directory, say)
    return Run(directory, version, evaluation, judged, final, dataset, audited, findings)


def judge_holdout(
    project: Project, settings: TrainingSettings, dataset: Dataset, folds: tuple[Fold, ...], say: Say
) -> Judged:
    """Every system's score for every holdout row, each fold's model trained on that fold's training rows only."""
    frames, rows, fitted, samples = [], [], [], []
    for number, fold in enumerate(folds, start=1):
        train_rows, held = usable_rows(dataset, fold)
        say(f"learning from {len(train_rows):,} snapshots, judging on {len(held):,}" + _of(number, len(folds)))
        model = fit_model(project, settings, dataset, train_rows, fold.known_until)
        table = features_of(dataset, held, model.trained.catalog)
        frames.append(_holdout_frame(project, dataset, held, table, model))
        rows.append(held)
        fitted.append(model)
        samples.append(table)
    sample, points = _sample(fitted[-1].trained, samples[-1])
    return Judged(
        frame=pd.concat(frames, ignore_index=True),
        groups=dataset.rows.group[np.concatenate(rows)],
        folds=folds,
        fitted=tuple(fitted),
        sample=sample,
        sample_points=points,
    )


def usable_rows(dataset: Dataset, fold: Fold) -> tuple[Ints, Ints]:
    """Training and holdout rows with a usable label: matured, or as known at the fold's split where wins are dated."""
    as_known = fold.known_until is not None and dataset.won is not None
    train = fold.train if as_known else fold.train[dataset.matured[fold.train]]
    return train, fold.holdout[dataset.matured[fold.holdout]]


def _holdout_frame(project: Project, dataset: Dataset, rows: Ints, table: FeatureTable, model: Fitted) -> pd.DataFrame:
    snapshots = table.snapshots
    logistic = fit_logistic(model.table.values, model.label, model.trained.catalog)
    raw = np.asarray(model.trained.booster.predict(table.values, raw_score=True))
    evidence = evidence_as_of(dataset.histories, dataset.tables.assessments, snapshots, project.rules.criteria)
    verdict = bant(evidence, project.rules)
    as_of = pd.to_datetime(snapshots.as_of, unit="us", utc=True).as_unit("us")
    return pd.DataFrame(
        {
            "lead_id": pd.Series(dataset.histories.lead_ids[snapshots.lead], dtype="str"),
            "as_of": as_of if dataset.tables.timed else pd.Series(pd.NaT, range(len(rows)), "datetime64[us, UTC]"),
            "label": dataset.label[rows],
            "propensity": model.trained.scale.calibration.probability(raw),
            "bant_met": pd.Series(verdict.met, dtype="Int64"),
            "bant_qualified": verdict.qualified,
            "points": points_as_of(dataset.histories, snapshots, project.points),
            "logistic": logistic.predict_proba(table.values)[:, 1],
        },
        columns=HOLDOUT_COLUMNS,
    )


def _sample(trained: Trained, table: FeatureTable) -> tuple[FeatureTable, Floats]:
    chosen = np.linspace(0, len(table.values) - 1, min(EXPLAINED_ROWS, len(table.values))).astype(np.int64)
    sample = table.take(chosen)
    return sample, trained.scale.points(contributions(trained.booster, sample.values))[0]


def _policy(project: Project, settings: TrainingSettings, tables: Tables, propensity: Floats) -> Policy:
    return Policy(
        threshold=float(np.quantile(propensity, 1 - settings.policy.capacity_share)),
        capacity_share=settings.policy.capacity_share,
        bands=dict(settings.policy.bands),
        max_reasons=settings.policy.max_reasons,
        rules=project.rules,
        points=project.points,
        deals_of_account=settings.label.deals_of_account,
        repeat=settings.label.repeat,
        outcome_column=settings.label.column,
        tables=tuple(sorted(count.table for count in tables.counts)),
    )


def _of(number: int, total: int) -> str:
    return f" (fold {number} of {total})" if total > 1 else ""
