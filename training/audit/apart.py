"""A stretch of time (or of rows) in which the outcome is far easier to tell than in the rest.

Win rates and signal drift slowly; a sudden stretch points at rows that were imported, back-filled or repaired with
hindsight. The column that stands out most in the stretch is named.
"""

import numpy as np
import pandas as pd

from features.windows import NEVER, Bools, Floats, Ints
from training.audit.alone import origin
from training.audit.evidence import Evidence
from training.audit.lines import attribute_line
from training.audit.measures import Outcomes, auc_of, binned, out_of_fold_rates
from training.audit.quick import LEAST_ROWS, quick_probabilities
from training.audit.suspects import Bar, Suspect

BLOCKS = 8
APART, COLUMN_APART, SURE = 0.10, 0.15, 5.0
LEAST_OUTCOMES = 15


def check_apart(evidence: Evidence) -> list[Suspect]:
    """The column behind the stretch whose rows are much easier than all others, and columns that are so themselves."""
    if len(evidence.label) < LEAST_ROWS or not 0 < evidence.label.sum() < len(evidence.label):
        return []
    block = _blocks(evidence, evidence.snapshots.lead)
    account = evidence.dataset.histories.account[evidence.snapshots.lead]
    probability = quick_probabilities(evidence.table.values, evidence.label, account, evidence.settings.model)
    repeats = float(np.sqrt(len(evidence.label) / len(np.unique(evidence.snapshots.lead))))
    found = worst_block(probability, evidence.label, block, repeats)
    whole = [] if found is None or found[1] < APART else [_suspect(evidence, block == found[0], probability)]
    return [*whole, *_columns_apart(evidence)]


def worst_block(score: Floats, label: Outcomes, block: Ints, repeats: float = 1.0) -> tuple[int, float] | None:
    """The block whose AUC is furthest above that of all others, beyond chance, and how far; None without one.

    `repeats`: rows of a lead are not independent, so that errors are so many times larger than the formula's.
    """
    gaps = []
    for number in range(BLOCKS):
        inside = block == number
        wins = int(label[inside].sum())
        if min(wins, int(inside.sum()) - wins) < LEAST_OUTCOMES:
            continue
        (here, error), (there, other) = (auc_of(score[rows], label[rows]) for rows in (inside, ~inside))
        if here - there >= SURE * repeats * float(np.hypot(error, other)):
            gaps.append((here - there, number))
    return (max(gaps)[1], max(gaps)[0]) if gaps else None


def _columns_apart(evidence: Evidence) -> list[Suspect]:
    """Attributes as exported that tell the final outcome of leads in one block far better than elsewhere."""
    leads, found = evidence.leads, []
    block = _blocks(evidence, leads.number)
    for name, values in leads.attributes.items():
        if name in evidence.tracked:
            continue
        rate = _rates_by_block(binned(values), leads.label, leads.fold, block)
        worst = worst_block(rate, leads.label, block)
        if worst is not None and worst[1] >= COLUMN_APART:
            inside = block == worst[0]
            found.append(_column_suspect(evidence, str(name), rate, inside))
    return found


def _rates_by_block(code: Ints, label: Outcomes, fold: Ints, block: Ints) -> Floats:
    """Out-of-fold rates learned inside each block alone."""
    rate = np.empty(len(code))
    for number in range(BLOCKS):
        rows = block == number
        rate[rows] = out_of_fold_rates(code[rows], label[rows], fold[rows])
    return rate


def _column_suspect(evidence: Evidence, name: str, rate: Floats, inside: Bools) -> Suspect:
    label = evidence.leads.label
    here, there = (auc_of(rate[rows], label[rows])[0] for rows in (inside, ~inside))
    where = _stretch(evidence, evidence.leads.number[inside])
    table, line = attribute_line(evidence, name)
    sentence = (
        f"{name} ranks leads {where} with an AUC of {here:.2f}, all others with {there:.2f}: it was completed there "
        "with hindsight, or means something else"
    )
    numbers = {"auc_inside": round(here, 4), "auc_outside": round(there, 4), "rows": float(inside.sum())}
    bars = (Bar(f"leads {where}", int(inside.sum()), here), Bar("all others", int((~inside).sum()), there))
    dated = evidence.dataset.tables.timed
    return Suspect("a stretch too good", table, name, here, numbers, sentence, line, dated, bars, measure="AUC")


def _blocks(evidence: Evidence, lead: Ints) -> Ints:
    """Blocks of equally many rows of leads, in order of time or, where nothing is dated, of rows."""
    order = evidence.dataset.histories.created[lead]
    if (order == NEVER).all():
        order = _position(evidence)[lead]
    ranked = np.empty(len(order), np.int64)
    ranked[np.argsort(order, kind="stable")] = np.arange(len(order))
    return ranked * BLOCKS // max(len(order), 1)


def _position(evidence: Evidence) -> Ints:
    """Row of each lead of the histories in the table, where it is audited."""
    place = np.zeros(len(evidence.dataset.histories.lead_ids), np.int64)
    place[evidence.leads.number] = evidence.leads.position
    return place


def _suspect(evidence: Evidence, inside: Bools, probability: np.ndarray) -> Suspect:
    here, there = (auc_of(probability[rows], evidence.label[rows])[0] for rows in (inside, ~inside))
    gaps = [_column_gap(evidence, column, inside) for column in range(len(evidence.catalog.features))]
    feature = evidence.catalog.features[int(np.argmax(gaps))]
    table, column, line = origin(evidence, feature)
    where = _stretch(evidence, evidence.snapshots.lead[inside])
    sentence = (
        f"leads {where} are far easier to tell (AUC {here:.2f}) than all others ({there:.2f}); what stands out there "
        f"is {feature.name}: rows of that stretch were completed with hindsight, or the process was another"
    )
    bars = (Bar(f"leads {where}", int(inside.sum()), here), Bar("all others", int((~inside).sum()), there))
    numbers = {"auc_inside": round(here, 4), "auc_outside": round(there, 4), "rows": float(inside.sum())}
    dated = evidence.dataset.tables.timed
    return Suspect("a stretch too good", table, column, here, numbers, sentence, line, dated, bars, measure="AUC")


def _column_gap(evidence: Evidence, column: int, inside: Bools) -> float:
    code = binned(pd.Series(evidence.table.values[:, column]))
    aucs = [
        auc_of(out_of_fold_rates(code[rows], evidence.label[rows], evidence.fold[rows]), evidence.label[rows])[0]
        for rows in (inside, ~inside)
    ]
    return aucs[0] - aucs[1]


def _stretch(evidence: Evidence, lead: Ints) -> str:
    if evidence.dataset.tables.timed:
        created = evidence.dataset.histories.created[lead]
        first, last = (pd.Timestamp(int(moment), unit="us") for moment in (created.min(), created.max()))
        return f"created from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    rows = _position(evidence)[lead]
    return f"in rows {rows.min() + 1:,} to {rows.max() + 1:,}"
