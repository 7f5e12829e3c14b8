"""Training from end to end: data → folds → holdout comparison → refit on all matured data → bundle and report."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from features.attribute_points import tracked_fields
from features.project import Project
from features.tables import Tables
from training.accounts.rows import fit_accounts
from training.agreement.run import compared_frameworks
from training.audit.run import audit
from training.audit.suspects import Audit
from training.audit.suspects import to_json as audit_to_json
from training.audit.words import brief_text
from training.bundle import Policy, write_bundle
from training.card import model_card
from training.class_policy import class_policy
from training.dataset import Dataset, load_dataset
from training.evaluate import evaluate
from training.evaluation import Evaluation, to_json
from training.evidence import evidence_of
from training.examinations import examine
from training.examine import Examined, Finding
from training.folds import outer_folds
from training.gate.decision import GateDecision
from training.judge import Judged, Say, judge_holdout
from training.keep import keep_judged
from training.model import Fitted, fit_model
from training.policy_values import ClassPolicy
from training.range_fit import with_uncertainty
from training.segments.groups import refuse_unknown_segments
from training.settings import TrainingSettings


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
    gate: GateDecision | None = None
    """What the gate says of it beside the champion of the day, once it was asked."""


def train(project: Project, settings: TrainingSettings, tables: Tables, directory: Path, say: Say) -> Run:
    """Train, judge and write the run's folder: `bundle/`, `audit.json`, `evaluation.json`, `holdout.parquet`.

    `say` is told what is being done. Reading the tables is the caller's, so that a refused table stops before this.
    """
    say("putting histories in order")
    dataset = load_dataset(project, settings, tables)
    refuse_unknown_segments(settings.report, dataset)
    compared_frameworks(project, settings.report)  # a misspelt name is refused before anything is trained
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
        learned=judged.fitted[-1].trained.learned,
    )
    say("training the final model on all matured data")
    final = fit_model(project, settings, dataset, np.flatnonzero(dataset.matured), None)
    say("learning how far its propensities can be trusted")
    final = with_uncertainty(final, settings.model)
    say("making the lists of past weeks, for the class policy")
    classes = class_policy(project, settings, dataset, judged, final)
    accounts = fit_accounts(project, settings, dataset, judged)
    policy = _policy(project, settings, tables, classes)
    if accounts is not None:
        policy = replace(policy, colleague_weight=accounts.weight)
    examined = Examined(project, settings, dataset, judged, final, evaluation, classes, accounts)
    findings = examine(examined, directory, say)
    card = model_card(examined, findings)
    evidence = evidence_of(final.table, final.label, final.trained.catalog)
    version = write_bundle(directory / "bundle", final.trained, final.table, policy, card, evidence)
    (directory / "evaluation.json").write_text(to_json(evaluation), encoding="utf-8")
    judged.frame.to_parquet(directory / "holdout.parquet", index=False)
    keep_judged(directory, project, settings, dataset, judged, (version, policy))
    return Run(directory, version, evaluation, judged, final, dataset, audited, findings)


def _policy(project: Project, settings: TrainingSettings, tables: Tables, classes: ClassPolicy) -> Policy:
    return Policy(
        threshold=classes.threshold,
        capacity_share=settings.policy.capacity_share,
        bands=dict(settings.policy.bands),
        max_reasons=settings.policy.max_reasons,
        rules=project.rules,
        points=project.points,
        deals_of_account=settings.label.deals_of_account,
        repeat=settings.label.repeat,
        outcome_column=settings.label.column,
        tables=tuple(sorted(count.table for count in tables.counts)),
        exploration=settings.exploration,
        unfamiliar=settings.policy.unfamiliar,
        expected=classes.option,
        tracked=tracked_fields(tables.lead_changes),
    )
