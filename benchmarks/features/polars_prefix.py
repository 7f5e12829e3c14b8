"""Polars with running sums: windows as differences of sums at positions found by binary search; all in memory.

This is the algorithm of our engine in the words of a data frame library: no join multiplies events with snapshots.
"""

import os
from dataclasses import dataclass

import polars as pl

from benchmarks.features import polars_common as common
from benchmarks.features import spec
from benchmarks.features.command import Job, run
from benchmarks.features.polars_prefix_account import account_columns

DAY = spec.DAY_US
CUTS = (7, 14, 28, 30, 90, 365)
BITS = 20
MASK = (1 << BITS) - 1
TRIPLES = [spec.KINDS[i : i + 3] for i in range(0, len(spec.KINDS), 3)]


@dataclass(frozen=True, slots=True)
class Seen:
    """Events with running sums after each, and positions: first event of the snapshots' leads, and of each window."""

    events: pl.DataFrame
    start: pl.Series
    stop: pl.Series
    first: dict[int, pl.Series]

    def after(self, column: str, position: pl.Series) -> pl.Series:
        """Running sum of the events before a position."""
        return pl.concat([pl.Series([0], dtype=self.events[column].dtype), self.events[column]]).gather(position)

    def over(self, column: str, days: int | None) -> pl.Series:
        """Sum over a window (None: the whole history)."""
        first = self.start if days is None else self.first[days]
        return self.after(column, self.stop) - self.after(column, first)

    def at(self, column: str, position: pl.Series) -> pl.Series:
        """Value of the event at a position that may lie outside."""
        return self.events[column].gather(position.clip(0, len(self.events) - 1))


def write_features(job: Job) -> None:
    """Write the 77 features of the snapshots; the number of threads is set by the environment before the start."""
    snapshots = common.snapshots_of(job).collect()
    events = _with_sums(common.events_of(job)).collect()
    seen = _positions(events, snapshots)
    columns = {**_counts(seen), **_runs(seen), **_times(seen, snapshots["ao"]), **_sums(seen, snapshots["ao"])}
    account = account_columns(events, snapshots, common.leads_of(job).collect(), seen.stop > seen.first[30])
    some = seen.stop > seen.start
    frame = snapshots.select(spec.KEYS).with_columns(**columns, **account, some=some)
    features = common.finished(frame.lazy()).collect()
    features.write_parquet(job.out)


