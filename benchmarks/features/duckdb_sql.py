"""Ordinary DuckDB SQL: snapshots joined with their lead's past events, one aggregate with a filter for each feature."""

from benchmarks.features import duckdb_common as common
from benchmarks.features import spec
from benchmarks.features.command import Job, run


def write_features(job: Job) -> None:
    """Write the 77 features of the snapshots."""
    connection = common.connect(job)
    common.copy(connection, query(job), job.out)


def query(job: Job) -> str:
    """The whole query."""
    return f"""
      with events as materialized ({_events(job)}),
      snapshots as materialized ({common.snapshots_sql(job)}),
      own as (
        select snapshot_id, {", ".join(f"{value} as {name}" for name, value in _aggregates().items())}
        from (select s.snapshot_id, s.ao - e.t as age, e.* exclude (lead_id)
              from snapshots s join events e on e.lead_id = s.lead_id and e.t < s.ao)
        group by snapshot_id),
      {common.account_sql(job)}
      select lead_id, as_of, {common.final_columns()}
      from snapshots left join own using (snapshot_id) left join account using (snapshot_id)"""


def _events(job: Job) -> str:
    return f"""
      select lead_id, t, k, dur, {common.points_sql()} as points, t // {spec.DAY_US} as day, t * 16 + k as touch,
        (t - before) // {spec.SECOND_US} as gap,
        sum((before is null or t - before > {spec.SESSION_GAP_US})::integer) over history as session
      from (select lead_id, t, k, dur, lag(t) over (partition by lead_id order by t, k) as before
            from (select lead_id, epoch_us(occurred_at) as t, {common.kind_code_sql()} as k, duration_s as dur
                  from '{job.interactions}'))
      window history as (partition by lead_id order by t, k)"""


def _aggregates() -> dict[str, str]:
    return {**_counts(), **_times(), **_sums()}


def _counts() -> dict[str, str]:
    by_kind = {
        f"n_{kind}_{days}": f"(where k = {spec.CODE[kind]} and {_within(days)})"
        for kind in spec.KINDS
        for days in (spec.WINDOWS if kind in spec.MAIN_KINDS else (90,))
    }
    totals = {f"n_all_{days}": f"(where {_within(days)})" for days in spec.WINDOWS}
    trends = {f"last_{days}": f"(where {_within(days)})" for days in (14, 28)}
    counts = {name: f"count(*) filter {where}" for name, where in {**by_kind, **totals, **trends}.items()}
    for days in spec.ACTIVE_WINDOWS:
        counts[f"active_days_{days}"] = f"count(distinct day) filter (where {_within(days)})"
    counts["sessions_90"] = f"count(distinct session) filter (where {_within(90)})"
    return {name: f"({value})::integer" for name, value in counts.items()}


def _times() -> dict[str, str]:
    by_kind = {f"rec_{kind}": f"min(age) filter (where k = {spec.CODE[kind]})" for kind in spec.MAIN_KINDS}
    ages = {**by_kind, "rec_all": "min(age)"}
    return {
        **{name: f"{value}::double / {spec.DAY_US}" for name, value in ages.items()},
        "first_kind": "(min(touch) % 16)::tinyint",
        "last_kind": "(max(touch) % 16)::tinyint",
    }


def _sums() -> dict[str, str]:
    decays = {f"decay_{days}": f"sum(points * pow(2.0, -age / {days * spec.DAY_US}.0))" for days in spec.HALF_LIVES}
    dwells = {
        f"dwell_sum_{days}": f"coalesce(sum(dur) filter (where {_within(days)}), 0)" for days in spec.DWELL_WINDOWS
    }
    return {
        **decays,
        **dwells,
        "dwell_n": f"count(dur) filter (where {_within(90)})",
        "gap_n": "count(gap)",
        "gap_sum": "sum(gap)",
        "gap_squares": "sum(gap * gap)",
        "gap_longest": "max(gap)",
    }


def _within(days: int) -> str:
    return f"age <= {days * spec.DAY_US}"


if __name__ == "__main__":
    run(write_features)
