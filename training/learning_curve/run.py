"""Learning curve: models of growing shares of the training leads on the same holdout, and what more would bring."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.windows import Floats, Ints
from training.bands import estimate
from training.boosting import booster_parameters
from training.bootstrap import (
    LEVEL,
    Resamples,
    System,
    bootstrap_intervals,
    percentile_interval,
    resampled_sums,
    resamples,
)
from training.evaluation import NOTHING, Estimate
from training.examine import Examined, Finding, strict_json
from training.fixed_trees import fit_part
from training.folds import Fold, Rows
from training.learning_curve.figures import curve
from training.learning_curve.found import CURVE_SCHEMA, CurveMetric, LearningCurve, Size
from training.learning_curve.growth import Measured, growth, of_size
from training.learning_curve.words import headline, sentences, too_little
from training.metrics import log_loss_terms, shifted
from training.model import Fitted, Material, features_of
from training.model_kinds import fit_to_kind
from training.sections import Picture, Section

SHARES = ((0.125, 3), (0.25, 2), (0.5, 1))
"""Shares of the training leads, and how many disjoint sets of that size are tried."""
LEAST_OUTCOMES = 20
LEAST_SIZES = 2
REPLICATES = 200
CAPTION = (
    "PR-AUC of models trained on growing shares of the training leads, with 90 % intervals and a fitted power law."
)


@dataclass(frozen=True, slots=True)
class _Tried:
    """Models of one set of leads (one per fold): its share, rows and wins, and the holdout's probabilities."""

    share: float
    rows: int
    wins: int
    probability: Floats


def learning_curve(examined: Examined) -> Finding | None:
    """What more leads would bring; None when it is switched off."""
    if not examined.settings.report.learning_curve:
        return None
    found = learn_curve(examined)
    pictures = {"curve": Picture(curve(found), CAPTION)} if found.sizes else {}
    section = Section("more-data", "Would more data help?", "sections/learning_curve.html", found, pictures)
    metrics = {
        f"learning_curve.{one.metric}.gain_of_twice": one.gain_of_twice.value
        for one in found.growth
        if one.gain_of_twice.value is not None
    }
    return Finding("learning_curve", strict_json(found), section, metrics)


def learn_curve(examined: Examined) -> LearningCurve:
    """Every share that has enough outcomes, the newest half, and the power law through them."""
    judged = examined.judged
    outcomes = min(min(one.positives, one.rows - one.positives) for one in judged.fitted)
    shares = [(share, repeats) for share, repeats in SHARES if share * outcomes >= LEAST_OUTCOMES]
    if len(shares) < LEAST_SIZES or not judged.frame["label"].any():
        return _nothing(judged.fitted[0].trees, too_little(outcomes, round(LEAST_OUTCOMES / SHARES[-LEAST_SIZES][0])))
    rng = np.random.default_rng(examined.settings.model.seed)
    held = [
        features_of(examined.dataset, fold.holdout, model.trained.catalog).values
        for fold, model in zip(judged.folds, judged.fitted, strict=True)
    ]
    tried = [
        _tried(examined, share, _parts(examined, share, repeat), held)
        for share, repeats in shares
        for repeat in range(repeats)
    ]
    tried.append(_whole(examined))
    return _found(examined, tried, _newest(examined, held), rng)


def _newest(examined: Examined, held: Sequence[Floats]) -> list[_Tried]:
    """The model of the newest half of the leads; nothing without times, or with too few wins in that half."""
    if examined.settings.folds.kind != "time" or not examined.dataset.tables.timed:
        return []
    parts = _parts(examined, 0.5, None)
    if min(min(part.label.sum(), len(part.label) - part.label.sum()) for part in parts) < LEAST_OUTCOMES:
        return []
    return [_tried(examined, 0.5, parts, held)]


def _parts(examined: Examined, share: float, repeat: int | None) -> list[Material]:
    """A share of each fold's training leads: piece `repeat` of a random order, or the newest (None)."""
    return [
        _part(examined, fold, judged, _leads(examined, fold, share, repeat))
        for fold, judged in zip(examined.judged.folds, examined.judged.fitted, strict=True)
    ]


def _tried(examined: Examined, share: float, parts: Sequence[Material], held: Sequence[Floats]) -> _Tried:
    """What models of these parts say of the holdout."""
    probability = []
    for material, judged, values in zip(parts, examined.judged.fitted, held, strict=True):
        trained = fit_part(examined.settings, material, judged.trees).trained
        raw = np.asarray(trained.booster.predict(values, raw_score=True))
        probability.append(trained.scale.calibration.probability(raw))
    rows = float(np.mean([len(part.label) for part in parts]))
    wins = float(np.mean([part.label.sum() for part in parts]))
    return _Tried(share, round(rows), round(wins), np.concatenate(probability))


def _whole(examined: Examined) -> _Tried:
    judged = examined.judged
    n = len(judged.fitted)
    rows, wins = (sum(getattr(one, key) for one in judged.fitted) for key in ("rows", "positives"))
    return _Tried(1.0, round(rows / n), round(wins / n), judged.frame["propensity"].to_numpy(np.float64))


