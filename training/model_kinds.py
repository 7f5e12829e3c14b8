"""How much a model may learn from few wins: trees that combine features, an additive model, or points alone.

All are boosters of LightGBM, so reasons stay exact. The additive one has trees of depth 1: a sum of steps, one feature
each, in log-odds (a generalised additive model), monotone where the direction is known. The points model reads interest
points only, and never falls with them.
"""

import numpy as np

from features.build import FeatureTable
from features.catalog import Catalog, Family, FeatureDef
from features.errors import ProjectFileError
from features.windows import Ints
from training.boosting import Parameters
from training.dataset import Outcomes
from training.evaluation import Learned, ModelKind
from training.settings import ModelSettings

KINDS: tuple[ModelKind, ...] = ("points", "additive", "boosted")
"""From the one that needs least to the one that needs most."""
NAMES: dict[ModelKind, str] = {
    "points": "a points model",
    "additive": "an additive model",
    "boosted": "a boosted model",
}
ACTIVITY: frozenset[Family] = frozenset(
    {"interest", "active_days", "sessions", "dwell_s", "value", "variety", "trend_ratio", "count"}
)
COVERAGE: frozenset[Family] = frozenset({"colleagues_active", "seniorities_active", "criterion_met", "criteria_met"})
OF_ALL = (None, "direction:inbound")


def kind_for(settings: ModelSettings, label: Outcomes, group: Ints, catalog: Catalog) -> Learned:
    """The richest kind that the winning and the other leads of the training rows are enough for, or the one asked for.

    Raises:
        ProjectFileError: a points model is asked for where no feature is made of points.
    """
    wins, others = (len(np.unique(group[label == outcome])) for outcome in (1, 0))
    has_points = any(_is_points(feature) for feature in catalog.features)
    if settings.kind == "points" and not has_points:
        raise ProjectFileError('[model] kind = "points": no feature is made of interest points: use "additive"')
    least = {"points": 0 if has_points else None, "additive": settings.additive_from, "boosted": settings.boosted_from}
    few = min(wins, others)
    enough_for = [kind for kind in KINDS if (needed := least[kind]) is not None and few >= needed] or ["additive"]
    kind = enough_for[-1] if settings.kind == "auto" else settings.kind
    what = f"only {wins:,} leads had won" if wins <= others else f"only {others:,} leads had not won"
    if KINDS.index(kind) > KINDS.index(enough_for[-1]):
        return Learned(kind, wins, others, f"{what}; {NAMES[kind]} needs {least[kind]}", enough=False)
    if kind == "boosted":
        return Learned(kind, wins, others, "", enough=True)
    if settings.kind != "auto":
        return Learned(kind, wins, others, f'[model] kind = "{kind}" asks for it', enough=True)
    richer = KINDS[KINDS.index(kind) + 1]
    return Learned(kind, wins, others, f"{what}; {NAMES[richer]} needs {least[richer]}", enough=True)


def sentence(learned: Learned, start: str = "This is") -> str:
    """In words, for people; empty for a boosted model that has what it needs."""
    if learned.kind == "boosted" and learned.enough:
        return ""
    name = NAMES[learned.kind]
    return f"{start} {name}, {'because' if learned.enough else 'although'} {learned.reason}."


def fit_to_kind(
    kind: ModelKind, table: FeatureTable, catalog: Catalog, parameters: Parameters
) -> tuple[FeatureTable, Catalog, Parameters]:
    """Features and parameters of LightGBM for a kind."""
    if kind == "boosted":
        return table, catalog, parameters
    stumps = {**parameters, "max_depth": 1, "num_leaves": 2}
    if kind == "points":
        catalog = catalog.keep(frozenset(feature.name for feature in catalog.features if _is_points(feature)))
        rising = [1] * len(catalog.features)
        return table.select(catalog.names), catalog, {**stumps, "feature_fraction": 1.0, "monotone_constraints": rising}
    known = [direction(feature) for feature in catalog.features]
    asked = parameters.get("monotone_constraints", known)
    monotone = [of_project or of_field for of_project, of_field in zip(asked, known, strict=True)]
    return table, catalog, {**stumps, "monotone_constraints": monotone}


def direction(feature: FeatureDef) -> int:
    """1 where more is riper for all that is known, −1 where less is, 0 where it depends.

    What leads do themselves counts for them, and so does evidence that is met. Counts of one kind may be of
    unsubscriptions, and what sales sends goes to those who do not answer.
    """
    if feature.type == "category":
        return 0
    if feature.family in COVERAGE or (feature.family in ACTIVITY and feature.of in OF_ALL):
        return 1
    return -1 if feature.family == "days_since_last" and feature.of in OF_ALL else 0


def _is_points(feature: FeatureDef) -> bool:
    return feature.family == "interest" and feature.owner == "lead"
