"""featuretools with cutoff times: the features that it can express, window by window (no sessions, decay or gaps)."""

import os
import warnings
from collections.abc import Callable, Mapping

# Its dependencies warn at import about themselves.
warnings.simplefilter("ignore")
os.environ.setdefault("PYTHONWARNINGS", "ignore")

import featuretools as ft  # noqa: E402
import pandas as pd  # noqa: E402
from featuretools.primitives import Count, Entropy, First, Last, Mean, NumUnique, Sum, TimeSinceLast  # noqa: E402

from benchmarks.features import spec  # noqa: E402
from benchmarks.features.command import Job, run  # noqa: E402

Names = Mapping[str, str]
Make = Callable[[object], object]
DAYS_SINCE = TimeSinceLast(unit="days")
SHAPES = {
    "entropy_90": "ENTROPY(interactions.kind)",
    "kinds_90": "NUM_UNIQUE(interactions.kind)",
    "dwell_mean_90": "MEAN(interactions.duration_s)",
    "dwell_sum_90": "SUM(interactions.duration_s)",
    "active_days_90": "NUM_UNIQUE(interactions.day)",
}
TOUCHES = {"first_kind": "FIRST(interactions.kind)", "last_kind": "LAST(interactions.kind)"}


def write_features(job: Job) -> None:
    """Write the features it can express for the snapshots, single process."""
    snapshots = pd.read_parquet(job.snapshots)
    cutoffs = pd.DataFrame({"lead_id": snapshots["lead_id"], "time": snapshots["as_of"].dt.tz_localize(None)})
    entities = _entities(job)
    parts = [_window(entities, cutoffs, days) for days in spec.WINDOWS]
    parts.append(_calculated(entities, cutoffs, _recencies(), None))
    found = pd.concat(parts, axis=1).reset_index(names=["lead_id", "as_of"])
    for name in TOUCHES:
        found[name] = found[name].astype(object).map(spec.CODE).astype(float)
    fill = {name: value for name, value in spec.WITHOUT_EVENTS.items() if name in found}
    found["as_of"] = found["as_of"].astype("datetime64[us]").dt.tz_localize("UTC")
    found.astype(dict.fromkeys(found.columns[2:], "float64")).fillna(fill).to_parquet(job.out)


def _entities(job: Job) -> ft.EntitySet:
    columns = ["lead_id", "occurred_at", "kind", "duration_s"]
    events = pd.read_parquet(job.interactions, columns=columns).sort_values(["occurred_at", "kind"], kind="stable")
    events["occurred_at"] = events["occurred_at"].dt.tz_localize(None)
    events["day"] = events["occurred_at"].dt.strftime("%Y-%m-%d")
    entities = ft.EntitySet()
    kinds = {"kind": "Categorical", "day": "Categorical", "duration_s": "Double"}
    entities.add_dataframe(pd.read_parquet(job.leads, columns=["lead_id"]), "leads", index="lead_id")
    entities.add_dataframe(
        events, "interactions", index="event_id", make_index=True, time_index="occurred_at", logical_types=kinds
    )
    entities.add_relationship("leads", "lead_id", "interactions", "lead_id")
    entities.add_interesting_values(dataframe_name="interactions", values={"kind": list(spec.MAIN_KINDS)})
    return entities


def _window(entities: ft.EntitySet, cutoffs: pd.DataFrame, days: int) -> pd.DataFrame:
    names = {f"n_{kind}_{days}": _where("COUNT(interactions", ")", kind) for kind in (*spec.MAIN_KINDS, "all")}
    if days in spec.DWELL_WINDOWS:
        names[f"dwell_sum_{days}"] = SHAPES["dwell_sum_90"]
    if days in spec.ACTIVE_WINDOWS:
        names[f"active_days_{days}"] = SHAPES["active_days_90"]
    return _calculated(entities, cutoffs, names | (SHAPES if days == 90 else {}), f"{days} days")


def _recencies() -> Names:
    times = {
        f"rec_{kind}": _where("TIME_SINCE_LAST(interactions.occurred_at", ", unit=days)", kind)
        for kind in (*spec.MAIN_KINDS, "all")
    }
    return {**times, **TOUCHES}


def _where(begin: str, end: str, kind: str) -> str:
    return f"{begin}{'' if kind == 'all' else f' WHERE kind = {kind}'}{end}"


def _calculated(entities: ft.EntitySet, cutoffs: pd.DataFrame, names: Names, window: str | None) -> pd.DataFrame:
    known = {
        feature.get_name(): feature
        for feature in ft.dfs(
            entityset=entities,
            target_dataframe_name="leads",
            agg_primitives=[Count, Entropy, First, Last, Mean, NumUnique, Sum, DAYS_SINCE],
            where_primitives=[Count, DAYS_SINCE],
            trans_primitives=[],
            max_depth=1,
            features_only=True,
        )
    }
    matrix = ft.calculate_feature_matrix(
        [known[name] for name in names.values()],
        entities,
        cutoff_time=cutoffs,
        cutoff_time_in_index=True,
        training_window=window,
        include_cutoff_time=False,
    )
    return matrix[list(names.values())].set_axis(list(names), axis=1)


if __name__ == "__main__":
    run(write_features)
