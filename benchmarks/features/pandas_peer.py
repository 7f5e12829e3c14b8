"""pandas: snapshots merged with their lead's events, group by group; needs everything in memory several times."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow.parquet  # noqa: F401  (pandas imports it at the first read, which is not the peer's work)

from benchmarks.features import spec
from benchmarks.features.command import Job, run

DAY = spec.DAY_US
Columns = Iterator[tuple[str, pd.Series]]


def write_features(job: Job) -> None:
    """Write the 77 features of the snapshots."""
    events, snapshots = _events(job), _snapshots(job)
    seen = snapshots[["snapshot_id", "lead_id", "ao"]].merge(events, on="lead_id")
    seen = seen[seen["t"] < seen["ao"]].assign(age=lambda rows: rows["ao"] - rows["t"])
    columns = dict(_counts(seen)) | dict(_windows(seen)) | dict(_whole(seen)) | dict(_account(job, snapshots, events))
    found = pd.DataFrame({name: columns[name].reindex(snapshots["snapshot_id"]) for name in spec.NAMES})
    found = found.fillna(spec.WITHOUT_EVENTS).reset_index(drop=True)
    pd.concat([snapshots[list(spec.KEYS)], found], axis=1).to_parquet(job.out)


def _snapshots(job: Job) -> pd.DataFrame:
    snapshots = pd.read_parquet(job.snapshots)
    return snapshots.assign(ao=_microseconds(snapshots["as_of"]))


def _microseconds(times: pd.Series) -> pd.Series:
    return times.dt.tz_localize(None).astype("datetime64[us]").astype("int64")


def _events(job: Job) -> pd.DataFrame:
    read = pd.read_parquet(job.interactions, columns=["lead_id", "occurred_at", "kind", "duration_s"])
    code = read["kind"].map(spec.CODE).astype("int8")
    events = pd.DataFrame(
        {"lead_id": read["lead_id"], "t": _microseconds(read["occurred_at"]), "k": code, "dur": read["duration_s"]}
    ).sort_values(["lead_id", "t", "k"], kind="stable")
    before = events.groupby("lead_id")["t"].shift()
    return events.assign(
        gap=(events["t"] - before) // spec.SECOND_US,
        session=(before.isna() | (events["t"] - before > spec.SESSION_GAP_US)).cumsum(),
        day=events["t"] // DAY,
        touch=events["t"] * 16 + events["k"],
        points=np.array(list(spec.POINTS.values()))[events["k"]],
    )


def _counts(seen: pd.DataFrame) -> Columns:
    for days in (*spec.WINDOWS, 14, 28):
        inside = seen[seen["age"] <= days * DAY]
        yield f"n_all_{days}", inside.groupby("snapshot_id").size()
        if days in spec.WINDOWS:
            counts = _by_kind(inside.groupby(["snapshot_id", "k"]).size()).fillna(0)
            yield from ((f"n_{kind}_{days}", counts[code]) for kind, code in spec.CODE.items())


def _by_kind(values: pd.Series) -> pd.DataFrame:
    return values.unstack().reindex(columns=range(len(spec.KINDS)))


def _windows(seen: pd.DataFrame) -> Columns:
    for days in spec.ACTIVE_WINDOWS:
        groups = seen[seen["age"] <= days * DAY].groupby("snapshot_id")
        yield f"active_days_{days}", groups["day"].nunique()
        if days in spec.DWELL_WINDOWS:
            yield f"dwell_sum_{days}", groups["dur"].sum()
    inside = seen[seen["age"] <= 90 * DAY]
    yield "sessions_90", inside.groupby("snapshot_id")["session"].nunique()
    yield "dwell_mean_90", inside.groupby("snapshot_id")["dur"].mean()
    counts = _by_kind(inside.groupby(["snapshot_id", "k"]).size()).fillna(0)
    share = counts.div(counts.sum(axis=1), axis=0)
    yield "kinds_90", (counts > 0).sum(axis=1)
    yield "entropy_90", -(share * np.log(share.where(share > 0, 1.0))).sum(axis=1)
    yield from _trends(seen)


def _trends(seen: pd.DataFrame) -> Columns:
    everyone = seen["snapshot_id"].unique()
    last, both = (
        seen[seen["age"] <= days * DAY].groupby("snapshot_id").size().reindex(everyone, fill_value=0)
        for days in (14, 28)
    )
    yield "trend_diff_14", 2 * last - both
    yield "trend_ratio_14", (last + 1) / (both - last + 1)


def _whole(seen: pd.DataFrame) -> Columns:
    groups = seen.groupby("snapshot_id")
    ages = _by_kind(seen.groupby(["snapshot_id", "k"])["age"].min()) / DAY
    yield from ((f"rec_{kind}", ages[spec.CODE[kind]]) for kind in spec.MAIN_KINDS)
    yield "rec_all", groups["age"].min() / DAY
    for days in spec.HALF_LIVES:
        worth = seen["points"] * np.exp2(-seen["age"] / (days * DAY))
        yield f"decay_{days}", worth.groupby(seen["snapshot_id"]).sum()
    yield "first_kind", groups["touch"].min() % 16
    yield "last_kind", groups["touch"].max() % 16
    n, total, longest = groups["gap"].count(), groups["gap"].sum(), groups["gap"].max()
    squares = (seen["gap"] ** 2).groupby(seen["snapshot_id"]).sum()
    mean = (total / n).where(n > 0)
    yield "gap_mean", mean / 86_400
    yield "gap_std", (squares / n - mean**2).clip(lower=0) ** 0.5 / 86_400
    yield "gap_max", longest / 86_400


def _account(job: Job, snapshots: pd.DataFrame, events: pd.DataFrame) -> Columns:
    leads = pd.read_parquet(job.leads, columns=["lead_id", "account_id", "seniority"])
    asked = snapshots[["snapshot_id", "lead_id", "ao"]].merge(leads[["lead_id", "account_id"]], on="lead_id")
    moments = asked[["account_id", "ao"]].drop_duplicates().merge(leads, on="account_id")
    seen = moments.merge(events[["lead_id", "t"]], on="lead_id")
    seen = seen[(seen["t"] < seen["ao"]) & (seen["t"] >= seen["ao"] - 90 * DAY)]
    seen = seen.assign(recent=seen["t"] >= seen["ao"] - 30 * DAY)
    by_lead = seen.groupby(["account_id", "ao", "lead_id"])
    colleague = by_lead.agg(n_30=("recent", "sum"), seniority=("seniority", "first")).reset_index()
    colleague["active"] = (colleague["n_30"] > 0).astype(int)
    team = colleague.groupby(["account_id", "ao"]).agg(
        active_30=("active", "sum"), events_30=("n_30", "sum"), seniorities=("seniority", "nunique")
    )
    joined = asked.merge(team.reset_index(), on=["account_id", "ao"], how="left")
    joined = joined.merge(colleague[["account_id", "ao", "lead_id", "active"]], how="left").set_index("snapshot_id")
    yield "acc_colleagues_30", joined["active_30"] - joined["active"].fillna(0)
    yield "acc_events_30", joined["events_30"]
    yield "acc_seniorities_90", joined["seniorities"]


if __name__ == "__main__":
    run(write_features)
