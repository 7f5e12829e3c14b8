"""Polars, streaming engine: snapshots joined with their lead's past events, one aggregate for each feature."""

import os

import polars as pl

from benchmarks.features import polars_common as common
from benchmarks.features import spec
from benchmarks.features.command import Job, run

DAY = spec.DAY_US


def write_features(job: Job) -> None:
    """Write the 77 features of the snapshots; the number of threads is set by the environment before the start."""
    events, snapshots = _with_predecessors(common.events_of(job)), common.snapshots_of(job)
    seen = snapshots.select("snapshot_id", "lead_id", "ao").join(events, on="lead_id")
    seen = seen.filter(pl.col("t") < pl.col("ao")).with_columns(age=pl.col("ao") - pl.col("t"))
    own = seen.group_by("snapshot_id").agg(**_counts(), **_runs(), **_times(), **_sums())
    account = _account(snapshots, events, common.leads_of(job))
    joined = snapshots.join(own, on="snapshot_id", how="left").join(account, on="snapshot_id", how="left")
    common.finished(joined).sink_parquet(job.out, engine="streaming")


def _with_predecessors(events: pl.LazyFrame) -> pl.LazyFrame:
    events = events.with_columns(before=common.before_in_lead())
    t, before = pl.col("t"), pl.col("before")
    return events.with_columns(
        gap=(t - before) // spec.SECOND_US,
        before_today=pl.when(before // DAY == t // DAY).then(before).otherwise(spec.NEVER),
        before_in_session=pl.when(t - before <= spec.SESSION_GAP_US).then(before).otherwise(spec.NEVER),
        touch=t * 16 + pl.col("k"),
    ).drop("before")


def _within(days: int) -> pl.Expr:
    return pl.col("age") <= days * DAY


def _number(condition: pl.Expr) -> pl.Expr:
    return condition.sum().cast(pl.Int32)


def _counts() -> dict[str, pl.Expr]:
    kinds = {kind: pl.col("k") == code for kind, code in spec.CODE.items()}
    return {
        **{
            f"n_{kind}_{days}": _number(kinds[kind] & _within(days))
            for kind in spec.MAIN_KINDS
            for days in spec.WINDOWS
        },
        **{f"n_{kind}_90": _number(kinds[kind] & _within(90)) for kind in spec.OTHER_KINDS},
        **{f"n_all_{days}": _number(_within(days)) for days in spec.WINDOWS},
        **{f"last_{days}": _number(_within(days)) for days in (14, 28)},
    }


def _runs() -> dict[str, pl.Expr]:
    """Days and sessions: events in the window whose predecessor in the same one is not."""
    asked = [(f"active_days_{days}", "before_today", days) for days in spec.ACTIVE_WINDOWS]
    asked.append(("sessions_90", "before_in_session", 90))
    return {name: _number(_within(days) & (pl.col("ao") - pl.col(before) > days * DAY)) for name, before, days in asked}


def _times() -> dict[str, pl.Expr]:
    age = pl.col("age")
    by_kind = {f"rec_{kind}": pl.when(pl.col("k") == spec.CODE[kind]).then(age).min() / DAY for kind in spec.MAIN_KINDS}
    return {
        **by_kind,
        "rec_all": age.min() / DAY,
        "first_kind": pl.col("touch").min() % 16,
        "last_kind": pl.col("touch").max() % 16,
    }


def _sums() -> dict[str, pl.Expr]:
    age, dur, gap = pl.col("age"), pl.col("dur"), pl.col("gap")
    rates = {days: -0.6931471805599453 / (days * DAY) for days in spec.HALF_LIVES}
    return {
        **{f"decay_{days}": (pl.col("points") * (age * rate).exp()).sum() for days, rate in rates.items()},
        **{f"dwell_sum_{days}": pl.when(_within(days)).then(dur).sum() for days in spec.DWELL_WINDOWS},
        "dwell_n": pl.when(_within(90)).then(dur).count(),
        "gap_n": gap.count(),
        "gap_sum": gap.sum(),
        "gap_squares": (gap * gap).sum(),
        "gap_longest": gap.max(),
    }


def _account(snapshots: pl.LazyFrame, events: pl.LazyFrame, leads: pl.LazyFrame) -> pl.LazyFrame:
    asked = snapshots.select("snapshot_id", "lead_id", "ao").join(leads.select("lead_id", "account_id"), on="lead_id")
    moments = asked.select("account_id", "ao").unique().join(leads, on="account_id")
    seen = moments.join(events.select("lead_id", "t"), on="lead_id")
    seen = seen.filter((pl.col("t") < pl.col("ao")) & (pl.col("t") >= pl.col("ao") - 90 * DAY))
    recent = (pl.col("t") >= pl.col("ao") - 30 * DAY).sum().cast(pl.Int32)
    colleague = seen.group_by("account_id", "ao", "lead_id").agg(n_30=recent, seniority=pl.col("seniority").first())
    team = colleague.group_by("account_id", "ao").agg(
        active_30=(pl.col("n_30") > 0).sum().cast(pl.Int32),
        acc_events_30=pl.col("n_30").sum(),
        acc_seniorities_90=pl.col("seniority").n_unique(),
    )
    own = colleague.select("account_id", "ao", "lead_id", own=(pl.col("n_30") > 0).cast(pl.Int32))
    joined = asked.join(team, on=["account_id", "ao"], how="left")
    joined = joined.join(own, on=["account_id", "ao", "lead_id"], how="left")
    others = pl.col("active_30") - pl.col("own").fill_null(0)
    return joined.select("snapshot_id", "acc_events_30", "acc_seniorities_90", acc_colleagues_30=others)


if __name__ == "__main__":
    if "POLARS_MAX_THREADS" not in os.environ:
        raise SystemExit("set POLARS_MAX_THREADS: Polars takes its number of threads from there")
    run(write_features)
