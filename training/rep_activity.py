"""How much of a model's score rests on what sales did: the same rows scored again as if sales had done nothing."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.build import FeatureTable, build_features
from features.histories import build_histories, restrict
from features.hygiene import REP_ACTIVITY
from features.identifiers import positions_of
from features.project import HygieneSettings
from features.snapshots import Snapshots
from features.tables import Tables
from features.traffic import rows_of_reps
from features.windows import Floats
from training.bundle import Trained
from training.contributions import POINTS_PER_LOG_ODDS
from training.dataset import Dataset
from training.evaluate import top_share
from training.examine import Examined

MOVED_POINTS = 5.0


@dataclass(frozen=True, slots=True)
class RepActivity:
    """What sales did among the interactions, and what it is worth in the scores of a sample of the holdout.

    `excluded` says that it counts in no feature; then the rest is None. `mean_points` is the mean absolute difference
    of the score without it, `mean_change` the mean difference, `moved_share` the share of rows that move by five
    points or more, `top_kept` the share of the top capacity share that stays there.
    """

    excluded: bool
    interactions: int
    share: float
    rows: int
    mean_points: float | None = None
    mean_change: float | None = None
    moved_share: float | None = None
    top_kept: float | None = None


def rep_activity(examined: Examined) -> RepActivity:
    """The share of sales among the interactions and, where it counts, among the points."""
    dataset, rules = examined.dataset, examined.project.hygiene
    total = len(dataset.tables.interactions)
    if rules.without_reps:
        made = int(dataset.histories.left_out.get(REP_ACTIVITY, 0))
        return RepActivity(True, made, made / max(total, 1), 0)
    made = int(rows_of_reps(dataset.tables.interactions, _excluding(rules)).sum())
    sample, model = examined.judged.sample, examined.judged.fitted[-1].trained
    if made == 0 or len(sample.values) == 0:
        return RepActivity(False, made, made / max(total, 1), 0)
    without = _without_reps(dataset, rules, sample, model)
    raw, other = (np.asarray(model.booster.predict(values, raw_score=True)) for values in (sample.values, without))
    change = POINTS_PER_LOG_ODDS * model.scale.calibration.slope * (raw - other)
    top, top_without = (top_share(score, examined.settings.policy.capacity_share) == 1 for score in (raw, other))
    return RepActivity(
        excluded=False,
        interactions=made,
        share=made / total,
        rows=len(change),
        mean_points=round(float(np.abs(change).mean()), 3),
        mean_change=round(float(change.mean()), 3),
        moved_share=round(float((np.abs(change) >= MOVED_POINTS).mean()), 6),
        top_kept=round(float(top_without[top].mean()), 6),
    )


def _excluding(rules: HygieneSettings) -> HygieneSettings:
    return rules.model_copy(update={"rep_activities": "exclude", "enabled": True})


def _without_reps(dataset: Dataset, rules: HygieneSettings, sample: FeatureTable, model: Trained) -> Floats:
    """Features of the sample's snapshots, from histories of their accounts in which sales did nothing."""
    names = dataset.histories.lead_ids[sample.snapshots.lead]
    tables = restrict(dataset.tables, pd.Index(names))
    if rules.enabled:
        histories = build_histories(tables, _excluding(rules))
    else:
        histories = build_histories(_buyers_alone(tables, rules), rules)
    snapshots = Snapshots(positions_of(names, histories.lead_ids), sample.snapshots.as_of)
    order = np.lexsort((snapshots.as_of, snapshots.lead))
    values = np.empty_like(sample.values)
    values[order] = build_features(histories, tables, snapshots.take(order), model.catalog).values
    return values


def _buyers_alone(tables: Tables, rules: HygieneSettings) -> Tables:
    made = rows_of_reps(tables.interactions, _excluding(rules))
    return replace(tables, interactions=tables.interactions[~made])
