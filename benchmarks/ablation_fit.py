"""One training and judging of a set of columns, as `training.model` does it, on feature tables that are built once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.build import FeatureTable
from features.catalog import Catalog, FeatureDef
from features.project import Project
from training.boosting import Lesson, booster_parameters, out_of_fold, train_booster
from training.bootstrap import Bootstrap, Interval, Resamples, System, bootstrap_intervals, percentile_interval
from training.dataset import Dataset, Outcomes
from training.folds import Fold, Rows, grouped_folds, inner_folds, outer_folds
from training.judge import usable_rows
from training.metrics import log_loss_terms
from training.model import INNER_FOLDS, LEAST_OUTCOMES, calibration_above_base, features_of, informative, learn_catalog
from training.settings import TrainingSettings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Draws = tuple[float, Floats]
"""A value on all judged rows, and on each resample."""
METRICS = ("pr_auc", "roc_auc", "log_loss")


@dataclass(frozen=True, slots=True)
class Material:
    """A data set ready to be trained on: tables of all columns, labels, and inner folds that choose the trees.

    `truth` is known on simulated worlds: the true probability of each judged row.
    """

    settings: TrainingSettings
    dataset: Dataset
    catalog: Catalog
    train: FeatureTable
    judged: FeatureTable
    label: Outcomes
    outcome: Outcomes
    folds: tuple[Fold, ...]
    group: Ints
    truth: Floats | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All proposed columns."""
        return self.catalog.names


@dataclass(frozen=True, slots=True)
class Judged:
    """Probabilities of the judged rows, (seeds, rows), the mean number of trees and the share of gain by column."""

    columns: tuple[str, ...]
    probability: Floats
    trees: float
    gain: Mapping[str, float]


def prepare(project: Project, settings: TrainingSettings, dataset: Dataset) -> Material:
    """Tables and labels of the project's first outer fold."""
    rng = np.random.default_rng(settings.model.seed)
    fold = outer_folds(dataset.rows, settings.folds, dataset.matured, rng)[0]
    train, held = usable_rows(dataset, fold)
    label = dataset.labels_known_at(train, fold.known_until)
    catalog, _ = learn_catalog(project, settings.model, dataset, train)
    return Material(
        settings=settings,
        dataset=dataset,
        catalog=catalog,
        train=features_of(dataset, train, catalog),
        judged=features_of(dataset, held, catalog),
        label=label,
        outcome=dataset.label[held],
        folds=_inner(dataset.rows, train, label, settings.folds.kind, rng),
        group=dataset.rows.group[held],
    )


def _inner(rows: Rows, chosen: Ints, label: Outcomes, kind: str, rng: np.random.Generator) -> tuple[Fold, ...]:
    mine = Rows(rows.as_of[chosen], rows.end[chosen], rows.group[chosen], rows.order[chosen])
    folds = inner_folds(mine, kind, INNER_FOLDS, rng)
    enough = tuple(fold for fold in folds if label[fold.train].sum() >= LEAST_OUTCOMES)
    return enough or grouped_folds(mine.group, INNER_FOLDS, rng)


def telling(material: Material, columns: Sequence[str]) -> tuple[str, ...]:
    """Those of the columns that vary and repeat no other of them, in the order of the catalog."""
    chosen = set(columns)
    proposed = tuple(name for name in material.names if name in chosen)
    return informative(material.train.select(proposed), material.catalog.keep(frozenset(proposed)))[1].names


def judge(material: Material, columns: Sequence[str], seeds: Sequence[int]) -> Judged:
    """Train once per seed on those of the given columns that tell something; seeds change what each tree sees."""
    names = telling(material, columns)
    catalog = material.catalog.keep(frozenset(names))
    train, judged = material.train.select(names).values, material.judged.select(names).values
    runs = [_run(material, train, judged, catalog, seed) for seed in seeds]
    gain = np.mean([run[2] for run in runs], axis=0)
    return Judged(
        columns=names,
        probability=np.stack([run[0] for run in runs]),
        trees=float(np.mean([run[1] for run in runs])),
        gain=dict(zip(names, gain.tolist(), strict=True)),
    )


