"""The funnel as text for a terminal, and as one tidy table: a row per figure."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from training.evaluation import Estimate
from training.funnel.found import Cost, Forecast, Funnel, Group, Step
from training.wording import count, fixed, percent, percent_range, percentage_points

SCHEMA = pa.schema(
    [
        ("figure", pa.string()),
        ("by", pa.string()),
        ("group", pa.string()),
        ("from_stage", pa.string()),
        ("to_stage", pa.string()),
        ("days", pa.float64()),
        ("entered", pa.int64()),
        ("went_on", pa.int64()),
        ("passed", pa.float64()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("note", pa.string()),
    ]
)
Row = dict[str, object]


def funnel_table(found: Funnel) -> pa.Table:
    """All figures, a row each: conversions by month, source and in all, velocity, costs, returns, forecasts."""
    rows = [*_steps("all", None, found.steps)]
    for by, groups in (("month", found.months), ("source", found.sources)):
        rows += [row for group in groups for row in _steps(by, group.name, group.steps)]
    rows += [
        _row("velocity", "month", one.month, to_stage=one.stage, entered=one.month_before, went_on=one.reached,
             note=one.note, **_numbers(one.growth)) for one in found.velocity
    ]  # fmt: skip
    if found.money is not None:
        rows += _cost("all", found.money.total)
        rows += [row for one in found.money.sources for row in _cost("source", one)]
        rows += [row for one in found.money.months for row in _cost("month", one)]
    rows += [
        _row(f"forecast_by_{one.by}", "all", None, to_stage=one.stage, days=float(one.days), entered=one.open_leads,
             note=one.note, **_numbers(one.number)) for one in found.forecasts
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _steps(by: str, group: str | None, steps: Sequence[Step]) -> Iterator[Row]:
    for step in steps:
        edge = {"from_stage": step.from_stage, "to_stage": step.to_stage}
        counts = {"entered": step.entered, "went_on": step.went_on, "passed": step.passed, "days": step.within_days}
        yield _row("conversion", by, group, **edge, **counts, **_numbers(step.rate))
        if step.median_days is not None:
            yield _row("median_days", by, group, **edge, value=step.median_days)


def _cost(by: str, cost: Cost) -> Iterator[Row]:
    group = None if by == "all" else cost.name
    yield _row("spend", by, group, value=cost.spend)
    yield _row("cost_per_sql", by, group, went_on=cost.sqls, note=cost.note, **_numbers(cost.per_sql))
    yield _row("return", by, group, went_on=cost.wins, note=_unpriced(cost), **_numbers(cost.roi))


def _unpriced(cost: Cost) -> str | None:
    return f"{cost.wins_without_amount} wins have no amount" if cost.wins_without_amount else None


def _numbers(found: Estimate) -> Row:
    return {"value": found.value, "low": found.low, "high": found.high}


def _row(figure: str, by: str, group: str | None, **more: object) -> Row:
    return {"figure": figure, "by": by, "group": group, **more}


def funnel_text(found: Funnel, by: str | None) -> str:
    """The funnel as lines; `by` is month, source or None."""
    groups = {"month": found.months, "source": found.sources}.get(by or "", ())
    parts = [_funnel(found), _forecasts(found.forecasts), _velocity(found), _money(found, by)]
    if groups:
        parts.insert(1, _groups(by or "", groups))
    return "\n\n".join("\n".join(part) for part in parts if part)


def _funnel(found: Funnel) -> list[str]:
    lines = [f"Funnel as of {found.as_of}: {count(found.leads)} leads", f"{'stage':<16}{'reached':>10}"]
    lines += [f"{stage:<16}{count(number):>10}" for stage, number in found.reached.items()]
    lines += [
        "",
        f"{'step':<22}{'entered':>9}{'went on':>9}  {'expected in the end':<22}{'within':>9}{'half after':>13}",
    ]
    for step in found.steps:
        within = "–" if step.within_days is None else f"{step.within_days:.0f} d"
        median = "–" if step.median_days is None else f"{step.median_days:.1f} d"
        lines.append(
            f"{step.from_stage + ' → ' + step.to_stage:<22}{count(step.entered):>9}{count(step.went_on):>9}  "
            f"{percent_range(step.rate):<22}{within:>9}{median:>13}"
        )
    return [*lines, *(f"note: {note}" for note in found.notes)]


def _groups(by: str, groups: Sequence[Group]) -> list[str]:
    told = [("lead", "mql"), ("lead", "sql"), ("opportunity", "won"), ("lead", "won")]
    head = "".join(f"{a + ' → ' + b:>24}" for a, b in told)
    lines = [f"Expected in the end, by {by}{' of creation' if by == 'month' else ''}", f"{by:<18}{'leads':>8}{head}"]
    for group in groups:
        of = {(step.from_stage, step.to_stage): step.rate for step in group.steps}
        cells = "".join(f"{percent_range(of[edge]):>24}" for edge in told)
        lines.append(f"{group.name or 'not known':<18.18}{count(group.leads):>8}{cells}")
    return lines


def _forecasts(forecasts: Sequence[Forecast]) -> list[str]:
    lines = ["Of the leads that are open now (leads yet to come not counted)"]
    for one in forecasts:
        by = "by stages" if one.by == "stages" else "by the model"
        said = "" if one.number.value is None else fixed(one.number.value, 0)
        if one.number.low is not None and one.number.high is not None:
            said += f" ({fixed(one.number.low, 0)}–{fixed(one.number.high, 0)})"
        lines.append(
            f"  {one.stage} within {one.days} days, {by}: {said}{' ' if said and one.note else ''}{one.note or ''}"
        )
    return lines


def _velocity(found: Funnel) -> list[str]:
    lines = ["Lead velocity, last complete month against the one before"]
    for one in found.velocity:
        growth = "" if one.growth.value is None else f": {percentage_points(one.growth.value)} %"
        if one.growth.low is not None and one.growth.high is not None:
            growth += f" ({percentage_points(one.growth.low)} to {percentage_points(one.growth.high)})"
        note = f"; {one.note}" if one.note else ""
        lines.append(
            f"  {one.stage}: {count(one.reached)} in {one.month}, {count(one.month_before)} before{growth}{note}"
        )
    return lines


def _money(found: Funnel, by: str | None) -> list[str]:
    if found.money is None:
        return []
    money = found.money
    lines = [
        f"Cost per SQL, {money.first_month} to {money.last_month} (spend against what was reached in the same months)",
        f"  in all: {_per_sql(money.total)}; return {_roi(money.total)}",
    ]
    if money.shared:
        rest = (
            "" if money.shared_per_sql is None else f": {count(money.shared_per_sql)} on top of each SQL of any source"
        )
        lines.append(f"  of it {count(money.shared)} without a source{rest}")
    if money.total.wins_without_amount:
        lines.append(f"  {_unpriced(money.total)}: they count as nothing in the return")
    for one in money.months if by == "month" else money.sources:
        lines.append(f"  {one.name or 'without a source':<18.18} {_per_sql(one)}; return {_roi(one)}")
    return lines


def _per_sql(cost: Cost) -> str:
    paid = f"{count(cost.spend)} for {count(cost.sqls)} SQLs"
    if cost.per_sql.value is None:
        return f"{paid}: {cost.note or 'not known'}"
    low, high = cost.per_sql.low or 0.0, cost.per_sql.high or 0.0
    return f"{paid}, {count(cost.per_sql.value)} each ({count(low)}–{count(high)})"


def _roi(cost: Cost) -> str:
    return (
        "not known"
        if cost.roi.value is None
        else f"{percent(cost.roi.value)} of {count(cost.spend)} from {count(cost.wins)} wins"
    )
