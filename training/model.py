"""The model: features learned from training rows only, gradient boosting, calibration from out-of-fold scores."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import logit

from features.build import FeatureTable, build_features
from features.catalog import Catalog
from features.errors import InputContractError, ProjectFileError
from features.fit import attribute_frame, learn_codes
from features.project import Project
from features.propose import Available, Vocabulary, learn_vocabulary, propose_catalog, recorded_in
from features.windows import Floats, Ints
from training.bundle import Trained
from training.calibration import Calibration, fit_calibration
from training.contributions import Scale
from training.dataset import Dataset, Outcomes
from training.folds import Fold, Rows, grouped_folds, inner_folds
from training.settings import ModelSettings, TrainingSettings

if TYPE_CHECKING:
    import lightgbm as lgb

INNER_FOLDS = 3
# A fold that learned from fewer wins (or losses) says nothing about the number of trees or the calibration.
LEAST_OUTCOMES = 10
SMALL_ROWS = 2_000


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
    notes: tuple[str, ...]


def fit_model(
    project: Project, settings: TrainingSettings, dataset: Dataset, rows: Ints, known_until: int | None
) -> Fitted:
    """Model learned from the given rows, with labels as known at `known_until` (microseconds; None: data's end)."""
    material = material_of(project, settings, dataset, rows, known_until)
    values, label, catalog = material.table.values, material.label, material.catalog
    rng = np.random.default_rng(settings.model.seed)
    folds = _folds(material.rows, label, settings.folds.kind, rng)
    trees, above_base, held = _choose_trees(values, label, folds, material.parameters, settings.model, catalog)
    return fitted_with(material, trees, calibration_above_base(above_base, label[held], label))


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
    parameters = booster_parameters(settings.model, catalog, len(rows), int(label.sum()))
    return Material(table, catalog, label, _subset(dataset.rows, rows), parameters, tuple(notes))


def fitted_with(material: Material, trees: int, calibration: Calibration) -> Fitted:
    """The model of so many trees, trained on all rows of the material, with a calibration that is at hand."""
    label = material.label
    booster = train_booster(material.table.values, label, material.parameters, trees, material.catalog)
    return Fitted(
        trained=Trained(booster, material.catalog, Scale(calibration, base_rate=_smoothed_rate(label))),
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


def booster_parameters(settings: ModelSettings, catalog: Catalog, rows: int, positives: int) -> dict[str, Any]:
    """LightGBM parameters: shallow trees for exact reasons, stronger regularisation the fewer rows there are."""
    small = rows < SMALL_ROWS
    parameters: dict[str, Any] = {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "max_depth": 2 if small else settings.max_depth,
        "num_leaves": min(settings.leaves, 4) if small else settings.leaves,
        "min_data_in_leaf": settings.min_leaf or int(np.clip(min(rows / 200, positives / 8), 8, 50)),
        "feature_fraction": 0.3 if small else 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "cat_smooth": 20.0,
        "cat_l2": 20.0,
        "max_bin": 255,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
        "num_threads": settings.threads,
    }
    if settings.monotone:
        parameters["monotone_constraints"] = [
            0 if feature.type == "category" else _direction(feature.name, settings.monotone)
            for feature in catalog.features
        ]
    return parameters


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


def _choose_trees(
    values: Floats,
    label: Outcomes,
    folds: tuple[Fold, ...],
    parameters: dict[str, Any],
    settings: ModelSettings,
    catalog: Catalog,
) -> tuple[int, Floats, Ints]:
    """Number of trees with the least log loss over the folds, the out-of-fold scores there, and their rows.

    Scores are in log-odds above the base rate of the fold's training side, from which boosting starts.
    """
    boosters, losses = [], []
    for fold in folds:
        booster, loss = _train_watched(values, label, fold, parameters, settings.max_trees, catalog)
        boosters.append(booster)
        losses.append(loss)
    shortest = min(len(loss) for loss in losses)
    sizes = [len(fold.holdout) for fold in folds]
    trees = int(np.argmin(np.average([loss[:shortest] for loss in losses], axis=0, weights=sizes))) + 1
    held = np.concatenate([fold.holdout for fold in folds])
    above_base = [
        booster.predict(values[fold.holdout], raw_score=True, num_iteration=trees) - base_log_odds(label[fold.train])
        for booster, fold in zip(boosters, folds, strict=True)
    ]
    return trees, np.concatenate(above_base), held


def _dataset(
    values: Floats, label: Outcomes, catalog: Catalog, reference: "lgb.Dataset | None" = None
) -> "lgb.Dataset":
    import lightgbm as lgb

    return lgb.Dataset(
        values,
        label=label,
        categorical_feature=list(catalog.categorical),
        free_raw_data=False,
        reference=reference,
    )


def train_booster(
    values: Floats, label: Outcomes, parameters: dict[str, Any], trees: int, catalog: Catalog
) -> "lgb.Booster":
    """A booster of so many trees."""
    import lightgbm as lgb

    return lgb.train(parameters, _dataset(values, label, catalog), num_boost_round=trees)


def _train_watched(
    values: Floats, label: Outcomes, fold: Fold, parameters: dict[str, Any], most: int, catalog: Catalog
) -> tuple["lgb.Booster", list[float]]:
    import lightgbm as lgb

    history: dict[str, dict[str, list[float]]] = {}
    train = _dataset(values[fold.train], label[fold.train], catalog)
    booster = lgb.train(
        parameters,
        train,
        num_boost_round=most,
        valid_sets=[_dataset(values[fold.holdout], label[fold.holdout], catalog, train)],
        valid_names=["held"],
        callbacks=[lgb.record_evaluation(history), lgb.early_stopping(40, verbose=False)],
    )
    return booster, history["held"]["binary_logloss"]


def _direction(name: str, monotone: dict[str, Any]) -> int:
    return next((sign for pattern, sign in monotone.items() if fnmatchcase(name, pattern)), 0)


def base_log_odds(label: Outcomes) -> float:
    """Log-odds of the rate of wins, from which boosting starts."""
    return float(logit(_smoothed_rate(label)))


def _smoothed_rate(label: Outcomes) -> float:
    return float((label.sum() + 0.5) / (len(label) + 1))
