"""What SQLs cost and sources return (rows M26 and M27): spend against what was reached in the same months.

Spend of a month also pays for SQLs of later ones; over many months that evens out, in a growing business cost looks too
high and return too low.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import gamma

from features.deals import DealsOfAccount, deals_by_lead
from features.histories import Histories
from features.identifiers import positions_of
from features.tables import Tables
from features.times import microseconds
from features.windows import NEVER, Bools, Floats, Ints
from training.bootstrap import LEVEL
from training.evaluation import Estimate
from training.funnel.curves import UNKNOWN
from training.funnel.found import Cost, Money
from training.funnel.reached import NOT_YET, SQL, Reached

MOST_MONTHS = 12
DRAWS = 400
TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


@dataclass(frozen=True, slots=True)
class Wins:
    """Won deals of leads: number of the lead among those reached, month, and amount (NaN: not known)."""

    row: Ints
    month: Ints
    amount: Floats


@dataclass(frozen=True, slots=True)
class _Ledger:
    """Everything in whole months since 1970, sources as codes of `names` (−1: not known)."""

    names: tuple[str, ...]
    spend: pd.DataFrame
    sql_month: Ints
    sql_source: Ints
    wins: Wins
    win_source: Ints


def source_key(source: pd.Series) -> pd.Series:
    """Sources as they are compared: without blanks around, in lower case."""
    return source.astype("str").str.strip().str.lower().where(source.notna())


def money_of(found: Reached, tables: Tables, wins: Wins, sources: pd.Series, seed: int) -> Money | None:
    """Cost per SQL and return of at most the last twelve complete months that spend covers; None without spend.

    `sources` is the source of each lead of `found`. Months with no row of spend between others count as such.
    """
    last = _month(found.as_of) - 1
    spend = tables.spend.assign(at=_months_of(microseconds(tables.spend["month"])))
    spend = spend[(spend["at"] <= last) & spend["amount"].notna()]
    if spend.empty:
        return None
    end = int(spend["at"].max())
    first = max(int(spend["at"].min()), end - MOST_MONTHS + 1)
    ledger = _ledger(found, spend[spend["at"] >= first], wins, sources)
    rng = np.random.default_rng(seed)
    months, codes = range(first, end + 1), range(len(ledger.names))
    within = (ledger.sql_month >= first) & (ledger.sql_month <= end)
    won_within = (ledger.wins.month >= first) & (ledger.wins.month <= end)
    shared = float(ledger.spend.loc[ledger.spend["code"] < 0, "amount"].sum())
    sqls = int(within.sum())
    return Money(
        first_month=_name(first),
        last_month=_name(end),
        total=_cost("all", float(ledger.spend["amount"].sum()), sqls, ledger.wins.amount[won_within], rng),
        shared=round(shared, 2),
        shared_per_sql=round(shared / sqls, 2) if sqls else None,
        sources=tuple(_of_source(ledger, code, within, won_within, rng) for code in codes)
        + _unknown_source(ledger, within, won_within, shared, rng),
        months=tuple(_of_month(ledger, month, rng) for month in months),
    )


def won_deals(found: Reached, tables: Tables, histories: Histories, of_account: DealsOfAccount) -> Wins:
    """Won deals closed before the as-of date, each once: what an account won counts for one of its leads."""
    deals = deals_by_lead(tables, "primary" if of_account == "all" else of_account)
    deals = deals[(deals["status"] == "won") & deals["closed_at"].notna()]
    rank = np.full(len(histories.lead_ids) + 1, -1, np.int64)
    rank[found.lead] = np.arange(len(found.lead))
    row, time = rank[positions_of(deals["lead_id"], histories.lead_ids)], microseconds(deals["closed_at"])
    keep = (row >= 0) & (time != NEVER) & (time < found.as_of)
    return Wins(row[keep], _months_of(time[keep]), deals["amount"].to_numpy(np.float64, na_value=np.nan)[keep])


def _ledger(found: Reached, spend: pd.DataFrame, wins: Wins, sources: pd.Series) -> _Ledger:
    keys = source_key(sources)
    paid = source_key(spend["source"])
    names = sorted({*keys.dropna(), *paid.dropna()})
    code = {name: number for number, name in enumerate(names)}
    of_lead = keys.map(code).fillna(-1).to_numpy().astype(np.int64)
    time = found.time[:, SQL]
    reached = time < NOT_YET
    return _Ledger(
        names=tuple(names),
        spend=spend.assign(code=paid.map(code).fillna(-1).astype("int64")),
        sql_month=_months_of(time[reached]),
        sql_source=of_lead[reached],
        wins=wins,
        win_source=of_lead[wins.row],
    )


def _of_source(ledger: _Ledger, code: int, within: Bools, won: Bools, rng: np.random.Generator) -> Cost:
    rows = ledger.spend["code"] == code
    spend = float(ledger.spend.loc[rows, "amount"].sum()) if rows.any() else None
    amounts = ledger.wins.amount[won & (ledger.win_source == code)]
    return _cost(ledger.names[code], spend, int((within & (ledger.sql_source == code)).sum()), amounts, rng)


def _unknown_source(
    ledger: _Ledger, within: Bools, won: Bools, shared: float, rng: np.random.Generator
) -> tuple[Cost, ...]:
    """Spend, SQLs and wins without a source: shown apart, and neither divided by the other."""
    sqls, amounts = int((within & (ledger.sql_source < 0)).sum()), ledger.wins.amount[won & (ledger.win_source < 0)]
    if not (shared or sqls or len(amounts)):
        return ()
    apart = _cost(None, None, sqls, amounts, rng)
    note = "spend without a source is for all: it is not divided by SQLs without one"
    return (Cost(None, round(shared, 2), sqls, apart.wins, apart.won_amount, apart.wins_without_amount,
                 UNKNOWN, UNKNOWN, note),)  # fmt: skip


def _of_month(ledger: _Ledger, month: int, rng: np.random.Generator) -> Cost:
    spend = float(ledger.spend.loc[ledger.spend["at"] == month, "amount"].sum())
    amounts = ledger.wins.amount[ledger.wins.month == month]
    return _cost(_name(month), spend, int((ledger.sql_month == month).sum()), amounts, rng)


def _cost(name: str | None, spend: float | None, sqls: int, amounts: Floats, rng: np.random.Generator) -> Cost:
    known = amounts[~np.isnan(amounts)]
    return Cost(
        name=name,
        spend=round(spend or 0.0, 2),
        sqls=sqls,
        wins=len(amounts),
        won_amount=round(float(known.sum()), 2),
        wins_without_amount=len(amounts) - len(known),
        per_sql=cost_per_sql(spend, sqls),
        roi=return_on(spend, np.sort(known), rng),
        note=_note(spend, sqls),
    )


def _note(spend: float | None, sqls: int) -> str | None:
    if spend is None:
        return "no spend is recorded for this source"
    if spend == 0:
        return "no spend"
    return "spend, but no SQL: there is no cost per SQL" if sqls == 0 else None


def cost_per_sql(spend: float | None, sqls: int) -> Estimate:
    """Spend ÷ SQLs, with the exact interval of a Poisson count (Garwood 1936)."""
    if not spend or sqls == 0:
        return UNKNOWN
    fewest, most = gamma.ppf(TAILS[0], sqls), gamma.ppf(TAILS[1], sqls + 1)
    return Estimate(round(spend / sqls, 2), round(spend / float(most), 2), round(spend / float(fewest), 2))


def return_on(spend: float | None, amounts: Floats, rng: np.random.Generator) -> Estimate:
    """(Won amounts − spend) ÷ spend; for the interval deals are drawn again (Poisson bootstrap)."""
    if not spend:
        return UNKNOWN
    value = float(amounts.sum()) / spend - 1
    if not len(amounts):
        return Estimate(round(value, 6), None, None)
    drawn = rng.poisson(1.0, (DRAWS, len(amounts))) @ amounts / spend - 1
    low, high = np.quantile(drawn, TAILS)
    return Estimate(round(value, 6), round(float(low), 6), round(float(high), 6))


def _month(time: int) -> int:
    return int(np.datetime64(time, "us").astype("datetime64[M]").astype(np.int64))


def _months_of(time: Ints) -> Ints:
    return time.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)


def _name(month: int) -> str:
    return str(np.datetime64(month, "M"))
