"""Disagreements in words: how many leads both sides see alike, and the first ones with the reasons of both."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.frameworks.definition import Framework
from features.frameworks.verdict import Outcome
from serving.agreement.disagreements import DISAGREEMENTS, Compared, Counts, Disagreement
from serving.lead.explain_words import shown_id
from training.wording import count, percent

COLUMNS: tuple[Outcome, ...] = ("met", "open", "not_met")
STATES: Mapping[str, str] = {"met": "met", "not_met": "not met", "unknown": "not known"}
HEADS: Mapping[Disagreement, str] = {
    "model_only": "the model alone: it calls them ripe, the framework is not met",
    "framework_only": "the rules alone: the framework is met, the model does not call them ripe",
    "ask": "to ask: the model calls them ripe, the framework is open",
}


def agreement_text(found: Compared, frameworks: Mapping[str, Framework], as_of: datetime, show: int) -> str:
    """The counts of each framework, and the first `show` leads of each kind of disagreement."""
    return "\n".join(
        line
        for name, counts in found.counts.items()
        for line in (*_counted(frameworks[name], counts, as_of), *_listed(found.table, name, show), "")
    ).rstrip()


def _counted(framework: Framework, counts: Counts, as_of: datetime) -> Iterator[str]:
    yield f"{framework.title}, as of {as_of:%Y-%m-%d %H:%M} UTC: {count(counts.leads)} open leads"
    yield f"{'':12}{'met':>10}{'open':>10}{'not met':>10}"
    for who, row in (("model: yes", counts.yes), ("model: no", counts.no)):
        yield f"{who:12}" + "".join(f"{count(row[name]):>10}" for name in COLUMNS)


def _listed(table: pa.Table, framework: str, show: int) -> Iterator[str]:
    own = table.filter(pc.equal(table["framework"], framework))
    for kind in DISAGREEMENTS:
        rows = own.filter(pc.equal(own["disagreement"], kind))
        if len(rows) and show:
            yield ""
            yield f"{HEADS[kind]} ({count(len(rows))})"
            for row in rows.slice(0, show).to_pylist():
                yield from _lead(row)


def _lead(row: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"  {shown_id(row['lead_id'])}  score {row['score']} {row['band']}, {percent(row['propensity'])}; "
        f"{row['met']} of {len(row['criteria'])} criteria met, {row['needed']} needed"
    )
    for reason in row["reasons"]:
        yield f"      {reason['points']:+3d}  {reason['sentence']}"
    for criterion in row["criteria"]:
        yield f"      {criterion_text(criterion)}"


def criterion_text(criterion: Mapping[str, Any]) -> str:
    """One criterion on a line: its state, the evidence with dates, and what to ask.

    >>> criterion_text({"label": "budget", "state": "unknown", "evidence": [], "question": "Is there a budget?"})
    'budget: not known; ask: Is there a budget?'
    """
    parts = [f"{criterion['label']}: {STATES[criterion['state']]}", *map(_piece, criterion["evidence"])]
    if criterion["question"]:
        parts.append(f"ask: {criterion['question']}")
    return "; ".join(parts)


def _piece(piece: Mapping[str, Any]) -> str:
    at = "not dated" if piece["at"] is None else f"{piece['at']:%Y-%m-%d}"
    note = f", {piece['note']}" if piece["note"] else ""
    return f"{piece['what']} {piece['grade']:.2f} ({at}{note})"
