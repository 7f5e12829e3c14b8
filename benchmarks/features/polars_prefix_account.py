"""Account columns of the Polars peer with running sums: colleagues active as activity runs begun less those ended."""

import polars as pl

from benchmarks.features import polars_common as common
from benchmarks.features import spec

DAY = spec.DAY_US


def account_columns(
    events: pl.DataFrame, snapshots: pl.DataFrame, leads: pl.DataFrame, own_active: pl.Series
) -> dict[str, pl.Series]:
    """The three account features of the snapshots, in their order."""
    log = events.lazy().select("lead_id", "t").join(leads.lazy(), on="lead_id", maintain_order="left").collect()
    asked = snapshots.select("lead_id", "ao").join(leads, on="lead_id", how="left", maintain_order="left")
    times = log.select("account_id", "t")
    by_level = log.sort("account_id", "seniority", "t")
    ao = pl.col("ao")
    within_30 = common.places("account_id", times, asked, {0: ao, 30: ao - 30 * DAY})
    return {
        "acc_events_30": within_30[0] - within_30[30],
        "acc_colleagues_30": _in_progress(log, ["lead_id"], asked, 30) - own_active.cast(pl.Int64),
        "acc_seniorities_90": _in_progress(by_level, ["account_id", "seniority"], asked, 90),
    }


def _in_progress(log: pl.DataFrame, member: list[str], asked: pl.DataFrame, days: int) -> pl.Series:
    """Members with an event in the window; `log` is sorted by member and time."""
    t, same = pl.col("t"), pl.all_horizontal([pl.col(name) == pl.col(name).shift() for name in member])
    new = (~same | (t - t.shift() > days * DAY)).fill_null(True)
    runs = log.lazy().with_columns(new=new).with_columns(last=pl.col("new").shift(-1, fill_value=True))
    begun = runs.filter("new").select("account_id", "t").collect()
    ended = runs.filter("last").select("account_id", t=t + days * DAY).collect()
    before = [common.places("account_id", times, asked, {0: pl.col("ao")})[0] for times in (begun, ended)]
    return before[0] - before[1]
