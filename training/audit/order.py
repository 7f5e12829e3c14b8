"""Ids, row positions and running numbers that predict the outcome, beyond what time explains."""

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from features.windows import Floats, Ints
from training.audit.evidence import Evidence
from training.audit.lines import attribute_line, literal, queried_file
from training.audit.measures import FEW_VALUES, Outcomes, bars_of, binned, strength_of
from training.audit.suspects import Suspect

# Away from .5: within a short time rows should be in no order at all; over all time the base rate may drift.
WITHIN, OVERALL = 0.05, 0.08
SURE = 5.0
TIME_BINS = 100
LEAST_ROWS = 200
UNIQUE = 0.98


def check_order(evidence: Evidence) -> list[Suspect]:
    """Orders of rows in which wins stand together."""
    if len(evidence.leads.label) < LEAST_ROWS:
        return []
    found: list[Suspect] = []
    seen: list[Floats] = []
    for column, rank in _orders(evidence):
        if any(abs(np.corrcoef(rank, other)[0, 1]) > UNIQUE for other in seen):
            continue
        seen.append(rank)
        suspect = _suspect(evidence, column, rank)
        if suspect is not None:
            found.append(suspect)
    return found


def _orders(evidence: Evidence) -> Iterator[tuple[str, Floats]]:
    leads = evidence.leads
    for name, values in leads.attributes.items():
        if name not in evidence.tracked and _running_number(values):
            yield str(name), rankdata(values)
    if evidence.settings.folds.kind == "rows":
        return  # the order is known and used
    yield "order of rows", rankdata(leads.position)
    ids = pd.Series(evidence.dataset.histories.lead_ids[leads.number]).astype("str")
    digits = pd.to_numeric(ids.str.extract(r"(\d{1,15})\D*$")[0], errors="coerce")
    yield "lead_id", rankdata(digits if digits.notna().all() else ids)


def _running_number(values: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values) or values.isna().any():
        return False
    numbers = values.to_numpy(np.float64)
    return bool((numbers == np.rint(numbers)).all()) and values.nunique() >= max(UNIQUE * len(values), FEW_VALUES)


def _suspect(evidence: Evidence, column: str, rank: Floats) -> Suspect | None:
    leads = evidence.leads
    timed = evidence.dataset.tables.timed
    auc, z = within_time(rank, leads.label, leads.created) if timed else _overall(evidence, rank)
    if abs(auc - 0.5) < (WITHIN if timed else OVERALL) or abs(z) < SURE:
        return None
    known = column in leads.attributes
    table, line = attribute_line(evidence, column) if known else ("leads", _line(evidence))
    beyond = "among leads created at about the same time" if timed else "and nothing is dated that could explain it"
    return Suspect(
        check="order",
        table=table,
        column=column,
        strength=max(auc, 1 - auc),
        numbers={"auc": round(auc, 4), "z": round(z, 1)},
        sentence=f"{column} ranks the outcome with an AUC of {max(auc, 1 - auc):.2f} {beyond}: rows were numbered or "
        "sorted after the fact, or win rates drift with the rows",
        line=line,
        dated=timed,
        bars=bars_of(pd.Series(rank), leads.label),
    )


def _overall(evidence: Evidence, rank: Floats) -> tuple[float, float]:
    """AUC of out-of-fold rates along the order, less its uncertainty; and a z that passes whenever it is above .5."""
    strength = strength_of(binned(pd.Series(rank)), evidence.leads.label, evidence.leads.fold)
    return strength.auc_low, SURE if strength.auc_low > 0.5 else 0.0


def within_time(rank: Floats, label: Outcomes, created: Ints) -> tuple[float, float]:
    """AUC of an order within hundredths of the leads by creation time, and how many standard errors from .5.

    A stratified rank-sum statistic (van Elteren 1960, every pair of a win and a loss counting the same).
    """
    stratum = (rankdata(created, method="ordinal") - 1).astype(np.int64) * TIME_BINS // len(created)
    better = pairs = variance = 0.0
    for number in np.unique(stratum):
        rows = stratum == number
        wins = int(label[rows].sum())
        losses = int(rows.sum()) - wins
        if min(wins, losses) == 0:
            continue
        better += rankdata(rank[rows])[label[rows] == 1].sum() - wins * (wins + 1) / 2
        pairs += wins * losses
        variance += wins * losses * (wins + losses + 1) / 12
    return (0.5, 0.0) if pairs == 0 else (better / pairs, (better - pairs / 2) / float(np.sqrt(variance)))


def _line(evidence: Evidence) -> str:
    """Folds in the order of time or of rows; a feature is made neither of rows nor of ids."""
    if evidence.dataset.tables.timed:
        known = evidence.settings.folds.kind == "time"
        return "# nothing to exclude: no feature is made of it" if known else '[folds] kind = "time"'
    file = queried_file(evidence.project, "leads")
    numbered = f"select *, row_number() over () as row_number from {literal(file or '…')}"  # noqa: S608
    by_row = '[folds] kind = "rows", order_by = "row_number"'
    return f"[tables.leads] sql = {json.dumps(numbered, ensure_ascii=False)}\n{by_row}"
