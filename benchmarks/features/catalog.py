"""The 77 features as a catalog of ours, under the names of `spec`."""

from benchmarks.features import spec
from features.catalog import Catalog, FeatureDef, Group

_WHOLE = {
    "first_kind": "first_kind",
    "last_kind": "last_kind",
    "gap_mean": "gap_mean_days",
    "gap_std": "gap_std_days",
    "gap_max": "gap_max_days",
}


def catalog() -> Catalog:
    """All 77 in the order of `spec.NAMES`."""
    features = {feature.name: feature for feature in (*_kinds(), *_windows(), *_whole_history(), *_account())}
    return Catalog(tuple(features[name] for name in spec.NAMES), (), spec.KINDS, (), (), dict(spec.POINTS))


def _feature(name: str, family: str, *, of: str | None = None, days: int | None = None) -> FeatureDef:
    group: Group = "Timing" if family.startswith(("days", "gap")) else "Interest"
    kind = "category" if family in ("first_kind", "last_kind") else "number"
    return FeatureDef(name, family, group, name, of=of, days=days, type=kind)  # type: ignore[arg-type]


def _kinds() -> list[FeatureDef]:
    chosen = {**{kind: f"kind:{spec.CODE[kind]}" for kind in spec.MAIN_KINDS}, "all": None}
    counts = [_feature(f"n_{k}_{days}", "count", of=of, days=days) for k, of in chosen.items() for days in spec.WINDOWS]
    return counts + [_feature(f"rec_{kind}", "days_since_last", of=of) for kind, of in chosen.items()]


def _windows() -> list[FeatureDef]:
    return [
        *(_feature(f"decay_{days}", "interest", days=days) for days in spec.HALF_LIVES),
        *(_feature(f"active_days_{days}", "active_days", days=days) for days in spec.ACTIVE_WINDOWS),
        *(_feature(f"dwell_sum_{days}", "dwell_s", days=days) for days in spec.DWELL_WINDOWS),
        _feature("dwell_mean_90", "dwell_mean_s", days=90),
        _feature("sessions_90", "sessions", days=90),
        _feature("trend_diff_14", "trend", days=14),
        _feature("trend_ratio_14", "trend_ratio", days=14),
        _feature("kinds_90", "variety", days=90),
        _feature("entropy_90", "entropy", days=90),
    ]


def _whole_history() -> list[FeatureDef]:
    return [_feature(name, family) for name, family in _WHOLE.items()]


def _account() -> list[FeatureDef]:
    return [
        FeatureDef("acc_colleagues_30", "colleagues_active", "Buying team", "acc_colleagues_30", days=30),
        FeatureDef("acc_events_30", "count", "Buying team", "acc_events_30", owner="account", days=30),
        FeatureDef("acc_seniorities_90", "seniorities_active", "Buying team", "acc_seniorities_90", days=90),
    ]