def _leads(examined: Examined, fold: Fold, share: float, repeat: int | None) -> Ints:
    """Positions, within the fold's training rows, of the rows of some of its leads."""
    rows = examined.dataset.rows
    names, member = np.unique(rows.group[fold.train], return_inverse=True)
    n = round(share * len(names))
    if repeat is None:
        first = np.full(len(names), np.iinfo(np.int64).max)
        np.minimum.at(first, member, rows.as_of[fold.train])
        order, repeat = np.argsort(-first, kind="stable"), 0
    else:
        order = np.random.default_rng([examined.settings.model.seed, round(1 / share)]).permutation(len(names))
    chosen = np.zeros(len(names), bool)
    chosen[order[repeat * n : (repeat + 1) * n]] = True
    return np.flatnonzero(chosen[member])


def _part(examined: Examined, fold: Fold, judged: Fitted, rows: Ints) -> Material:
    """What a model learns from some of the training rows; kinds and categories stay those of all of them."""
    label, every, train = judged.label[rows], examined.dataset.rows, fold.train[rows]
    learned, few = judged.trained.learned, int(label.sum())
    if learned is None:
        raise ValueError("the judged model does not say of which kind it is")
    table, catalog, parameters = fit_to_kind(
        learned.kind,
        judged.table.take(rows),
        judged.trained.catalog,
        booster_parameters(examined.settings.model, judged.trained.catalog, len(rows), few),
    )
    return Material(
        table=table,
        catalog=catalog,
        label=label,
        rows=Rows(every.as_of[train], every.end[train], every.group[train], every.order[train]),
        parameters=parameters,
        learned=learned,
        notes=(),
    )


def _found(examined: Examined, tried: list[_Tried], newest: list[_Tried], rng: np.random.Generator) -> LearningCurve:
    drawn = resamples(examined.judged.groups, rng, REPLICATES)
    label = examined.judged.frame["label"].to_numpy(np.int64)
    models = [*tried, *newest]
    measured: dict[CurveMetric, Measured] = {
        "pr_auc": _pr_auc(label, models, drawn),
        "log_loss": _log_loss(label, models, drawn),
    }
    shares = _shares(tried)
    sizes = [_size(measured, models, np.flatnonzero(shares == share)) for share in np.unique(shares)]
    grown = tuple(growth(metric, _first(found, len(tried)), rng) for metric, found in measured.items())
    last, whole = len(models) - 1, len(tried) - 1
    apart = _difference(measured["pr_auc"], last, whole) if newest else NOTHING
    return LearningCurve(
        schema_version=CURVE_SCHEMA,
        interval_level=LEVEL,
        replicates=REPLICATES,
        trees=examined.judged.fitted[0].trees,
        sizes=tuple(sizes),
        newest_half=_size(measured, models, np.array([last])) if newest else None,
        newest_minus_all=apart,
        growth=grown,
        headline=headline(grown[0]),
        sentences=sentences(sizes, apart),
    )


def _pr_auc(label: Ints, models: Sequence[_Tried], drawn: Resamples) -> Measured:
    systems = [System(str(number), one.probability) for number, one in enumerate(models)]
    found = bootstrap_intervals(label, systems, {}, drawn)
    keys = [(system.name, "pr_auc") for system in systems]
    return Measured(
        _shares(models), np.array([found.values[key] for key in keys]), np.stack([found.draws[key] for key in keys])
    )


def _log_loss(label: Ints, models: Sequence[_Tried], drawn: Resamples) -> Measured:
    """Log loss with the level of each model set to the observed rate: it does not depend on how much is learned."""
    terms = np.stack([np.ones(len(label)), *(log_loss_terms(label, shifted(label, one.probability)) for one in models)])
    sums = resampled_sums(terms, np.zeros(len(label), dtype=np.int64), drawn)[:, :, 0]
    return Measured(_shares(models), terms[1:].mean(axis=1), (sums[:, 1:] / sums[:, :1]).T)


def _shares(models: Sequence[_Tried]) -> Floats:
    return np.array([one.share for one in models])


def _first(found: Measured, n: int) -> Measured:
    return Measured(found.share[:n], found.value[:n], found.draws[:n])


def _size(measured: dict[CurveMetric, Measured], models: Sequence[_Tried], chosen: Ints) -> Size:
    return Size(
        share=models[chosen[0]].share,
        repeats=len(chosen),
        rows=round(float(np.mean([models[i].rows for i in chosen]))),
        wins=round(float(np.mean([models[i].wins for i in chosen]))),
        pr_auc=estimate(percentile_interval(*of_size(measured["pr_auc"], chosen))),
        log_loss=estimate(percentile_interval(*of_size(measured["log_loss"], chosen))),
    )


def _difference(found: Measured, first: int, second: int) -> Estimate:
    return estimate(
        percentile_interval(found.value[first] - found.value[second], found.draws[first] - found.draws[second])
    )


def _nothing(trees: int, reason: str) -> LearningCurve:
    return LearningCurve(CURVE_SCHEMA, LEVEL, 0, trees, (), None, NOTHING, (), reason, ())
