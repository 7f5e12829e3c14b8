"""What the Polars peers share: reading, and the features that are formulas of others."""

import polars as pl

from benchmarks.features import spec
from benchmarks.features.command import Job

DAY = spec.DAY_US
ONE_OWNER = pl.lit(2**62, dtype=pl.Int128)


def events_of(job: Job) -> pl.LazyFrame:
    """Events with time `t` in microseconds, kind code `k`, `dur`, and their points; sorted by (lead, t, k)."""
    kind = pl.col("kind").cast(pl.Enum(list(spec.KINDS))).to_physical().cast(pl.Int8)
    columns = pl.scan_parquet(job.interactions).select(
        "lead_id", t=pl.col("occurred_at").dt.epoch("us"), k=kind, dur=pl.col("duration_s")
    )
    return columns.sort("lead_id", "t", "k").with_columns(points=points())


def snapshots_of(job: Job) -> pl.LazyFrame:
    """Snapshots with their as-of time in microseconds, `ao`."""
    return pl.scan_parquet(job.snapshots).with_columns(ao=pl.col("as_of").dt.epoch("us"))


def leads_of(job: Job) -> pl.LazyFrame:
    """Account and seniority of the leads."""
    return pl.scan_parquet(job.leads).select("lead_id", "account_id", "seniority")


def points() -> pl.Expr:
    """Points of an event by its kind code."""
    return pl.col("k").replace_strict(list(spec.CODE.values()), list(spec.POINTS.values()), return_dtype=pl.Float64)


def before_in_lead() -> pl.Expr:
    """Time of the lead's event before, null at its first; rows sorted by lead and time."""
    return pl.when(pl.col("lead_id") == pl.col("lead_id").shift()).then(pl.col("t").shift())


def places(owner: str, times: pl.DataFrame, asked: pl.DataFrame, cuts: dict[int, pl.Expr]) -> dict[int, pl.Series]:
    """For each cut (an expression over `asked`) the number of rows of `times` before (owner, cut) in their order.

    Owner and time make one number of 128 bits, so a place is one binary search. Owners without times get 0.
    """
    owners = times.select(owner).unique().sort(owner).with_columns(number=pl.int_range(pl.len(), dtype=pl.Int128))
    key = _numbered(times, owners, owner).select(pl.col("number") * ONE_OWNER + pl.col("t")).to_series().sort()
    numbered = _numbered(asked, owners, owner)
    return {
        name: key.search_sorted(numbered.select(pl.col("number") * ONE_OWNER + cut).to_series()).cast(pl.Int64)
        for name, cut in cuts.items()
    }


def _numbered(frame: pl.DataFrame, owners: pl.DataFrame, owner: str) -> pl.DataFrame:
    return frame.join(owners, on=owner, how="left", maintain_order="left")


def formulas() -> dict[str, pl.Expr]:
    """Features that follow from `last_14`, `last_28`, `n_KIND_90` of all kinds and the sums of gaps and durations."""
    col = pl.col
    counts = [col(f"n_{kind}_90") for kind in spec.KINDS]
    share = [n / col("n_all_90") for n in counts]
    mean = col("gap_sum") / col("gap_n")
    some = col("gap_n") > 0
    return {
        "dwell_mean_90": pl.when(col("dwell_n") > 0).then(col("dwell_sum_90") / col("dwell_n")),
        "trend_diff_14": 2 * col("last_14") - col("last_28"),
        "trend_ratio_14": (col("last_14") + 1.0) / (col("last_28") - col("last_14") + 1.0),
        "kinds_90": pl.sum_horizontal([(n > 0).cast(pl.Int32) for n in counts]),
        "entropy_90": pl.sum_horizontal(
            [pl.when(n > 0).then(-p * p.log()).otherwise(0.0) for n, p in zip(counts, share, strict=True)]
        ),
        "gap_mean": pl.when(some).then(mean / 86_400),
        "gap_std": pl.when(some).then(
            (col("gap_squares") / col("gap_n") - mean * mean).clip(lower_bound=0).sqrt() / 86_400
        ),
        "gap_max": pl.when(some).then(col("gap_longest") / 86_400),
    }


def finished(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Keys and the 77 columns; what a lead without events has where nothing was found."""
    filled = [pl.col(name).fill_null(value) for name, value in spec.WITHOUT_EVENTS.items()]
    return frame.with_columns(**formulas()).with_columns(filled).select(*spec.KEYS, *spec.NAMES)
