"""The model: features learned from training rows only, gradient boosting, calibration from out-of-fold scores."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from features.build import FeatureTable, build_features
from features.catalog import Catalog
from features.errors import InputContractError, ProjectFileError
from features.fit import attribute_frame, learn_codes
from features.project import Project
from features.propose import Available, Vocabulary, learn_vocabulary, propose_catalog, recorded_in
from features.windows import Bools, Floats, Ints
from training.boosting import (
    Lesson,
    OutOfFold,
    base_log_odds,
    booster_parameters,
    out_of_fold,
    smoothed_rate,
    train_booster,
)
from training.bundle import Trained
from training.calibration import Calibration, fit_calibration
from training.closing_fit import Newest, closing_curve, level_of_newest
from training.contributions import Scale
from training.dataset import Dataset, Outcomes
from training.evaluation import Learned
from training.folds import Fold, Rows, grouped_folds, inner_folds
from training.model_kinds import fit_to_kind, kind_for
from training.settings import ModelSettings, TrainingSettings
from training.unseen_rows import unseen_rows

INNER_FOLDS = 3
# A fold that learned from fewer wins (or losses) says nothing about the number of trees or the calibration.
LEAST_OUTCOMES = 10


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model, the table and labels it was trained on, and how it came about."""

    trained: Trained
    table: FeatureTable
    label: Outcomes
    trees: int
    rows: int
    positives: int
    parameters: dict[str, Any]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """What a model learns from: features and outcomes of the training rows, what folds are cut by, and how to boost."""

    table: FeatureTable
    catalog: Catalog
    label: Outcomes
    rows: Rows
    parameters: dict[str, Any]
    learned: Learned
    notes: tuple[str, ...]


def fit_model(
    project: Project, settings: TrainingSettings, dataset: Dataset, rows: Ints, known_until: int | None
) -> Fitted:
    """Model learned from the given rows, with labels as known at `known_until` (microseconds; None: data's end)."""
    material = material_of(project, settings, dataset, rows, known_until)
    lesson = lesson_of(material, settings)
    found = out_of_fold(lesson, material.parameters, settings.model.max_trees)
    return fitted_from(settings, dataset, (rows, known_until), material, (lesson, found))


def fitted_from(
    settings: TrainingSettings,
    dataset: Dataset,
    at: tuple[Ints, int | None],
    material: Material,
    learned: tuple[Lesson, OutOfFold],
) -> Fitted:
    """The model that inner folds have shown how to train and calibrate; `at` is its rows, and when they were known."""
    (rows, known_until), (lesson, found) = at, learned
    known = _known(dataset, rows[found.held], known_until)
    calibration = calibration_above_base(found.above_base[known], material.label[found.held[known]], material.label)
    fitted = fitted_with(material, found.trees, calibration)
    if dataset.won is None or settings.label.horizon_days is None:
        return fitted
    until = known_until or dataset.observed_until
    seen = unseen_rows(dataset, rows, until, fitted.trained, (lesson, found))
    return replace(fitted, trained=with_closing(fitted.trained, seen, settings.label.horizon_days, until))


def with_closing(model: Trained, seen: Newest, horizon: int, known_until: int) -> Trained:
    """The model with its closing curve, and with the level of wins of the newest months."""
    curve = closing_curve(seen.log_odds, seen.followed, horizon)
    if curve is None:
        return model
    calibration = model.scale.calibration
    level = calibration.intercept + level_of_newest(seen, curve, known_until)
    return replace(model, scale=replace(model.scale, calibration=replace(calibration, intercept=level)), closing=curve)


def _known(dataset: Dataset, rows: Ints, known_until: int | None) -> Bools:
    """Which rows' outcomes tell the level of wins: matured ones, unless those have too few outcomes of both kinds.

    With a shortened gap, rows whose horizon is not over at the split count as not won; fewer have won by then.
    """
    matured = dataset.rows.end[rows] <= (known_until or dataset.observed_until)
    wins = int(dataset.labels_known_at(rows[matured], known_until).sum())
    return matured if min(wins, int(matured.sum()) - wins) >= LEAST_OUTCOMES else np.ones(len(rows), np.bool_)


def lesson_of(material: Material, settings: TrainingSettings) -> Lesson:
    """The material with its inner folds, which choose the number of trees and give the calibration."""
    rng = np.random.default_rng(settings.model.seed)
    folds = _folds(material.rows, material.label, settings.folds.kind, rng)
    return Lesson(material.table.values, material.label, material.catalog, folds)


def material_of(
    project: Project, settings: TrainingSettings, dataset: Dataset, rows: Ints, known_until: int | None
) -> Material:
    """What a model learns from the given rows, with labels as known at `known_until`: nothing that came later.

    Raises:
        InputContractError: one outcome only, or no feature that varies.
    """
    label = dataset.labels_known_at(rows, known_until)
    _refuse_one_class(label)
    catalog, notes = learn_catalog(project, settings.model, dataset, rows)
    table = build_features(dataset.histories, dataset.tables, dataset.snapshots.take(rows), catalog)
    table, catalog = informative(table, catalog)
    if not catalog.features:
        raise InputContractError(
            f"no feature varies over the {len(rows):,} training snapshots: check [features] exclude and [model] "
            "exclude, and whether interactions and attributes are in the export"
        )
    learned = kind_for(settings.model, label, dataset.rows.group[rows], catalog)
    parameters = booster_parameters(settings.model, catalog, len(rows), int(label.sum()))
    table, catalog, parameters = fit_to_kind(learned.kind, table, catalog, parameters)
    return Material(table, catalog, label, _subset(dataset.rows, rows), parameters, learned, tuple(notes))


