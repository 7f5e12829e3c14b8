"""DuckDB SQL with running sums: windows as differences of sums that as-of joins find; nothing multiplies events.

The algorithm of our engine in SQL. Running sums of counts are packed as in `duckdb_packed`: they only grow, so the
difference of two packed sums is the packed difference.
"""

from benchmarks.features import duckdb_common as common
from benchmarks.features import spec
from benchmarks.features.command import Job, run
from benchmarks.features.duckdb_packed import BITS, LN_2

DAY = spec.DAY_US
CUTS = (7, 14, 28, 30, 90, 365)
TRIPLES = [spec.KINDS[i : i + 3] for i in range(0, len(spec.KINDS), 3)]
SUMS = (*(f"kinds_{i}" for i in range(len(TRIPLES))), "runs", "dwell")


def write_features(job: Job) -> None:
    """Write the 77 features of the snapshots."""
    connection = common.connect(job)
    common.copy(connection, query(job), job.out)


def query(job: Job) -> str:
    """The whole query."""
    return f"""
      with events as materialized ({_events(job)}),
      points as materialized ({_running("events")}),
      snapshots as materialized ({common.snapshots_sql(job)}),
      cuts as (select snapshot_id, lead_id, ao, unnest({[0, *CUTS]}) as days from snapshots),
      found as (select c.snapshot_id, c.ao, c.days, p.* exclude (lead_id)
                from (select *, ao - days * {DAY} as cut from cuts) c
                asof join points p on c.lead_id = p.lead_id and c.cut > p.t),
      windows as (select snapshot_id, {_pivoted()} from found group by snapshot_id),
      own as (select {_listed(_features())} from windows),
      {_account(job)}
      select lead_id, as_of, {common.final_columns()}
      from snapshots left join own using (snapshot_id) left join account using (snapshot_id)"""


def _events(job: Job) -> str:
    return f"""
      select lead_id, epoch_us(occurred_at) as t, {common.kind_code_sql()} as k, duration_s as dur
      from '{job.interactions}'"""


def _running(events: str) -> str:
    """One row for each lead and time, with all sums up to and including it, and the time that follows."""
    gap = f"((t - before) // {spec.SECOND_US})"
    new_day = f"(before is null or before // {DAY} <> t // {DAY})::bigint"
    new_session = f"(before is null or t - before > {spec.SESSION_GAP_US})::bigint"
    columns = {
        **{f"kinds_{i}": _sum(_packed(kinds)) for i, kinds in enumerate(TRIPLES)},
        "runs": _sum(f"{new_day} + ({new_session} << {BITS}) + ((dur is not null)::bigint << {2 * BITS})"),
        "dwell": _sum("coalesce(dur, 0)"),
        **{f"last_{kind}": f"max(case when k = {spec.CODE[kind]} then t end) over h" for kind in spec.MAIN_KINDS},
        **{f"grown_{days}": f"sum({common.points_sql()} * {_growth('t', days)}) over h" for days in spec.HALF_LIVES},
        "first_touch": "min(t * 16 + k) over h",
        "last_touch": "max(t * 16 + k) over h",
        "gap_n": "count(before) over h",
        "gap_sum": f"sum({gap}::double) over h",
        "gap_squares": f"sum({gap}::double * {gap}) over h",
        "gap_longest": f"max({gap}) over h",
    }
    return f"""
      select lead_id, t, following, {_listed(columns)}
      from (select *, lag(t) over w as before, lead(t) over w as following from {events}
            window w as (partition by lead_id order by t, k))
      window h as (partition by lead_id order by t, k rows unbounded preceding)
      qualify following is null or following > t"""


def _sum(value: str) -> str:
    return f"(sum({value}) over h)::bigint"


def _packed(kinds: tuple[str, ...]) -> str:
    cases = " ".join(f"when {spec.CODE[kind]} then {1 << (BITS * at)}" for at, kind in enumerate(kinds))
    return f"case k {cases} else 0 end"


def _growth(time: str, days: int) -> str:
    """Points grow with time instead of decaying; 2^(two years / 7 days) fits a double."""
    return f"exp(({time} - {spec.EPOCH_US}) * {LN_2 / (days * DAY)!r})"


def _pivoted() -> str:
    """The sums at each cut side by side, `SUM_at_DAYS`; what needs the whole history only at as_of itself."""
    columns = {f"{name}_at_{days}": _at(days, name, 0) for days in CUTS for name in SUMS}
    columns |= {f"{name}_at_0": _at(0, name) for name in SUMS}
    whole = ["ao", "first_touch", "last_touch", "gap_n", "gap_sum", "gap_squares", "gap_longest"]
    whole += [f"last_{kind}" for kind in spec.MAIN_KINDS] + [f"grown_{days}" for days in spec.HALF_LIVES]
    columns |= {name: _at(0, name) for name in whole}
    for days in (*spec.ACTIVE_WINDOWS, 90):
        # A day or session that began before the window and goes on in it.
        goes_on = f"following < ao and following // {DAY} = t // {DAY}"
        columns[f"day_goes_on_{days}"] = f"coalesce(bool_or({goes_on}) filter (where days = {days}), false)"
    goes_on = f"following < ao and following - t <= {spec.SESSION_GAP_US}"
    columns["session_goes_on_90"] = f"coalesce(bool_or({goes_on}) filter (where days = 90), false)"
    return _listed(columns)


