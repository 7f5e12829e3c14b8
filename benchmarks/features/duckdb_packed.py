"""The best join-and-aggregate SQL found for DuckDB: several counts packed into the bits of one 64-bit sum.

A count of a window needs 12 to 20 bits, so four windows of a kind are one sum, and every event adds its packed row
of 0/1 once. The number of different days in a window is that of events whose predecessor on the same day lies outside
of it; sessions likewise.
"""

from benchmarks.features import duckdb_common as common
from benchmarks.features import spec
from benchmarks.features.command import Job, run

# A lead with more events in a window than fit (4,096 in 7 days, …) would give wrong counts; the equality check sees it.
WINDOW_BITS = (12, 14, 16, 20)
BITS = 20
LN_2 = 0.6931471805599453


def write_features(job: Job) -> None:
    """Write the 77 features of the snapshots."""
    connection = common.connect(job)
    common.copy(connection, query(job), job.out)


def query(job: Job) -> str:
    """The whole query."""
    return f"""
      with events as materialized ({events_sql(job)}),
      snapshots as materialized ({common.snapshots_sql(job)}),
      sums as materialized (select snapshot_id, {_listed(_sums())} from ({_rows()}) group by snapshot_id),
      own as (select {_listed(_unpacked())}, sums.* from sums join snapshots using (snapshot_id)),
      {common.account_sql(job)}
      select lead_id, as_of, {common.final_columns()}
      from snapshots left join own using (snapshot_id) left join account using (snapshot_id)"""


def events_sql(job: Job) -> str:
    """Events with what depends on the event before: gap, and its time if it is of the same day or session."""
    return f"""
      select lead_id, t, k, dur, t * 16 + k as touch, {common.points_sql()} as points,
        ((t - before) // {spec.SECOND_US})::double as gap,
        case when before // {spec.DAY_US} = t // {spec.DAY_US} then before else {spec.NEVER} end as before_today,
        case when t - before <= {spec.SESSION_GAP_US} then before else {spec.NEVER} end as before_in_session
      from (select *, lag(t) over (partition by lead_id order by t, k) as before
            from (select lead_id, epoch_us(occurred_at) as t, {common.kind_code_sql()} as k, duration_s as dur
                  from '{job.interactions}'))"""


def _rows() -> str:
    age, day = "(s.ao - e.t)", spec.DAY_US
    runs = [("before_today", days) for days in spec.ACTIVE_WINDOWS]
    return f"""
      select snapshot_id, k, touch, t, points, dur, gap, {age} as age, {age} <= {30 * day} as in_30,
        {age} <= {90 * day} as in_90, ({age} <= {90 * day})::bigint as one_90,
        {_packed([f"{age} <= {days * day}" for days in spec.WINDOWS], WINDOW_BITS)} as windows,
        {_packed([f"{age} <= {14 * day}", f"{age} <= {28 * day}", _new(age, "before_in_session", 90)])} as recent,
        {_packed([_new(age, before, days) for before, days in runs])} as days
      from snapshots s join events e using (lead_id) where e.t < s.ao"""


def _new(age: str, before: str, days: int) -> str:
    """First event of its day or session that lies in the window."""
    return f"({age} <= {days * spec.DAY_US} and s.ao - e.{before} > {days * spec.DAY_US})"


def _sums() -> dict[str, str]:
    kinds = {f"windows_{i}": f"sum(case when k = {spec.CODE[name]} then windows else 0 end)" for i, name in _main()}
    kinds["windows_all"], kinds["recent"], kinds["days"] = "sum(windows)", "sum(recent)", "sum(days)"
    for i, names in enumerate(_other_triples()):
        cases = (f"when k = {spec.CODE[name]} then one_90 << {BITS * at}" for at, name in enumerate(names))
        kinds[f"others_{i}"] = f"sum(case {' '.join(cases)} else 0 end)"
    return {**{name: f"{value}::bigint" for name, value in kinds.items()}, **_plain_sums()}


def _plain_sums() -> dict[str, str]:
    rates = {days: LN_2 / (days * spec.DAY_US) for days in spec.HALF_LIVES}
    return {
        **{f"last_{i}": f"max(case when k = {spec.CODE[name]} then t end)" for i, name in _main()},
        "last_touch": "max(touch)",
        "first_touch": "min(touch)",
        **{f"decay_{days}": f"sum(points * exp(age * {-rate!r}))" for days, rate in rates.items()},
        **{f"dwell_sum_{days}": f"coalesce(sum(case when in_{days} then dur end), 0)" for days in spec.DWELL_WINDOWS},
        "dwell_n": "count(case when in_90 then dur end)",
        # Sums of squared whole seconds stay below 2^53 for histories of three years: exact as doubles.
        "gap_n": "count(gap)",
        "gap_sum": "sum(gap)",
        "gap_squares": "sum(gap * gap)",
        "gap_longest": "max(gap)",
    }


def _unpacked() -> dict[str, str]:
    columns = {"rec_all": f"(ao - last_touch // 16)::double / {spec.DAY_US}"}
    for i, kind in _main():
        columns |= _fields(f"windows_{i}", [f"n_{kind}_{days}" for days in spec.WINDOWS], WINDOW_BITS)
        columns[f"rec_{kind}"] = f"(ao - last_{i})::double / {spec.DAY_US}"
    columns |= _fields("windows_all", [f"n_all_{days}" for days in spec.WINDOWS], WINDOW_BITS)
    for i, names in enumerate(_other_triples()):
        columns |= _fields(f"others_{i}", [f"n_{kind}_90" for kind in names])
    columns |= _fields("recent", ["last_14", "last_28", "sessions_90"])
    columns |= _fields("days", list(spec.ACTIVE))
    return columns | {"first_kind": "(first_touch % 16)::tinyint", "last_kind": "(last_touch % 16)::tinyint"}


def _packed(conditions: list[str], bits: tuple[int, ...] = (BITS,) * 3) -> str:
    shifts = [sum(bits[:i]) for i in range(len(bits))]
    return " + ".join(f"(({what})::bigint << {shift})" for what, shift in zip(conditions, shifts, strict=True))


def _fields(column: str, names: list[str], bits: tuple[int, ...] = (BITS,) * 3) -> dict[str, str]:
    """Expressions that take the packed numbers out of the sum again."""
    return {name: f"(({column} >> {sum(bits[:i])}) & {(1 << bits[i]) - 1})::integer" for i, name in enumerate(names)}


def _main() -> list[tuple[int, str]]:
    return list(enumerate(spec.MAIN_KINDS))


def _other_triples() -> list[tuple[str, ...]]:
    return [spec.OTHER_KINDS[i : i + 3] for i in range(0, len(spec.OTHER_KINDS), 3)]


def _listed(columns: dict[str, str]) -> str:
    return ", ".join(f"{value} as {name}" for name, value in columns.items())


if __name__ == "__main__":
    run(write_features)
