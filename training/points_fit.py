"""Points proposed from the data: rounded logistic weights of the training rows, beside the configured points.

Learned from training rows only, with outcomes as they were known at the split; judged once, on the holdout's rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from features.attribute_points import attribute_points, tracked_fields
from features.errors import InputContractError
from features.points import points_as_of
from features.project import Project
from features.rule_settings import PointSettings
from features.starter import toml_key
from features.windows import NEVER, Floats, Ints
from training.bootstrap import Bootstrap, Interval, System, bootstrap_intervals, resamples
from training.dataset import Dataset, Outcomes
from training.folds import Fold, Rows, inner_folds, outer_folds
from training.interest_weights import decayed_counts, learn_interest_weights
from training.judge import usable_rows
from training.model import INNER_FOLDS, has_enough_outcomes
from training.settings import TrainingSettings

CONFIGURED, PROPOSED = "configured", "proposed"


@dataclass(frozen=True, slots=True)
class ProposedPoints:
    """Points per kind in whole numbers and their half-life, from `rows` snapshots with `wins`.

    `events` counts the interactions of each kind in the training rows' past. `auc` is that of both tables on
    `held` rows, `gain` the proposed minus the configured one, with 90 % intervals by lead.
    """

    points: Mapping[str, int]
    half_life_days: int
    rows: int
    wins: int
    events: Mapping[str, int]
    held: int
    auc: Mapping[str, Interval]
    gain: Interval


def propose_points(project: Project, settings: TrainingSettings, dataset: Dataset) -> ProposedPoints:
    """Points for the kinds of the data, from the training rows of the (first) fold.

    Raises:
        InputContractError: a side of the fold would be empty, too few outcomes of one kind, or no interactions.
    """
    rng = np.random.default_rng(settings.model.seed)
    fold = outer_folds(dataset.rows, settings.folds, dataset.matured, rng)[0]
    train, held = usable_rows(dataset, fold)
    label = dataset.labels_known_at(train, fold.known_until)
    kinds = dataset.histories.kinds
    if not kinds:
        raise InputContractError("the project has no interactions: there is nothing to give points for")
    snapshots = dataset.snapshots.take(train)
    counts = decayed_counts(dataset.histories, dataset.tables, snapshots, kinds)
    folds = _inner(dataset, train, label, settings, rng)
    found = learn_interest_weights(counts, label, folds, kinds, project.points.kinds)
    points = {kind: round(worth) for kind, worth in found.points.items()}
    judged = _judged(project, dataset, held, _settings(project.points, points, found.half_life_days), rng)
    past = count_by_kind(dataset, train)
    return ProposedPoints(
        points=points,
        half_life_days=found.half_life_days,
        rows=len(train),
        wins=int(label.sum()),
        events=dict(zip(kinds, past.tolist(), strict=True)),
        held=len(held),
        auc={name: judged.interval(name, "roc_auc") for name in (CONFIGURED, PROPOSED)},
        gain=judged.difference(PROPOSED, CONFIGURED, "roc_auc"),
    )


def toml_lines(proposed: ProposedPoints) -> Iterator[str]:
    """Lines to paste into the project file; kinds without points are left out."""
    yield "[points]"
    yield f"half_life_days = {proposed.half_life_days}"
    yield "[points.kinds]"
    for kind, worth in ranked(proposed.points):
        if worth:
            yield f"{toml_key(kind)} = {worth}"


def ranked(points: Mapping[str, int]) -> list[tuple[str, int]]:
    """Kinds by points, the most first."""
    return sorted(points.items(), key=lambda item: (-item[1], item[0]))


def count_by_kind(dataset: Dataset, rows: Ints) -> Ints:
    """How many interactions of each kind the leads of some snapshots had before the last of these."""
    snapshots, log = dataset.snapshots.take(rows), dataset.histories.by_lead
    last = np.full(len(dataset.histories.created), NEVER)
    np.maximum.at(last, snapshots.lead, snapshots.as_of)
    seen = log.time < last[log.owner]
    return np.bincount(log.kind[seen], minlength=len(dataset.histories.kinds)).astype(np.int64)


def _inner(
    dataset: Dataset, train: Ints, label: Outcomes, settings: TrainingSettings, rng: np.random.Generator
) -> tuple[Fold, ...]:
    rows = dataset.rows
    own = Rows(rows.as_of[train], rows.end[train], rows.group[train], rows.order[train])
    folds = inner_folds(own, settings.folds.kind, INNER_FOLDS, rng)
    enough = tuple(fold for fold in folds if has_enough_outcomes(label, fold))
    if not enough:
        raise InputContractError(
            "too few conversions, or too few others, in the training rows to learn points from: expected ten of each; "
            "use a longer history, or keep the configured points"
        )
    return enough


def _settings(configured: PointSettings, points: Mapping[str, int], half_life_days: int) -> PointSettings:
    """The configured settings with other points per kind and another half-life."""
    return configured.model_copy(update={"kinds": dict(points), "half_life_days": half_life_days})


def _judged(
    project: Project, dataset: Dataset, held: Ints, proposed: PointSettings, rng: np.random.Generator
) -> Bootstrap:
    systems = [
        System(CONFIGURED, _points(dataset, held, project.points)),
        System(PROPOSED, _points(dataset, held, proposed)),
    ]
    return bootstrap_intervals(dataset.label[held], systems, {}, resamples(dataset.rows.group[held], rng))


def _points(dataset: Dataset, rows: Ints, settings: PointSettings) -> Floats:
    tracked = tracked_fields(dataset.tables.lead_changes)
    attributes = attribute_points(dataset.histories.leads, dataset.tables, settings, tracked)
    return points_as_of(dataset.histories, dataset.snapshots.take(rows), settings, attributes)
