"""Walk-forward evaluation: the model and the rules on several periods, each by a fold that looks forward."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import pandas as pd

from features.errors import InputContractError
from features.windows import Ints
from training.bootstrap import LEVEL, resamples
from training.canvas import svg
from training.dataset import Dataset
from training.evaluate import HoldoutRows, month_table, read_rows
from training.evaluation import Band
from training.examine import Examined, Finding, strict_json
from training.figures import months_figure
from training.fixed_trees import fit_fixed
from training.folds import Fold, walk_forward_folds
from training.judge import scored_frame, summary_of, usable_fold
from training.model import LEAST_OUTCOMES, features_of, fit_model, material_of
from training.sections import Picture, Section
from training.walk_forward.figures import lifts, timeline
from training.walk_forward.measure import measured_by, measured_on
from training.walk_forward.periods import (
    DESCRIBES,
    HOLDOUT,
    SCHEMA_VERSION,
    Measures,
    Period,
    Skipped,
    Span,
    WalkForward,
)
from training.walk_forward.stability import level_moved, spreads
from training.walk_forward.words import headline, sentences

REPLICATES = 200
TITLE = "Does it hold in other periods?"
CAPTIONS = {
    "folds": "Which as-of dates each model learned from and was judged on; the last row is the holdout.",
    "lifts": "Win rate of the top tenth of each list as a multiple of the average, by period, with 90 % intervals.",
    "months": "Win rate that the models expected and that was observed, by month, over all periods before the holdout.",
}
TOO_FEW = "fewer than ten wins or ten others were known when the period began"


@dataclass(frozen=True, slots=True)
class _Judged:
    """A fold that has been judged: every system's scores, what is resampled together, and the training base rate."""

    fold: Fold
    trees: int
    base_rate: float
    frame: pd.DataFrame
    groups: Ints


def walk_forward(examined: Examined) -> Finding | None:
    """The model and the rules in each period; None where there are no times to walk along."""
    if examined.settings.folds.kind != "time" or not examined.dataset.tables.timed:
        return None
    found = walk(examined)
    metrics = {
        f"walk_forward.{period.name.replace(' ', '_')}.{key}": value
        for period in found.periods
        for key in ("roc_auc", "pr_auc", "lift_at_10", "log_loss")
        if (value := getattr(period.systems["model"], key).value) is not None
    }
    return Finding("walk_forward", strict_json(found), section_of(found), metrics)


def walk(examined: Examined) -> WalkForward:
    """Every period judged, from the first forward fold to the holdout."""
    rng = np.random.default_rng(examined.settings.model.seed)
    judged, skipped = _judge_folds(examined)
    dataset, share = examined.dataset, examined.settings.policy.capacity_share
    periods = [
        _period(f"fold {number}", dataset, one, measured_on(_rows(one, share), resamples(one.groups, rng, REPLICATES)))
        for number, one in enumerate(judged, start=1)
    ]
    periods.append(_period(HOLDOUT, dataset, _holdout(examined), measured_by(examined.evaluation)))
    differ, moved = spreads(periods), level_moved(periods)
    return WalkForward(
        schema_version=SCHEMA_VERSION,
        describes=DESCRIBES,
        interval_level=LEVEL,
        replicates=REPLICATES,
        periods=tuple(periods),
        skipped=tuple(skipped),
        months=_months(judged, share, rng),
        spreads=differ,
        moved=moved,
        headline=headline(periods),
        sentences=sentences(periods, differ, moved),
    )


def section_of(found: WalkForward) -> Section:
    """The periods as a section of the report."""
    pictures = {"folds": Picture(timeline(found.periods), CAPTIONS["folds"])}
    if len(found.periods) > 1:
        pictures["lifts"] = Picture(lifts(found.periods), CAPTIONS["lifts"])
    if found.months:
        pictures["months"] = Picture(svg("months-before", partial(months_figure, found.months)), CAPTIONS["months"])
    return Section("periods", TITLE, "sections/walk_forward.html", found, pictures)


def _judge_folds(examined: Examined) -> tuple[list[_Judged], list[Skipped]]:
    dataset, holdout = examined.dataset, examined.judged.folds[0]
    split = holdout.known_until or 0
    judged, skipped = [], []
    for planned in walk_forward_folds(dataset.rows, examined.settings.folds, dataset.matured, split):
        fold = usable_fold(dataset, planned)
        try:
            judged.append(_judge(examined, fold))
        except InputContractError as error:
            skipped.append(Skipped(summary_of(dataset, fold), str(error)))
    return judged, skipped


def _judge(examined: Examined, fold: Fold) -> _Judged:
    project, settings, dataset = examined.project, examined.settings, examined.dataset
    won = int(dataset.labels_known_at(fold.train, fold.known_until).sum())
    if min(won, len(fold.train) - won) < LEAST_OUTCOMES or len(fold.holdout) == 0:
        raise InputContractError(TOO_FEW)
    material = material_of(project, settings, dataset, fold.train, fold.known_until)
    at, judged = (fold.train, fold.known_until), examined.judged.fitted[0]
    if material.learned.kind == (judged.trained.learned or material.learned).kind:
        model = fit_fixed(settings, dataset, at, material, judged.trees)
    else:  # a simpler kind, for want of wins: another number of trees
        model = fit_model(project, settings, dataset, *at)
    table = features_of(dataset, fold.holdout, model.trained.catalog)
    frame = scored_frame(project, dataset, fold.holdout, table, model)
    return _Judged(fold, model.trees, model.trained.scale.base_rate, frame, dataset.rows.group[fold.holdout])


def _holdout(examined: Examined) -> _Judged:
    judged = examined.judged
    model = judged.fitted[0]
    return _Judged(judged.folds[0], model.trees, model.trained.scale.base_rate, judged.frame, judged.groups)


def _rows(one: _Judged, capacity_share: float) -> HoldoutRows:
    return read_rows(one.frame, one.base_rate, capacity_share)


def _period(name: str, dataset: Dataset, one: _Judged, measures: Measures) -> Period:
    content = {f.name: getattr(measures, f.name) for f in fields(measures)}
    return Period(**content, name=name, summary=summary_of(dataset, one.fold), span=_span(dataset, one))


def _span(dataset: Dataset, one: _Judged) -> Span:
    fold = one.fold
    train_from, train_to = _days(dataset.rows.as_of[fold.train])
    judged_from, judged_to = _days(dataset.rows.as_of[fold.holdout])
    return Span(
        train_from=train_from,
        train_to=train_to,
        known_until=_days(np.array([fold.known_until]))[0],
        judged_from=judged_from,
        judged_to=judged_to,
        n_train=len(fold.train),
        positives_train=int(dataset.labels_known_at(fold.train, fold.known_until).sum()),
        trees=one.trees,
        in_gap=fold.in_gap,
        purged=fold.purged,
    )


def _days(times: Ints) -> tuple[str, str]:
    """First and last day (UTC) of times in microseconds."""
    first, last = (str(np.datetime64(int(time), "us").astype("datetime64[D]")) for time in (times.min(), times.max()))
    return first, last


def _months(judged: Sequence[_Judged], capacity_share: float, rng: np.random.Generator) -> tuple[Band, ...]:
    """Prediction and outcome by month over all forward folds before the holdout."""
    if not judged:
        return ()
    frame = pd.concat([one.frame for one in judged], ignore_index=True)
    rows = read_rows(frame, judged[-1].base_rate, capacity_share)
    return month_table(rows, resamples(np.concatenate([one.groups for one in judged]), rng, REPLICATES))
