"""The lean catalog: the proposed features that earn their place (measured in docs/benchmarks/ablation.md)."""

from collections.abc import Sequence

from features.catalog import FeatureDef, Owner

OVER_ALL_HISTORY = frozenset({"active_days", "sessions", "dwell_s", "dwell_mean_s", "value", "variety"})
TEAM_ACTIVITY = frozenset({"colleagues_active", "seniorities_active"})


def earns_its_place(feature: FeatureDef, windows_days: Sequence[int], main: Owner) -> bool:
    """Whether the lean catalog has the feature.

    `main` owns the histories that are looked at closely: leads, or accounts where no event names a lead.
    """
    ordered = sorted(windows_days)
    middle, longest = ordered[len(ordered) // 2], ordered[-1]
    if feature.family == "count":
        return _count_stays(feature, middle, main)
    if feature.owner == "account" and main == "lead":
        return feature.family in ("interest", "days_since_last")
    if feature.family in OVER_ALL_HISTORY:
        return feature.days is None
    if feature.family in TEAM_ACTIVITY:
        return feature.days == longest
    if feature.family == "trend_ratio":
        return feature.days == middle
    return feature.family not in ("trend", "entropy")


def _count_stays(feature: FeatureDef, middle: int, main: Owner) -> bool:
    """Topics over all history; everything else also in the middle window; of whole accounts only the total."""
    if (feature.of or "").startswith("topic"):
        return feature.days is None
    return feature.days in (middle, None) and (feature.owner == main or feature.of is None)