def _at(days: int, name: str, otherwise: int | None = None) -> str:
    value = f"max({name}) filter (where days = {days})"
    return value if otherwise is None else f"coalesce({value}, {otherwise})"


def _features() -> dict[str, str]:
    columns = {"snapshot_id": "snapshot_id"}
    for i, kinds in enumerate(TRIPLES):
        for at, kind in enumerate(kinds):
            columns |= {f"n_{kind}_{days}": _field(f"kinds_{i}", days, at) for days in spec.WINDOWS}
    for days in CUTS:
        every = " + ".join(
            _field(f"kinds_{i}", days, at) for i, kinds in enumerate(TRIPLES) for at in range(len(kinds))
        )
        columns[f"last_{days}" if days in (14, 28) else f"n_all_{days}"] = every
    for days in spec.ACTIVE_WINDOWS:
        columns[f"active_days_{days}"] = f"{_field('runs', days, 0)} + day_goes_on_{days}::integer"
    columns["sessions_90"] = f"{_field('runs', 90, 1)} + session_goes_on_90::integer"
    columns["dwell_n"] = _field("runs", 90, 2)
    columns |= {f"dwell_sum_{days}": f"dwell_at_0 - dwell_at_{days}" for days in spec.DWELL_WINDOWS}
    return columns | _whole_history()


def _whole_history() -> dict[str, str]:
    gaps = ("gap_n", "gap_sum", "gap_squares", "gap_longest")
    return {
        **{f"rec_{kind}": f"(ao - last_{kind})::double / {DAY}" for kind in spec.MAIN_KINDS},
        "rec_all": f"(ao - last_touch // 16)::double / {DAY}",
        "first_kind": "first_touch % 16",
        "last_kind": "last_touch % 16",
        **{f"decay_{days}": f"grown_{days} / {_growth('ao', days)}" for days in spec.HALF_LIVES},
        **{name: name for name in gaps},
    }


def _field(column: str, days: int, at: int) -> str:
    return f"((({column}_at_0 - {column}_at_{days}) >> {BITS * at}) & {(1 << BITS) - 1})::integer"


def _account(job: Job) -> str:
    """Colleagues and seniorities active: activity runs begun before as_of less those whose window has passed."""
    return f"""
      leads as (select lead_id, account_id, seniority from '{job.leads}'),
      log as materialized (select account_id, seniority, lead_id, t from events join leads using (lead_id)),
      {_changes("colleague", "lead_id", 30)},
      {_changes("level", "account_id, seniority", 90)},
      volume as ({_ranked("log")}),
      asked as (select snapshot_id, lead_id, account_id, ao, ao - {30 * DAY} as ao_30
                from snapshots join leads using (lead_id)),
      account as (
        select a.snapshot_id,
          coalesce(c.number, 0) - coalesce(o.last_touch // 16 >= a.ao_30, false)::integer as acc_colleagues_30,
          (coalesce(v.number, 0) - coalesce(v_30.number, 0))::integer as acc_events_30,
          coalesce(l.number, 0)::integer as acc_seniorities_90
        from asked a
        asof left join colleague c on a.account_id = c.account_id and a.ao > c.t
        asof left join level l on a.account_id = l.account_id and a.ao > l.t
        asof left join volume v on a.account_id = v.account_id and a.ao > v.t
        asof left join volume v_30 on a.account_id = v_30.account_id and a.ao_30 > v_30.t
        left join windows o using (snapshot_id))"""


def _changes(name: str, member: str, days: int) -> str:
    """The number of active members of an account from each moment on at which it changes."""
    width = days * DAY
    return f"""
      {name}_runs as (
        select account_id, t, before is null or t - before > {width} as new, next is null or next - t > {width} as last
        from (select account_id, t, lag(t) over w as before, lead(t) over w as next from log
              window w as (partition by {member} order by t))),
      {name} as (
        select account_id, t, max(running) as number from (
          select account_id, t, sum(change) over (partition by account_id order by t) as running from (
            select account_id, t, 1 as change from {name}_runs where new
            union all select account_id, t + {width}, -1 from {name}_runs where last))
        group by all)"""


def _ranked(log: str) -> str:
    return f"""
      select account_id, t, max(rank) as number
      from (select account_id, t, row_number() over (partition by account_id order by t) as rank from {log})
      group by all"""


def _listed(columns: dict[str, str]) -> str:
    return ", ".join(f"{value} as {name}" for name, value in columns.items())


if __name__ == "__main__":
    run(write_features)