def _with_sums(events: pl.LazyFrame) -> pl.LazyFrame:
    t, before, dur = pl.col("t"), pl.col("before"), pl.col("dur")
    gap = ((t - before) // spec.SECOND_US).fill_null(0)
    events = events.with_columns(before=common.before_in_lead(), row=pl.int_range(pl.len(), dtype=pl.Int64))
    events = events.with_columns(gap=gap, new_lead=before.is_null())
    longest = (pl.col("gap") + pl.col("new_lead").cum_sum().cast(pl.Int64) * 2**34).cum_max() & (2**34 - 1)
    return events.with_columns(
        **{f"kinds_{i}": _packed(kinds).cum_sum() for i, kinds in enumerate(TRIPLES)},
        **{f"row_{kind}": _last_row(kind) for kind in spec.MAIN_KINDS},
        **{f"decay_{days}": _growing(days).cum_sum().over("lead_id") for days in spec.HALF_LIVES},
        new_day=(pl.col("new_lead") | (t // DAY != before // DAY)).cast(pl.Int64).cum_sum(),
        new_session=(pl.col("new_lead") | (t - before > spec.SESSION_GAP_US)).cast(pl.Int64).cum_sum(),
        durations=dur.is_not_null().cast(pl.Int64).cum_sum(),
        seconds=dur.fill_null(0).cast(pl.Int64).cum_sum(),
        gaps=pl.col("gap").cum_sum(),
        gap_squares=(pl.col("gap") ** 2).cum_sum(),
        longest=longest,
    )


def _packed(kinds: tuple[str, ...]) -> pl.Expr:
    return pl.sum_horizontal(
        [(pl.col("k") == spec.CODE[kind]).cast(pl.Int64) * (1 << (BITS * at)) for at, kind in enumerate(kinds)]
    )


def _last_row(kind: str) -> pl.Expr:
    return pl.when(pl.col("k") == spec.CODE[kind]).then(pl.col("row")).forward_fill().fill_null(-1)


def _growing(days: int) -> pl.Expr:
    """Points that grow with time instead of decaying; 2^(two years / 7 days) fits a double."""
    return pl.col("points") * ((pl.col("t") - spec.EPOCH_US) * (0.6931471805599453 / (days * DAY))).exp()


def _positions(events: pl.DataFrame, snapshots: pl.DataFrame) -> Seen:
    cuts = {days: pl.col("ao") - days * DAY for days in (0, *CUTS)}
    found = common.places("lead_id", events, snapshots, {-1: pl.lit(spec.NEVER), **cuts})
    return Seen(events, found[-1], found[0], found)


def _counts(seen: Seen) -> dict[str, pl.Series]:
    columns = {}
    for i, kinds in enumerate(TRIPLES):
        for days in spec.WINDOWS:
            packed = seen.over(f"kinds_{i}", days)
            for at, kind in enumerate(kinds):
                columns[f"n_{kind}_{days}"] = ((packed // (1 << (BITS * at))) & MASK).cast(pl.Int32)
    for days in CUTS:
        number = (seen.stop - seen.first[days]).cast(pl.Int32)
        columns[f"last_{days}" if days in (14, 28) else f"n_all_{days}"] = number
    return columns


def _runs(seen: Seen) -> dict[str, pl.Series]:
    asked = [(f"active_days_{days}", "new_day", days) for days in spec.ACTIVE_WINDOWS]
    return {name: _runs_in(seen, new, days) for name, new, days in (*asked, ("sessions_90", "new_session", 90))}


def _runs_in(seen: Seen, new: str, days: int) -> pl.Series:
    """Runs that begin in the window, and one that began before it."""
    first = seen.first[days]
    begun_before = (seen.stop > first) & (seen.after(new, first) == seen.at(new, first))
    return (seen.over(new, days) + begun_before.cast(pl.Int64)).cast(pl.Int32)


def _times(seen: Seen, as_of: pl.Series) -> dict[str, pl.Series]:
    last = seen.stop - 1
    some = pl.Series([None], dtype=pl.Float64).new_from_index(0, len(last))
    ages = {f"rec_{kind}": _age(seen, seen.at(f"row_{kind}", last), as_of) for kind in spec.MAIN_KINDS}
    return {
        **{name: age.zip_with(seen.stop > seen.start, some) for name, age in ages.items()},
        "rec_all": _age(seen, last, as_of),
        "first_kind": _where(seen.at("k", seen.start), seen.stop > seen.start),
        "last_kind": _where(seen.at("k", last), seen.stop > seen.start),
    }


def _age(seen: Seen, row: pl.Series, as_of: pl.Series) -> pl.Series:
    return _where((as_of - seen.at("t", row)) / DAY, row >= seen.start)


def _where(values: pl.Series, known: pl.Series) -> pl.Series:
    return values.zip_with(known, pl.Series([None], dtype=values.dtype).new_from_index(0, len(values)))


def _sums(seen: Seen, as_of: pl.Series) -> dict[str, pl.Series]:
    last, some = seen.stop - 1, seen.stop > seen.start
    shrink = {days: ((spec.EPOCH_US - as_of) * (0.6931471805599453 / (days * DAY))).exp() for days in spec.HALF_LIVES}
    return {
        **{f"decay_{days}": _where(seen.at(f"decay_{days}", last) * by, some) for days, by in shrink.items()},
        **{f"dwell_sum_{days}": seen.over("seconds", days) for days in spec.DWELL_WINDOWS},
        "dwell_n": seen.over("durations", 90),
        "gap_n": (seen.stop - seen.start - 1).clip(lower_bound=0),
        "gap_sum": seen.over("gaps", None),
        "gap_squares": seen.over("gap_squares", None),
        "gap_longest": seen.at("longest", last),
    }


if __name__ == "__main__":
    if "POLARS_MAX_THREADS" not in os.environ:
        raise SystemExit("set POLARS_MAX_THREADS: Polars takes its number of threads from there")
    run(write_features)