def _run(material: Material, train: Floats, judged: Floats, catalog: Catalog, seed: int) -> tuple[Floats, int, Floats]:
    label = material.label
    settings = material.settings.model.model_copy(update={"seed": seed, "threads": 1})
    parameters = booster_parameters(settings, catalog, len(label), int(label.sum()))
    # The same trees up to rounding, a quarter faster where columns are many.
    parameters = {**parameters, "force_row_wise": False, "force_col_wise": True}
    lesson = Lesson(train, label, catalog, material.folds)
    found = out_of_fold(lesson, parameters, settings.max_trees)
    booster = train_booster(train, label, parameters, found.trees, catalog)
    probability = calibration_above_base(found.above_base, label[found.held], label).probability(
        np.asarray(booster.predict(judged, raw_score=True))
    )
    gain = np.asarray(booster.feature_importance("gain"), dtype=np.float64)
    return probability, found.trees, gain / max(float(gain.sum()), 1e-9)


def differences(
    material: Material, runs: Mapping[str, Judged], against: str, drawn: Resamples
) -> dict[str, dict[str, Interval]]:
    """Metrics of each run less those of `against`, of which the values themselves are given.

    Each draw resamples whole leads, the same for all runs, and the seeds of each run: the interval holds the luck of
    the judged leads and that of training. On simulated worlds also `excess`: the mean Kullback–Leibler divergence of
    the predicted from the true probability, nats, which no luck of the outcomes blurs.
    """
    systems = [System(f"{name}|{i}", p) for name, run in runs.items() for i, p in enumerate(run.probability)]
    found = bootstrap_intervals(material.outcome, systems, {}, drawn)
    weights = np.stack(list(drawn.weights()))
    rng = np.random.default_rng(drawn.seed)
    measured = {name: _measured(material, found, name, run, weights, rng) for name, run in runs.items()}
    zero = dict.fromkeys(measured[against], (0.0, np.zeros(drawn.replicates)))
    return {name: _less(own, zero if name == against else measured[against]) for name, own in measured.items()}


def _less(own: Mapping[str, Draws], base: Mapping[str, Draws]) -> dict[str, Interval]:
    return {
        metric: percentile_interval(value - base[metric][0], draws - base[metric][1])
        for metric, (value, draws) in own.items()
    }


def _measured(
    material: Material, found: Bootstrap, name: str, run: Judged, weights: Floats, rng: np.random.Generator
) -> dict[str, Draws]:
    """Value and draws of each metric, averaged over seeds; each draw takes seeds with replacement."""
    count = len(run.probability)
    share = rng.multinomial(count, np.full(count, 1 / count), size=len(weights)) / count
    keys = [f"{name}|{i}" for i in range(count)]
    out = {
        metric: (
            float(np.mean([found.values[key, metric] for key in keys])),
            (share * np.stack([found.draws[key, metric] for key in keys], axis=1)).sum(axis=1),
        )
        for metric in METRICS[:2]
    }
    terms = {"log_loss": np.stack([log_loss_terms(material.outcome, p) for p in run.probability])}
    if material.truth is not None:
        terms["excess"] = divergence(material.truth, run.probability)
    for metric, rows in terms.items():
        by_seed = weights @ rows.T / weights.sum(axis=1, keepdims=True)
        out[metric] = float(rows.mean()), (share * by_seed).sum(axis=1)
    return out


def divergence(truth: Floats, probability: Floats) -> Floats:
    """Kullback–Leibler divergence of predicted from true win probabilities, nats, row by row.

    >>> divergence(np.array([0.5]), np.array([0.5, 0.25])).round(3)
    array([0.   , 0.144])
    """
    p, q = np.clip(truth, 1e-12, 1 - 1e-12), np.clip(probability, 1e-9, 1 - 1e-9)
    return np.asarray(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))


def with_columns(material: Material, features: Sequence[FeatureDef], train: Floats, judged: Floats) -> Material:
    """The material with further columns; `train` and `judged` are (rows, columns)."""
    return replace(
        material,
        catalog=replace(material.catalog, features=(*material.catalog.features, *features)),
        train=_beside(material.train, features, train),
        judged=_beside(material.judged, features, judged),
    )


def _beside(table: FeatureTable, features: Sequence[FeatureDef], values: Floats) -> FeatureTable:
    names = (*table.names, *(feature.name for feature in features))
    return FeatureTable(table.snapshots, names, np.concatenate([table.values, values], axis=1))
