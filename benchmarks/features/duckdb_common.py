"""What the DuckDB peers share: the connection, the snapshots, and the last step from sums to features."""

from pathlib import Path

import duckdb

from benchmarks.features import spec
from benchmarks.features.command import Job


def connect(job: Job) -> duckdb.DuckDBPyConnection:
    """Connection with the job's threads and memory, spilling beside the output."""
    connection = duckdb.connect()
    connection.execute(f"set threads = {job.threads}; set preserve_insertion_order = false; set TimeZone = 'UTC'")
    connection.execute(f"set temp_directory = '{job.out}.spill'")
    if job.memory is not None:
        connection.execute(f"set memory_limit = '{job.memory}'")
    return connection


def copy(connection: duckdb.DuckDBPyConnection, query: str, out: Path) -> None:
    """Write the result of a query as Parquet."""
    connection.execute(f"copy ({query}) to '{out}' (format parquet)")


def snapshots_sql(job: Job) -> str:
    """Snapshots with their as-of time in microseconds, `ao`."""
    return f"select snapshot_id, lead_id, as_of, epoch_us(as_of) as ao from '{job.snapshots}'"


def kind_code_sql(column: str = "kind") -> str:
    """Code of an event's kind: its place in the alphabet."""
    cases = " ".join(f"when '{kind}' then {code}" for kind, code in spec.CODE.items())
    return f"(case {column} {cases} end)::tinyint"


def points_sql() -> str:
    """Points of an event by its kind code `k`."""
    return f"case k {' '.join(f'when {spec.CODE[kind]} then {p}::double' for kind, p in spec.POINTS.items())} end"


def final_columns() -> str:
    """The 77 columns, from columns of their names and from `last_14`, `last_28`, `n_KIND_90` of all kinds, gap sums.

    Expects null (a lead without events) or `gap_n`, `gap_sum` and `gap_squares` (seconds), `gap_longest`, `dwell_n`.
    """
    kinds = [f"n_{kind}_90" for kind in spec.KINDS]
    shares = [
        f"case when {n} > 0 then -({n}::double / n_all_90) * ln({n}::double / n_all_90) else 0 end" for n in kinds
    ]
    mean = "(gap_sum::double / gap_n)"
    variance = f"gap_squares::double / gap_n - {mean} * {mean}"
    formulas = {
        "dwell_mean_90": "case when dwell_n > 0 then dwell_sum_90::double / dwell_n end",
        "trend_diff_14": "2 * last_14 - last_28",
        "trend_ratio_14": "(last_14 + 1)::double / (last_28 - last_14 + 1)::double",
        "kinds_90": " + ".join(f"({n} > 0)::integer" for n in kinds),
        "entropy_90": " + ".join(shares),
        "gap_mean": f"case when gap_n > 0 then {mean} / 86400 end",
        "gap_std": f"case when gap_n > 0 then sqrt(greatest({variance}, 0)) / 86400 end",
        "gap_max": "case when gap_n > 0 then gap_longest::double / 86400 end",
    }
    return ", ".join(f"{_or_nothing(name, formulas.get(name, name))} as {name}" for name in spec.NAMES)


def _or_nothing(name: str, formula: str) -> str:
    value = spec.WITHOUT_EVENTS.get(name)
    return f"({formula})" if value is None else f"coalesce({formula}, {value})"


def account_sql(job: Job, events: str = "events") -> str:
    """Queries up to `account`: per snapshot what its account's leads did; joins (account, as_of) with their events.

    Needs queries `snapshots` and `events` (lead_id, t).
    """
    day = spec.DAY_US
    return f"""
      leads as (select lead_id, account_id, seniority from '{job.leads}'),
      asked as (select snapshot_id, lead_id, ao, account_id from snapshots join leads using (lead_id)),
      moments as (select distinct account_id, ao from asked),
      colleague as (
        select account_id, ao, lead_id, any_value(seniority) as seniority,
          count(*) filter (where e.t >= ao - {30 * day}) as n_30
        from moments join leads using (account_id) join {events} e using (lead_id)
        where e.t < ao and e.t >= ao - {90 * day} group by all),
      team as (
        select account_id, ao, count(*) filter (where n_30 > 0) as active_30, sum(n_30)::integer as events_30,
          count(distinct seniority) as seniorities_90
        from colleague group by all),
      account as (
        select snapshot_id, (active_30 - (coalesce(own.n_30, 0) > 0)::integer)::integer as acc_colleagues_30,
          events_30 as acc_events_30, seniorities_90::integer as acc_seniorities_90
        from asked join team using (account_id, ao)
        left join colleague own using (account_id, ao, lead_id))"""