def fitted_with(material: Material, trees: int, calibration: Calibration) -> Fitted:
    """The model of so many trees, trained on all rows of the material, with a calibration that is at hand."""
    label = material.label
    booster = train_booster(material.table.values, label, material.parameters, trees, material.catalog)
    return Fitted(
        trained=Trained(booster, material.catalog, Scale(calibration, smoothed_rate(label)), learned=material.learned),
        table=material.table,
        label=label,
        trees=trees,
        rows=len(label),
        positives=int(label.sum()),
        parameters=material.parameters,
        notes=material.notes,
    )


def _refuse_one_class(label: Outcomes) -> None:
    if 0 < label.sum() < len(label):
        return
    what = "are conversions" if len(label) and label[0] else "are without a conversion"
    raise InputContractError(
        f"all {len(label):,} training snapshots {what}, so there is nothing to tell apart: check [label], "
        "the status values of [tables.deals], and whether won and lost deals are both in the export"
    )


def features_of(dataset: Dataset, rows: Ints, catalog: Catalog) -> FeatureTable:
    """Feature table of some rows of the dataset."""
    return build_features(dataset.histories, dataset.tables, dataset.snapshots.take(rows), catalog)


def informative(table: FeatureTable, catalog: Catalog) -> tuple[FeatureTable, Catalog]:
    """Table and catalog without columns that never vary or repeat an earlier one."""
    seen: set[bytes] = set()
    kept = []
    for column, name in enumerate(table.names):
        values = np.ascontiguousarray(table.values[:, column]) + 0.0
        digest = sha256(values.tobytes()).digest()
        if digest not in seen and _varies(values):
            seen.add(digest)
            kept.append(name)
    return table.select(tuple(kept)), catalog.keep(frozenset(kept))


def _varies(values: Floats) -> bool:
    return bool(len(values)) and not (np.isnan(values).all() or (values == values[0]).all())


def learn_catalog(project: Project, settings: ModelSettings, dataset: Dataset, rows: Ints) -> tuple[Catalog, list[str]]:
    """Catalog proposed from the given rows and what came before them, and notes on columns left out."""
    before = int(dataset.snapshots.as_of[rows].max())
    vocabulary = learn_vocabulary(dataset.histories, before, project.features)
    return catalog_of(project, settings, dataset, rows, (recorded_in(dataset.histories), vocabulary))


def catalog_of(
    project: Project, settings: ModelSettings, dataset: Dataset, rows: Ints, events: tuple[Available, Vocabulary]
) -> tuple[Catalog, list[str]]:
    """Like `learn_catalog`, from what is known of events that are not held in memory."""
    leads = np.unique(dataset.snapshots.lead[rows])
    recorded, vocabulary = events
    frame = attribute_frame(dataset.histories.leads, dataset.tables.accounts, dataset.not_features)
    codes, notes = learn_codes(frame.iloc[leads], _recorded(dataset, leads), project.features)
    assessed = set(dataset.tables.assessments["criterion"].dropna().str.lower())
    criteria = tuple(name for name in project.rules.criteria if name.lower() in assessed)
    catalog = propose_catalog(recorded, vocabulary, codes, criteria, project.points.kinds, project.features)
    every = attribute_frame(dataset.histories.leads, dataset.tables.accounts, ())
    refuse_unknown_names(settings, every.columns, catalog.names)
    return replace(catalog, met_from=project.rules.met_from, hygiene=project.hygiene), notes


def _folds(rows: Rows, label: Outcomes, kind: str, rng: np.random.Generator) -> tuple[Fold, ...]:
    """Inner folds whose training side has enough outcomes of both kinds; random groups when none has."""
    folds = tuple(fold for fold in inner_folds(rows, kind, INNER_FOLDS, rng) if has_enough_outcomes(label, fold))
    return folds or grouped_folds(rows.group, INNER_FOLDS, rng)


def has_enough_outcomes(label: Outcomes, fold: Fold) -> bool:
    """Whether a fold's training side has ten wins and ten others."""
    positives = int(label[fold.train].sum())
    return min(positives, len(fold.train) - positives) >= LEAST_OUTCOMES


def calibration_above_base(above_base: Floats, held_label: Outcomes, label: Outcomes) -> Calibration:
    """Calibration of a booster trained on `label`, from out-of-fold scores above their fold's own base rate.

    Only so are the scores of folds from times with other base rates comparable; the level comes from the held rows.
    """
    found = fit_calibration(above_base, held_label)
    return Calibration(found.slope, found.intercept - found.slope * base_log_odds(label))


def _recorded(dataset: Dataset, leads: Ints) -> dict[str, pd.Series]:
    """Values in the change history of each field that has one, of the training leads."""
    changes = dataset.tables.lead_changes
    mine = changes["lead_id"].isin(dataset.histories.lead_ids[leads])
    return {str(field): changes.loc[mine & (changes["field"] == field), "value"] for field in changes["field"].unique()}


def refuse_unknown_names(settings: ModelSettings, attributes: Iterable[str], features: Iterable[str]) -> None:
    """Refuse names in `[model]` that nothing has: a misspelt `exclude` would leave a leak in.

    Raises:
        ProjectFileError: naming the key and the nearest name.
    """
    named = [("exclude", name, list(attributes)) for name in settings.exclude]
    named += [("monotone", pattern, list(features)) for pattern in settings.monotone]
    for key, name, known in named:
        if not any(fnmatchcase(one, name) for one in known):
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else "look at `ripelead features`"
            raise ProjectFileError(f"[model] {key}: nothing is named {name!r}; {hint}")


def _subset(rows: Rows, chosen: Ints) -> Rows:
    return Rows(rows.as_of[chosen], rows.end[chosen], rows.group[chosen], rows.order[chosen])
